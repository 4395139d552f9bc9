import { describe, expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { aPolicy, aRule, protocol, setsOf, someFacts, tcp, udp } from '../testing/fixtures.ts';
import { buildTable } from './build-table.ts';
import { RenderError, renderNftables } from './render.ts';

const RULE = '/orgs/1/sec_policy/active/rule_sets/3/sec_rules/';
const BOUNDARY = '/orgs/1/sec_policy/active/enforcement_boundaries/';

const WEB = { id: 's_web', hosts: ['10.0.0.1', '2001:db8::1'], ranges: [] };
const OFFICE = { id: 's_office', hosts: [], ranges: ['10.20.0.0/16', '2001:db8:20::/48'] };
const ANY = { id: 's_any', hosts: [], ranges: ['0.0.0.0/0', '::/0'] };
const SETS = setsOf(WEB, OFFICE, ANY);

const PLANS: Readonly<Record<string, FirewallPlan>> = {
  'server-full-reject': buildPlan({
    policy: aPolicy({
      blockedConnectionAction: 'reject',
      rules: [
        aRule({
          peers: ['s_office', 's_web'],
          services: [tcp(443), tcp(8000, 8100), tcp(8101), protocol(1, { icmpType: 8 })],
          origin: { href: `${RULE}7`, version: 4 },
        }),
        aRule({
          direction: 'outbound',
          peers: ['s_web'],
          services: [tcp(5432)],
          origin: { href: `${RULE}8`, version: 4 },
        }),
      ],
    }),
    sets: SETS,
    host: someFacts({
      interfaces: [{ name: 'eth0', profile: 'corporate', addresses: ['10.0.0.2'] }],
      otherInterfaces: 'corporate',
      resolvers: ['10.0.0.53', '2001:db8::53'],
    }),
  }),
  'endpoint-selective': buildPlan({
    policy: aPolicy({
      mode: 'selective',
      rules: [
        aRule({
          direction: 'outbound',
          networkType: 'all',
          fqdns: ['*.example.com', 'login.example.net'],
          origin: { href: `${RULE}9`, version: 12 },
        }),
        aRule({
          action: 'deny',
          networkType: 'non_brn',
          peers: ['s_any'],
          services: [protocol(-1)],
          origin: { href: `${BOUNDARY}2`, version: 5 },
        }),
      ],
    }),
    sets: SETS,
    host: someFacts({ names: new Map([['login.example.net', ['192.0.2.7', '2001:db8:7::1']]]) }),
  }),
  'endpoint-visibility-only': buildPlan({
    policy: aPolicy({
      mode: 'visibility_only',
      visibility: 'flow_full_detail',
      firewallCoexistence: 'secondary',
      rules: [
        aRule({
          action: 'deny',
          networkType: 'all',
          peers: ['s_any'],
          services: [tcp(22), tcp(3389)],
          origin: { href: `${BOUNDARY}3`, version: 1 },
        }),
      ],
    }),
    sets: SETS,
    host: someFacts(),
  }),
  'endpoint-before-22-3': buildPlan({
    policy: aPolicy({ visibility: 'flow_drops', managesExternal: false }),
    sets: SETS,
    host: someFacts(),
  }),
  'server-stateless-and-odd-protocols': buildPlan({
    policy: aPolicy({
      visibility: 'flow_off',
      rules: [
        aRule({
          peers: ['s_office'],
          stateless: true,
          services: [
            udp(53),
            tcp(53),
            protocol(132, { port: 3868 }),
            protocol(47),
            protocol(58, { icmpType: 1, icmpCode: 4 }),
            protocol(58, { icmpType: 128 }),
          ],
          origin: { href: `${RULE}11`, version: 2 },
        }),
      ],
    }),
    sets: SETS,
    host: someFacts({ otherInterfaces: 'corporate' }),
  }),
  idle: buildPlan({ policy: aPolicy({ mode: 'idle' }), sets: SETS, host: someFacts() }),
};

describe('nftables text of', () => {
  test.each(Object.entries(PLANS))('%s', async (name, plan) => {
    await expect(renderNftables(plan)).toMatchFileSnapshot(`../../baselines/${name}.nft`);
  });
});

test('no table but ours is named, and it is replaced within one transaction', () => {
  for (const plan of Object.values(PLANS)) {
    const text = renderNftables(plan);
    expect(text.startsWith('table inet bulkhead\ndelete table inet bulkhead\n')).toBe(true);
    const tables = [...text.matchAll(/\btable (\S+) (\S+)/g)].map(([, ...name]) => name.join(' '));
    expect(new Set(tables)).toEqual(new Set(['inet bulkhead']));
  }
});

test('sets count nothing for each member, whatever is reported of connections (FR-6)', () => {
  for (const plan of Object.values(PLANS)) expect(renderNftables(plan)).not.toMatch(/\bcounter\b/);
});

test('an idle host keeps no table of ours (R-POL-9)', () => {
  const plan = PLANS['idle'];
  expect(plan?.ownsTable).toBe(false);
  expect(plan && renderNftables(plan)).toBe('table inet bulkhead\ndelete table inet bulkhead\n');
});

test('a rule that stays keeps the chains of its verdict and its peers when another comes before it', () => {
  const kept = aRule({ peers: ['s_web'], origin: { href: `${RULE}1`, version: 1 } });
  const added = aRule({ ...kept, services: [udp(53)], origin: { href: `${RULE}0`, version: 2 } });
  const namesWith = (...rules: (typeof kept)[]) =>
    buildTable(buildPlan({ policy: aPolicy({ rules }), sets: SETS, host: someFacts() }))
      .chains.map((chain) => chain.name)
      .filter((name) => /^[vwg]_/.test(name));
  const before = namesWith(kept);
  const after = namesWith(added, kept);
  expect(after).toEqual(expect.arrayContaining(before));
  // its verdict, and its peers of each family, both once more for published ports
  expect(after).toHaveLength(before.length + 6);
});

test('the comment of a rule with an endless href keeps its end and stays within 128 bytes', () => {
  const href = `/orgs/1/${'long/'.repeat(60)}sec_rules/77`;
  const plan = buildPlan({
    policy: aPolicy({ rules: [aRule({ peers: ['s_web'], origin: { href, version: 9 } })] }),
    sets: SETS,
    host: someFacts(),
  });
  const comments = [...renderNftables(plan).matchAll(/comment "([^"]*)"/g)].map(
    (found) => found[1],
  );
  const ours = comments.filter((comment) => comment?.endsWith('sec_rules/77@9'));
  expect(ours.length).toBeGreaterThan(0);
  for (const comment of ours) expect(comment?.length).toBeLessThanOrEqual(127);
});

test('an href cannot leave its comment', () => {
  const href = '/orgs/1/x" accept; flush ruleset; comment "\n';
  const plan = buildPlan({
    policy: aPolicy({ rules: [aRule({ peers: ['s_web'], origin: { href, version: 1 } })] }),
    sets: SETS,
    host: someFacts(),
  });
  const lines = renderNftables(plan).split('\n');
  const quotes = lines.filter((line) => (line.match(/"/g)?.length ?? 0) % 2 === 1);
  expect(quotes).toEqual([]);
  expect(lines.some((line) => line.trimStart().startsWith('flush'))).toBe(false);
});

test.each(['10.0.0.1 } ; flush ruleset', 'example.com', '10.0.0.0/8, 11.0.0.0/8', ''])(
  'a set member %j is refused instead of rendered',
  (member) => {
    const plan = buildPlan({
      policy: aPolicy({ rules: [aRule({ peers: ['s_web'] })] }),
      sets: setsOf({ id: 's_web', hosts: [member], ranges: [] }),
      host: someFacts(),
    });
    expect(() => renderNftables(plan)).toThrow(RenderError);
  },
);

test('an interface whose name could mean more than itself is left to the default for others', () => {
  const interfaces = ['eth*', 'a"b', 'a\\b', 'sixteen-letters-', 'tun-corp@1'].map((name) => ({
    name,
    profile: 'corporate' as const,
    addresses: [],
  }));
  const plan = buildPlan({ policy: aPolicy(), sets: SETS, host: someFacts({ interfaces }) });
  expect(plan.interfaces.corporate).toEqual(['tun-corp@1']);
  expect(renderNftables(plan)).toContain('"tun-corp@1"');
});
