import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashTable } from './hash-table.ts';
import { TextTable } from './text-table.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`tables: FAST_CHECK_SEED=${SEED}\n`);

/** Ends alike for many, so that hashes meet. */
const text = fc
  .tuple(fc.constantFrom('', 'é', 'a'.repeat(50)), fc.nat(300))
  .map((parts) => parts.join(''));
const step = fc.record({ text, add: fc.boolean() });

test('a table by text holds what a map does, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 900 }), (steps) => {
      const table = new TextTable<{ readonly text: string }>((item) => item.text);
      const map = new Map<string, { readonly text: string }>();
      for (const { text: asked, add } of steps) {
        const known = table.get(asked);
        expect(known).toBe(map.get(asked));
        if (add && known === undefined) {
          const item = { text: asked };
          table.add(item);
          map.set(asked, item);
        } else if (!add && known !== undefined) {
          table.remove(known);
          map.delete(asked);
        }
        expect(table.size).toBe(map.size);
      }
      expect(new Set(table.values())).toEqual(new Set(map.values()));
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test('objects of one hash are all found, also after one of them went and others came', () => {
  const table = new HashTable<{ readonly name: string }>();
  const items = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
  const found = () => {
    const names: string[] = [];
    for (let slot = table.first(-7); slot >= 0; slot = table.after(slot, -7)) {
      names.push(table.at(slot).name);
    }
    return names.toSorted();
  };
  for (const item of items) table.add(-7, item);
  const [, second] = items;
  if (second === undefined) throw new Error('there are four');
  table.remove(-7, second);
  expect(found()).toEqual(['a', 'c', 'd']);
  for (let other = 0; other < 1_000; other += 1) table.add(other, { name: `other ${other}` });
  expect(found()).toEqual(['a', 'c', 'd']);
  expect(table.size).toBe(1_003);
});
