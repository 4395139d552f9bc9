import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ADDRESS_BITS,
  formatAddress,
  formatSpan,
  joinSpans,
  networkOf,
  parseAddress,
  parsePrefix,
  parseSpan,
  spansCover,
  spansHold,
  subtractSpans,
  type Address,
  type AddressSpan,
} from './index.ts';

const address: fc.Arbitrary<Address> = fc.oneof(
  fc.record({
    family: fc.constant(4 as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
  }),
  fc.record({
    family: fc.constant(6 as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
  }),
);

/** Spans at both ends of both families, where they touch, overlap and end with the space. */
const near = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), fc.boolean(), fc.nat(24), fc.nat(6))
  .map(([family, atEnd, from, length]): AddressSpan => {
    const top = 2n ** BigInt(ADDRESS_BITS[family]) - 1n;
    const first = atEnd ? top - BigInt(from) : BigInt(from);
    const last = first + BigInt(length);
    return { family, first, last: last > top ? top : last };
  });
const spans = fc.array(near, { maxLength: 8 });

const probes: readonly Address[] = ([4, 6] as const).flatMap((family) => {
  const top = 2n ** BigInt(ADDRESS_BITS[family]) - 1n;
  return Array.from({ length: 34 }, (_, index) => BigInt(index)).flatMap((offset) => [
    { family, value: offset },
    { family, value: top - offset },
  ]);
});

function inAny(list: readonly AddressSpan[], { family, value }: Address): boolean {
  return list.some((s) => s.family === family && s.first <= value && value <= s.last);
}

describe('addresses and spans', () => {
  test('every address reads back from its text', () => {
    fc.assert(
      fc.property(address, (item) => {
        expect(parseAddress(formatAddress(item))).toEqual(item);
      }),
    );
  });

  test('every span reads back from its text', () => {
    fc.assert(
      fc.property(near, (span) => {
        const parsed = parseSpan(formatSpan(span));
        expect(parsed.ok && { ...parsed.value, prefixLength: undefined }).toEqual({
          ...span,
          prefixLength: undefined,
        });
      }),
    );
  });

  test('the network of an address is a CIDR block that holds it', () => {
    fc.assert(
      fc.property(address, fc.nat(128), (item, wanted) => {
        const prefixLength = Math.min(wanted, ADDRESS_BITS[item.family]);
        const network = networkOf(item, prefixLength);
        expect(spansHold([network], item)).toBe(true);
        const base = formatAddress({ family: item.family, value: network.first });
        expect(parsePrefix(`${base}/${prefixLength}`)).toEqual({
          ok: true,
          value: { ...network, prefixLength },
        });
      }),
    );
  });

  test('a union holds what any of its spans holds, in order and without touching', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const joined = joinSpans(list);
        for (const probe of probes) expect(spansHold(joined, probe)).toBe(inAny(list, probe));
        const apart = joined.slice(1).every((span, index) => {
          const before = joined[index];
          if (before === undefined) return false;
          return before.family === span.family
            ? before.last + 1n < span.first
            : before.family < span.family;
        });
        expect(apart).toBe(true);
      }),
    );
  });

  test('a difference holds what is in the one and not in the other', () => {
    fc.assert(
      fc.property(spans, spans, (list, removed) => {
        const left = subtractSpans(list, removed);
        expect(joinSpans(left)).toEqual(left);
        for (const probe of probes) {
          expect(spansHold(left, probe)).toBe(inAny(list, probe) && !inAny(removed, probe));
        }
      }),
    );
  });

  test('spans cover another exactly when nothing of it is left without them', () => {
    fc.assert(
      fc.property(spans, near, (list, inner) => {
        expect(spansCover(list, inner)).toBe(subtractSpans([inner], list).length === 0);
      }),
    );
  });
});
