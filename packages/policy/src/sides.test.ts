import {
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aVirtualService,
  aWorkload,
  named,
  tcp,
  verdict,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import type { Actor, PolicyModel, Rule } from './index.ts';

const { everybody, label, allBut, group, allButGroup, workload, ipList, virtualService } = named;

/** Hosts of every combination, and one without labels. */
const HOSTS = [
  aWorkload('web-prod', ['role=web', 'env=prod'], '10.0.0.1'),
  aWorkload('web-dev', ['role=web', 'env=dev'], '10.0.0.2'),
  aWorkload('db-prod', ['role=db', 'env=prod'], '10.0.0.3'),
  aWorkload('db-dev', ['role=db', 'env=dev'], '10.0.0.4'),
  aWorkload('bare', [], '10.0.0.5'),
];
const TARGET = aWorkload('target', ['role=target'], '10.0.9.9');

/** Names of the hosts that may reach the target when the consumers are these. */
function reaching(
  consumers: readonly Actor[],
  parts: Partial<PolicyModel> = {},
  changes: Partial<Rule> = {},
): string[] {
  const rule = aRule('rule', { providers: [workload('target')], consumers, ...changes });
  const model = aPolicy({ workloads: [...HOSTS, TARGET], ruleSets: [aRuleSet([rule])], ...parts });
  return HOSTS.filter(
    ({ name }) => verdict(model, { from: name, to: 'target' }) === 'allowed (rule rule, rule rule)',
  ).map(({ name }) => name);
}

describe('labels of a side', () => {
  test.each<[string, Actor[], string[]]>([
    ['one label', [label('role=web')], ['web-prod', 'web-dev']],
    ['two of a key', [label('env=prod'), label('env=dev')], HOSTS.slice(0, 4).map((h) => h.name)],
    ['two keys', [label('role=web'), label('env=prod')], ['web-prod']],
    [
      'two keys, one with two labels',
      [label('role=web'), label('role=db'), label('env=dev')],
      ['web-dev', 'db-dev'],
    ],
    ['All Workloads', [everybody], HOSTS.map(({ name }) => name)],
  ])('%s: or within a key, and across keys (PS-1)', (_, consumers, names) => {
    expect(reaching(consumers)).toEqual(names);
  });

  test.each<[string, Actor[], string[]]>([
    ['one label', [allBut('role=web')], ['db-prod', 'db-dev', 'bare']],
    ['a label of another key', [label('env=prod'), allBut('role=web')], ['db-prod']],
    ['the label that is included', [label('role=web'), allBut('role=web')], []],
    [
      'one of those included',
      [label('role=web'), label('role=db'), allBut('role=db')],
      ['web-prod', 'web-dev'],
    ],
  ])('all but %s (PS-5)', (_, consumers, names) => {
    expect(reaching(consumers)).toEqual(names);
  });

  test('All Workloads beside labels is everybody still, also beside excluded ones (PS-11)', () => {
    const all = HOSTS.map(({ name }) => name);
    expect(reaching([everybody, label('role=web')])).toEqual(all);
    expect(reaching([everybody, allBut('role=web')])).toEqual(all);
  });
});

describe('label groups', () => {
  const aGroup = (name: string, labels: readonly string[], subGroups: readonly string[] = []) => ({
    href: `/label_groups/${name}`,
    name,
    key: 'role',
    labels: labels.map((text) => `/labels/${text}`),
    subGroups: subGroups.map((sub) => `/label_groups/${sub}`),
  });
  const labelGroups = [
    aGroup('front', ['role=web']),
    aGroup('outer', [], ['middle']),
    aGroup('middle', ['role=db'], ['front']),
    aGroup('nobody', []),
    aGroup('ring', ['role=web'], ['ring']),
  ];

  test.each<[string, Actor[], string[]]>([
    ['its labels', [group('front')], ['web-prod', 'web-dev']],
    ['groups within groups', [group('outer')], ['web-prod', 'web-dev', 'db-prod', 'db-dev']],
    ['nobody when it is empty', [group('nobody')], []],
    ['its labels once, were it within itself', [group('ring')], ['web-prod', 'web-dev']],
    ['its labels among those of its key', [group('front'), label('env=dev')], ['web-dev']],
  ])('a group stands for %s (PS-12)', (_, consumers, names) => {
    expect(reaching(consumers, { labelGroups })).toEqual(names);
  });

  test('an excluded group takes all its labels out (PS-5)', () => {
    const names = ['db-prod', 'db-dev', 'bare'];
    expect(reaching([allButGroup('front')], { labelGroups })).toEqual(names);
    expect(reaching([allButGroup('outer')], { labelGroups })).toEqual(['bare']);
  });
});

describe('what a side names', () => {
  test('is added to what its labels select (PS-2)', () => {
    const names = ['web-prod', 'web-dev', 'bare'];
    expect(reaching([label('role=web'), workload('bare')])).toEqual(names);
    const ipLists = [anIpList('Other', ['192.0.2.0/24'])];
    expect(reaching([label('role=web'), ipList('Other')], { ipLists })).toEqual(names.slice(0, 2));
  });

  test('an unmanaged workload is a peer by address and labels, and has no say (PS-15)', () => {
    const printer = aWorkload('printer', ['role=printer'], '10.0.3.1', { type: 'unmanaged' });
    const rule = aRule('print', { providers: [label('role=printer')], consumers: [everybody] });
    const back = aRule('scan', { providers: [workload('target')], consumers: [everybody] });
    const model = aPolicy({ workloads: [printer, TARGET], ruleSets: [aRuleSet([rule, back])] });
    expect(verdict(model, { from: 'target', to: 'printer' })).toBe('allowed (rule print, -)');
    expect(verdict(model, { from: 'printer', to: 'target' })).toBe('allowed (-, rule scan)');
    expect(verdict(model, { from: 'printer', to: '192.0.2.1' })).toBe('allowed (-, -)');
  });

  test.each<[string, Actor]>([
    ['as an IP list', ipList('Printers')],
    ['as a workload', workload('printer')],
    ['by its label', label('role=printer')],
  ])('an unmanaged provider is reached alike %s (FR-14)', (_, provider) => {
    const printer = aWorkload('printer', ['role=printer'], '10.0.3.1', { type: 'unmanaged' });
    const model = aPolicy({
      workloads: [printer, TARGET],
      ipLists: [anIpList('Printers', ['10.0.3.1'])],
      ruleSets: [aRuleSet([aRule('print', { providers: [provider], consumers: [everybody] })])],
    });
    const asked = { from: 'target', to: 'printer' };
    expect(verdict(model, asked)).toBe('allowed (rule print, -)');
    expect(verdict(model, { ...asked, port: 444 })).toBe('blocked (default, -)');
  });

  test('a side that is nobody lets nothing pass, and a disabled rule or ruleset neither (PS-6)', () => {
    expect(reaching([label('role=none')])).toEqual([]);
    expect(reaching([workload('gone')])).toEqual([]);
    expect(reaching([everybody], {}, { enabled: false })).toEqual([]);
    const rule = aRule('rule', { providers: [everybody], consumers: [everybody] });
    expect(reaching([], { ruleSets: [aRuleSet([rule], { enabled: false })] })).toEqual([]);
  });
});

describe('IP lists', () => {
  test('are addresses and make nobody a provider, also where they hold its address (PS-7)', () => {
    const rule = aRule('rule', {
      providers: [ipList('Inside')],
      consumers: [label('role=target')],
    });
    const model = aPolicy({
      workloads: [...HOSTS, TARGET],
      ipLists: [anIpList('Inside', ['10.0.0.0/24'])],
      ruleSets: [aRuleSet([rule])],
    });
    expect(verdict(model, { from: 'target', to: 'bare' })).toBe('blocked (rule rule, default)');
  });

  test('exclusions subtract from their own list and from no other (PS-7)', () => {
    const ipLists = [
      anIpList('Most', ['10.0.0.1-10.0.0.4', '!10.0.0.2', '!10.0.0.3']),
      anIpList('One', ['10.0.0.3']),
    ];
    const rule = (...names: string[]) =>
      aRule('rule', { providers: [label('role=target')], consumers: names.map(ipList) });
    const model = (...names: string[]) =>
      aPolicy({ workloads: [TARGET], ipLists, ruleSets: [aRuleSet([rule(...names)])] });
    const held = (names: string[]) =>
      ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].filter(
        (from) => verdict(model(...names), { from, to: 'target' }) === 'allowed (-, rule rule)',
      );
    expect(held(['Most'])).toEqual(['10.0.0.1', '10.0.0.4']);
    expect(held(['Most', 'One'])).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.4']);
  });

  const NAMES = anIpList('Vendors', ['192.0.2.0/24', '!192.0.2.9'], ['*.Example.com', 'one.net']);
  const vendors = (side: 'providers' | 'consumers') => {
    const target = [label('role=target')];
    const list = [ipList('Vendors')];
    const sides =
      side === 'providers'
        ? { providers: list, consumers: target }
        : { providers: target, consumers: list };
    return aPolicy({
      workloads: [TARGET],
      ipLists: [NAMES],
      ruleSets: [aRuleSet([aRule('rule', sides)])],
    });
  };

  test.each([
    ['a name below a suffix', 'a.example.com', true],
    ['a name far below it', 'b.a.EXAMPLE.com', true],
    ['the suffix itself', 'example.com', false],
    ['a name that only ends alike', 'badexample.com', false],
    ['an exact name, as resolvers write it', 'ONE.net.', true],
    ['a name below an exact one', 'a.one.net', false],
  ])('%s (PS-8)', (_, fqdn, allowed) => {
    const asked = { from: 'target', to: '198.51.100.1', destination: { fqdn } };
    const wanted = allowed ? 'allowed (rule rule, -)' : 'blocked (default, -)';
    expect(verdict(vendors('providers'), asked)).toBe(wanted);
  });

  test('exclusions do not count for what a name resolves to (PS-8)', () => {
    const asked = { from: 'target', to: '192.0.2.9' };
    expect(verdict(vendors('providers'), asked)).toBe('blocked (default, -)');
    const named = { ...asked, destination: { fqdn: 'a.example.com' } };
    expect(verdict(vendors('providers'), named)).toBe('allowed (rule rule, -)');
  });

  test('names count on the provider side alone (PS-8)', () => {
    const asked = { from: '198.51.100.1', to: 'target', source: { fqdn: 'a.example.com' } };
    expect(verdict(vendors('consumers'), asked)).toBe('blocked (-, default)');
  });
});

describe('virtual services', () => {
  const virtualServices = [
    aVirtualService('front', {
      service: { ports: [tcp(8443)] },
      labels: ['/labels/role=web'],
      workloads: ['/workloads/db-prod'],
      addresses: ['198.51.100.7'],
    }),
  ];
  const policy = (changes: Pick<Rule, 'providers' | 'consumers'> & Partial<Rule>) =>
    aPolicy({
      workloads: [...HOSTS, TARGET],
      virtualServices,
      ruleSets: [aRuleSet([aRule('rule', changes)])],
    });

  test('as provider on its own service, by its bound workloads and its addresses (PS-9)', () => {
    const model = policy({ providers: [virtualService('front')], consumers: [workload('target')] });
    const at = (to: string, port: number) => verdict(model, { from: 'target', to, port });
    expect(at('db-prod', 8443)).toBe('allowed (rule rule, rule rule)');
    expect(at('198.51.100.7', 8443)).toBe('allowed (rule rule, -)');
    expect(at('db-prod', 443)).toBe('blocked (default, default)');
    expect(at('web-prod', 8443)).toBe('blocked (default, default)');
  });

  test('as consumer on the service of the rule (PS-9)', () => {
    const model = policy({ providers: [workload('target')], consumers: [virtualService('front')] });
    const from = (name: string) => verdict(model, { from: name, to: 'target' });
    expect(from('db-prod')).toBe('allowed (rule rule, rule rule)');
    expect(from('198.51.100.7')).toBe('allowed (-, rule rule)');
    expect(from('web-prod')).toBe('blocked (default, default)');
  });

  test.each<[Rule['resolveLabelsAs']['providers'], string, string]>([
    [['workloads'], 'allowed', 'blocked'],
    [['virtual_services'], 'blocked', 'allowed'],
    [['workloads', 'virtual_services'], 'allowed', 'allowed'],
  ])('labels that stand for %s (PS-13)', (providers, byWorkload, byVirtualService) => {
    const model = policy({
      providers: [label('role=web')],
      consumers: [workload('target')],
      resolveLabelsAs: { providers, consumers: ['workloads'] },
    });
    const at = (to: string, port: number) =>
      verdict(model, { from: 'target', to, port }).split(' ')[0];
    expect(at('web-prod', 443)).toBe(byWorkload);
    expect(at('db-prod', 8443)).toBe(byVirtualService);
    expect(at('db-prod', 443)).toBe('blocked');
  });

  test('what is named stands for itself, whatever labels stand for (PS-13)', () => {
    const model = policy({
      providers: [workload('bare')],
      consumers: [workload('target')],
      resolveLabelsAs: { providers: ['virtual_services'], consumers: ['virtual_services'] },
    });
    expect(verdict(model, { from: 'target', to: 'bare' })).toBe('allowed (rule rule, rule rule)');
  });
});
