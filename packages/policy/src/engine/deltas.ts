/** What moved since somebody was told last. */
import type { AddressSetDelta, PolicyDelta } from '../host-policy.ts';
import type { HostPolicies } from './host-policies.ts';
import type { Memberships } from './memberships.ts';
import type { SetState } from './set-state.ts';
import type { ClassState, InternedPolicy, WorkloadState } from './graph.ts';

export class Deltas {
  /** Workloads that came or changed class. */
  readonly moved: WorkloadState[] = [];
  private readonly memberships: Memberships;
  private readonly policyOf: (state: ClassState) => InternedPolicy | null;
  private readonly dirty: ClassState[] = [];
  /** Workloads that are in no class now, with the hash that they were told. */
  private readonly left = new Map<string, string | null>();
  /** Sets that lost their last policy that was given out. */
  private unnamed: SetState[] = [];

  constructor(memberships: Memberships, policyOf: (state: ClassState) => InternedPolicy | null) {
    this.memberships = memberships;
    this.policyOf = policyOf;
  }

  /** The policy of a class may differ from what was told. */
  spoil(state: ClassState): void {
    if (state.dirty) return;
    state.dirty = true;
    this.dirty.push(state);
  }

  /** A workload leaves its class. */
  leave(href: string, { before, state }: WorkloadState): void {
    this.left.set(href, before === undefined ? (state.told?.policy.hash ?? null) : before);
  }

  /** A workload comes to a class. Answers the hash that it was told, null for none. */
  arrive(href: string): string | null {
    if (this.left.size === 0) return null;
    const before = this.left.get(href) ?? null;
    this.left.delete(href);
    return before;
  }

  /** A class has no workloads any more. */
  forget(state: ClassState, policies: HostPolicies): void {
    const { told } = state;
    state.told = null;
    if (told === null) return;
    this.untell(told);
    policies.release(told);
  }

  take(policies: HostPolicies): PolicyDelta {
    const changed: { workload: string; hash: string | null }[] = [];
    for (const state of this.dirty) {
      state.dirty = false;
      if (state.workloads.length === 0) continue;
      const now = this.policyOf(state);
      if (now === state.told) continue;
      this.tell(state, now, policies);
      const hash = now?.policy.hash ?? null;
      for (const { workload, before } of state.workloads) {
        if (before === undefined) changed.push({ workload: workload.href, hash });
      }
    }
    this.dirty.length = 0;
    for (const item of this.moved) {
      const { href } = item.workload;
      if (item.slot < 0 || item.before === undefined) continue;
      const hash = item.state.told?.policy.hash ?? null;
      if (hash !== item.before) changed.push({ workload: href, hash });
      item.before = undefined;
    }
    this.moved.length = 0;
    for (const [workload, before] of this.left) {
      if (before !== null) changed.push({ workload, hash: null });
    }
    this.left.clear();
    return { policies: changed, sets: this.takeSets() };
  }

  private takeSets(): PolicyDelta['sets'] {
    const sets: AddressSetDelta[] = [];
    for (const set of this.memberships.takeTouched()) {
      const delta = set.names > 0 ? set.takeDelta() : null;
      if (delta !== null) sets.push(delta);
    }
    for (const set of this.unnamed) if (set.names === 0) set.withdraw();
    this.unnamed = [];
    return sets;
  }

  private tell(state: ClassState, policy: InternedPolicy | null, policies: HostPolicies): void {
    const old = state.told;
    state.told = policy;
    if (policy !== null) {
      policies.retain(policy);
      policy.told += 1;
      if (policy.told === 1) {
        for (const set of policy.sets) {
          set.names += 1;
          if (set.names === 1) this.memberships.touch(set);
        }
      }
    }
    if (old === null) return;
    this.untell(old);
    policies.release(old);
  }

  private untell(policy: InternedPolicy): void {
    policy.told -= 1;
    if (policy.told > 0) return;
    for (const set of policy.sets) {
      set.names -= 1;
      if (set.names === 0) this.unnamed.push(set);
    }
  }
}
