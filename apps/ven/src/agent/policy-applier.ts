/**
 * Puts policies into the firewall: one transaction, read back, written to disk. A move of members is not read
 * back: the system takes it only where it fits what was there. What fails leaves the old policy in
 * force. The caller runs one operation at a time.
 */
import type { PolicyContent, PolicyDeltaContent } from '@bulkhead/contract';
import {
  buildPlan,
  requirePceConnection,
  withInterfaces,
  withSetDelta,
  type FirewallPlan,
  type HostFacts,
  type HostInterface,
  type LogEntry,
} from '@bulkhead/enforcement';
import type { AddressSetDelta } from '@bulkhead/policy';
import type { Firewall } from '../platform/port.ts';
import { messageOf, type Log } from './log.ts';
import { continues, moveByDelta } from './policy-state.ts';
import type { NameMove } from './resolved-names.ts';

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
  /** A plan came into force whose names may be others. */
  readonly took: (plan: FirewallPlan) => void;
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
  /** After addresses of names in rules came or went. What goes is used by no connection, so none is cut. Rejects with ApplyError. */
  namesMoved(moves: readonly NameMove[]): Promise<void>;
  /** After another fact of the host changed (PCE addresses, resolvers). Rejects with ApplyError. */
  factsChanged(): Promise<void>;
  /** Compares and puts back what differs. Answers the differences that there were. Rejects with ApplyError. */
  repair(): Promise<readonly string[]>;
}

export function createPolicyApplier(deps: PolicyApplierDeps): PolicyApplier {
  const { firewall, log } = deps;
  let current: Enforced | null = null;
  let previousIndex: FirewallPlan['logIndex'] = new Map();
  /** Servers that the plan in force knows. */
  let servers = '';
  const planServers = new WeakMap<FirewallPlan, string>();

  function planOf(policy: PolicyContent): FirewallPlan {
    let plan: FirewallPlan;
    try {
      const host = deps.facts();
      plan = buildPlan({
        policy: policy.policy,
        sets: new Map(policy.sets.map((set) => [set.id, set])),
        host,
      });
      planServers.set(plan, serversOf(host));
      requirePceConnection(plan);
    } catch (error) {
      throw new ApplyError(messageOf(error), { cause: error });
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
    servers = planServers.get(plan) ?? servers;
    current = { policy, plan, appliedAt: deps.now().toISOString() };
    deps.took(plan);
    return current;
  }

  async function take(
    policy: PolicyContent,
    plan: FirewallPlan,
    change: () => Promise<void>,
    persist: boolean,
    mayTighten = true,
  ): Promise<Enforced> {
    await guarded(async () => {
      await change();
      if (persist) await deps.persist(policy);
    });
    const enforced = become(policy, plan);
    if (mayTighten) await cut(plan);
    return enforced;
  }

  async function applyWhole(
    policy: PolicyContent,
    persist: boolean,
    mayTighten = true,
  ): Promise<Enforced> {
    const plan = planOf(policy);
    return take(policy, plan, () => enforceWhole(plan), persist, mayTighten);
  }

  /** Moves members alone; false where that is not enough or the system refuses it, and nothing changed then. */
  async function moved(before: FirewallPlan, after: FirewallPlan, what: string): Promise<boolean> {
    try {
      if (await firewall.move(before, after)) return true;
      log.info(`${what} move rules too; applying the policy whole`);
    } catch (error) {
      log.warn(`${what} could not be moved; applying the policy whole`, {
        reason: messageOf(error),
      });
    }
    return false;
  }

  return {
    enforced: () => current,
    logEntry: (prefix) => current?.plan.logIndex.get(prefix) ?? previousIndex.get(prefix),
    async restore(policy) {
      // what names stand for is not known yet: connections to them would be cut, which this same policy let begin
      const hasNames = policy.policy.rules.some(({ fqdns }) => fqdns.length > 0);
      await applyWhole(policy, false, !hasNames);
    },
    applyWhole: (policy) => applyWhole(policy, true),
    async applyDelta(delta) {
      const before = current;
      if (before === null || !continues(before.policy, delta)) return null;
      const plan = delta.sets.reduce(withSetDelta, before.plan);
      // the kernel first: what is enforced need not wait for the policy as data
      const isMoved = delta.policy === null && (await moved(before.plan, plan, 'members'));
      const next = moveByDelta(before.policy, delta);
      if (!isMoved) return applyWhole(next, true);
      return take(next, plan, () => Promise.resolve(), true, tightens(plan, delta.sets));
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
      if (!(await moved(before.plan, next, 'interfaces'))) {
        await take(before.policy, next, () => enforceWhole(next), false);
        return true;
      }
      current = { ...before, plan: next };
      await cut(next);
      return true;
    },
    async namesMoved(moves) {
      const before = current;
      if (before === null) return;
      const deltas = moves.flatMap(({ name, added, removed }): AddressSetDelta[] => {
        const id = before.plan.names.get(name);
        if (id === undefined) return [];
        return [{ id, addHosts: added, removeHosts: removed, addRanges: [], removeRanges: [] }];
      });
      const plan = deltas.reduce(withSetDelta, before.plan);
      if (await moved(before.plan, plan, 'addresses of names')) current = { ...before, plan };
      else await applyWhole(before.policy, false);
    },
    async factsChanged() {
      // a policy that came in the meantime was built on the new facts already
      if (current === null || serversOf(deps.facts()) === servers) return;
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

/** Whether a connection that was allowed may not be any more, after members moved. */
function tightens({ rules }: FirewallPlan, deltas: readonly AddressSetDelta[]): boolean {
  const named = (action: 'allow' | 'deny', id: string): boolean =>
    rules.some((rule) => rule.action === action && rule.peers.includes(id));
  return deltas.some(
    ({ id, addHosts, addRanges, removeHosts, removeRanges }) =>
      (removeHosts.length + removeRanges.length > 0 && named('allow', id)) ||
      (addHosts.length + addRanges.length > 0 && named('deny', id)),
  );
}

function serversOf({ pce, resolvers }: HostFacts): string {
  return JSON.stringify([pce, resolvers]);
}

function sameInterfaces(one: FirewallPlan, other: FirewallPlan): boolean {
  return (
    one.ownsTable === other.ownsTable &&
    (['corporate', 'external', 'unmanaged'] as const).every(
      (group) => one.interfaces[group].join(' ') === other.interfaces[group].join(' '),
    )
  );
}
