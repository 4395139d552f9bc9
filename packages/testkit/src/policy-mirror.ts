/** What somebody knows who has seen nothing of a policy core but its deltas. */
import type { AddressSetDelta, PolicyDelta } from '@bulkhead/policy';

interface MirroredSet {
  readonly hosts: Set<string>;
  readonly ranges: Set<string>;
}

/**
 * Replays deltas by their contract alone. It throws where a delta breaks it: a member added that is there, or taken away that is not.
 * Which sets are still named is the caller's to say (`keepOnly`), as it follows from the host policies.
 */
export class PolicyMirror {
  readonly hashes = new Map<string, string>();
  private readonly sets = new Map<string, MirroredSet>();

  apply(delta: PolicyDelta): void {
    for (const { workload, hash } of delta.policies) {
      if (this.hashes.get(workload) === (hash ?? undefined)) {
        throw new Error(`${workload} is listed, but its policy is what it was`);
      }
      if (hash === null) this.hashes.delete(workload);
      else this.hashes.set(workload, hash);
    }
    for (const set of delta.sets) this.applySet(set);
  }

  /** Forgets the sets that no host policy names any more. */
  keepOnly(named: ReadonlySet<string>): void {
    for (const id of this.sets.keys()) if (!named.has(id)) this.sets.delete(id);
  }

  /** Members of a set, sorted; a set that was never listed is empty. */
  members(id: string): readonly string[] {
    const set = this.sets.get(id);
    return set === undefined ? [] : [...set.hosts, ...set.ranges].toSorted();
  }

  private applySet(delta: AddressSetDelta): void {
    let set = this.sets.get(delta.id);
    if (set === undefined) this.sets.set(delta.id, (set = { hosts: new Set(), ranges: new Set() }));
    move(set.hosts, delta.addHosts, delta.removeHosts);
    move(set.ranges, delta.addRanges, delta.removeRanges);
  }
}

function move(members: Set<string>, added: readonly string[], removed: readonly string[]): void {
  for (const text of removed) {
    if (!members.delete(text)) throw new Error(`${text} is taken away, but was not there`);
  }
  for (const text of added) {
    if (members.has(text)) throw new Error(`${text} is added, but was there`);
    members.add(text);
  }
}
