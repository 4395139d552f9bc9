import {
  aBoundary,
  anInterface,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aVirtualService,
  aWorkload,
  connectionOf,
  named,
  tcp,
  type Question,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import { DEFAULT_FIREWALL_SETTINGS, type Actor, type PolicyModel, type Rule } from '../model.ts';
import { PROTOCOLS } from '../vocabulary.ts';
import { essentialKind } from './explain.ts';
import type { Explanation, NoSay } from './explanation.ts';
import { endThatDecides, explained } from './testing/explained.ts';

const { everybody, label, allBut, group, workload, ipList, virtualService } = named;

const LAPTOP = aWorkload('laptop', ['role=laptop', 'loc=us'], '10.1.0.7', { type: 'endpoint' });
const DB = aWorkload('db', ['role=db', 'env=prod'], '10.0.0.9');
const FROM_LAPTOP: Question = { from: 'laptop', to: 'db' };

function askWhy(model: PolicyModel, question: Question): Explanation {
  return explained(model, connectionOf(model, question));
}

/** The only rule that matches when the laptop asks the database. */
function ruleOf(
  sides: Pick<Rule, 'providers' | 'consumers'> & Partial<Rule>,
  parts: Partial<PolicyModel> & {
    readonly scopes?: PolicyModel['ruleSets'][number]['scopes'];
  } = {},
  question: Question = FROM_LAPTOP,
) {
  const { scopes = [], ...objects } = parts;
  const ruleSets = [aRuleSet([aRule('rule', sides)], { scopes })];
  const model = aPolicy({ workloads: [LAPTOP, DB], ruleSets, ...objects });
  const explanation = askWhy(model, question);
  const ends = (['outbound', 'inbound'] as const).map((direction) => {
    const end = explanation.ends[direction];
    return end.kind === 'decided' ? (end.rules[0] ?? null) : null;
  });
  return { outbound: ends[0], inbound: ends[1] };
}

describe('a rule that matches', () => {
  test('is named with its version, ruleset and scope, and the labels of each side (PS-1, PS-3)', () => {
    const { inbound } = ruleOf(
      { providers: [label('role=db')], consumers: [label('role=laptop')], unscopedConsumers: true },
      { scopes: [[label('env=dev')], [label('env=prod')]] },
    );
    expect(inbound).toEqual({
      href: '/rule_sets/1/sec_rules/rule',
      name: 'rule',
      version: 1,
      networkType: 'brn',
      ruleSet: { href: '/rule_sets/1', name: 'Access' },
      scope: {
        index: 1,
        entries: [
          { kind: 'label', href: '/labels/env=prod', key: 'env', name: 'prod', exclusion: false },
        ],
      },
      providers: [
        {
          kind: 'label',
          workload: { href: '/workloads/db', name: 'db' },
          conditions: [
            {
              key: 'role',
              from: 'actors',
              test: 'in',
              label: { href: '/labels/role=db', key: 'role', value: 'db' },
              through: null,
            },
            {
              key: 'env',
              from: 'scope',
              test: 'in',
              label: { href: '/labels/env=prod', key: 'env', value: 'prod' },
              through: null,
            },
          ],
        },
      ],
      consumers: [
        {
          kind: 'label',
          workload: { href: '/workloads/laptop', name: 'laptop' },
          conditions: [
            {
              key: 'role',
              from: 'actors',
              test: 'in',
              label: { href: '/labels/role=laptop', key: 'role', value: 'laptop' },
              through: null,
            },
          ],
        },
      ],
      service: { service: null, virtualService: null, port: tcp(443) },
      principals: [],
    });
  });

  test('is named once for each scope in which it matches (PS-4)', () => {
    const ruleSets = [
      aRuleSet([aRule('rule', { providers: [everybody], consumers: [everybody] })], {
        scopes: [[], [allBut('env=dev')], [label('env=dev')]],
      }),
    ];
    const model = aPolicy({ workloads: [LAPTOP, DB], ruleSets });
    const { rules } = endThatDecides(askWhy(model, FROM_LAPTOP), 'inbound');
    expect(rules.map(({ href, scope }) => [href, scope?.index])).toEqual([
      ['/rule_sets/1/sec_rules/rule', 0],
      ['/rule_sets/1/sec_rules/rule', 1],
    ]);
  });

  test('says through which group a label counts, however deep it lies (PS-12)', () => {
    const labelGroups = [
      {
        href: '/label_groups/all',
        name: 'All data',
        key: 'role',
        labels: [],
        subGroups: ['/label_groups/sub', '/label_groups/all'],
      },
      {
        href: '/label_groups/sub',
        name: 'Sub',
        key: 'role',
        labels: ['/labels/role=db'],
        subGroups: [],
      },
    ];
    const { inbound } = ruleOf(
      { providers: [group('all')], consumers: [everybody] },
      { labelGroups },
    );
    expect(inbound?.providers).toMatchObject([
      { conditions: [{ key: 'role', through: { href: '/label_groups/all', name: 'All data' } }] },
    ]);
  });

  test('says which exclusion the workload passes, with and without a label of the key (PS-5)', () => {
    const { inbound } = ruleOf({
      providers: [allBut('role=web'), allBut('loc=eu')],
      consumers: [everybody],
    });
    expect(inbound?.providers).toMatchObject([
      {
        kind: 'label',
        conditions: [
          { key: 'role', test: 'not', label: { value: 'db' } },
          { key: 'loc', test: 'not', label: null },
        ],
      },
    ]);
  });

  test.each<[string, Actor[], object[]]>([
    ['All Workloads', [everybody], [{ kind: 'ams', workload: { name: 'laptop' } }]],
    [
      'a workload by name',
      [workload('laptop')],
      [{ kind: 'workload', workload: { name: 'laptop' } }],
    ],
    [
      'the narrowest range of an IP list',
      [ipList('offices')],
      [{ kind: 'ip_list', ipList: { name: 'offices' }, range: '10.1.0.0/24', fqdn: null }],
    ],
    [
      'an address of a virtual service',
      [virtualService('vip')],
      [
        {
          kind: 'virtual_service',
          virtualService: { name: 'vip' },
          workload: null,
          range: '10.1.0.7',
        },
      ],
    ],
    [
      'a workload that is bound to a virtual service',
      [virtualService('bound')],
      [{ kind: 'virtual_service', workload: { name: 'laptop' }, range: null }],
    ],
    [
      'all that a side names',
      [label('role=laptop'), workload('laptop'), ipList('offices')],
      [{ kind: 'label' }, { kind: 'workload' }, { kind: 'ip_list' }],
    ],
  ])('says how the peer is on its side: %s (PS-2, PS-7, PS-9)', (_, consumers, reasons) => {
    const objects = {
      ipLists: [anIpList('offices', ['10.0.0.0/8', '10.1.0.0/24', '10.1.0.0-10.1.0.255'])],
      virtualServices: [
        aVirtualService('vip', { service: { ports: [tcp(1)] }, addresses: ['10.1.0.7'] }),
        aVirtualService('bound', {
          service: { ports: [tcp(1)] },
          workloads: ['/workloads/laptop'],
        }),
      ],
    };
    const { inbound } = ruleOf({ providers: [everybody], consumers }, objects);
    expect(inbound?.consumers).toMatchObject(reasons);
  });

  test('says that a subnet holds the peer, and whose it is (PS-22, PS-24)', () => {
    const stranger = { from: '10.1.0.99', to: 'db' };
    const sides = { providers: [everybody], consumers: [label('role=laptop')] };
    const useWorkloadSubnets = ['consumers'] as const;
    const { inbound } = ruleOf({ ...sides, useWorkloadSubnets }, {}, stranger);
    expect(inbound?.consumers).toMatchObject([
      { kind: 'subnet', network: '10.1.0.0/24', workload: { name: 'laptop' } },
    ]);
    const vpn = { ...LAPTOP, interfaces: [anInterface(['10.8.0.1/32'])] };
    const firewallSettings = { ...DEFAULT_FIREWALL_SETTINGS, vpnPools: ['10.8.0.0/16'] };
    const { inbound: byPool } = ruleOf(
      { ...sides, useWorkloadSubnets },
      { workloads: [vpn, DB], firewallSettings },
      { from: '10.8.77.1', to: 'db' },
    );
    expect(byPool?.consumers).toMatchObject([{ kind: 'subnet', network: '10.8.0.0/16' }]);
  });

  test('says whose address it is where two workloads have it (PS-83)', () => {
    const twin = { ...aWorkload('twin', ['role=web'], '10.1.0.7') };
    const { inbound } = ruleOf(
      { providers: [everybody], consumers: [label('role=web')] },
      { workloads: [LAPTOP, DB, twin] },
    );
    expect(inbound?.consumers).toMatchObject([{ kind: 'label', workload: { name: 'twin' } }]);
  });

  test('says which name of an IP list the provider was resolved by (PS-8)', () => {
    const { outbound } = ruleOf(
      { providers: [ipList('saas')], consumers: [everybody] },
      { ipLists: [anIpList('saas', ['203.0.113.0/24'], ['*.example.com'])] },
      { from: 'laptop', to: '198.51.100.1', destination: { fqdn: 'crm.Example.com' } },
    );
    expect(outbound?.providers).toEqual([
      {
        kind: 'ip_list',
        ipList: { href: '/ip_lists/saas', name: 'saas' },
        range: null,
        fqdn: '*.example.com',
      },
    ]);
  });

  test('says which entry of which service fits, as it was written (PS-60)', () => {
    const services = [{ href: '/services/web', name: 'Web', ports: [tcp(80), tcp(400, 450)] }];
    const { inbound } = ruleOf(
      {
        providers: [everybody],
        consumers: [everybody],
        ingressServices: [{ port: tcp(22) }, { href: '/services/web' }],
      },
      { services },
    );
    expect(inbound?.service).toEqual({
      service: { href: '/services/web', name: 'Web' },
      virtualService: null,
      port: tcp(400, 450),
    });
  });

  test('says that the service is that of a virtual service (PS-9)', () => {
    const service = { href: '/services/pg' };
    const { inbound } = ruleOf(
      {
        providers: [virtualService('pg')],
        consumers: [everybody],
        ingressServices: [{ port: tcp(1) }],
      },
      {
        services: [{ ...service, name: 'PostgreSQL', ports: [tcp(443)] }],
        virtualServices: [aVirtualService('pg', { service, workloads: ['/workloads/db'] })],
      },
    );
    expect(inbound?.service).toEqual({
      service: { href: '/services/pg', name: 'PostgreSQL' },
      virtualService: { href: '/virtual_services/pg', name: 'pg' },
      port: tcp(443),
    });
  });

  test('names the user groups at the consumer, which alone can tell (PS-16)', () => {
    const groups = { consumingSecurityPrincipals: ['S-1-5-21-1'] };
    const { outbound, inbound } = ruleOf(
      { providers: [everybody], consumers: [everybody], ...groups },
      { workloads: [{ ...LAPTOP, osFamily: 'windows' }, DB] },
      { ...FROM_LAPTOP, source: { principals: ['S-1-5-21-1'] } },
    );
    expect(outbound?.principals).toEqual(['S-1-5-21-1']);
    expect(inbound?.principals).toEqual([]);
  });
});

describe('an end', () => {
  test('that a boundary blocks names it, and the rule that lets it cross where one does (PS-40, PS-42)', () => {
    const boundary = aBoundary('wall', {
      providers: [label('env=prod')],
      consumers: [everybody],
    });
    const rule = aRule('gate', { providers: [everybody], consumers: [label('role=laptop')] });
    const model = aPolicy({
      workloads: [LAPTOP, DB, aWorkload('web', ['role=web'], '10.0.0.3')],
      ruleSets: [aRuleSet([rule])],
      enforcementBoundaries: [boundary],
    });
    const crossing = endThatDecides(askWhy(model, FROM_LAPTOP), 'inbound');
    expect(crossing.precedence).toBe('allow');
    expect(crossing.boundaries).toMatchObject([{ name: 'wall', ruleSet: null, scope: null }]);
    const held = endThatDecides(askWhy(model, { from: 'web', to: 'db' }), 'inbound');
    expect(held).toMatchObject({ decision: 'blocked', precedence: 'deny', rules: [] });
    expect(held.boundaries).toMatchObject([
      { name: 'wall', consumers: [{ kind: 'ams', workload: { name: 'web' } }] },
    ]);
  });

  test('that decides by default in visibility only would block (PS-42)', () => {
    const model = aPolicy({ workloads: [LAPTOP, { ...DB, enforcementMode: 'visibility_only' }] });
    const end = endThatDecides(askWhy(model, FROM_LAPTOP), 'inbound');
    expect(end).toMatchObject({ decision: 'potentially_blocked', precedence: 'default' });
    expect(end.suggestion?.kind).toBe('new_rule');
  });

  test.each<[string, Partial<typeof LAPTOP>, NoSay]>([
    ['is unmanaged', { type: 'unmanaged' }, 'unmanaged'],
    ['is idle', { enforcementMode: 'idle' }, 'idle'],
    ['is suspended', { suspended: true }, 'suspended'],
    [
      'is on an interface that its VEN does not manage',
      {
        venVersion: '22.2.30',
        interfaces: [anInterface(['10.1.0.7'], { networkProfile: 'external' })],
      },
      'interface_not_managed',
    ],
  ])('that %s has no say, and says so (PS-10, PS-26, PS-32)', (_, changes, why) => {
    const model = aPolicy({ workloads: [{ ...LAPTOP, ...changes }, DB] });
    const { outbound } = askWhy(model, FROM_LAPTOP).ends;
    expect(outbound).toMatchObject({ kind: 'no_say', why, workload: { name: 'laptop' } });
  });

  test('that is no workload, or none that is known, has no say (PS-10)', () => {
    const model = aPolicy({ workloads: [LAPTOP] });
    const { ends } = askWhy(model, { from: 'laptop', to: '203.0.113.1' });
    expect(ends.inbound).toMatchObject({ kind: 'no_say', why: 'external', workload: null });
    const gone = { workload: '/workloads/gone' };
    const unknown = askWhy(model, { from: 'laptop', to: '203.0.113.1', destination: gone });
    expect(unknown.ends.inbound).toMatchObject({ why: 'unknown_workload', workload: null });
  });

  test('that passes essential traffic says which it is (PS-41)', () => {
    const model = aPolicy({ workloads: [LAPTOP, DB] });
    const kindOf = (protocol: number, icmpType: number | null) => {
      const question = { ...FROM_LAPTOP, protocol, icmpType };
      const explanation = askWhy(model, question);
      const end = endThatDecides(explanation, 'inbound');
      expect(end.essential).toBe(essentialKind(explanation.connection));
      return end.precedence === 'essential' ? end.essential : null;
    };
    expect(kindOf(PROTOCOLS.icmp, 3)).toBe('icmp_error');
    expect(kindOf(PROTOCOLS.icmp, 8)).toBeNull();
    const kinds = Array.from({ length: 256 }, (_, type) => kindOf(PROTOCOLS.icmpv6, type));
    const typesOf = (kind: string) => kinds.flatMap((own, type) => (own === kind ? [type] : []));
    expect(typesOf('icmp_error')).toEqual([1, 2, 3, 4]);
    expect(typesOf('multicast_listener_discovery')).toEqual([130, 131, 132, 143]);
    expect(typesOf('neighbour_discovery')).toEqual([133, 134, 135, 136]);
    const itself = endThatDecides(askWhy(model, { from: 'db', to: 'db' }), 'inbound');
    expect(itself.essential).toBe('loopback');
  });

  test('tells the IPv6 mode apart from the policy (PS-45)', () => {
    const six = aWorkload('six', [], '2001:db8::6');
    const firewallSettings = { ...DEFAULT_FIREWALL_SETTINGS, ipv6Mode: 'block_all' as const };
    const rule = aRule('rule', { providers: [everybody], consumers: [everybody] });
    const model = aPolicy({
      workloads: [six, aWorkload('other', [], '2001:db8::7')],
      ruleSets: [aRuleSet([rule])],
      firewallSettings,
    });
    const end = endThatDecides(askWhy(model, { from: 'other', to: 'six' }), 'inbound');
    expect(end).toMatchObject({
      decision: 'blocked',
      precedence: 'ipv6_mode',
      rules: [],
      suggestion: { kind: 'ipv6_mode', to: 'policy_based' },
      nearest: [{ name: 'rule', failing: [{ kind: 'ipv6_mode' }] }],
    });
  });
});
