import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countMembers,
  differenceOf,
  hasMember,
  listMembers,
  membersOf,
  moveMembers,
} from './members.ts';

const texts: fc.Arbitrary<string[]> = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), {
  maxLength: 4,
});

test('members are those of a set that is changed in place, and the difference of any two says what moved', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.tuple(texts, texts)), (start, moves) => {
      const expected = new Set(start);
      const states = [membersOf(start)];
      for (const [gone, come] of moves) {
        states.push(moveMembers(states.at(-1) ?? membersOf([]), gone, come));
        for (const text of gone) expected.delete(text);
        for (const text of come) expected.add(text);
      }
      const [first = membersOf([])] = states;
      const last = states.at(-1) ?? first;
      expect(listMembers(last).sort()).toEqual([...expected].sort());
      expect(countMembers(last)).toBe(expected.size);
      expect(['a', 'f'].filter((text) => hasMember(last, text))).toEqual(
        ['a', 'f'].filter((text) => expected.has(text)),
      );
      const before = new Set(start);
      for (const origin of [first, membersOf(start)]) {
        const { added, removed } = differenceOf(origin, last);
        expect(added.sort()).toEqual([...expected].filter((text) => !before.has(text)).sort());
        expect(removed.sort()).toEqual([...before].filter((text) => !expected.has(text)).sort());
      }
    }),
  );
});

test('a thousand changes and a thousand more are all kept', () => {
  const hosts = Array.from({ length: 3000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  let members = membersOf(hosts.slice(0, 1000));
  for (const host of hosts.slice(1000)) members = moveMembers(members, [], [host]);
  members = moveMembers(members, hosts.slice(0, 1500), []);
  expect(listMembers(members)).toEqual(hosts.slice(1500));
});
