/** What one VEN has of its policy, and the message that brings it to the current state. */
import type { PolicyContent, PolicyDeltaContent } from '@bulkhead/contract';
import type { AddressSetDelta, HostPolicy } from '@bulkhead/policy';
import type { OrganizationPolicy, PolicyClass } from '../compute/organization-policy.ts';
import { isEmpty } from '../compute/tracked-set.ts';

/** One state of a host's policy: the host policy by its hash, each set by its revision. */
interface PolicyState {
  readonly version: number;
  readonly hash: string;
  readonly sets: ReadonlyMap<string, number>;
}

export type PolicyMessage =
  | { readonly type: 'policy'; readonly content: PolicyContent }
  | { readonly type: 'policy_delta'; readonly content: PolicyDeltaContent };

export class VenPolicy {
  /** Newest version that was given out. */
  #counter: number;
  /** States that were sent and that the VEN may be in, oldest first: the one it acknowledged, and all after it. */
  #states: PolicyState[] = [];
  #acknowledged: number | undefined;

  constructor(lastVersion: number) {
    this.#counter = lastVersion;
  }

  get version(): number {
    return this.#counter;
  }

  /** True when the newest state that was sent is the one that the VEN acknowledged. */
  get settled(): boolean {
    return this.#acknowledged !== undefined && this.#states.at(-1)?.version === this.#acknowledged;
  }

  /** The VEN says where it stands; deltas start there. */
  resume(version: number, hash: string | null): void {
    this.#counter = Math.max(this.#counter, version);
    this.#states = this.#states.filter((state) => state.version === version && state.hash === hash);
    this.#acknowledged = this.#states[0]?.version;
  }

  acknowledged(version: number): boolean {
    const found = this.#states.findIndex((state) => state.version === version);
    if (found < 0) return false;
    this.#states.splice(0, found);
    this.#acknowledged = version;
    return true;
  }

  /** The VEN kept what it had before `version`, and so it does with everything that builds on it. */
  refused(version: number): void {
    // a failure of before the connection is about none of what was sent on it
    if (!this.#states.some((state) => state.version === version)) return;
    this.#states = this.#states.filter((state) => state.version < version);
  }

  /** What the VEN needs, which counts as sent from now on; undefined when it has everything. */
  next(organization: OrganizationPolicy, workload: string): PolicyMessage | undefined {
    const target = organization.classOf(workload);
    if (target === undefined) return undefined;
    const last = this.#states.at(-1);
    const delta = last === undefined ? undefined : deltaTo(last, organization, target);
    if (last === undefined || delta === undefined) return this.whole(organization, workload);
    if (delta.policy === null && delta.sets.length === 0 && delta.dropped_sets.length === 0)
      return undefined;
    const content: PolicyDeltaContent = {
      from: last.version,
      to: this.#advance(organization, target),
      policy_version: organization.version,
      policy: delta.policy,
      sets: delta.sets,
      dropped_sets: delta.dropped_sets,
      rule_names: delta.policy === null ? {} : organization.ruleNames(delta.policy),
    };
    return { type: 'policy_delta', content };
  }

  /** Everything, whatever the VEN has; undefined when there is no policy for it. */
  whole(
    organization: OrganizationPolicy,
    workload: string,
  ): { type: 'policy'; content: PolicyContent } | undefined {
    const target = organization.classOf(workload);
    if (target === undefined) return undefined;
    const content: PolicyContent = {
      version: this.#advance(organization, target),
      policy_version: organization.version,
      // The schema's type has mutable arrays; the content is only read.
      policy: wire(target.policy),
      sets: target.sets.flatMap((id) => {
        const set = organization.set(id)?.snapshot();
        return set === undefined ? [] : [{ id, hosts: [...set.hosts], ranges: [...set.ranges] }];
      }),
      rule_names: organization.ruleNames(target.policy),
    };
    return { type: 'policy', content };
  }

  #advance(organization: OrganizationPolicy, target: PolicyClass): number {
    this.#counter += 1;
    const sets = new Map(target.sets.map((id) => [id, organization.set(id)?.revision ?? 0]));
    this.#states.push({ version: this.#counter, hash: target.policy.hash, sets });
    return this.#counter;
  }
}

interface Delta {
  readonly policy: PolicyDeltaContent['policy'];
  readonly sets: PolicyDeltaContent['sets'];
  readonly dropped_sets: string[];
}

/** Undefined: the history of a set does not reach back that far. */
function deltaTo(
  from: PolicyState,
  organization: OrganizationPolicy,
  target: PolicyClass,
): Delta | undefined {
  const sets: PolicyDeltaContent['sets'] = [];
  for (const id of target.sets) {
    const set = organization.set(id);
    if (set === undefined) continue;
    const known = from.sets.get(id);
    if (known === set.revision) continue;
    if (known === undefined) {
      const { hosts, ranges } = set.snapshot();
      sets.push({
        id,
        addHosts: [...hosts],
        removeHosts: [],
        addRanges: [...ranges],
        removeRanges: [],
      });
      continue;
    }
    const moved = set.since(known);
    if (moved === undefined) return undefined;
    if (!isEmpty(moved)) sets.push(mutable(moved));
  }
  const named = new Set(target.sets);
  return {
    policy: from.hash === target.policy.hash ? null : wire(target.policy),
    sets,
    dropped_sets: [...from.sets.keys()].filter((id) => !named.has(id)),
  };
}

function mutable(delta: AddressSetDelta): PolicyDeltaContent['sets'][number] {
  return {
    id: delta.id,
    addHosts: [...delta.addHosts],
    removeHosts: [...delta.removeHosts],
    addRanges: [...delta.addRanges],
    removeRanges: [...delta.removeRanges],
  };
}

function wire(policy: HostPolicy): PolicyContent['policy'] {
  return {
    ...policy,
    rules: policy.rules.map((rule) => ({
      ...rule,
      peers: [...rule.peers],
      fqdns: [...rule.fqdns],
      services: [...rule.services],
      principals: [...rule.principals],
    })),
    ipTablesRules: policy.ipTablesRules.map((rule) => ({
      ...rule,
      statements: [...rule.statements],
    })),
  };
}
