import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { HostPolicy } from '@bulkhead/policy';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { withInterfaces, withSetDelta } from '../plan/update.ts';
import { listMembers } from '../plan/members.ts';
import { planInput } from '../testing/arbitraries.ts';
import { aPolicy, aRule, protocol, setsOf, someFacts, tcp, udp } from '../testing/fixtures.ts';
import { contentsOfSet, deltaBetween, manySets } from '../testing/many-sets.ts';
import { compareWithPlan } from './compare.ts';
import { renderInterfaceDelta, renderSetDelta } from './delta.ts';
import { parseRuleset } from './parse.ts';
import { renderNftables } from './render.ts';

const HOST = `bhk${randomBytes(3).toString('hex')}`;
const FACTS = someFacts();

function run(file: string, args: readonly string[], input = ''): string {
  return execFileSync(file, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

function inOurs(file: string, args: readonly string[], input = ''): string {
  return run('ip', ['netns', 'exec', HOST, file, ...args], input);
}

function apply(transaction: string): void {
  inOurs('nft', ['-f', '-'], transaction);
}

function readBack(): ReturnType<typeof parseRuleset> {
  return parseRuleset(inOurs('nft', ['-j', '-n', 'list', 'table', 'inet', 'bulkhead']));
}

function planFor(parts: Partial<HostPolicy>): FirewallPlan {
  const services = [tcp(443), tcp(8000, 8100), udp(53), protocol(1, { icmpType: 3, icmpCode: 1 })];
  return buildPlan({
    policy: aPolicy({
      rules: [
        aRule({ peers: ['peers'], services, stateless: true }),
        aRule({ peers: ['any'], services, direction: 'outbound', networkType: 'all' }),
        aRule({ peers: ['any'], action: 'deny', services: [protocol(-1)] }),
      ],
      ...parts,
    }),
    sets: setsOf(
      {
        id: 'peers',
        hosts: ['10.99.1.1', '2001:db8:c::1'],
        ranges: ['192.0.2.1-192.0.2.9', '2001:db8:c::/64'],
      },
      { id: 'any', hosts: [], ranges: ['0.0.0.0/0', '::/0'] },
    ),
    host: FACTS,
  });
}

beforeAll(() => run('ip', ['netns', 'add', HOST]));
afterAll(() => run('ip', ['netns', 'del', HOST]));

describe('a plan in the kernel', () => {
  test('is read back as planned, by numbers and by names', () => {
    const plan = planFor({ blockedConnectionAction: 'reject' });
    apply(renderNftables(plan));
    expect(compareWithPlan(plan, readBack())).toEqual([]);
    const byNames = inOurs('nft', ['-j', 'list', 'table', 'inet', 'bulkhead']);
    expect(compareWithPlan(plan, parseRuleset(byNames))).toEqual([]);
  });

  test('is read back as planned, whatever it holds', () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const plan = buildPlan(input);
        apply(renderNftables(plan));
        const ruleset = parseRuleset(inOurs('nft', ['-j', '-n', 'list', 'ruleset']));
        expect(compareWithPlan(plan, ruleset)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  test('replaces the one before it, and an idle plan takes it away', () => {
    const other = ['add', 'table', 'inet', 'of_others'];
    inOurs('nft', other);
    apply(renderNftables(planFor({ mode: 'visibility_only' })));
    const full = planFor({ mode: 'full' });
    apply(renderNftables(full));
    expect(compareWithPlan(full, readBack())).toEqual([]);
    apply(renderNftables(planFor({ mode: 'idle' })));
    expect(inOurs('nft', ['list', 'tables'])).toBe('table inet of_others\n');
    inOurs('nft', ['delete', 'table', 'inet', 'of_others']);
  });

  test('shows what somebody changed', () => {
    const plan = planFor({});
    const tamper = (...args: string[]) => {
      apply(renderNftables(plan));
      inOurs('nft', args);
      return compareWithPlan(plan, readBack()).map(({ kind, name, change }) => [
        kind,
        name,
        change,
      ]);
    };
    const element = ['a_peers_h4', '{', '192.0.2.66', '}'];
    expect(tamper('insert', 'rule', 'inet', 'bulkhead', 'input', 'accept')).toEqual([
      ['chain', 'input', 'changed'],
    ]);
    expect(tamper('add', 'element', 'inet', 'bulkhead', ...element)).toEqual([
      ['set', 'a_peers_h4', 'changed'],
    ]);
    expect(tamper('flush', 'set', 'inet', 'bulkhead', 'a_any_r6')).toEqual([
      ['set', 'a_any_r6', 'changed'],
    ]);
    expect(tamper('flush', 'chain', 'inet', 'bulkhead', 'in_external_4')).toEqual([
      ['chain', 'in_external_4', 'changed'],
    ]);
    expect(tamper('add', 'chain', 'inet', 'bulkhead', 'mine')).toEqual([
      ['chain', 'mine', 'unexpected'],
    ]);
  });

  test('follows a set delta without a change of rules (FR-7)', () => {
    const plan = planFor({});
    apply(renderNftables(plan));
    const delta = {
      id: 'peers',
      addHosts: ['192.0.2.5', '2001:db8::77', '10.99.1.1'],
      removeHosts: ['10.99.1.1', '203.0.113.1'],
      addRanges: ['192.0.2.0/28', '2001:db8:c::/65'],
      removeRanges: ['192.0.2.1-192.0.2.9', '2001:db8:c::/64'],
    };
    const once = withSetDelta(plan, delta);
    apply(renderSetDelta(plan, delta));
    expect(compareWithPlan(once, readBack())).toEqual([]);
    const again = { ...delta, removeHosts: [], addHosts: ['10.99.1.1'] };
    apply(renderSetDelta(once, again));
    expect(compareWithPlan(withSetDelta(once, again), readBack())).toEqual([]);
    expect(renderSetDelta(once, { ...delta, id: 'unknown' })).toBe('');
  });

  test('follows a delta that exchanges most of 4,000 ranges within a second', () => {
    const blocks = (length: number) =>
      Array.from({ length: 4000 }, (_, index) => `11.${index >> 8}.${index & 255}.0/${length}`);
    const [before, after] = [blocks(25), blocks(24)];
    const plan = withSetDelta(planFor({}), {
      id: 'peers',
      addHosts: [],
      removeHosts: [],
      addRanges: before,
      removeRanges: [],
    });
    apply(renderNftables(plan));
    const delta = {
      id: 'peers',
      addHosts: [],
      removeHosts: [],
      addRanges: after.slice(0, 3000),
      removeRanges: before.slice(0, 3000),
    };
    const start = performance.now();
    apply(renderSetDelta(plan, delta));
    expect(performance.now() - start).toBeLessThan(1000);
    expect(compareWithPlan(withSetDelta(plan, delta), readBack())).toEqual([]);
  });

  test('follows set deltas where sets are so many that unions of them are looked up', () => {
    fc.assert(
      fc.property(manySets, fc.array(contentsOfSet, { maxLength: 4 }), (input, contents) => {
        let plan = buildPlan(input);
        apply(renderNftables(plan));
        let text = '';
        for (const content of contents) {
          const set = plan.sets.get(content.id);
          if (set === undefined) continue;
          const held = { hosts: listMembers(set.hosts), ranges: listMembers(set.ranges) };
          const delta = deltaBetween(held, content);
          text += renderSetDelta(plan, delta);
          plan = withSetDelta(plan, delta);
        }
        apply(text);
        expect(compareWithPlan(plan, readBack())).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  test('takes hundreds of port ranges that overlap, and as many that do not', () => {
    const overlapping = Array.from({ length: 300 }, (_, index) =>
      aRule({ peers: ['any'], services: [tcp(1000 + index, 60_000 - index)] }),
    );
    const apart = Array.from({ length: 300 }, (_, index) =>
      aRule({ peers: ['any'], services: [tcp(2 * index + 1), udp(4 * index + 1, 4 * index + 2)] }),
    );
    for (const rules of [overlapping, apart]) {
      const plan = planFor({ rules });
      apply(renderNftables(plan));
      expect(compareWithPlan(plan, readBack())).toEqual([]);
    }
  });

  test('follows an interface that turns external', () => {
    const plan = planFor({});
    apply(renderNftables(plan));
    const roamed = FACTS.interfaces.map((entry) => ({ ...entry, profile: 'external' as const }));
    apply(renderInterfaceDelta(plan, roamed));
    expect(compareWithPlan(withInterfaces(plan, roamed), readBack())).toEqual([]);
    expect(renderInterfaceDelta(plan, FACTS.interfaces)).toBe('');
  });
});
