/** An address set with the history of its last changes, so that each VEN gets just what it misses. */
import type { AddressSet, AddressSetDelta } from '@bulkhead/policy';

const HISTORY = 256;

interface Step {
  readonly revision: number;
  readonly delta: AddressSetDelta;
}

/** Revisions come from one rising counter of the organization: a set that went and came back never meets its old ones. */
export class TrackedSet {
  readonly id: string;
  readonly #hosts: Set<string>;
  readonly #ranges: Set<string>;
  #revision: number;
  /** Oldest first; `#known` is the revision before the first of them. */
  readonly #steps: Step[] = [];
  #known: number;

  constructor(content: AddressSet, revision: number) {
    this.id = content.id;
    this.#hosts = new Set(content.hosts);
    this.#ranges = new Set(content.ranges);
    this.#revision = revision;
    this.#known = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  /** False when the change says nothing new. */
  apply(delta: AddressSetDelta, revision: number): boolean {
    const step = {
      id: this.id,
      removeHosts: delta.removeHosts.filter((item) => this.#hosts.delete(item)),
      removeRanges: delta.removeRanges.filter((item) => this.#ranges.delete(item)),
      addHosts: delta.addHosts.filter((item) => isNew(this.#hosts, item)),
      addRanges: delta.addRanges.filter((item) => isNew(this.#ranges, item)),
    };
    if (isEmpty(step)) return false;
    this.#steps.push({ revision, delta: step });
    this.#revision = revision;
    if (this.#steps.length > HISTORY) {
      const dropped = this.#steps.shift();
      if (dropped !== undefined) this.#known = dropped.revision;
    }
    return true;
  }

  /** Makes the set hold exactly `content`. */
  replace(content: AddressSet, revision: number): boolean {
    const hosts = new Set(content.hosts);
    const ranges = new Set(content.ranges);
    return this.apply(
      {
        id: this.id,
        addHosts: content.hosts,
        addRanges: content.ranges,
        removeHosts: [...this.#hosts].filter((item) => !hosts.has(item)),
        removeRanges: [...this.#ranges].filter((item) => !ranges.has(item)),
      },
      revision,
    );
  }

  snapshot(): AddressSet {
    return { id: this.id, hosts: [...this.#hosts], ranges: [...this.#ranges] };
  }

  /** What moved after `revision`, as one change; undefined when that is not known any more. */
  since(revision: number): AddressSetDelta | undefined {
    if (revision < this.#known || revision > this.#revision) return undefined;
    const hosts = new Map<string, boolean>();
    const ranges = new Map<string, boolean>();
    for (const step of this.#steps) {
      if (step.revision <= revision) continue;
      fold(hosts, step.delta.addHosts, step.delta.removeHosts);
      fold(ranges, step.delta.addRanges, step.delta.removeRanges);
    }
    return {
      id: this.id,
      addHosts: keys(hosts, true),
      removeHosts: keys(hosts, false),
      addRanges: keys(ranges, true),
      removeRanges: keys(ranges, false),
    };
  }
}

export function isEmpty(delta: AddressSetDelta): boolean {
  return (
    delta.addHosts.length +
      delta.removeHosts.length +
      delta.addRanges.length +
      delta.removeRanges.length ===
    0
  );
}

function isNew(set: Set<string>, item: string): boolean {
  if (set.has(item)) return false;
  set.add(item);
  return true;
}

/** `net`: true for added, false for removed. Each step moves only what was not so before, so the opposite undoes. */
function fold(
  net: Map<string, boolean>,
  added: readonly string[],
  removed: readonly string[],
): void {
  for (const [items, value] of [
    [removed, false],
    [added, true],
  ] as const)
    for (const item of items) {
      if (net.get(item) === !value) net.delete(item);
      else net.set(item, value);
    }
}

function keys(net: ReadonlyMap<string, boolean>, wanted: boolean): string[] {
  return [...net].flatMap(([item, value]) => (value === wanted ? [item] : []));
}
