import { joinSpans, parseSpan } from '@bulkhead/net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../evaluate/evaluate-plan.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { listMembers } from '../plan/members.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { withInterfaces, withSetDelta } from '../plan/update.ts';
import { planInput, planPacket } from '../testing/arbitraries.ts';
import { aPacket, aPolicy, aRule, setsOf, someFacts, tcp } from '../testing/fixtures.ts';
import { contentsOfSet, deltaBetween, manySets } from '../testing/many-sets.ts';
import { runTable } from '../testing/run-table.ts';
import { buildChains, buildTable } from './build-table.ts';
import { elementChanges } from './element-change.ts';
import { allSets } from './kernel-sets.ts';

type Kernel = Map<string, Set<string>>;

function load(plan: FirewallPlan): Kernel {
  return new Map(allSets(plan).map(({ name, elements }) => [name, new Set(elements)]));
}

/** As the kernel does it: what is removed must be there, what is added must not, and intervals must not overlap. */
function change(kernel: Kernel, before: FirewallPlan, after: FirewallPlan): void {
  const changes = elementChanges(before, after);
  if (changes === null) throw new Error('the rules of a plan changed with its sets');
  const setOf = (name: string) => kernel.get(name) ?? new Set<string>();
  for (const { set, remove } of changes) {
    for (const { key } of remove)
      expect({ set, key, was: setOf(set).delete(key) }).toMatchObject({ was: true });
  }
  for (const { set, add } of changes) {
    for (const { key } of add) {
      expect({ set, key, was: setOf(set).has(key) }).toMatchObject({ was: false });
      setOf(set).add(key);
    }
  }
  for (const { set, interval } of changes) {
    if (!interval) continue;
    const spans = [...setOf(set)].flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok ? [parsed.value] : [];
    });
    const size = (of: typeof spans) =>
      of.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
    expect({ set, size: size(joinSpans(spans)) }).toEqual({ set, size: size(spans) });
  }
}

/** Whether a set that held hosts only got a range. */
function rangesCameTo(before: FirewallPlan, after: FirewallPlan): boolean {
  return [...after.sets.values()].some(
    ({ id, hasRanges }) => hasRanges && before.sets.get(id)?.hasRanges === false,
  );
}

function sorted(kernel: Kernel): string[] {
  return [...kernel].map(([name, elements]) => [name, ...[...elements].sort()].join(' ')).sort();
}

test('element changes lead the kernel from any plan to the one after set deltas, touching no chain but where the first range comes to hosts', () => {
  fc.assert(
    fc.property(
      manySets,
      fc.array(fc.array(contentsOfSet, { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
      (input, steps) => {
        let plan = buildPlan(input);
        let chains = buildChains(plan);
        let kernel = load(plan);
        for (const step of steps) {
          let next = plan;
          for (const content of step) {
            const set = next.sets.get(content.id);
            if (set === undefined) continue;
            const held = { hosts: listMembers(set.hosts), ranges: listMembers(set.ranges) };
            next = withSetDelta(next, deltaBetween(held, content));
          }
          const isWhole = elementChanges(plan, next) === null;
          expect(isWhole).toBe(rangesCameTo(plan, next));
          if (isWhole) {
            chains = buildChains(next);
            kernel = load(next);
          } else {
            change(kernel, plan, next);
          }
          plan = next;
        }
        expect(sorted(kernel)).toEqual(sorted(load(plan)));
        expect(buildChains(plan)).toEqual(chains);
      },
    ),
    { numRuns: 60 },
  );
});

test('a table with unions of sets does and logs what the plan says', () => {
  fc.assert(
    fc.property(
      manySets,
      fc.array(planPacket, { minLength: 20, maxLength: 20 }),
      (input, packets) => {
        const plan = buildPlan(input);
        const table = buildTable(plan);
        expect(table.sets.some(({ name }) => name.startsWith('u_'))).toBe(true);
        const evaluate = createEvaluator(plan);
        for (const given of packets) {
          const packet = { ...given, interfaceName: 'corp0', remoteName: null };
          const decision = evaluate(packet);
          const { action, logPrefix } = runTable(table, packet);
          expect({ packet, action, logPrefix }).toEqual({
            packet,
            action: decision?.action,
            logPrefix: decision?.logPrefix,
          });
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('element changes are asked of plans that were made apart, and null where rules or the table differ', () => {
  fc.assert(
    fc.property(planInput, (input) => {
      const [one, other] = [buildPlan(input), buildPlan(input)];
      expect(elementChanges(one, other)).toEqual([]);
    }),
  );
  const plan = buildPlan({ policy: aPolicy(), sets: new Map(), host: someFacts() });
  const resolvers = ['192.0.2.53'];
  const moved = buildPlan({ policy: aPolicy(), sets: new Map(), host: someFacts({ resolvers }) });
  expect(elementChanges(plan, moved)).toBeNull();
  const idle = buildPlan({ policy: aPolicy({ mode: 'idle' }), sets: new Map(), host: someFacts() });
  expect(elementChanges(plan, idle)).toBeNull();
  expect(elementChanges(idle, idle)).toEqual([]);
});

test('a roamed interface is two elements', () => {
  const plan = buildPlan({ policy: aPolicy(), sets: new Map(), host: someFacts() });
  const roamed = someFacts().interfaces.map((entry) => ({
    ...entry,
    profile: 'external' as const,
  }));
  expect(elementChanges(plan, withInterfaces(plan, roamed))).toEqual([
    {
      table: 'bulkhead',
      set: 'corporate',
      keyType: 'ifname',
      interval: false,
      add: [],
      remove: [{ key: 'corp0' }],
    },
    {
      table: 'bulkhead',
      set: 'external',
      keyType: 'ifname',
      interval: false,
      add: [{ key: 'corp0' }],
      remove: [],
    },
  ]);
});

test('an address that comes to a large set of many rules is one element in its set and one in each union', () => {
  const rules = Array.from({ length: 1000 }, (_, index) =>
    aRule({ peers: [`s${index}`], origin: { href: `/orgs/1/r/${index}`, version: 1 } }),
  );
  const sets = rules.map((_, index) => ({
    id: `s${index}`,
    hosts: [`10.1.${index >> 8}.${index & 255}`],
    ranges: [],
  }));
  const plan = buildPlan({ policy: aPolicy({ rules }), sets: setsOf(...sets), host: someFacts() });
  const delta = {
    id: 's500',
    addHosts: ['192.0.2.1'],
    removeHosts: [],
    addRanges: [],
    removeRanges: [],
  };
  const changes = elementChanges(plan, withSetDelta(plan, delta)) ?? [];
  expect(changes.map(({ set, add }) => [set.slice(0, 2), add])).toEqual([
    ['a_', [{ key: '192.0.2.1' }]],
    ['u_', [{ key: '192.0.2.1' }]],
  ]);
});

test.each([
  ['overlap', (index: number) => tcp(1000 + index, 60_000 - index), 300],
  ['touch', (index: number) => tcp(1000 + 10 * index, 1009 + 10 * index), 300],
  ['are single', (index: number) => tcp(65_535 - index), 300],
])(
  'ports of hundreds of rules that %s lead to the rule that the plan says',
  (_, service, count) => {
    const rules = Array.from({ length: count }, (__, index) =>
      aRule({
        peers: [index % 3 === 0 ? 'any' : 'one'],
        services: [service(index)],
        origin: { href: `/orgs/1/r/${index}`, version: 1 },
      }),
    );
    const sets = setsOf(
      { id: 'any', hosts: [], ranges: ['0.0.0.0/0'] },
      { id: 'one', hosts: ['10.0.0.1'], ranges: [] },
    );
    const plan = buildPlan({ policy: aPolicy({ rules }), sets, host: someFacts() });
    const table = buildTable(plan);
    const evaluate = createEvaluator(plan);
    for (const destinationPort of [
      999, 1000, 1005, 1299, 1300, 3999, 4000, 59_701, 60_000, 65_300, 65_535,
    ]) {
      for (const remoteAddress of ['10.0.0.1', '10.0.0.2']) {
        const packet = aPacket({ remoteAddress, destinationPort });
        const { action, logPrefix } = runTable(table, packet);
        const decision = evaluate(packet);
        expect({ packet, action, logPrefix }).toEqual({
          packet,
          action: decision?.action,
          logPrefix: decision?.logPrefix,
        });
      }
    }
  },
);

describe('the rules that a new connection is held against', () => {
  /** A packet that no rule is about is the longest way through the table. */
  function rulesFor(rules: number, services: number, setsOfRule: (rule: number) => number): number {
    const made = Array.from({ length: rules }, (_, index) =>
      aRule({
        peers: [`s${setsOfRule(index)}`],
        services: [tcp(1000 + (index % services))],
        origin: { href: `/orgs/1/r/${index}`, version: 1 },
      }),
    );
    const ids = [...new Set(made.flatMap(({ peers }) => peers))];
    const sets = setsOf(...ids.map((id) => ({ id, hosts: [], ranges: [] })));
    const plan = buildPlan({ policy: aPolicy({ rules: made }), sets, host: someFacts() });
    const packet = aPacket({ remoteAddress: '192.0.2.9', destinationPort: 1000 });
    return runTable(buildTable(plan), packet).rules;
  }

  test('do not grow with rules of the same services for the same peers, nor with services', () => {
    const few = rulesFor(10, 10, () => 0);
    expect(rulesFor(1000, 10, () => 0)).toBe(few);
    expect(rulesFor(1000, 1000, () => 0)).toBe(few);
  });

  test('are at most 64 more for a service however many sets of peers have it', () => {
    const none = rulesFor(1, 1, () => 0);
    expect(rulesFor(4000, 1, (rule) => rule)).toBeLessThanOrEqual(none + 64);
  });
});
