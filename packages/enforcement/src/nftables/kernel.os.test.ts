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
import { changeText } from '../testing/change-text.ts';
import { contentsOfSet, deltaBetween, manySets } from '../testing/many-sets.ts';
import { compareWithPlan } from './compare.ts';
import { elementChanges } from './element-change.ts';
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

  test('is in force whole on a host whose IPv6 is off (FR-52)', () => {
    const turnIpv6 = (value: string) =>
      inOurs('tee', ['/proc/sys/net/ipv6/conf/all/disable_ipv6'], value);
    turnIpv6('1');
    try {
      const plan = planFor({});
      apply(renderNftables(plan));
      expect(compareWithPlan(plan, readBack())).toEqual([]);
    } finally {
      turnIpv6('0');
    }
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

  test('is read back as planned with every kind of custom iptables statement', () => {
    const statements = (chain: 'INPUT' | 'FORWARD', ...parameters: readonly string[]) =>
      parameters.map((text) => ({ table: 'filter', chain, parameters: text }) as const);
    const four = [
      '-i eth+ ! -s 10.0.0.0/8 -p tcp -m multiport ! --dports 22,80,8000:8100 -j ACCEPT',
      '! -i eth0 -d 192.0.2.1,192.0.2.9 -p udp --sport 53 -j DROP',
      '! -p tcp -j LOG --log-prefix "odd: " --log-level info',
      '-p icmp ! --icmp-type 8 -j REJECT --reject-with icmp-host-prohibited',
      '-p icmp --icmp-type 3/1 -m limit --limit 5/min --limit-burst 7 -j ACCEPT',
      '-m conntrack ! --ctstate NEW,RELATED -j RETURN',
      '-p tcp --syn -j REJECT --reject-with tcp-reset',
      '-p tcp --tcp-flags SYN,ACK SYN,ACK -j LOG',
      '-p tcp ! --tcp-flags ALL NONE -j REJECT',
    ];
    const six = ['-p icmpv6 --icmpv6-type 128 -j REJECT', '-s 2001:db8::/32 -j RETURN'];
    const origin = { href: '/orgs/1/ip_tables_rules/1', version: 2 };
    const plan = planFor({
      ipTablesRules: [
        {
          ipVersion: 4,
          statements: [...statements('INPUT', ...four), ...statements('FORWARD', ...four)],
          origin,
        },
        { ipVersion: 6, statements: statements('INPUT', ...six), origin },
      ],
    });
    apply(renderNftables(plan));
    expect(compareWithPlan(plan, readBack())).toEqual([]);
    const byNames = inOurs('nft', ['-j', 'list', 'table', 'inet', 'bulkhead']);
    expect(compareWithPlan(plan, parseRuleset(byNames))).toEqual([]);
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
    apply(changeText(plan, once));
    expect(compareWithPlan(once, readBack())).toEqual([]);
    const again = withSetDelta(once, { ...delta, removeHosts: [], addHosts: ['10.99.1.1'] });
    apply(changeText(once, again));
    expect(compareWithPlan(again, readBack())).toEqual([]);
    expect(changeText(once, withSetDelta(once, { ...delta, id: 'unknown' }))).toBe('');
  });

  test('follows set deltas where sets are so many that unions of them are looked up', () => {
    fc.assert(
      fc.property(manySets, fc.array(contentsOfSet, { maxLength: 4 }), (input, contents) => {
        const before = buildPlan(input);
        apply(renderNftables(before));
        let plan = before;
        for (const content of contents) {
          const set = plan.sets.get(content.id);
          if (set === undefined) continue;
          const held = { hosts: listMembers(set.hosts), ranges: listMembers(set.ranges) };
          plan = withSetDelta(plan, deltaBetween(held, content));
        }
        apply(
          elementChanges(before, plan) === null ? renderNftables(plan) : changeText(before, plan),
        );
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
    const interfaces = FACTS.interfaces.map((entry) => ({
      ...entry,
      profile: 'external' as const,
    }));
    const roamed = withInterfaces(plan, interfaces);
    apply(changeText(plan, roamed));
    expect(compareWithPlan(roamed, readBack())).toEqual([]);
    expect(changeText(plan, withInterfaces(plan, FACTS.interfaces))).toBe('');
  });
});
