import {
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
import type { PolicyModel, Rule, RuleSet, Workload } from '../model.ts';
import type { Explanation } from './explanation.ts';
import { endThatDecides, explained } from './testing/explained.ts';

const { everybody, label, allBut, group, workload, ipList, virtualService } = named;

const LAPTOP = aWorkload('laptop', ['role=laptop', 'env=prod'], '10.1.0.7', { type: 'endpoint' });
const DB = aWorkload('db', ['role=db', 'env=prod'], '10.0.0.9');
const LAPTOP_REF = { href: '/workloads/laptop', name: 'laptop' };
const DB_REF = { href: '/workloads/db', name: 'db' };
const RULE_REF = { href: '/rule_sets/1/sec_rules/rule', name: 'rule' };

function askWhy(model: PolicyModel, question: Question): Explanation {
  return explained(model, connectionOf(model, question));
}

interface Asked {
  readonly rule?: Partial<Rule>;
  readonly ruleSet?: Partial<RuleSet>;
  readonly laptop?: Partial<Workload>;
  readonly db?: Partial<Workload>;
  readonly objects?: Partial<PolicyModel>;
  readonly question?: Partial<Question>;
  readonly at?: 'inbound' | 'outbound';
}

/** What keeps the only rule, which is of laptops to databases, from matching when the laptop asks the database. */
function failing({ rule, ruleSet, laptop, db, objects, question, at = 'inbound' }: Asked) {
  const sides = { providers: [label('role=db')], consumers: [label('role=laptop')] };
  const model = aPolicy({
    workloads: [
      { ...LAPTOP, ...laptop },
      { ...DB, ...db },
    ],
    ruleSets: [aRuleSet([aRule('rule', { ...sides, ...rule })], ruleSet)],
    ...objects,
  });
  const end = endThatDecides(askWhy(model, { from: 'laptop', to: 'db', ...question }), at);
  return end.nearest.flatMap((nearest) => nearest.failing);
}

const labelOf = (text: string) => {
  const [key = '', value = ''] = text.split('=');
  return { href: `/labels/${text}`, key, value };
};

describe('what keeps a rule from matching, and what would let it', () => {
  test('a label of the provider: which it has, and which are asked for (PS-1)', () => {
    expect(failing({ rule: { providers: [label('role=web'), label('role=app')] } })).toEqual([
      {
        kind: 'label',
        side: 'providers',
        from: ['actors'],
        workload: DB_REF,
        key: 'role',
        test: 'in',
        has: labelOf('role=db'),
        labels: [labelOf('role=app'), labelOf('role=web')],
        suggestion: {
          kind: 'label',
          workload: DB_REF,
          key: 'role',
          wants: [labelOf('role=app'), labelOf('role=web')],
          unwanted: [],
        },
      },
    ]);
  });

  test('a scope that holds one end only (PS-3, PS-4)', () => {
    expect(
      failing({
        ruleSet: { scopes: [[label('env=prod')]] },
        laptop: { labels: ['/labels/role=laptop'] },
      }),
    ).toMatchObject([
      {
        kind: 'label',
        side: 'consumers',
        from: ['scope'],
        workload: LAPTOP_REF,
        key: 'env',
        has: null,
      },
    ]);
  });

  test('an excluded label: any other would do (PS-5)', () => {
    expect(failing({ rule: { consumers: [allBut('role=laptop')] } })).toMatchObject([
      {
        kind: 'label',
        side: 'consumers',
        test: 'not',
        labels: [labelOf('role=laptop')],
        suggestion: { wants: [], unwanted: [labelOf('role=laptop')] },
      },
    ]);
  });

  test('a side that is nobody: no label of the workload would help (PS-6)', () => {
    const empty = {
      href: '/label_groups/none',
      name: 'none',
      key: 'role',
      labels: [],
      subGroups: [],
    };
    expect(
      failing({ rule: { providers: [group('none')] }, objects: { labelGroups: [empty] } }),
    ).toEqual([{ kind: 'nobody', side: 'providers', key: 'role', suggestion: null }]);
  });

  test('a service: what was asked, and what the rule has (PS-60)', () => {
    expect(failing({ question: { port: 22 } })).toEqual([
      {
        kind: 'service',
        asked: { protocol: 6, port: 22, icmpType: null, icmpCode: null },
        has: [tcp(443)],
        virtualService: null,
        suggestion: { kind: 'service', to: { kind: 'rule', ...RULE_REF }, add: tcp(22) },
      },
    ]);
  });

  test('the service of a virtual service, in the place where it is kept (PS-9)', () => {
    const rule = { providers: [virtualService('pg')] };
    const asked = (service: { readonly href: string } | { readonly ports: [] }) =>
      failing({
        rule,
        objects: {
          services: [{ href: '/services/pg', name: 'PostgreSQL', ports: [tcp(5432)] }],
          virtualServices: [aVirtualService('pg', { service, workloads: ['/workloads/db'] })],
        },
      });
    expect(asked({ href: '/services/pg' })).toMatchObject([
      {
        kind: 'service',
        has: [tcp(5432)],
        virtualService: { name: 'pg' },
        suggestion: { kind: 'service', to: { kind: 'service', name: 'PostgreSQL' }, add: tcp(443) },
      },
    ]);
    expect(asked({ ports: [] })).toMatchObject([
      { suggestion: { to: { kind: 'virtual_service', name: 'pg' } } },
    ]);
  });

  test('a program that does not answer, on a host that can tell and on one that cannot (PS-61)', () => {
    const rule = { ingressServices: [{ port: { ...tcp(443), process: 'C:\\web.exe' } }] };
    const question = { destination: { process: 'C:\\other.exe' } };
    expect(failing({ rule, question, db: { osFamily: 'windows' } })).toMatchObject([
      {
        kind: 'program',
        process: 'C:\\other.exe',
        osFamily: 'windows',
        suggestion: { add: tcp(443) },
      },
    ]);
    expect(failing({ rule, question })).toMatchObject([{ kind: 'program', osFamily: 'linux' }]);
    expect(failing({ rule, question: { ...question, port: 22 } })).toMatchObject([
      { kind: 'service' },
    ]);
  });

  test('a disabled rule, a disabled ruleset, and both (PS-6)', () => {
    expect(failing({ rule: { enabled: false } })).toEqual([
      {
        kind: 'disabled',
        what: { kind: 'rule', ...RULE_REF },
        suggestion: { kind: 'enable', what: { kind: 'rule', ...RULE_REF } },
      },
    ]);
    const both = failing({ rule: { enabled: false }, ruleSet: { enabled: false } });
    expect(both).toMatchObject([
      { kind: 'disabled', what: { kind: 'rule_set', href: '/rule_sets/1', name: 'Access' } },
      { kind: 'disabled', what: { kind: 'rule' } },
    ]);
  });

  test('a peer that is offline (PS-21)', () => {
    expect(failing({ laptop: { online: false } })).toEqual([
      {
        kind: 'offline',
        side: 'consumers',
        workload: LAPTOP_REF,
        suggestion: { kind: 'online', workload: LAPTOP_REF },
      },
    ]);
  });

  test.each([
    ['on an external interface', '203.0.113.5', 'external', 'external_interface'],
    ['that no workload is a peer by', '169.254.0.7', 'corporate', 'never_a_peer'],
  ] as const)('an address of the peer %s (PS-20)', (_, address, networkProfile, why) => {
    const interfaces = [anInterface([address], { networkProfile })];
    expect(failing({ laptop: { interfaces } })).toMatchObject([
      { kind: 'no_peer_address', side: 'consumers', address, why, suggestion: null },
    ]);
  });

  test('an address that the peer does not report, unless its subnet stands for it (PS-22)', () => {
    const question = { source: { address: '10.1.0.200' } };
    expect(failing({ question })).toMatchObject([
      { kind: 'no_peer_address', why: 'not_reported', address: '10.1.0.200' },
    ]);
    const rule = { useWorkloadSubnets: ['consumers'], consumers: [label('role=tablet')] } as const;
    expect(failing({ question, rule })).toMatchObject([{ kind: 'label', key: 'role' }]);
  });

  test('an address that is no workload', () => {
    const question = { from: '203.0.113.5' };
    expect(failing({ question })).toEqual([
      { kind: 'no_workload', side: 'consumers', address: '203.0.113.5', suggestion: null },
    ]);
    const objects = { ipLists: [anIpList('offices', ['192.0.2.0/24'])] };
    const rule = { consumers: [label('role=laptop'), ipList('offices')] };
    expect(failing({ question, rule, objects })).toMatchObject([
      {
        kind: 'no_workload',
        suggestion: { kind: 'address', ipList: { name: 'offices' }, add: '203.0.113.5' },
      },
    ]);
  });

  test('a side that names others: the address goes to its IP list, else the workload to the rule (PS-2, PS-7)', () => {
    const objects = {
      ipLists: [anIpList('no', ['10.9.0.0/16', '!10.1.0.0/16']), anIpList('yes', ['10.9.0.0/16'])],
    };
    expect(failing({ rule: { consumers: [ipList('no'), ipList('yes')] }, objects })).toMatchObject([
      {
        kind: 'not_named',
        side: 'consumers',
        workload: LAPTOP_REF,
        address: '10.1.0.7',
        suggestion: { kind: 'address', ipList: { name: 'yes' }, add: '10.1.0.7' },
      },
    ]);
    expect(failing({ rule: { providers: [workload('other')] } })).toEqual([
      {
        kind: 'not_named',
        side: 'providers',
        workload: DB_REF,
        address: '10.0.0.9',
        suggestion: { kind: 'actor', rule: RULE_REF, side: 'providers', workload: DB_REF },
      },
    ]);
  });

  test('a network profile, which a rule may leave only with a side of IP lists (PS-30, PS-31)', () => {
    const laptop = {
      interfaces: [anInterface(['10.1.0.7'], { networkProfile: 'external' })],
    } as const;
    const saas = { providers: [ipList('any')] };
    const objects = { ipLists: [anIpList('any', ['0.0.0.0/0'])] };
    expect(failing({ rule: saas, laptop, objects, at: 'outbound' })).toEqual([
      {
        kind: 'network_profile',
        interfaceName: 'eth0',
        networkProfile: 'external',
        networkType: 'brn',
        suggestion: { kind: 'network_type', rule: RULE_REF, to: 'all' },
      },
    ]);
    expect(failing({ laptop, at: 'outbound' })).toMatchObject([
      { kind: 'network_profile', suggestion: null },
    ]);
  });

  test('user groups, on a consumer that can tell users apart and on one that cannot (PS-16)', () => {
    const rule = { consumingSecurityPrincipals: ['S-1-5-21-1'] };
    const windows = { osFamily: 'windows' } as const;
    const user = { source: { principals: ['S-1-5-21-2'] } };
    const asked = { rule, at: 'outbound' } as const;
    expect(failing({ ...asked, laptop: windows, question: user })).toEqual([
      {
        kind: 'user_groups',
        wants: ['S-1-5-21-1'],
        has: ['S-1-5-21-2'],
        suggestion: { kind: 'user_groups', rule: RULE_REF, add: ['S-1-5-21-2'] },
      },
    ]);
    expect(failing({ ...asked, laptop: windows })).toMatchObject([
      { kind: 'user_groups', has: null, suggestion: null },
    ]);
    expect(failing(asked)).toMatchObject([{ kind: 'user_groups_unsupported', osFamily: 'linux' }]);
    expect(failing({ rule, question: { port: 22 } })).toMatchObject([{ kind: 'service' }]);
  });

  test('a label is not suggested that would take the peer out of the rule (PS-25, PS-83)', () => {
    // the same address is on both; only by the database's own label is it a consumer
    const asked = {
      laptop: { interfaces: [anInterface(['10.0.0.9'])], labels: ['/labels/role=web'] },
      rule: { providers: [label('role=web')], consumers: [label('role=db')] },
    };
    expect(failing(asked)).toMatchObject([
      {
        kind: 'label',
        side: 'providers',
        key: 'role',
        labels: [labelOf('role=web')],
        suggestion: null,
      },
    ]);
  });
});

describe('the nearest rules', () => {
  const sides = { providers: [label('role=db')], consumers: [label('role=laptop')] };
  const nearestOf = (ruleSets: readonly RuleSet[], at: 'inbound' | 'outbound' = 'inbound') => {
    const model = aPolicy({
      workloads: [LAPTOP, DB],
      ruleSets,
      ipLists: [anIpList('any', ['0.0.0.0/0'])],
    });
    const question = { from: 'laptop', to: 'db', port: 22 };
    return endThatDecides(askWhy(model, question), at).nearest;
  };

  test('are at most three, the fewest failing conditions first', () => {
    const rules = [
      aRule('d', { ...sides, consumers: [label('role=web')], enabled: false }),
      aRule('c', { ...sides, enabled: false }),
      aRule('b', sides),
      aRule('a', { ...sides, consumers: [label('role=web')] }),
    ];
    const nearest = nearestOf([aRuleSet(rules)]);
    expect(nearest.map(({ name, failing: all }) => [name, all.length])).toEqual([
      ['b', 1],
      ['a', 2],
      ['c', 2],
    ]);
  });

  test('of equals, those in whose scope the workload is come first, then by href', () => {
    const inScope = (href: string, scope: string) => {
      const rule = {
        ...aRule(scope, { ...sides, consumers: [label('role=web')] }),
        href: `${href}/sec_rules/1`,
      };
      return aRuleSet([rule], { href, scopes: [[label(scope)]] });
    };
    const rules = [inScope('/rule_sets/2', 'env=prod'), inScope('/rule_sets/3', 'env=prod')];
    // fails by the scope alone where the others fail by the consumer alone: as many, and from another scope
    const foreign = aRuleSet(
      [
        {
          ...aRule('foreign', {
            providers: [label('role=db')],
            consumers: [everybody],
            unscopedConsumers: true,
          }),
          href: '/rule_sets/1/sec_rules/1',
        },
      ],
      { scopes: [[label('env=dev')]] },
    );
    expect(nearestOf([foreign, ...rules]).map(({ href }) => href)).toEqual([
      '/rule_sets/2/sec_rules/1',
      '/rule_sets/3/sec_rules/1',
      '/rule_sets/1/sec_rules/1',
    ]);
  });

  test('are told once each, within the scope in which they come nearest (PS-4)', () => {
    const scopes = [[label('env=dev')], [label('env=prod')], [label('env=prod'), label('loc=us')]];
    const nearest = nearestOf([aRuleSet([aRule('rule', sides)], { scopes })]);
    expect(nearest.map(({ name, scope }) => [name, scope?.index])).toEqual([['rule', 1]]);
  });

  test('are none that have only IP lists on the side of the end: such a rule is not enforced there (PS-7)', () => {
    const out = aRule('out', { providers: [ipList('any')], consumers: [label('role=laptop')] });
    expect(nearestOf([aRuleSet([out])])).toEqual([]);
    expect(nearestOf([aRuleSet([out])], 'outbound').map(({ name }) => name)).toEqual(['out']);
  });
});
