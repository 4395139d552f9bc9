/** Members of address sets in either state, and the addresses outside of all workloads cut into cells that a set holds whole or not. */
import { parseSpan, type AddressSpan, type Family } from '@bulkhead/net';
import type { DifferenceLookup } from './difference.ts';
import { AFTER, BEFORE, type States } from './kinds.ts';
import type { KnownEnds, SetMembers } from './known-ends.ts';

const NOTHING: SetMembers = { hosts: [], ranges: [] };

export class Members {
  private readonly lookups: {
    readonly [BEFORE]: DifferenceLookup;
    readonly [AFTER]: DifferenceLookup;
  };
  private readonly ends: KnownEnds;
  private readonly moved: ReadonlySet<string> | null;
  private readonly sets = {
    [BEFORE]: new Map<string, SetMembers>(),
    [AFTER]: new Map<string, SetMembers>(),
  };
  private readonly compared = new Map<string, boolean>();
  private readonly outsideSpans = new Map<SetMembers, readonly AddressSpan[]>();

  constructor(
    before: DifferenceLookup,
    after: DifferenceLookup,
    options: { readonly ends: KnownEnds; readonly moved: ReadonlySet<string> | undefined },
  ) {
    this.lookups = { [BEFORE]: before, [AFTER]: after };
    this.ends = options.ends;
    this.moved = options.moved ?? null;
  }

  of(id: string, state: typeof BEFORE | typeof AFTER): SetMembers {
    let members = this.sets[state].get(id);
    if (members === undefined) {
      members = parse(this.lookups[state].addressSet(id));
      this.sets[state].set(id, members);
    }
    return members;
  }

  /** Whether a set has other members in the two states, where both have it. */
  isMoved(id: string): boolean {
    if (this.moved !== null) return this.moved.has(id);
    let differs = this.compared.get(id);
    if (differs === undefined) this.compared.set(id, (differs = this.differs(id)));
    return differs;
  }

  /** What of the members is no workload's: ranges, and single addresses that nobody has. */
  outside(members: SetMembers): readonly AddressSpan[] {
    let spans = this.outsideSpans.get(members);
    if (spans === undefined) {
      const hosts = members.hosts.filter((host) => !this.ends.owns(host)).flatMap(spanOf);
      spans = hosts.length === 0 ? members.ranges : [...members.ranges, ...hosts];
      this.outsideSpans.set(members, spans);
    }
    return spans;
  }

  private differs(id: string): boolean {
    const before = this.lookups[BEFORE].addressSet(id);
    const after = this.lookups[AFTER].addressSet(id);
    if (before === undefined || after === undefined) return false;
    return !sameTexts(before.ranges, after.ranges) || !sameMembers(before.hosts, after.hosts);
  }
}

function parse(
  set: { readonly hosts: readonly string[]; readonly ranges: readonly string[] } | undefined,
): SetMembers {
  return set === undefined ? NOTHING : { hosts: set.hosts, ranges: set.ranges.flatMap(spanOf) };
}

function spanOf(text: string): AddressSpan[] {
  const parsed = parseSpan(text);
  return parsed.ok ? [parsed.value] : [];
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  if (sameTexts(a, b)) return true;
  const held = new Set(a);
  return b.every((text) => held.has(text));
}

/** Spans that tile the address space of both families, cut where one of the given spans begins or ends. */
export class OutsideCells {
  readonly spans: readonly AddressSpan[];
  private readonly offsets: { readonly 4: number; readonly 6: number };

  constructor(cutting: Iterable<AddressSpan>) {
    const firsts = { 4: new Set([0n]), 6: new Set([0n]) };
    for (const { family, first, last } of cutting) {
      firsts[family].add(first);
      if (last < LAST_ADDRESS[family]) firsts[family].add(last + 1n);
    }
    const tiles = (family: Family) => {
      const sorted = [...firsts[family]].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      return sorted.map((first, at) => ({
        family,
        first,
        last: (sorted[at + 1] ?? LAST_ADDRESS[family] + 1n) - 1n,
      }));
    };
    const four = tiles(4);
    this.offsets = { 4: 0, 6: four.length };
    this.spans = [...four, ...tiles(6)];
  }

  /** Numbers of the cells that lie in a span that cuts. */
  *within(span: AddressSpan): Iterable<number> {
    let low = this.offsets[span.family];
    let high = span.family === 4 ? this.offsets[6] : this.spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.spans[middle]?.first ?? span.first) < span.first) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.spans.length; at += 1) {
      const cell = this.spans[at];
      if (cell?.family !== span.family || cell.first > span.last) return;
      yield at;
    }
  }
}

const LAST_ADDRESS = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n } as const;

/** For each of some things, in which of the wanted states it is held; 3 where the states that are not wanted do not matter. */
export function holdingStates<T>(
  wanted: States,
  heldIn: (state: typeof BEFORE | typeof AFTER) => Iterable<T>,
  same: boolean,
): Map<T, States> {
  const held = new Map<T, States>();
  if (wanted !== 3 || same) {
    const state = wanted === AFTER ? AFTER : BEFORE;
    for (const item of heldIn(state)) held.set(item, 3);
    return held;
  }
  for (const item of heldIn(BEFORE)) held.set(item, BEFORE);
  for (const item of heldIn(AFTER))
    held.set(item, held.has(item) && held.get(item) !== AFTER ? 3 : AFTER);
  return held;
}
