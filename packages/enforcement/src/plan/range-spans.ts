import { parseSpan, type AddressSpan, type Family } from '@bulkhead/net';
import type { Members } from './members.ts';

/** Disjoint spans of one family, ascending. */
export type Spans = readonly AddressSpan[];
type ByFamily = Readonly<Record<Family, Spans>>;

const NOTHING: ByFamily = { 4: [], 6: [] };
const spansOfBase = new WeakMap<ReadonlySet<string>, ByFamily>();

/** Ranges of a set in order. What cannot be read as a range is left out: it matches no address. */
export function spansOf({ base, added, removed }: Members, family: Family): Spans {
  let known = spansOfBase.get(base);
  if (known === undefined) {
    known = sortedSpans(base);
    spansOfBase.set(base, known);
  }
  const spans = known[family];
  if (added.size + removed.size === 0) return spans;
  const gone = new Set(sortedSpans(removed)[family].map(({ first }) => first));
  const kept = gone.size === 0 ? spans : spans.filter(({ first }) => !gone.has(first));
  const come = sortedSpans(added)[family];
  return come.length === 0 ? kept : merge(kept, come);
}

/** Index of the last span that begins at or before a value; -1: none. */
export function lastBeginning(spans: Spans, value: bigint): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const span = spans[middle];
    if (span !== undefined && span.first <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function sortedSpans(texts: ReadonlySet<string>): ByFamily {
  if (texts.size === 0) return NOTHING;
  const spans: Record<Family, AddressSpan[]> = { 4: [], 6: [] };
  for (const text of texts) {
    const parsed = parseSpan(text);
    if (parsed.ok) spans[parsed.value.family].push(parsed.value);
  }
  for (const family of [4, 6] as const) {
    spans[family].sort((one, other) => (one.first < other.first ? -1 : 1));
  }
  return spans;
}

function merge(many: Spans, few: Spans): Spans {
  const parts: Spans[] = [];
  let from = 0;
  for (const span of few) {
    const to = lastBeginning(many, span.first) + 1;
    parts.push(many.slice(from, to), [span]);
    from = to;
  }
  return [...parts, many.slice(from)].flat();
}
