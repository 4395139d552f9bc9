/** The computed policy of one organization, as the gateway reads it: host policies by hash, who has which, sets with history. */
import type { AddressSet, AddressSetDelta, HostPolicy, PolicyChange } from '@bulkhead/policy';
import type { CoreUpdate } from './protocol.ts';
import { TrackedSet } from './tracked-set.ts';

/** A host policy with the sets that it names and the workloads that have it. */
export interface PolicyClass {
  readonly policy: HostPolicy;
  /** Sorted. */
  readonly sets: readonly string[];
  readonly workloads: ReadonlySet<string>;
}

interface MutableClass extends PolicyClass {
  readonly workloads: Set<string>;
}

export class OrganizationPolicy {
  readonly orgId: number;
  readonly #classes = new Map<string, MutableClass>();
  readonly #hashes = new Map<string, string>();
  readonly #sets = new Map<string, TrackedSet>();
  /** Hashes of the policies that name a set. */
  readonly #namedBy = new Map<string, Set<string>>();
  readonly #names = new Map<string, string>();
  /** Rules by the ruleset that holds them. */
  readonly #rulesOf = new Map<string, readonly string[]>();
  #revision = 0;
  /** Provisioned version. */
  version = 0;

  constructor(orgId: number) {
    this.orgId = orgId;
  }

  classOf(workload: string): PolicyClass | undefined {
    const hash = this.#hashes.get(workload);
    return hash === undefined ? undefined : this.#classes.get(hash);
  }

  set(id: string): TrackedSet | undefined {
    return this.#sets.get(id);
  }

  /** Names of the rules and boundaries that a policy came from. */
  ruleNames(policy: HostPolicy): Record<string, string> {
    const names: Record<string, string> = {};
    for (const { origin } of policy.rules) {
      const name = this.#names.get(origin.href);
      if (name !== undefined) names[origin.href] = name;
    }
    return names;
  }

  nameOf(href: string): string | undefined {
    return this.#names.get(href);
  }

  /** Remembers the names in what the core is given. */
  learnNames(changes: readonly PolicyChange[]): void {
    for (const change of changes) {
      if (change.type === 'enforcement_boundary') {
        if (change.value === null) this.#names.delete(change.href);
        else this.#names.set(change.href, change.value.name);
      } else if (change.type === 'rule_set') {
        for (const href of this.#rulesOf.get(change.href) ?? []) this.#names.delete(href);
        const rules = change.value?.rules ?? [];
        for (const rule of rules) this.#names.set(rule.href, rule.name);
        this.#rulesOf.set(
          change.href,
          rules.map((rule) => rule.href),
        );
      }
    }
  }

  /** Takes what a change moved. Answers the workloads that now enforce something else. */
  apply(update: CoreUpdate): Set<string> {
    const affected = this.#applyPolicies(update);
    const revision = ++this.#revision;
    for (const delta of update.delta.sets) {
      const known = this.#sets.get(delta.id);
      if (known === undefined) this.#sets.set(delta.id, new TrackedSet(wholeOf(delta), revision));
      else if (known.apply(delta, revision)) this.#addNaming(delta.id, affected);
    }
    this.#settleSets(revision);
    return affected;
  }

  /** Takes the whole result of a core that was built anew; what is equal to before moves nothing. */
  replace(update: CoreUpdate): Set<string> {
    const given = new Set(update.delta.policies.map((item) => item.workload));
    const gone = [...this.#hashes.keys()]
      .filter((workload) => !given.has(workload))
      .map((workload) => ({ workload, hash: null }));
    const affected = this.#applyPolicies({
      policies: update.policies,
      delta: { sets: [], policies: [...gone, ...update.delta.policies] },
    });
    const revision = ++this.#revision;
    const whole = new Map(update.delta.sets.map((delta) => [delta.id, wholeOf(delta)]));
    for (const id of this.#namedBy.keys()) {
      const content = whole.get(id) ?? { id, hosts: [], ranges: [] };
      const known = this.#sets.get(id);
      if (known === undefined) this.#sets.set(id, new TrackedSet(content, revision));
      else if (known.replace(content, revision)) this.#addNaming(id, affected);
    }
    this.#settleSets(revision);
    return affected;
  }

  #applyPolicies(update: CoreUpdate): Set<string> {
    const contents = new Map(update.policies.map((policy) => [policy.hash, policy]));
    const affected = new Set<string>();
    for (const { workload, hash } of update.delta.policies) {
      const before = this.#hashes.get(workload);
      if (before === (hash ?? undefined)) continue;
      affected.add(workload);
      if (hash === null) this.#hashes.delete(workload);
      else {
        this.#hashes.set(workload, hash);
        this.#classWith(hash, contents).workloads.add(workload);
      }
      if (before !== undefined) this.#leave(workload, before);
    }
    return affected;
  }

  #classWith(hash: string, contents: ReadonlyMap<string, HostPolicy>): MutableClass {
    const known = this.#classes.get(hash);
    if (known !== undefined) return known;
    const policy = contents.get(hash);
    if (policy === undefined)
      throw new Error(`The policy worker named the host policy ${hash} without its content`);
    const sets = [...new Set(policy.rules.flatMap((rule) => rule.peers))].toSorted();
    const created = { policy, sets, workloads: new Set<string>() };
    this.#classes.set(hash, created);
    for (const id of sets) {
      const names = this.#namedBy.get(id);
      if (names === undefined) this.#namedBy.set(id, new Set([hash]));
      else names.add(hash);
    }
    return created;
  }

  #leave(workload: string, hash: string): void {
    const left = this.#classes.get(hash);
    left?.workloads.delete(workload);
    if (left === undefined || left.workloads.size > 0) return;
    this.#classes.delete(hash);
    for (const id of left.sets) {
      const names = this.#namedBy.get(id);
      names?.delete(hash);
      if (names?.size === 0) this.#namedBy.delete(id);
    }
  }

  #addNaming(id: string, affected: Set<string>): void {
    for (const hash of this.#namedBy.get(id) ?? [])
      for (const workload of this.#classes.get(hash)?.workloads ?? []) affected.add(workload);
  }

  /** Sets exist exactly as long as a policy names them; one that the core did not mention is empty. */
  #settleSets(revision: number): void {
    for (const id of this.#sets.keys()) if (!this.#namedBy.has(id)) this.#sets.delete(id);
    for (const id of this.#namedBy.keys())
      if (!this.#sets.has(id))
        this.#sets.set(id, new TrackedSet({ id, hosts: [], ranges: [] }, revision));
  }
}

function wholeOf(delta: AddressSetDelta): AddressSet {
  return { id: delta.id, hosts: delta.addHosts, ranges: delta.addRanges };
}
