import type { EnforcementMode, HostPolicy, HostRule, ServicePort } from '@bulkhead/policy';
import { describe, expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import { setsForName } from '../plan/names.ts';
import { PlanError } from '../plan/plan-error.ts';
import type { FirewallPlan, HostFacts } from '../plan/plan.ts';
import { withInterfaces, withSetDelta } from '../plan/update.ts';
import {
  aPacket,
  aPolicy,
  aRule,
  protocol,
  setsOf,
  someFacts,
  tcp,
  udp,
} from '../testing/fixtures.ts';
import {
  createEvaluator,
  evaluatePlan,
  requirePceConnection,
  type PlanPacket,
} from './evaluate-plan.ts';

const SETS = setsOf(
  { id: 'peers', hosts: ['10.0.0.1', '2001:db8::1'], ranges: ['10.1.0.0/16'] },
  { id: 'nobody', hosts: [], ranges: [] },
  { id: 'any', hosts: [], ranges: ['0.0.0.0/0', '::/0'] },
);
const ALLOW = { href: '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/1', version: 3 };
const DENY = { href: '/orgs/1/sec_policy/active/enforcement_boundaries/1', version: 4 };

function planOf(
  rules: readonly HostRule[],
  mode: EnforcementMode = 'full',
  host?: HostFacts,
): FirewallPlan {
  return buildPlan({ policy: aPolicy({ mode, rules }), sets: SETS, host: host ?? someFacts() });
}

function ask(plan: FirewallPlan, packet: Partial<PlanPacket> = {}) {
  return evaluatePlan(plan, aPacket(packet));
}

const allow = aRule({ peers: ['peers'], origin: ALLOW });
const deny = aRule({ action: 'deny', peers: ['any'], origin: DENY });

describe('the table of modes (R-POL-9)', () => {
  test.each([
    ['visibility_only', 'rule', 'allowed', 'accept'],
    ['visibility_only', 'boundary', 'potentially_blocked', 'accept'],
    ['visibility_only', 'default', 'potentially_blocked', 'accept'],
    ['selective', 'rule', 'allowed', 'accept'],
    ['selective', 'boundary', 'blocked', 'drop'],
    ['selective', 'default', 'potentially_blocked', 'accept'],
    ['full', 'rule', 'allowed', 'accept'],
    ['full', 'boundary', 'blocked', 'drop'],
    ['full', 'default', 'blocked', 'drop'],
  ] as const)('%s, %s: %s', (mode, reason, decision, action) => {
    const rules = { rule: [allow, deny], boundary: [deny], default: [] }[reason];
    expect(ask(planOf(rules, mode))).toMatchObject({ reason, decision, action });
  });

  test('idle has no say', () => {
    expect(ask(planOf([], 'idle'))).toBeNull();
  });
});

test('the deciding rule is named, and a boundary that a rule lets it cross is named beside it (R-POL-7)', () => {
  expect(ask(planOf([deny, allow]))).toMatchObject({
    origins: [ALLOW],
    rules: [ALLOW],
    boundaries: [DENY],
  });
  expect(ask(planOf([deny, allow]), { remoteAddress: '192.0.2.1' })).toMatchObject({
    origins: [DENY],
    rules: [],
    boundaries: [DENY],
  });
});

test.each([
  ['brn', ['corp0']],
  ['non_brn', ['ext0', 'just_plugged_in']],
  ['all', ['corp0', 'ext0', 'just_plugged_in']],
] as const)('a rule for %s applies on %j only (R-POL-5)', (networkType, expected) => {
  const plan = planOf([{ ...allow, networkType }]);
  const passed = ['corp0', 'ext0', 'just_plugged_in'].filter(
    (interfaceName) => ask(plan, { interfaceName })?.decision === 'allowed',
  );
  expect(passed).toEqual(expected);
});

test('an interface that turns external loses its corporate rules at once', () => {
  const plan = planOf([allow]);
  const roamed = withInterfaces(plan, [{ name: 'corp0', profile: 'external', addresses: [] }]);
  expect(ask(plan)?.decision).toBe('allowed');
  expect(ask(roamed)?.decision).toBe('blocked');
});

test('before 22.3 an external interface is none of the plan, and with no other nothing is (R-NET-4)', () => {
  const policy = aPolicy({ managesExternal: false });
  const plan = buildPlan({ policy, sets: SETS, host: someFacts() });
  expect(ask(plan, { interfaceName: 'ext0' })).toBeNull();
  expect(ask(plan, { interfaceName: 'just_plugged_in' })).toBeNull();
  expect(ask(plan)?.decision).toBe('blocked');
  const [, external] = someFacts().interfaces;
  const away = withInterfaces(plan, external ? [external] : []);
  expect(away.ownsTable).toBe(false);
  expect(withInterfaces(away, someFacts().interfaces).ownsTable).toBe(true);
});

test('nobody is not anybody: an empty set and a rule without peers match nothing', () => {
  const plan = planOf([aRule({ peers: ['nobody'] }), aRule({ peers: [] })]);
  expect(ask(plan)?.reason).toBe('default');
});

test.each([
  [[tcp(443)], { destinationPort: 444 }, false],
  [[tcp(400, 500)], { destinationPort: 444 }, true],
  [[tcp(440), tcp(441, 443), tcp(444)], { destinationPort: 444 }, true],
  [[udp(443)], {}, false],
  [[protocol(6)], { destinationPort: 1 }, true],
  [[protocol(6, { port: 0 })], { destinationPort: 65_535 }, true],
  [[protocol(17, { port: -1 })], {}, false],
  [[protocol(-1)], { protocol: 99, destinationPort: null }, true],
  [[protocol(47)], { protocol: 47, destinationPort: null }, true],
  [[protocol(132, { port: 36 })], { protocol: 132, destinationPort: 36 }, true],
  [[protocol(1, { icmpType: 8 })], { protocol: 1, icmpType: 8, icmpCode: 0 }, true],
  [[protocol(1, { icmpType: 8, icmpCode: 1 })], { protocol: 1, icmpType: 8, icmpCode: 0 }, false],
  [[protocol(1, { icmpType: 8 })], { protocol: 1, icmpType: 13, icmpCode: 0 }, false],
] as const)('services %j and packet %j: %s', (services, packet, passes) => {
  const plan = planOf([{ ...allow, services }]);
  expect(ask(plan, packet)?.decision === 'allowed').toBe(passes);
});

test('200 single ports make one rule that passes exactly them', () => {
  const services = Array.from({ length: 200 }, (_, index) => tcp(20_001 + 2 * index));
  const evaluate = createEvaluator(planOf([{ ...allow, services }]));
  const passed = Array.from({ length: 402 }, (_, index) => 20_000 + index).filter(
    (destinationPort) => evaluate(aPacket({ destinationPort }))?.decision === 'allowed',
  );
  expect(passed).toEqual(services.map((service) => service.port));
});

describe('essential traffic passes a host that blocks everything', () => {
  const plan = planOf([deny], 'full', someFacts({ resolvers: ['192.0.2.53'] }));
  const icmp6 = { protocol: 58, remoteAddress: 'fe80::1', destinationPort: null };
  const to = { direction: 'outbound' } as const;
  test.each([
    ['loopback', { interfaceName: 'lo' }],
    ['pce', { ...to, remoteAddress: '203.0.113.10', destinationPort: 8443 }],
    ['pce', { ...to, interfaceName: 'ext0', remoteAddress: '203.0.113.10', destinationPort: 8443 }],
    ['dns', { ...to, remoteAddress: '192.0.2.53', protocol: 17, destinationPort: 53 }],
    ['dns', { ...to, remoteAddress: '192.0.2.53', destinationPort: 53 }],
    [
      'dhcp',
      {
        ...to,
        remoteAddress: '255.255.255.255',
        protocol: 17,
        sourcePort: 68,
        destinationPort: 67,
      },
    ],
    ['dhcp', { protocol: 17, sourcePort: 67, destinationPort: 68 }],
    [
      'dhcpv6',
      { ...to, remoteAddress: 'ff02::1:2', protocol: 17, sourcePort: 546, destinationPort: 547 },
    ],
    ['neighbor_discovery', { ...icmp6, icmpType: 135 }],
    ['neighbor_discovery', { ...icmp6, ...to, icmpType: 133 }],
    ['multicast_listener_discovery', { ...icmp6, ...to, icmpType: 143 }],
    ['icmp_errors', { protocol: 1, icmpType: 3, icmpCode: 4, destinationPort: null }],
    ['icmp_errors', { ...icmp6, icmpType: 2 }],
  ] as const)('%s', (essential, packet) => {
    expect(ask(plan, packet)).toMatchObject({
      essential,
      decision: 'allowed',
      reason: 'essential',
    });
  });

  test.each([
    ['another port of the PCE', { ...to, remoteAddress: '203.0.113.10', destinationPort: 443 }],
    ['the PCE coming in', { remoteAddress: '203.0.113.10', sourcePort: 8443 }],
    ['another resolver', { ...to, remoteAddress: '192.0.2.54', protocol: 17, destinationPort: 53 }],
    ['DNS coming in', { remoteAddress: '192.0.2.53', protocol: 17, destinationPort: 53 }],
    ['DHCP as a server', { protocol: 17, sourcePort: 68, destinationPort: 67 }],
    ['echo requests', { ...icmp6, icmpType: 128 }],
  ] as const)('but not %s', (_, packet) => {
    expect(ask(plan, packet)?.decision).toBe('blocked');
  });
});

describe('a plan that would cut the PCE is refused, saying what and where', () => {
  const pce = [{ address: '2001:db8:9::1', port: 8443 }];
  const everything = aRule({
    action: 'deny',
    direction: 'outbound',
    networkType: 'all',
    peers: ['any'],
    services: [protocol(-1)],
    origin: DENY,
  });
  const statement = { table: 'filter', chain: 'OUTPUT', parameters: '-j DROP' } as const;
  const planWith = (parts: Partial<HostPolicy>, host: Partial<HostFacts> = {}) =>
    buildPlan({
      policy: aPolicy({ rules: [everything], ...parts }),
      sets: SETS,
      host: someFacts({ pce, ...host }),
    });

  test.each([
    ['a boundary against everything', {}],
    ['IPv6 blocked as a whole', { ipv6Mode: 'block_all' }],
    [
      'a custom rule that drops everything',
      {
        ipTablesRules: ([4, 6] as const).map((ipVersion) => ({
          ipVersion,
          statements: [statement],
          origin: DENY,
        })),
      },
    ],
    ['nothing allowed', { rules: [], mode: 'full' }],
  ] as const)('%s does not: its addresses pass first of all', (_, parts) => {
    expect(() => requirePceConnection(planWith(parts))).not.toThrow();
  });

  test('none where no address is known', () => {
    const blind = planWith({}, { pce: [] });
    expect(() => requirePceConnection(blind)).toThrow(PlanError);
    expect(() => requirePceConnection(blind)).toThrow(/no address of the PCE is known/);
    expect(() => requirePceConnection(planWith({ mode: 'idle' }, { pce: [] }))).not.toThrow();
  });

  test('one from which the essential entries are gone, with the boundary that blocks', () => {
    const tampered = { ...planWith({}), essential: [] };
    expect(() => requirePceConnection(tampered)).toThrow(
      /PCE at 2001:db8:9::1 port 8443: blocked by \/orgs\/1\/\S+boundaries\/1/,
    );
    const six = { ...planWith({ ipv6Mode: 'block_all' }), essential: [] };
    expect(() => requirePceConnection(six)).toThrow(/blocked by ipv6_mode/);
  });
});

describe('the mode of IPv6', () => {
  const six = { remoteAddress: '2001:db8::1' };
  const planIn = (ipv6Mode: HostPolicy['ipv6Mode'], mode: EnforcementMode) =>
    buildPlan({
      policy: aPolicy({ mode, ipv6Mode, rules: [allow] }),
      sets: SETS,
      host: someFacts(),
    });

  test.each([
    ['block_all', 'full', 'blocked'],
    ['block_all', 'selective', 'blocked'],
    ['block_all', 'visibility_only', 'potentially_blocked'],
    ['allow_all', 'full', 'allowed'],
    ['allow_all', 'selective', 'allowed'],
  ] as const)('%s in %s: %s, whatever a rule says', (ipv6Mode, mode, decision) => {
    const plan = planIn(ipv6Mode, mode);
    const asked = ask(plan, six);
    expect(asked).toMatchObject({ decision, reason: 'ipv6_mode', rules: [], boundaries: [] });
    expect(plan.logIndex.get(asked?.logPrefix ?? '')).toMatchObject({
      reason: 'ipv6_mode',
      decision,
      origins: [],
    });
    expect(ask(plan)?.reason).toBe('rule');
  });

  test('policy_based leaves IPv6 to the rules', () => {
    expect(ask(planIn('policy_based', 'full'), six)?.reason).toBe('rule');
  });
});

test('lines for user groups and services of programs match nothing on Linux (R-WIN-8)', () => {
  const group = planOf([{ ...allow, direction: 'outbound', principals: ['S-1-5-21-1-2-3-513'] }]);
  expect(group.rules).toEqual([]);
  expect(ask(group, { direction: 'outbound' })?.reason).toBe('default');
  const programs = [
    tcp(80),
    { ...tcp(443), process: 'C:\\x.exe' },
    { ...tcp(22), windowsService: 'sshd' },
  ];
  const plan = planOf([{ ...allow, services: programs }]);
  const passed = [22, 80, 443].filter(
    (destinationPort) => ask(plan, { destinationPort })?.decision === 'allowed',
  );
  expect(passed).toEqual([80]);
  expect(planOf([{ ...allow, services: programs.slice(1) }]).rules).toEqual([]);
});

test('replies of a stateless rule pass untracked, an opening packet from its port does not', () => {
  const plan = planOf([{ ...allow, stateless: true, services: [tcp(443), udp(53)] }]);
  const reply = { direction: 'outbound', sourcePort: 443, destinationPort: 50_000 } as const;
  expect(ask(plan, { ...reply, syn: false })).toMatchObject({
    decision: 'allowed',
    origins: [ALLOW],
  });
  expect(ask(plan, reply)?.decision).toBe('blocked');
  expect(ask(plan, { ...reply, protocol: 17, sourcePort: 53, syn: false })?.decision).toBe(
    'allowed',
  );
  expect(ask(plan, { ...reply, sourcePort: 80, syn: false })?.decision).toBe('blocked');
  expect(ask(planOf([allow]), { ...reply, syn: false })?.decision).toBe('blocked');
});

test('a stateless rule opens nothing in the other direction from ports that systems give to clients (PS-17)', () => {
  const services = [
    udp(1, 65_535),
    tcp(1, 65_535),
    protocol(132, { port: 30_000, toPort: 40_000 }),
  ];
  const plan = planOf([{ ...allow, stateless: true, services }]);
  const back = { direction: 'outbound', destinationPort: 7, syn: false } as const;
  const decided = (of: number, sourcePort: number) =>
    ask(plan, { ...back, protocol: of, sourcePort })?.decision;
  expect([decided(17, 53), decided(17, 50_000)]).toEqual(['blocked', 'blocked']);
  expect([decided(132, 32_767), decided(132, 32_768)]).toEqual(['allowed', 'blocked']);
  expect([decided(6, 443), decided(6, 50_000)]).toEqual(['allowed', 'allowed']);
  expect(ask(plan, { ...back, sourcePort: 50_000, syn: true })?.decision).toBe('blocked');
  const single = planOf([{ ...allow, stateless: true, services: [udp(50_000)] }]);
  expect(ask(single, { ...back, protocol: 17, sourcePort: 50_000 })?.decision).toBe('blocked');
});

test('a range of all ports is the whole protocol, also in parts and from 0 on (PS-60)', () => {
  const servicesOf = (...services: ServicePort[]) =>
    planOf([{ ...allow, services }]).rules[0]?.services;
  const whole = servicesOf(protocol(17));
  for (const services of [[udp(1, 65_535)], [udp(0, 65_535)], [udp(1, 99), udp(100, 65_535)]]) {
    expect(servicesOf(...services)).toEqual(whole);
  }
  expect(servicesOf(udp(2, 65_535))).not.toEqual(whole);
  expect(servicesOf(udp(0, 65_534))).not.toEqual(whole);
});

test('a name matches by what it resolved to, in any letter case, below a wildcard but not itself', () => {
  const out = { direction: 'outbound', peers: [], origin: ALLOW } as const;
  const plan = planOf([aRule({ ...out, fqdns: ['*.Example.com', 'login.example.net'] })]);
  const packet = { direction: 'outbound', remoteAddress: '192.0.2.80' } as const;
  expect(setsForName(plan, 'example.com')).toEqual([]);
  expect(setsForName(plan, 'notexample.com')).toEqual([]);
  const [id = '', ...more] = setsForName(plan, 'A.b.EXAMPLE.com.');
  expect(more).toEqual([]);
  expect(ask(plan, packet)?.decision).toBe('blocked');
  expect(ask(plan, { ...packet, remoteName: 'www.example.com' })?.decision).toBe('allowed');
  const delta = { id, addHosts: ['192.0.2.80'], removeHosts: [], addRanges: [], removeRanges: [] };
  expect(ask(withSetDelta(plan, delta), packet)?.decision).toBe('allowed');
});
