/**
 * The union of several sets of ranges as disjoint fragments. A fragment is of one range, of the first set that holds it,
 * and ends where that range ends or an earlier set's range begins. So a change of a range changes no fragment but those
 * that it touches, however many there are.
 */
import { ADDRESS_BITS, type AddressSpan, type Family } from '@bulkhead/net';
import { lastBeginning, type Spans } from '../plan/range-spans.ts';

/** All fragments, ascending. */
export function allFragments(sets: readonly Spans[]): AddressSpan[] {
  const ordered = sets.flatMap((spans, set) => spans.map((span) => ({ span, set })));
  ordered.sort((one, other) => (one.span.first < other.span.first ? -1 : 1));
  const fragments: AddressSpan[] = [];
  /** Ranges that have begun, by set. */
  const open: typeof ordered = [];
  let owner: AddressSpan | null = null;
  let at = 0n;

  function advance(to: bigint): void {
    while (at < to) {
      const [top] = open;
      if (top === undefined) return;
      if (top.span.last < at) {
        open.shift();
        continue;
      }
      const last = top.span.last < to ? top.span.last : to - 1n;
      const previous = owner === top.span ? fragments.pop() : undefined;
      fragments.push({ ...top.span, first: previous?.first ?? at, last });
      owner = top.span;
      at = last + 1n;
    }
  }

  for (const item of ordered) {
    advance(item.span.first);
    at = item.span.first;
    const behind = open.findIndex(({ set }) => set > item.set);
    open.splice(behind < 0 ? open.length : behind, 0, item);
  }
  const [any] = ordered;
  if (any !== undefined) advance(1n << BigInt(ADDRESS_BITS[any.span.family]));
  return fragments;
}

/** The fragments that touch a span or its neighbours, at a cost that does not grow with the others. */
export function fragmentsNear(sets: readonly Spans[], near: AddressSpan): AddressSpan[] {
  const { family } = near;
  const highest = (1n << BigInt(ADDRESS_BITS[family])) - 1n;
  const end = near.last < highest ? near.last + 1n : highest;
  const fragments: AddressSpan[] = [];
  let at: bigint | null = near.first > 0n ? near.first - 1n : 0n;
  while (at !== null && at <= end) {
    const found = fragmentAt(sets, at, family);
    if ('fragment' in found) fragments.push(found.fragment);
    at = 'fragment' in found ? found.fragment.last + 1n : found.next;
  }
  return fragments;
}

/** The fragment that holds a value, else where the next one begins. */
function fragmentAt(
  sets: readonly Spans[],
  value: bigint,
  family: Family,
): { readonly fragment: AddressSpan } | { readonly next: bigint | null } {
  let first = 0n;
  let next: bigint | null = null;
  for (const spans of sets) {
    const index = lastBeginning(spans, value);
    const before = spans[index];
    const after = spans[index + 1];
    if (before !== undefined && before.last >= value) {
      return {
        fragment: {
          family,
          first: before.first > first ? before.first : first,
          last: next === null || before.last < next ? before.last : next - 1n,
        },
      };
    }
    if (before !== undefined && before.last >= first) first = before.last + 1n;
    if (after !== undefined && (next === null || after.first < next)) next = after.first;
  }
  return { next };
}
