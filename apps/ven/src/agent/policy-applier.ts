/**
 * Puts policies into the firewall: one transaction, read back, written to disk. What fails leaves the old policy in
 * force. The caller runs one operation at a time.
 */
import type { PolicyContent, PolicyDeltaContent } from '@bulkhead/contract';
import {
  buildPlan,
  pceConnectionPasses,
  withInterfaces,
  type FirewallPlan,
  type HostFacts,
  type HostInterface,
  type LogEntry,
} from '@bulkhead/enforcement';
import type { Firewall, PlanStep } from '../platform/port.ts';
import { messageOf, type Log } from './log.ts';
import { moveByDelta } from './policy-state.ts';

const REPAIR_ATTEMPTS = 3;

/** The policy was not taken up; what was enforced before still is. */
class ApplyError extends Error {
  override readonly name = 'ApplyError';
}

export interface Enforced {
  readonly policy: PolicyContent;
  readonly plan: FirewallPlan;
  readonly appliedAt: string;
}

export interface PolicyApplierDeps {
  readonly firewall: Firewall;
  readonly persist: (policy: PolicyContent) => Promise<void>;
  readonly facts: () => HostFacts;
  readonly log: Log;
  readonly now: () => Date;
}

export interface PolicyApplier {
  enforced(): Enforced | null;
  /** What a log prefix stands for, also one of the policy before. */
  logEntry(prefix: string): LogEntry | undefined;
  /** Enforces a policy that is on disk already. Rejects with ApplyError. */
  restore(policy: PolicyContent): Promise<void>;
  /** Rejects with ApplyError. */
  applyWhole(policy: PolicyContent): Promise<Enforced>;
  /** Null when the delta does not begin at what is enforced. Rejects with ApplyError. */
  applyDelta(delta: PolicyDeltaContent): Promise<Enforced | null>;
  /** After an interface or its profile changed; from what is in memory, no round trip. Answers whether anything moved. Rejects with ApplyError. */
  interfacesChanged(interfaces: readonly HostInterface[]): Promise<boolean>;
  /** After another fact of the host changed (PCE addresses, resolvers). Rejects with ApplyError. */
  factsChanged(): Promise<void>;
  /** Compares and puts back what differs. Answers the differences that there were. Rejects with ApplyError. */
  repair(): Promise<readonly string[]>;
}

export function createPolicyApplier(deps: PolicyApplierDeps): PolicyApplier {
  const { firewall, log } = deps;
  let current: Enforced | null = null;
  let previousIndex: FirewallPlan['logIndex'] = new Map();

  function planOf(policy: PolicyContent): FirewallPlan {
    let plan: FirewallPlan;
    try {
      plan = buildPlan({
        policy: policy.policy,
        sets: new Map(policy.sets.map((set) => [set.id, set])),
        host: deps.facts(),
      });
    } catch (error) {
      throw new ApplyError(messageOf(error), { cause: error });
    }
    if (!pceConnectionPasses(plan)) {
      throw new ApplyError('the policy would cut the connection to the PCE; it was not applied');
    }
    return plan;
  }

  async function enforceWhole(plan: FirewallPlan): Promise<void> {
    await firewall.apply(plan);
    const differences = await firewall.differences(plan);
    if (differences.length > 0) {
      throw new ApplyError(`the firewall is not as planned after the change: ${differences[0]}`);
    }
  }

  /** Runs a change of the firewall; when it fails, what was enforced before is put back if it does not stand. */
  async function guarded(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      try {
        if (current !== null && (await firewall.differences(current.plan)).length > 0) {
          await firewall.apply(current.plan);
        }
      } catch (second) {
        log.error('the policy before could not be put back', { reason: messageOf(second) });
      }
      if (error instanceof ApplyError) throw error;
      throw new ApplyError(messageOf(error), { cause: error });
    }
  }

  async function cut(plan: FirewallPlan): Promise<void> {
    try {
      const count = await firewall.cut(plan);
      if (count > 0) log.info('cut connections that are no longer allowed', { count });
    } catch (error) {
      log.warn('established connections could not be cut', { reason: messageOf(error) });
    }
  }

  function become(policy: PolicyContent, plan: FirewallPlan): Enforced {
    if (current !== null) previousIndex = current.plan.logIndex;
    current = { policy, plan, appliedAt: deps.now().toISOString() };
    return current;
  }

  async function take(
    policy: PolicyContent,
    plan: FirewallPlan,
    change: () => Promise<void>,
    persist: boolean,
  ): Promise<Enforced> {
    await guarded(async () => {
      await change();
      if (persist) await deps.persist(policy);
    });
    const enforced = become(policy, plan);
    await cut(plan);
    return enforced;
  }

  async function applyWhole(policy: PolicyContent, persist: boolean): Promise<Enforced> {
    const plan = planOf(policy);
    return take(policy, plan, () => enforceWhole(plan), persist);
  }

  async function step(enforced: Enforced, steps: readonly PlanStep[]): Promise<FirewallPlan> {
    const next = await firewall.update(enforced.plan, steps);
    const differences = await firewall.stepDifferences(next, steps);
    if (differences.length > 0) {
      throw new ApplyError(`the firewall is not as planned after the change: ${differences[0]}`);
    }
    return next;
  }

  return {
    enforced: () => current,
    logEntry: (prefix) => current?.plan.logIndex.get(prefix) ?? previousIndex.get(prefix),
    restore: async (policy) => void (await applyWhole(policy, false)),
    applyWhole: (policy) => applyWhole(policy, true),
    async applyDelta(delta) {
      const before = current;
      const next = before === null ? null : moveByDelta(before.policy, delta);
      if (before === null || next === null) return null;
      if (delta.policy !== null) return applyWhole(next, true);
      const steps = delta.sets.map((set): PlanStep => ({ kind: 'set', delta: set }));
      let plan: FirewallPlan;
      try {
        plan = await step(before, steps);
      } catch (error) {
        log.warn('members could not be moved; applying the policy whole', {
          reason: messageOf(error),
        });
        return applyWhole(next, true);
      }
      return take(next, plan, () => Promise.resolve(), true);
    },
    async interfacesChanged(interfaces) {
      const before = current;
      if (before === null) return false;
      const next = withInterfaces(before.plan, interfaces);
      if (sameInterfaces(before.plan, next)) {
        // addresses may have moved even though no name did
        current = { ...before, plan: next };
        return false;
      }
      if (next.ownsTable !== before.plan.ownsTable) {
        await take(before.policy, next, () => enforceWhole(next), false);
        return true;
      }
      let plan: FirewallPlan;
      try {
        plan = await step(before, [{ kind: 'interfaces', interfaces }]);
      } catch (error) {
        log.warn('interfaces could not be moved; applying the policy whole', {
          reason: messageOf(error),
        });
        await take(before.policy, next, () => enforceWhole(next), false);
        return true;
      }
      current = { ...before, plan };
      await cut(plan);
      return true;
    },
    async factsChanged() {
      if (current === null) return;
      await applyWhole(current.policy, false);
    },
    async repair() {
      const seen: string[] = [];
      // whoever changes the table may do so again while it is put back
      for (let attempt = 1; current !== null && attempt <= REPAIR_ATTEMPTS; attempt += 1) {
        const { plan } = current;
        const differences = await firewall.differences(plan);
        if (differences.length === 0) return seen;
        seen.push(...differences);
        await guarded(() => firewall.apply(plan));
      }
      if (current === null || (await firewall.differences(current.plan)).length === 0) return seen;
      throw new ApplyError(`somebody changes the firewall again and again: ${seen[0] ?? ''}`);
    },
  };
}

function sameInterfaces(one: FirewallPlan, other: FirewallPlan): boolean {
  return (
    one.ownsTable === other.ownsTable &&
    (['corporate', 'external', 'unmanaged'] as const).every(
      (group) => one.interfaces[group].join(' ') === other.interfaces[group].join(' '),
    )
  );
}
