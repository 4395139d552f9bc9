import {
  anInterface,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aWorkload,
  named,
  verdict,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import {
  createPolicyCore,
  DEFAULT_FIREWALL_SETTINGS,
  naivePeers,
  type Actor,
  type PolicyModel,
  type Rule,
  type Workload,
} from './index.ts';

const { everybody, label, workload } = named;
const SERVER = aWorkload('server', ['role=server'], '10.1.0.10');

/** What the server is told of its consumers, by the core and by the reference evaluator. */
function peersOf(
  workloads: readonly Workload[],
  changes: Partial<Rule> = {},
  parts: Partial<PolicyModel> = {},
): readonly string[] {
  const rule = aRule('rule', {
    providers: [workload('server')],
    consumers: [label('role=laptop')],
    ...changes,
  });
  const model = aPolicy({
    workloads: [SERVER, ...workloads],
    ruleSets: [aRuleSet([rule])],
    ...parts,
  });
  const core = createPolicyCore(model);
  const ids = (core.hostPolicy(SERVER.href)?.rules ?? [])
    .filter(({ direction }) => direction === 'inbound')
    .flatMap(({ peers }) => peers);
  const members = ids.flatMap((id) => {
    const { hosts, ranges } = core.addressSet(id) ?? { hosts: [], ranges: [] };
    return [...hosts, ...ranges];
  });
  const told = members.toSorted();
  expect(naivePeers(model, SERVER, { href: rule.href, side: 'consumers' }).toSorted()).toEqual(
    told,
  );
  return told;
}

function laptop(name: string, addresses: readonly string[], changes: Partial<Workload> = {}) {
  return aWorkload(name, ['role=laptop'], '', {
    type: 'endpoint',
    interfaces: [anInterface(addresses)],
    ...changes,
  });
}

describe('a workload as a peer', () => {
  test('is its corporate addresses of both families (PS-20)', () => {
    const home = anInterface(['192.168.1.7'], { name: 'wlan0', networkProfile: 'external' });
    const office = anInterface(['10.8.0.1', '2001:db8::1']);
    const host = laptop('one', [], { interfaces: [office, home] });
    expect(peersOf([host])).toEqual(['10.8.0.1', '2001:db8::1']);
  });

  test('is never a link-local, loopback, multicast or unspecified address (PS-20)', () => {
    const odd = ['169.254.0.5', 'fe80::1', '127.0.0.1', '::1', '224.0.0.1', 'ff02::1', '0.0.0.0'];
    expect(peersOf([laptop('one', [...odd, '10.8.0.1'])])).toEqual(['10.8.0.1']);
  });

  test('an IP list may hold such an address (PS-20)', () => {
    const rule = aRule('rule', {
      providers: [workload('server')],
      consumers: [named.ipList('Local')],
    });
    const model = aPolicy({
      workloads: [SERVER],
      ipLists: [anIpList('Local', ['169.254.0.0/16'])],
      ruleSets: [aRuleSet([rule])],
    });
    const asked = { from: '169.254.0.5', to: 'server' };
    expect(verdict(model, asked)).toBe('allowed (-, rule rule)');
  });

  test('leaves the peers of others while it is offline, and keeps its own policy (PS-21)', () => {
    const away = laptop('one', ['10.8.0.1'], { online: false });
    expect(peersOf([away, laptop('two', ['10.8.0.2'])])).toEqual(['10.8.0.2']);
    const rule = aRule('rule', { providers: [everybody], consumers: [everybody] });
    const model = aPolicy({ workloads: [SERVER, away], ruleSets: [aRuleSet([rule])] });
    expect(createPolicyCore(model).hostPolicy(away.href)?.rules).toHaveLength(2);
    expect(verdict(model, { from: 'one', to: 'server' })).toBe('blocked (rule rule, default)');
  });
});

describe('Use Workload Subnets', () => {
  const SUBNETS = { useWorkloadSubnets: ['consumers'] } as const;

  test('programs networks in place of addresses (PS-22)', () => {
    const hosts = [laptop('one', ['10.8.0.1']), laptop('two', ['10.8.0.2', '2001:db8::7'])];
    expect(peersOf(hosts, SUBNETS)).toEqual(['10.8.0.0/24', '2001:db8::/64']);
  });

  test('keeps the network until its last host has left (PS-22)', () => {
    const two = laptop('two', ['10.9.0.2']);
    expect(peersOf([laptop('one', ['10.8.0.1']), two], SUBNETS)).toEqual([
      '10.8.0.0/24',
      '10.9.0.0/24',
    ]);
    expect(peersOf([laptop('one', ['10.9.0.1']), two], SUBNETS)).toEqual(['10.9.0.0/24']);
  });

  test.each([
    ['a default route', '10.8.0.1/0', '10.8.0.1'],
    ['a prefix shorter than /8', '10.8.0.1/7', '10.8.0.1'],
    ['/8 itself', '10.8.0.1/8', '10.0.0.0/8'],
    ['an IPv6 prefix shorter than /32', '2001:db8::1/31', '2001:db8::1'],
    ['/32 itself', '2001:db8::1/32', '2001:db8::/32'],
  ])('%s (PS-23)', (_, address, told) => {
    expect(peersOf([laptop('one', [address])], SUBNETS)).toEqual([told]);
  });

  test('unmanaged and explicitly named workloads stay addresses (PS-23)', () => {
    const desk = laptop('desk', ['10.8.0.1'], { type: 'unmanaged' });
    expect(peersOf([desk], SUBNETS)).toEqual(['10.8.0.1']);
    const consumers: Actor[] = [workload('one')];
    const named = { ...SUBNETS, consumers };
    expect(peersOf([laptop('one', ['10.8.0.1'])], named)).toEqual(['10.8.0.1']);
  });

  test('has no effect on a side without labels, and none on what a host enforces itself (PS-25)', () => {
    const one = laptop('one', ['10.8.0.1']);
    const rule = aRule('rule', {
      providers: [workload('server')],
      consumers: [label('role=laptop')],
      useWorkloadSubnets: ['providers', 'consumers'],
    });
    const model = (changes: Partial<Rule>) =>
      aPolicy({ workloads: [SERVER, one], ruleSets: [aRuleSet([{ ...rule, ...changes }])] });
    const policyOf = (changes: Partial<Rule>, host: Workload) =>
      createPolicyCore(model(changes)).hostPolicy(host.href);
    const plain = { useWorkloadSubnets: [] };
    expect(policyOf({}, one)).toEqual(policyOf(plain, one));
    expect(verdict(model({}), { from: '10.8.0.99', to: 'server' })).toBe('allowed (-, rule rule)');
    expect(verdict(model({}), { from: 'one', to: '10.1.0.11' })).toBe('blocked (default, -)');
  });
});

describe('VPN pools', () => {
  const SUBNETS = { useWorkloadSubnets: ['consumers'] } as const;
  const pools = (...vpnPools: string[]) => ({
    firewallSettings: { ...DEFAULT_FIREWALL_SETTINGS, vpnPools },
  });

  test.each<[string, string[], string]>([
    ['no pool at all', [], '10.8.0.1'],
    ['a pool that holds it', ['10.8.0.0/16'], '10.8.0.0/16'],
    [
      'two, of which the longest counts',
      ['10.8.0.0/16', '10.8.0.0/20', '10.0.0.0/8'],
      '10.8.0.0/20',
    ],
    ['a pool elsewhere', ['10.9.0.0/16', '2001:db8::/32'], '10.8.0.1'],
  ])('a host prefix in %s (PS-24)', (_, prefixes, told) => {
    expect(peersOf([laptop('one', ['10.8.0.1/32'])], SUBNETS, pools(...prefixes))).toEqual([told]);
  });

  test('an IPv6 host prefix too (PS-24)', () => {
    const host = laptop('one', ['2001:db8::1/128']);
    expect(peersOf([host], SUBNETS, pools('2001:db8::/48'))).toEqual(['2001:db8::/48']);
  });

  test('stand for nothing where addresses are programmed, and for no other prefix (PS-24)', () => {
    const host = laptop('one', ['10.8.0.1/32']);
    expect(peersOf([host], {}, pools('10.8.0.0/16'))).toEqual(['10.8.0.1']);
    const wide = laptop('one', ['10.8.0.1/24']);
    expect(peersOf([wide], SUBNETS, pools('10.8.0.0/16'))).toEqual(['10.8.0.0/24']);
  });
});

describe('a suspended workload', () => {
  test('has no say about itself and stays a peer of others (PS-26)', () => {
    const one = laptop('one', ['10.8.0.1'], { suspended: true });
    expect(peersOf([one])).toEqual(['10.8.0.1']);
    const rule = aRule('rule', {
      providers: [workload('server')],
      consumers: [label('role=laptop')],
    });
    const model = aPolicy({ workloads: [SERVER, one], ruleSets: [aRuleSet([rule])] });
    expect(verdict(model, { from: 'one', to: 'server' })).toBe('allowed (-, rule rule)');
    expect(verdict(model, { from: 'one', to: '192.0.2.1' })).toBe('allowed (-, -)');
    expect(verdict(model, { from: '192.0.2.1', to: 'one' })).toBe('allowed (-, -)');
  });
});
