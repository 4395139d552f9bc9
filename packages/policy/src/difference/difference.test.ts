import { expect, test } from 'vitest';
import {
  ALL_TRAFFIC,
  createPolicyCore,
  DEFAULT_FIREWALL_SETTINGS,
  type IpList,
  type PolicyModel,
  type Rule,
  type ServicePort,
  type Workload,
} from '../index.ts';
import { policyDifference } from './policy-difference.ts';
import type { DifferenceOptions, DifferenceSide } from './difference.ts';

const WEB = { href: '/labels/web', key: 'role', value: 'web' };
const DB = { href: '/labels/db', key: 'role', value: 'db' };
const port = (number: number): ServicePort => ({ ...ALL_TRAFFIC, protocol: 6, port: number });

function host(name: string, label: { readonly href: string }, address: string): Workload {
  return {
    href: `/workloads/${name}`,
    name,
    type: 'server',
    labels: [label.href],
    enforcementMode: 'full',
    visibilityLevel: 'flow_summary',
    blockedConnectionAction: 'drop',
    venVersion: '23.2.0',
    online: true,
    suspended: false,
    osFamily: 'linux',
    interfaces: [
      {
        name: 'eth0',
        addresses: [{ address, prefixLength: 24 }],
        gateway: null,
        linkState: 'up',
        networkProfile: 'corporate',
      },
    ],
  };
}

function rule(name: string, parts: Partial<Rule>): Rule {
  return {
    href: `/rules/${name}`,
    name,
    version: 1,
    enabled: true,
    providers: [{ kind: 'label', href: DB.href, exclusion: false }],
    consumers: [{ kind: 'label', href: WEB.href, exclusion: false }],
    ingressServices: [{ port: port(5432) }],
    resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
    consumingSecurityPrincipals: [],
    unscopedConsumers: false,
    useWorkloadSubnets: [],
    networkType: 'brn',
    stateless: false,
    ...parts,
  };
}

const WEBS = ['web1', 'web2', 'web3'].map((name, at) => host(name, WEB, `10.0.0.${at + 1}`));
const DBS = ['db1', 'db2'].map((name, at) => host(name, DB, `10.0.1.${at + 1}`));

function model(rules: readonly Rule[], parts: Partial<PolicyModel> = {}): PolicyModel {
  return {
    labels: [WEB, DB],
    labelGroups: [],
    workloads: [...WEBS, ...DBS],
    ipLists: [],
    services: [],
    virtualServices: [],
    ruleSets: [
      { href: '/rule_sets/1', name: 'shop', enabled: true, scopes: [], rules, ipTablesRules: [] },
    ],
    enforcementBoundaries: [],
    firewallSettings: DEFAULT_FIREWALL_SETTINGS,
    ...parts,
  };
}

function difference(before: PolicyModel, after: PolicyModel, options: DifferenceOptions = {}) {
  return policyDifference(createPolicyCore(before), createPolicyCore(after), options);
}

function namesOf(side: DifferenceSide | undefined): readonly string[] {
  return side?.kind === 'workloads' ? side.workloads.map(({ name }) => name) : (side?.spans ?? []);
}

test('a rule that is added lets its consumers reach its providers, and nothing else changes', () => {
  const found = difference(model([]), model([rule('sql', {})]));
  expect(found.lost).toEqual([]);
  expect(found.gained).toHaveLength(1);
  const [entry] = found.gained;
  expect(namesOf(entry?.consumers)).toEqual(['web1', 'web2', 'web3']);
  expect(namesOf(entry?.providers)).toEqual(['db1', 'db2']);
  expect(entry).toMatchObject({
    services: [port(5432)],
    except: [],
    from: 'blocked',
    to: 'allowed',
    because: [{ kind: 'rule', href: '/rules/sql', name: 'sql', change: 'added' }],
  });
  expect(found.totals.gained).toEqual({ entries: 1, pairs: 6, withOutside: 0 });
});

test('a rule that says what another one says already changes nothing', () => {
  const before = model([rule('sql', {})]);
  const wider = rule('any sql', { ingressServices: [{ port: { ...port(5000), toPort: 6000 } }] });
  expect(difference(before, model([rule('sql', {}), rule('sql again', {})])).totals).toEqual({
    gained: { entries: 0, pairs: 0, withOutside: 0 },
    lost: { entries: 0, pairs: 0, withOutside: 0 },
  });
  const [entry] = difference(before, model([rule('sql', {}), wider])).gained;
  expect(entry?.services).toEqual([
    { ...port(5000), toPort: 5431 },
    { ...port(5433), toPort: 6000 },
  ]);
});

test('a new version of a rule that means the same is no difference', () => {
  const again = rule('sql', { version: 2, name: 'sql, renamed' });
  expect(difference(model([rule('sql', {})]), model([again])).truncated).toBe(false);
  expect(difference(model([rule('sql', {})]), model([again])).gained).toEqual([]);
});

test('All Services without what was allowed before is said by what it leaves out', () => {
  const before = model([rule('sql', {})]);
  const after = model([rule('sql', { ingressServices: [{ port: ALL_TRAFFIC }] })]);
  expect(difference(before, after).gained).toMatchObject([
    { services: [ALL_TRAFFIC], except: [port(5432)], because: [{ change: 'changed' }] },
  ]);
});

test('a workload that gets another label loses what it had and gains what it has now', () => {
  const rules = [rule('sql', {})];
  const moved = host('web3', DB, '10.0.0.3');
  const after = model(rules, { workloads: [...WEBS.slice(0, 2), ...DBS, moved] });
  const found = difference(model(rules), after);
  expect(found.lost).toHaveLength(1);
  expect(namesOf(found.lost[0]?.consumers)).toEqual(['web3']);
  expect(namesOf(found.lost[0]?.providers)).toEqual(['db1', 'db2']);
  expect(namesOf(found.gained[0]?.consumers)).toEqual(['web1', 'web2']);
  expect(namesOf(found.gained[0]?.providers)).toEqual(['web3']);
});

test('addresses outside of all workloads are said as spans, names by what they match', () => {
  const list = (ranges: readonly string[], fqdns: readonly string[]): IpList => ({
    href: '/ip_lists/1',
    name: 'partners',
    ranges: ranges.map((from) => ({ from, to: null, exclusion: false })),
    fqdns,
  });
  const out = rule('out', { providers: [{ kind: 'ip_list', href: '/ip_lists/1' }] });
  const before = model([out], { ipLists: [list(['198.51.100.0/24'], [])] });
  const after = model([out], { ipLists: [list(['198.51.100.0/25'], ['*.example.com'])] });
  const found = difference(before, after);
  expect(found.lost.map(({ providers }) => providers)).toMatchObject([
    {
      kind: 'outside',
      spans: ['198.51.100.128/25'],
      names: [],
      exceptNames: [{ pattern: '*.example.com', except: [] }],
    },
  ]);
  expect(found.gained.map(({ providers }) => providers)).toMatchObject([
    { kind: 'outside', names: [{ pattern: '*.example.com', except: [] }], exceptNames: [] },
  ]);
  expect(found.totals.lost).toEqual({ entries: 1, pairs: 0, withOutside: 3 });
});

test('another enforcement mode is the reason where no rule is', () => {
  const watched = DBS.map((item) => ({ ...item, enforcementMode: 'visibility_only' as const }));
  const found = difference(
    model([rule('sql', {})]),
    model([rule('sql', {})], { workloads: [...WEBS, ...watched] }),
    { workload: '/workloads/db1' },
  );
  expect(found.lost).toEqual([]);
  for (const { consumers, providers, because } of found.gained) {
    expect([...namesOf(consumers), ...namesOf(providers)]).toContain('db1');
    expect(because.every(({ kind }) => kind === 'enforcement')).toBe(true);
  }
});

test('the output is cut to what was asked for, the totals are of all', () => {
  const rules = [443, 5432, 9000].map((number) =>
    rule(`to ${number}`, {
      ingressServices: [{ port: port(number) }],
      consumers: [{ kind: 'workload', href: `/workloads/web${(number % 3) + 1}` }],
    }),
  );
  const whole = difference(model([]), model(rules));
  const cut = difference(model([]), model(rules), { limit: 1, names: 1 });
  expect(cut.truncated).toBe(true);
  expect(cut.gained).toHaveLength(1);
  expect(cut.totals).toEqual(whole.totals);
  expect(cut.gained[0]?.providers).toMatchObject({ count: 2, workloads: [{ name: 'db1' }] });
});
