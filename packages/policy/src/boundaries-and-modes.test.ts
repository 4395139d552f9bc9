import {
  aBoundary,
  anIpList,
  anInterface,
  aPolicy,
  aRule,
  aRuleSet,
  ask,
  aVirtualService,
  aWorkload,
  named,
  tcp,
  verdict,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import {
  createPolicyCore,
  DEFAULT_FIREWALL_SETTINGS,
  PRECEDENCE,
  type EnforcementBoundary,
  type EnforcementMode,
  type Ipv6Mode,
  type PolicyModel,
} from './index.ts';

const { everybody, label, workload, ipList } = named;
const WEB = aWorkload('web', ['role=web'], '10.0.0.1');
const APP = aWorkload('app', ['role=app'], '10.0.0.2');
const RULE = aRule('rule', { providers: [label('role=web')], consumers: [label('role=app')] });
const BOUNDARY = aBoundary('boundary', { providers: [everybody], consumers: [everybody] });

/** What is said at the provider of a connection from outside, in the mode. */
function inMode(
  enforcementMode: EnforcementMode,
  parts: { readonly rule: boolean; readonly boundary: boolean },
): string {
  const rule = aRule('rule', { providers: [everybody], consumers: [ipList('Any')] });
  const boundary = aBoundary('boundary', { providers: [everybody], consumers: [ipList('Any')] });
  const model = aPolicy({
    workloads: [{ ...WEB, enforcementMode }],
    ipLists: [anIpList('Any', ['0.0.0.0/0'])],
    ruleSets: parts.rule ? [aRuleSet([rule])] : [],
    enforcementBoundaries: parts.boundary ? [boundary] : [],
  });
  return verdict(model, { from: '192.0.2.1', to: 'web' });
}

describe('enforcement modes (PS-42)', () => {
  test.each<[EnforcementMode, string, string, string]>([
    ['idle', 'allowed (-, -)', 'allowed (-, -)', 'allowed (-, -)'],
    [
      'visibility_only',
      'allowed (-, rule rule)',
      'potentially_blocked (-, boundary boundary)',
      'potentially_blocked (-, default)',
    ],
    [
      'selective',
      'allowed (-, rule rule)',
      'blocked (-, boundary boundary)',
      'potentially_blocked (-, default)',
    ],
    ['full', 'allowed (-, rule rule)', 'blocked (-, boundary boundary)', 'blocked (-, default)'],
  ])('%s: a rule that matches, a boundary, neither', (mode, rule, boundary, neither) => {
    expect(inMode(mode, { rule: true, boundary: false })).toBe(rule);
    expect(inMode(mode, { rule: true, boundary: true })).toBe(rule);
    expect(inMode(mode, { rule: false, boundary: true })).toBe(boundary);
    expect(inMode(mode, { rule: false, boundary: false })).toBe(neither);
  });

  test('an idle workload stays a peer of others', () => {
    const model = aPolicy({
      workloads: [WEB, { ...APP, enforcementMode: 'idle' }],
      ruleSets: [aRuleSet([RULE])],
    });
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('allowed (-, rule rule)');
    expect(createPolicyCore(model).hostPolicy(APP.href)?.rules).toEqual([]);
  });
});

describe('the order of what decides', () => {
  test('keeps a place for override deny between essential and allow (PS-42)', () => {
    expect(PRECEDENCE).toEqual(['essential', 'override_deny', 'allow', 'deny', 'default']);
  });

  test('allow comes before deny; what matches without deciding is named too (PS-42)', () => {
    const model = aPolicy({
      workloads: [WEB, APP],
      ruleSets: [aRuleSet([RULE])],
      enforcementBoundaries: [BOUNDARY],
    });
    const { inbound } = ask(model, { from: 'app', to: 'web' });
    expect(inbound?.reason).toBe('rule');
    expect(inbound?.boundaries.map(({ name }) => name)).toEqual(['boundary']);
  });

  const essential: [string, object][] = [
    ['loopback', { to: 'app' }],
    ['an ICMP error', { protocol: 1, icmpType: 3, icmpCode: 1 }],
    ['IPv6 neighbour discovery', { protocol: 58, icmpType: 135, icmpCode: 0 }],
    ['IPv6 multicast listener discovery', { protocol: 58, icmpType: 143, icmpCode: 0 }],
  ];
  test.each(essential)('%s passes whatever there is against it (PS-41)', (_, question) => {
    const model = aPolicy({
      workloads: [WEB, APP],
      enforcementBoundaries: [{ ...BOUNDARY, ingressServices: [{ href: '/services/all' }] }],
      services: [{ href: '/services/all', name: 'All', ports: [{ ...tcp(1), protocol: -1 }] }],
      firewallSettings: { ...DEFAULT_FIREWALL_SETTINGS, ipv6Mode: 'block_all' },
    });
    const said = verdict(model, { from: 'app', to: 'web', ...question });
    expect(said).toBe('allowed (essential, essential)');
  });

  test('an echo request is not essential (PS-41)', () => {
    const model = aPolicy({ workloads: [WEB, APP] });
    const asked = { from: 'app', to: 'web', protocol: 1, icmpType: 8, icmpCode: 0 };
    expect(verdict(model, asked)).toBe('blocked (default, default)');
  });
});

describe('both ends', () => {
  const selective = { ...APP, enforcementMode: 'selective' as const };
  const outward = aRule('out', { providers: [ipList('Web')], consumers: [label('role=app')] });
  const policy = (parts: Partial<PolicyModel>) =>
    aPolicy({ ipLists: [anIpList('Web', ['10.0.0.1'])], workloads: [WEB, selective], ...parts });

  test('each enforces its own side; blocked at one is blocked (PS-10, PS-43)', () => {
    const model = policy({ ruleSets: [aRuleSet([outward])] });
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('blocked (rule out, default)');
  });

  test('potentially blocked at one and allowed at the other is potentially blocked (PS-43)', () => {
    const inward = aRule('in', { providers: [label('role=web')], consumers: [ipList('App')] });
    const model = policy({
      ipLists: [anIpList('App', ['10.0.0.2'])],
      ruleSets: [aRuleSet([inward])],
    });
    const asked = { from: 'app', to: 'web' };
    expect(verdict(model, asked)).toBe('potentially_blocked (default, rule in)');
  });

  test('allowed when both allow, and when nobody has a say (PS-10, PS-43)', () => {
    const model = policy({ ruleSets: [aRuleSet([RULE])] });
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('allowed (rule rule, rule rule)');
    expect(verdict(model, { from: '192.0.2.1', to: '192.0.2.2' })).toBe('allowed (-, -)');
  });

  test('replies belong to their connection: a rule in one direction allows none in the other (PS-17)', () => {
    const model = policy({ ruleSets: [aRuleSet([{ ...RULE, stateless: true }])] });
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('allowed (rule rule, rule rule)');
    expect(verdict(model, { from: 'web', to: 'app' })).toContain('blocked (default, default)');
    const lines = createPolicyCore(model).hostPolicy(WEB.href)?.rules ?? [];
    expect(lines.map(({ stateless }) => stateless)).toEqual([true]);
  });
});

describe('where a boundary takes effect', () => {
  const policy = (changes: Partial<EnforcementBoundary>, parts: Partial<PolicyModel> = {}) =>
    aPolicy({
      workloads: [WEB, APP],
      ipLists: [anIpList('Web', ['10.0.0.1', '192.0.2.1'], ['example.com'])],
      enforcementBoundaries: [{ ...BOUNDARY, ...changes }],
      ...parts,
    });

  test('inbound on providers that are workloads, not on their consumers (PS-40)', () => {
    const model = policy({ providers: [label('role=web')] });
    const said = verdict(model, { from: 'app', to: 'web' });
    expect(said).toBe('blocked (default, boundary boundary)');
  });

  test('outbound on consumers where the providers are IP lists, not on who has the address (PS-40)', () => {
    const model = policy({ providers: [ipList('Web')] });
    const said = verdict(model, { from: 'app', to: 'web' });
    expect(said).toBe('blocked (boundary boundary, default)');
  });

  test('for the addresses in a list and not for its names (PS-40, FR-19)', () => {
    const model = policy({ providers: [ipList('Web')] });
    const listed = verdict(model, { from: 'app', to: '192.0.2.1' });
    expect(listed).toBe('blocked (boundary boundary, -)');
    const named = { from: 'app', to: '198.51.100.1', destination: { fqdn: 'example.com' } };
    expect(verdict(model, named)).toBe('blocked (default, -)');
  });

  test('not through virtual services of the same labels (PS-40)', () => {
    const virtualServices = [
      aVirtualService('front', {
        service: { ports: [tcp(443)] },
        labels: ['/labels/role=front'],
        workloads: [WEB.href],
      }),
    ];
    const model = policy({ providers: [label('role=front')] }, { virtualServices });
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('blocked (default, default)');
  });

  test('not when it is disabled (PS-6)', () => {
    const model = policy({ enabled: false });
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('blocked (default, default)');
  });

  test('nowhere for an unmanaged provider (PS-46)', () => {
    const printer = aWorkload('printer', ['role=printer'], '10.0.3.1', { type: 'unmanaged' });
    const boundary = { providers: [label('role=printer')], consumers: [workload('app')] };
    const model = policy(boundary, { workloads: [APP, printer] });
    expect(verdict(model, { from: 'app', to: 'printer' })).toBe('blocked (default, -)');
    expect(createPolicyCore(model).hostPolicy(APP.href)?.rules).toEqual([]);
  });
});

describe('the IPv6 mode of an organization', () => {
  const SIX = ['10.0.0.1', '2001:db8::1'];
  const policy = (ipv6Mode: Ipv6Mode, enforcementMode: EnforcementMode) =>
    aPolicy({
      workloads: [{ ...WEB, enforcementMode, interfaces: [anInterface(SIX)] }],
      ipLists: [anIpList('Any', ['0.0.0.0/0', '2001:db8::77'])],
      ruleSets: [aRuleSet([{ ...RULE, consumers: [ipList('Any')] }])],
      firewallSettings: { ...DEFAULT_FIREWALL_SETTINGS, ipv6Mode },
    });
  const asked = (from: string) => ({
    from,
    to: 'web',
    destination: { address: from.includes(':') ? '2001:db8::1' : '10.0.0.1' },
  });

  test.each<[Ipv6Mode, EnforcementMode, string, string]>([
    ['policy_based', 'full', 'allowed (-, rule rule)', 'blocked (-, default)'],
    ['allow_all', 'full', 'allowed (-, ipv6_mode)', 'allowed (-, ipv6_mode)'],
    ['block_all', 'full', 'blocked (-, ipv6_mode)', 'blocked (-, ipv6_mode)'],
    ['block_all', 'selective', 'blocked (-, ipv6_mode)', 'blocked (-, ipv6_mode)'],
    [
      'block_all',
      'visibility_only',
      'potentially_blocked (-, ipv6_mode)',
      'potentially_blocked (-, ipv6_mode)',
    ],
    ['block_all', 'idle', 'allowed (-, -)', 'allowed (-, -)'],
  ])('%s on a host in %s: with a rule, and without (PS-45)', (ipv6, mode, ruled, unruled) => {
    const model = policy(ipv6, mode);
    expect(verdict(model, asked('2001:db8::77'))).toBe(ruled);
    expect(verdict(model, asked('2001:db8::78'))).toBe(unruled);
  });

  test('says nothing of IPv4, and names no rule (PS-45)', () => {
    const model = policy('block_all', 'full');
    expect(verdict(model, asked('192.0.2.1'))).toBe('allowed (-, rule rule)');
    expect(ask(model, asked('2001:db8::77')).inbound).toMatchObject({ rules: [], boundaries: [] });
  });
});
