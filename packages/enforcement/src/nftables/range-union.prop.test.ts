import { spansHold, type AddressSpan } from '@bulkhead/net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allFragments, fragmentsNear } from './range-union.ts';

const LAST = (1n << 32n) - 1n;
/** Both ends of the address space, and few enough addresses between them that ranges meet. */
const value = fc.oneof(fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: LAST - 3n, max: LAST }));

/** Disjoint and ascending, neighbours included. */
const spans = fc.uniqueArray(value, { maxLength: 8 }).map((values): AddressSpan[] => {
  const sorted = values.sort((one, other) => (one < other ? -1 : 1));
  return sorted.flatMap((first, index) => {
    const last = sorted[index + 1];
    if (index % 2 === 1) return [];
    return [{ family: 4, first, last: last ?? first }];
  });
});
const sets = fc.array(spans, { maxLength: 5 });

function key({ first, last }: AddressSpan): string {
  return `${first}-${last}`;
}

test('fragments are disjoint, and cover what any of the sets covers', () => {
  fc.assert(
    fc.property(sets, fc.array(value), (given, values) => {
      const fragments = allFragments(given);
      for (const [index, { first, last }] of fragments.entries()) {
        expect(first <= last).toBe(true);
        expect((fragments[index - 1]?.last ?? -1n) < first).toBe(true);
      }
      for (const asked of values) {
        const address = { family: 4, value: asked } as const;
        expect(fragments.some(({ first, last }) => first <= asked && asked <= last)).toBe(
          given.some((set) => spansHold(set, address)),
        );
      }
    }),
  );
});

test('a change of one set moves no fragment but those near what changed', () => {
  fc.assert(
    fc.property(sets, spans, fc.nat(4), (given, changed, at) => {
      const index = Math.min(at, given.length);
      const now = given.toSpliced(index, 1, changed);
      const before = given[index] ?? [];
      const near = [
        ...before.filter((span) => !changed.some((other) => key(other) === key(span))),
        ...changed.filter((span) => !before.some((other) => key(other) === key(span))),
      ];
      const nearOf = (of: typeof given) =>
        new Set(near.flatMap((span) => fragmentsNear(of, span)).map(key));
      const [gone, come] = [nearOf(given), nearOf(now)];
      const moved = allFragments(given)
        .map(key)
        .filter((text) => !gone.has(text))
        .concat([...come]);
      expect(moved.sort()).toEqual(allFragments(now).map(key).sort());
      const known = new Set(allFragments(given).map(key));
      expect([...gone].filter((text) => !known.has(text))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});
