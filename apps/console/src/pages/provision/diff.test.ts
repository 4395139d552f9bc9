import { expect, test } from 'vitest';
import { FIREWALL_SETTINGS as SETTINGS } from '../settings/testing/firewall-settings.ts';
import { diffLines } from './diff.ts';

const label = (id: number, value: string) => ({
  label: { href: `/orgs/1/labels/${id}`, key: 'role', value },
});
function rule(id: number, version: string, changes: object = {}) {
  return {
    href: `/orgs/1/sec_policy/${version}/rule_sets/1/sec_rules/${id}`,
    enabled: true,
    consumers: [label(1, 'Sales')],
    providers: [label(2, 'Print Server')],
    ingress_services: [{ href: `/orgs/1/sec_policy/${version}/services/1`, name: 'Print' }],
    network_type: 'brn',
    use_workload_subnets: [],
    stateless: false,
    unscoped_consumers: false,
    ...changes,
  };
}
const set = (rules: object[], changes: object = {}) => ({
  name: 'Printing',
  enabled: true,
  scopes: [[]],
  rules,
  ...changes,
});

test('the same rule in draft and active is no difference', () => {
  expect(diffLines('rule_sets', set([rule(1, 'active')]), set([rule(1, 'draft')]))).toEqual([]);
});

test('a changed rule is a minus and a plus, with its number', () => {
  const lines = diffLines(
    'rule_sets',
    set([rule(1, 'active')]),
    set([rule(1, 'draft', { use_workload_subnets: ['consumers'] })]),
  );
  expect(lines.map((line) => [line.sign, line.number])).toEqual([
    ['-', 1],
    ['+', 1],
  ]);
  expect(lines[1]?.sentence?.subnets).toEqual(['consumers']);
});

test('a rule that is deleted in draft is a minus alone', () => {
  const lines = diffLines(
    'rule_sets',
    set([rule(1, 'active'), rule(2, 'active', { stateless: true })]),
    set([rule(1, 'draft'), rule(2, 'draft', { update_type: 'delete' })]),
  );
  expect(lines.map((line) => [line.sign, line.number])).toEqual([['-', 2]]);
});

test('a new ruleset is all plus, a deleted one all minus', () => {
  expect(
    new Set(diffLines('rule_sets', null, set([rule(1, 'draft')])).map((line) => line.sign)),
  ).toEqual(new Set(['+']));
  expect(
    new Set(diffLines('rule_sets', set([rule(1, 'active')]), null).map((line) => line.sign)),
  ).toEqual(new Set(['-']));
});

test('an IP list shows the entries that come and go', () => {
  const list = (...from: string[]) => ({
    name: 'Branches',
    ip_ranges: from.map((from_ip) => ({ from_ip, exclusion: false })),
    fqdns: [],
  });
  expect(
    diffLines('ip_lists', list('10.1.0.0/16', '10.2.0.0/16'), list('10.2.0.0/16', '10.3.0.0/16')),
  ).toEqual([
    { sign: '-', text: '10.1.0.0/16' },
    { sign: '+', text: '10.3.0.0/16' },
  ]);
});

test('iptables statements of a ruleset come and go as lines, with their hosts', () => {
  const raw = (parameters: string) => ({
    enabled: true,
    ip_version: '4',
    statements: [{ table_name: 'filter', chain_name: 'INPUT', parameters }],
    actors: [{ actors: 'ams' }],
    update_type: null,
  });
  expect(
    diffLines(
      'rule_sets',
      set([], { ip_tables_rules: [raw('-p tcp -j DROP')] }),
      set([], { ip_tables_rules: [raw('-p udp -j DROP')] }),
    ),
  ).toEqual([
    { sign: '-', text: 'iptables -t filter -A INPUT -p tcp -j DROP on All Workloads' },
    { sign: '+', text: 'iptables -t filter -A INPUT -p udp -j DROP on All Workloads' },
  ]);
});

test('firewall settings say labels of a scope by name', () => {
  const scope = [{ href: '/orgs/1/labels/5' }];
  const shared = [{ scope, illumio_primary: true, workload_mode: null }];
  expect(
    diffLines(
      'firewall_settings',
      { ...SETTINGS, firewall_coexistence: [] },
      { ...SETTINGS, firewall_coexistence: shared, ipv6_mode: 'block_all' },
      () => 'Application CRM',
    ),
  ).toEqual([
    { sign: '-', text: 'IPv6: By the policy, like IPv4' },
    { sign: '+', text: 'IPv6: Block all IPv6' },
    { sign: '+', text: 'Coexistence 1: Application CRM: Illumio Core is Primary Firewall' },
  ]);
});
