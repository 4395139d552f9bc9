/** Follows the PCE's policy: what it sends is verified, enforced and acknowledged; what does not fit is asked for whole. */
import type { PceMessage, PolicyContent, VenMessage } from '@bulkhead/contract';
import { messageOf, type Log } from './log.ts';
import type { PceClient } from './pce-client.ts';
import type { Enforced, PolicyApplier } from './policy-applier.ts';
import { CLOSED_POLICY, PolicyFileError } from './policy-file.ts';
import { openDelta, openPolicy } from './policy-state.ts';

export type PolicyMessage = Extract<
  PceMessage,
  { type: 'policy' | 'policy_delta' | 'policy_current' }
>;

export interface PolicyFollowerDeps {
  readonly applier: PolicyApplier;
  readonly client: Pick<PceClient, 'policy'>;
  /** Ed25519 SPKI PEM that policies are signed with. */
  readonly publicKey: string;
  readonly tell: (message: VenMessage) => void;
  readonly log: Log;
}

export interface PolicyFollower {
  /** Puts the policy on disk in force; where it is damaged, the host stays closed until the PCE has sent it anew. */
  restore(read: () => Promise<PolicyContent | null>): Promise<void>;
  /** Rejects with PolicyDocumentError when the document is not what the PCE signed. */
  take(message: PolicyMessage): Promise<void>;
  /** Notes that a change did not come into force, and tells the PCE. */
  failed(error: unknown, version?: number): void;
  /** Message of the last failure; null: the last change succeeded. */
  lastFailure(): string | null;
  noteFailure(message: string): void;
}

export function createPolicyFollower(deps: PolicyFollowerDeps): PolicyFollower {
  const { applier, log } = deps;
  let lastFailure: string | null = null;

  function failed(error: unknown, version = applier.enforced()?.policy.version ?? 0): void {
    const message = messageOf(error);
    lastFailure = message;
    log.error('policy was not applied', { version, reason: message });
    deps.tell({ type: 'apply_failed', version, message: message.slice(0, 4096) });
  }

  function acknowledge({ policy, appliedAt }: Enforced): void {
    lastFailure = null;
    deps.tell({
      type: 'applied',
      version: policy.version,
      hash: policy.policy.hash,
      applied_at: appliedAt,
      rule_count: policy.policy.rules.length,
    });
  }

  async function applyWhole(policy: PolicyContent): Promise<void> {
    try {
      acknowledge(await applier.applyWhole(policy));
      log.info('policy is enforced', {
        version: policy.version,
        provisioned: policy.policy_version,
      });
    } catch (error) {
      failed(error, policy.version);
    }
  }

  async function applyDelta(delta: ReturnType<typeof openDelta>): Promise<void> {
    try {
      const enforced = await applier.applyDelta(delta);
      if (enforced === null) {
        log.info('policy delta does not fit, asking for the whole policy', { from: delta.from });
        await applyWhole(openPolicy(await deps.client.policy(), deps.publicKey));
        return;
      }
      acknowledge(enforced);
      log.info('policy is enforced', { version: delta.to, provisioned: delta.policy_version });
    } catch (error) {
      failed(error, delta.to);
    }
  }

  async function readLast(
    read: () => Promise<PolicyContent | null>,
  ): Promise<PolicyContent | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof PolicyFileError)) throw error;
      failed(new PolicyFileError(`the policy on disk is damaged: ${error.message}`), 0);
      return CLOSED_POLICY;
    }
  }

  return {
    async restore(read) {
      const stored = await readLast(read);
      if (stored === null) return;
      try {
        await applier.restore(stored);
        log.info('the last policy is in force', { version: stored.version });
      } catch (error) {
        failed(error, stored.version);
      }
    },
    async take(message) {
      if (message.type === 'policy') {
        await applyWhole(openPolicy(message.document, deps.publicKey));
      } else if (message.type === 'policy_delta') {
        await applyDelta(openDelta(message.document, deps.publicKey));
      } else {
        const enforced = applier.enforced();
        // what was applied just before the channel broke may not be known to the PCE
        if (enforced?.policy.version === message.version) acknowledge(enforced);
      }
    },
    failed,
    lastFailure: () => lastFailure,
    noteFailure: (message) => (lastFailure = message),
  };
}
