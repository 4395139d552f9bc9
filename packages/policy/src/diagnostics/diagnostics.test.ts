import { describe, expect, test } from 'vitest';
import { DEFAULT_FIREWALL_SETTINGS, type PolicyModel } from '../index.ts';
import { DIAGNOSTIC_CODES, type DiagnosticCode } from './diagnostic.ts';
import { diagnose } from './diagnose.ts';
import {
  boundary,
  DB,
  found,
  host,
  ipList,
  label,
  LAPTOP,
  list,
  model,
  named,
  nic,
  range,
  rule,
  ruleSet,
  tcp,
  UNMANAGED,
  WEB,
} from './testing/models.ts';

interface Case {
  readonly name: string;
  readonly code: DiagnosticCode;
  readonly broken: Partial<PolicyModel>;
  readonly place: { readonly href: string; readonly field: string | null };
  /** Words that the message must hold. */
  readonly says: readonly string[];
  readonly repaired: Partial<PolicyModel>;
}

const OUT = rule('out', { providers: [ipList('list')] });
const VPN = rule('vpn', {
  providers: [label('role=web')],
  consumers: [label('role=db')],
  useWorkloadSubnets: ['providers'],
});
const ON_VPN = { ...WEB, interfaces: [nic('10.8.0.7', 32)] };
const MANY = Array.from({ length: 50 }, (_, at) =>
  host(`srv${at}`, ['role=db'], { interfaces: [nic(`10.1.0.${at + 1}`, 24)] }),
);

const CASES: readonly Case[] = [
  {
    name: 'a rule whose providers no workload is (PS-6)',
    code: 'rule_matches_nobody',
    broken: { workloads: [WEB], ruleSets: [ruleSet([rule('sql')])] },
    place: { href: 'sql', field: 'providers' },
    says: ['"sql"', '"shop"', 'provider'],
    repaired: { ruleSets: [ruleSet([rule('sql')])] },
  },
  {
    name: 'a rule whose consumers are an empty label group (PS-6)',
    code: 'rule_matches_nobody',
    broken: {
      labelGroups: [{ href: 'group', name: 'fronts', key: 'role', labels: [], subGroups: [] }],
      ruleSets: [
        ruleSet([
          rule('sql', { consumers: [{ kind: 'label_group', href: 'group', exclusion: false }] }),
        ]),
      ],
    },
    place: { href: 'sql', field: 'consumers' },
    says: ['consumer'],
    repaired: {
      labelGroups: [
        { href: 'group', name: 'fronts', key: 'role', labels: ['role=web'], subGroups: [] },
      ],
      ruleSets: [
        ruleSet([
          rule('sql', { consumers: [{ kind: 'label_group', href: 'group', exclusion: false }] }),
        ]),
      ],
    },
  },
  {
    name: 'a rule between workloads without a VEN (PS-10)',
    code: 'rule_matches_nobody',
    broken: {
      workloads: [
        { ...WEB, ...UNMANAGED },
        { ...DB, ...UNMANAGED },
      ],
      ruleSets: [ruleSet([rule('sql')])],
    },
    place: { href: 'sql', field: null },
    says: ['VEN'],
    repaired: { workloads: [{ ...WEB, ...UNMANAGED }, DB], ruleSets: [ruleSet([rule('sql')])] },
  },
  {
    name: 'a rule that a wider one covers',
    code: 'rule_shadowed',
    broken: {
      ruleSets: [
        ruleSet([
          rule('sql'),
          rule('wide', {
            consumers: [{ kind: 'ams' }],
            ingressServices: [{ port: { ...tcp(5000), toPort: 6000 } }],
          }),
        ]),
      ],
    },
    place: { href: 'sql', field: null },
    says: ['"sql"', '"wide"'],
    repaired: {
      ruleSets: [
        ruleSet([
          rule('sql'),
          rule('wide', {
            consumers: [{ kind: 'ams' }],
            ingressServices: [{ port: { ...tcp(5000), toPort: 5400 } }],
          }),
        ]),
      ],
    },
  },
  {
    name: 'a scope without workloads (PS-4)',
    code: 'scope_empty',
    broken: {
      ruleSets: [
        ruleSet([], { scopes: [[label('env=prod')], [label('env=test'), label('role=db')]] }),
      ],
    },
    place: { href: 'rs', field: 'scopes[1]' },
    says: ['test | db', '"shop"'],
    repaired: {
      workloads: [WEB, DB, host('db2', ['role=db', 'env=test'])],
      ruleSets: [
        ruleSet([], { scopes: [[label('env=prod')], [label('env=test'), label('role=db')]] }),
      ],
    },
  },
  {
    name: 'a boundary whose provider is unmanaged (PS-40)',
    code: 'boundary_without_effect',
    broken: {
      workloads: [WEB, host('printer', [], UNMANAGED)],
      enforcementBoundaries: [boundary({ providers: [named('printer'), label('role=web')] })],
    },
    place: { href: 'eb', field: 'providers[0]' },
    says: ['"printer"', 'unmanaged'],
    repaired: {
      workloads: [WEB, host('printer', [], UNMANAGED)],
      ipLists: [list({ ranges: [range('10.0.0.9')] })],
      enforcementBoundaries: [boundary({ providers: [ipList('list'), label('role=web')] })],
    },
  },
  {
    name: 'a boundary towards names only (R-POL-8)',
    code: 'boundary_without_effect',
    broken: {
      ipLists: [list({ ranges: [], fqdns: ['*.example.com'] })],
      enforcementBoundaries: [boundary({ providers: [ipList('list')] })],
    },
    place: { href: 'eb', field: 'providers' },
    says: ['names only'],
    repaired: {
      ipLists: [list({ fqdns: ['*.example.com'] })],
      enforcementBoundaries: [boundary({ providers: [ipList('list')] })],
    },
  },
  {
    name: 'a boundary that drops names (R-POL-8)',
    code: 'fqdn_dropped',
    broken: {
      ipLists: [list({ fqdns: ['*.example.com'] })],
      enforcementBoundaries: [boundary({ providers: [ipList('list')] })],
    },
    place: { href: 'eb', field: 'providers[0]' },
    says: ['"partners"', '*.example.com'],
    repaired: {
      ipLists: [list({})],
      enforcementBoundaries: [boundary({ providers: [ipList('list')] })],
    },
  },
  {
    name: 'a rule whose consumers are named by FQDN (PS-8)',
    code: 'fqdn_dropped',
    broken: {
      ipLists: [list({ fqdns: ['a.example.com'] })],
      ruleSets: [ruleSet([rule('in', { consumers: [label('role=web'), ipList('list')] })])],
    },
    place: { href: 'in', field: 'consumers[1]' },
    says: ['a.example.com', 'providers only'],
    repaired: {
      ipLists: [list({})],
      ruleSets: [ruleSet([rule('in', { consumers: [label('role=web'), ipList('list')] })])],
    },
  },
  {
    name: 'a broad rule with endpoints (R-POL-4)',
    code: 'broad_rule_with_endpoints',
    broken: { workloads: [LAPTOP, ...MANY], ruleSets: [ruleSet([rule('sql')])] },
    place: { href: 'sql', field: 'consumers' },
    says: ['1 endpoint', '50 servers'],
    repaired: {
      workloads: [LAPTOP, ...MANY],
      ruleSets: [ruleSet([rule('sql', { useWorkloadSubnets: ['consumers'] })])],
    },
  },
  {
    name: 'Use Workload Subnets on a side without labels (PS-23)',
    code: 'use_workload_subnets_without_labels',
    broken: {
      ruleSets: [
        ruleSet([rule('sql', { consumers: [named('web')], useWorkloadSubnets: ['consumers'] })]),
      ],
    },
    place: { href: 'sql', field: 'consumers' },
    says: ['Use Workload Subnets', 'consumers'],
    repaired: { ruleSets: [ruleSet([rule('sql', { useWorkloadSubnets: ['consumers'] })])] },
  },
  {
    name: 'an exclusion beside All Workloads (PS-11)',
    code: 'exclusion_beside_all_workloads',
    broken: {
      ruleSets: [
        ruleSet([
          rule('sql', { consumers: [{ kind: 'ams' }, { ...label('role=db'), exclusion: true }] }),
        ]),
      ],
    },
    place: { href: 'sql', field: 'consumers' },
    says: ['All Workloads', 'consumers'],
    repaired: {
      ruleSets: [ruleSet([rule('sql', { consumers: [{ ...label('role=db'), exclusion: true }] })])],
    },
  },
  {
    name: 'a rule for Non-Corporate Networks among servers (PS-30)',
    code: 'non_brn_rule_without_endpoints',
    broken: { ipLists: [list({})], ruleSets: [ruleSet([{ ...OUT, networkType: 'non_brn' }])] },
    place: { href: 'out', field: 'networkType' },
    says: ['Non-Corporate', '22.3.0'],
    repaired: {
      workloads: [LAPTOP, DB],
      ipLists: [list({})],
      ruleSets: [ruleSet([{ ...OUT, networkType: 'non_brn' }])],
    },
  },
  {
    name: 'a boundary for Non-Corporate Networks whose endpoints have an old VEN (PS-32)',
    code: 'non_brn_rule_without_endpoints',
    broken: {
      workloads: [{ ...LAPTOP, venVersion: '22.2.30' }],
      ipLists: [list({})],
      enforcementBoundaries: [boundary({ providers: [ipList('list')], networkType: 'non_brn' })],
    },
    place: { href: 'eb', field: 'networkType' },
    says: ['22.3.0'],
    repaired: {
      workloads: [LAPTOP],
      ipLists: [list({})],
      enforcementBoundaries: [boundary({ providers: [ipList('list')], networkType: 'non_brn' })],
    },
  },
  {
    name: 'a service without ports',
    code: 'service_empty',
    broken: { services: [{ href: 'svc', name: 'nothing', ports: [] }] },
    place: { href: 'svc', field: 'ports' },
    says: ['"nothing"'],
    repaired: { services: [{ href: 'svc', name: 'nothing', ports: [tcp(1)] }] },
  },
  {
    name: 'ranges of an IP list that overlap',
    code: 'ip_list_overlap',
    broken: {
      ipLists: [list({ ranges: [range('10.0.0.64'), range('10.1.0.0/16'), range('10.0.0.0/24')] })],
    },
    place: { href: 'list', field: 'ranges[0]' },
    says: ['10.0.0.64 lies within 10.0.0.0/24'],
    repaired: { ipLists: [list({ ranges: [range('10.1.0.0/16'), range('10.0.0.0/24')] })] },
  },
  {
    name: 'an IP list that covers much of the Internet',
    code: 'ip_list_huge',
    broken: { ipLists: [list({ ranges: [range('64.0.0.0/2')] })] },
    place: { href: 'list', field: 'ranges' },
    says: ['64 times', '/8'],
    repaired: { ipLists: [list({ ranges: [range('0.0.0.0/0'), range('::/0')] })] },
  },
  {
    name: 'an IP list of which its exclusions leave nothing (PS-7)',
    code: 'ip_list_empty',
    broken: { ipLists: [list({ ranges: [range('10.0.0.0/24'), range('10.0.0.0/16', true)] })] },
    place: { href: 'list', field: 'ranges' },
    says: ['exclusions'],
    repaired: { ipLists: [list({ ranges: [range('10.0.0.0/24'), range('10.0.0.0/25', true)] })] },
  },
  {
    name: 'a label group whose sub group is empty',
    code: 'label_group_empty',
    broken: {
      labelGroups: [
        { href: 'all', name: 'all', key: 'role', labels: [], subGroups: ['none'] },
        { href: 'none', name: 'none', key: 'role', labels: [], subGroups: [] },
      ],
    },
    place: { href: 'all', field: 'labels' },
    says: ['"all"'],
    repaired: {
      labelGroups: [
        { href: 'all', name: 'all', key: 'role', labels: [], subGroups: ['none'] },
        { href: 'none', name: 'none', key: 'role', labels: ['role=db'], subGroups: [] },
      ],
    },
  },
  {
    name: 'a prefix that is refused as a subnet (PS-23)',
    code: 'subnet_too_large',
    broken: { workloads: [{ ...WEB, interfaces: [nic('10.0.0.1', 0)] }] },
    place: { href: 'web', field: 'interfaces[0].addresses[0]' },
    says: ['eth0', '10.0.0.1/0', '/8'],
    repaired: { workloads: [{ ...WEB, interfaces: [nic('10.0.0.1', 8)] }] },
  },
  {
    name: 'a host prefix that is in no VPN pool (PS-24)',
    code: 'host_prefix_without_pool',
    broken: { workloads: [ON_VPN, DB], ruleSets: [ruleSet([VPN])] },
    place: { href: 'vpn', field: 'providers' },
    says: ['1 workload', 'web', 'VPN pool'],
    repaired: {
      workloads: [ON_VPN, DB],
      ruleSets: [ruleSet([VPN])],
      firewallSettings: { ...DEFAULT_FIREWALL_SETTINGS, vpnPools: ['10.8.0.0/16'] },
    },
  },
  {
    name: 'an address of two online workloads',
    code: 'duplicate_address',
    broken: { workloads: [WEB, { ...DB, interfaces: WEB.interfaces }] },
    place: { href: 'web', field: 'interfaces[0].addresses[0]' },
    says: ['"web"', '"db"', '2 online workloads'],
    repaired: { workloads: [WEB, { ...DB, online: false, interfaces: WEB.interfaces }] },
  },
];

describe('a diagnostic is there, says where, and goes with its remedy:', () => {
  test.each(CASES)('$code: $name', ({ code, broken, place, says, repaired }) => {
    const items = found(broken, code);
    const item = items.find(
      (one) => one.place.href === place.href && one.place.field === place.field,
    );
    expect(item, JSON.stringify(items)).toBeDefined();
    for (const words of says) expect(item?.message).toContain(words);
    expect(item?.message).toMatch(/\.$/);
    expect(item?.remedy).toMatch(/^[A-Z].*\.$/);
    expect(found(repaired, code)).toEqual([]);
  });

  test('each code has a case', () => {
    expect(new Set(CASES.map(({ code }) => code))).toEqual(new Set(DIAGNOSTIC_CODES));
  });
});

test('what is disabled is passed over', () => {
  const off = { enabled: false };
  const nobody = { providers: [named('gone')] };
  expect(
    diagnose(
      model({
        ruleSets: [
          ruleSet([rule('a', { ...nobody, ...off })]),
          ruleSet([rule('b', nobody)], { ...off, href: 'rs2', scopes: [[label('env=test')]] }),
        ],
        enforcementBoundaries: [boundary({ ...nobody, ...off })],
      }),
    ),
  ).toEqual([]);
});

test('a workload that is idle, suspended or offline makes no finding', () => {
  const states = [{ enforcementMode: 'idle' }, { suspended: true }, { online: false }] as const;
  for (const state of states) {
    const workloads = [WEB, DB].map((item) => ({ ...item, ...state }));
    expect(diagnose(model({ workloads, ruleSets: [ruleSet([rule('sql')])] }))).toEqual([]);
  }
});
