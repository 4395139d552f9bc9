/**
 * The edge cases that the policy model decides, by name. What of them is the PCE's to do is held there: the timers that make a host
 * offline (PS-84), refused deletions (PS-85), clones (PS-88) and the spellings of "all ports" (PS-89).
 */
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
import { ALL_TRAFFIC, createPolicyCore, type Rule } from './index.ts';

const { everybody, label, workload, ipList, group } = named;
const WEB = aWorkload('web', ['role=web'], '10.0.0.1');
const APP = aWorkload('app', ['role=app'], '10.0.0.2');

function policy(changes: Partial<Rule>, workloads = [WEB, APP]) {
  const rule = aRule('rule', {
    providers: [label('role=web')],
    consumers: [label('role=app')],
    ...changes,
  });
  return aPolicy({ workloads, ruleSets: [aRuleSet([rule])] });
}

describe('1: a label on no workload (PS-81)', () => {
  test('keeps the rule, with a set that is empty', () => {
    const core = createPolicyCore(policy({ consumers: [label('role=none')] }));
    const [line] = core.hostPolicy(WEB.href)?.rules ?? [];
    const [id = ''] = line?.peers ?? [];
    expect(core.addressSet(id)).toEqual({ id, hosts: [], ranges: [] });
  });

  test('is nobody as provider and as consumer', () => {
    const consumers = policy({ consumers: [label('role=none')] });
    expect(verdict(consumers, { from: 'app', to: 'web' })).toBe('blocked (default, default)');
    const providers = policy({ providers: [label('role=none')] });
    expect(verdict(providers, { from: 'app', to: 'web' })).toBe('blocked (default, default)');
  });

  test('fills its set with the first workload that gets the label, and empties it again', () => {
    const core = createPolicyCore(policy({ consumers: [label('role=none')] }));
    const [id = ''] = core.setsOf(WEB.href);
    const hosts = () => core.addressSet(id)?.hosts;
    const put = (value: typeof APP) => core.apply([{ type: 'workload', href: APP.href, value }]);
    put({ ...APP, labels: ['/labels/role=none'] });
    expect(hosts()).toEqual(['10.0.0.2']);
    put(APP);
    expect(hosts()).toEqual([]);
  });
});

describe('2: a rule one of whose sides is nobody (PS-82)', () => {
  test.each<[string, Partial<Rule>]>([
    ['a label that nobody has', { consumers: [label('role=none')] }],
    ['labels that nobody has together', { consumers: [label('role=app'), label('env=none')] }],
    ['a label group that is gone', { consumers: [group('gone')] }],
    ['a workload that is gone', { providers: [workload('gone')] }],
    ['an IP list that is gone', { consumers: [ipList('gone')] }],
    ['an IP list without ranges', { consumers: [ipList('Empty')] }],
  ])('allows nothing: %s', (_, changes) => {
    const model = { ...policy(changes), ipLists: [anIpList('Empty', [])] };
    expect(verdict(model, { from: 'app', to: 'web' })).toContain('blocked');
    expect(verdict(model, { from: 'app', to: 'web' })).not.toBe('allowed (rule rule, rule rule)');
    expect(verdict(model, { from: '192.0.2.1', to: 'web' })).toBe('blocked (-, default)');
  });
});

describe('3: the same address on two hosts (PS-83)', () => {
  const TWIN = aWorkload('twin', ['role=twin'], '10.0.0.2');

  test('matches whoever has it, by either of the two', () => {
    const model = policy({}, [WEB, APP, TWIN]);
    expect(verdict(model, { from: 'app', to: 'web' })).toBe('allowed (rule rule, rule rule)');
    expect(verdict(model, { from: 'twin', to: 'web' })).toBe('blocked (default, rule rule)');
  });

  test('stays a member until the last host has left it', () => {
    const model = policy({ consumers: [everybody] }, [WEB, APP, TWIN]);
    const core = createPolicyCore(model);
    const [id = ''] = core.setsOf(WEB.href);
    const gone = (href: string) => core.apply([{ type: 'workload', href, value: null }]);
    expect(gone(TWIN.href).sets).toEqual([]);
    expect(core.addressSet(id)?.hosts).toContain('10.0.0.2');
    gone(APP.href);
    expect(core.addressSet(id)?.hosts).not.toContain('10.0.0.2');
  });
});

describe('4: a host that is offline (PS-84)', () => {
  test('leaves the sets of others in one step, keeps its own policy, and comes back', () => {
    const core = createPolicyCore(policy({}));
    const [id = ''] = core.setsOf(WEB.href);
    const own = core.hostPolicy(APP.href)?.hash;
    const put = (online: boolean) =>
      core.apply([{ type: 'workload', href: APP.href, value: { ...APP, online } }]);
    expect(put(false).sets).toMatchObject([{ id, addHosts: [], removeHosts: ['10.0.0.2'] }]);
    expect(core.hostPolicy(APP.href)?.hash).toBe(own);
    expect(put(true).sets).toMatchObject([{ id, addHosts: ['10.0.0.2'], removeHosts: [] }]);
  });
});

describe('6a: IPv6 (PS-87)', () => {
  const SIX = [
    { ...WEB, interfaces: [anInterface(['10.0.0.1', '2001:db8::1'])] },
    { ...APP, interfaces: [anInterface(['10.0.0.2', '2001:db8::2'])] },
  ];
  const asked = (source: string, destination: string) => ({
    from: 'app',
    to: 'web',
    source: { address: source },
    destination: { address: destination },
  });

  test('is held to the same rules as IPv4', () => {
    const model = policy({}, SIX);
    const ALLOWED = 'allowed (rule rule, rule rule)';
    expect(verdict(model, asked('10.0.0.2', '10.0.0.1'))).toBe(ALLOWED);
    expect(verdict(model, asked('2001:db8::2', '2001:db8::1'))).toBe(ALLOWED);
  });

  test('has subnets, exclusions and host prefixes of its own', () => {
    const model = aPolicy({
      workloads: SIX,
      ipLists: [anIpList('Six', ['2001:db8:9::/48', '!2001:db8:9:1::/64'])],
      ruleSets: [
        aRuleSet([
          aRule('rule', {
            providers: [label('role=web')],
            consumers: [label('role=app'), ipList('Six')],
            useWorkloadSubnets: ['consumers'],
          }),
        ]),
      ],
    });
    const from = (address: string) =>
      verdict(model, { from: address, to: 'web', destination: { address: '2001:db8::1' } });
    expect(from('2001:db8::77')).toBe('allowed (-, rule rule)');
    expect(from('2001:db8:9::1')).toBe('allowed (-, rule rule)');
    expect(from('2001:db8:9:1::1')).toBe('blocked (-, default)');
  });

  test('of one spelling or another is one address', () => {
    const long = { ...APP, interfaces: [anInterface(['2001:0DB8:0:0:0:0:0:2'])] };
    const core = createPolicyCore(policy({}, [WEB, long]));
    const [id = ''] = core.setsOf(WEB.href);
    expect(core.addressSet(id)?.hosts).toEqual(['2001:db8::2']);
  });
});

describe('8: no port (PS-89)', () => {
  test('is every port of the protocol, and of no other', () => {
    const model = policy({ ingressServices: [{ port: { ...ALL_TRAFFIC, protocol: 6 } }] });
    const said = (protocol: number, port: number) =>
      verdict(model, { from: 'app', to: 'web', protocol, port });
    expect(said(6, 1)).toBe('allowed (rule rule, rule rule)');
    expect(said(6, 65_535)).toBe('allowed (rule rule, rule rule)');
    expect(said(17, 1)).toBe('blocked (default, default)');
  });
});
