import { describe, expect, test } from 'vitest';
import {
  ALL_TRAFFIC,
  DEFAULT_FIREWALL_SETTINGS,
  createPolicyCore,
  normalizeServices,
  servicesMatch,
  type PolicyModel,
  type Rule,
  type ServicePort,
  type Workload,
} from './index.ts';

const LABELS = ['laptop', 'server'].map((value) => ({
  href: `/labels/${value}`,
  key: 'role',
  value,
}));
const label = (value: string) =>
  ({ kind: 'label', href: `/labels/${value}`, exclusion: false }) as const;

function aWorkload(name: string, role: string, addresses: readonly string[]): Workload {
  return {
    href: `/workloads/${name}`,
    name,
    type: role === 'laptop' ? 'endpoint' : 'server',
    labels: [`/labels/${role}`],
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
        addresses: addresses.map((address) => ({
          address,
          prefixLength: address.includes(':') ? 64 : 24,
        })),
        gateway: null,
        linkState: 'up',
        networkProfile: 'corporate',
      },
    ],
  };
}

function aRule(changes: Partial<Rule> = {}): Rule {
  return {
    href: '/rule_sets/1/sec_rules/1',
    name: 'laptops to servers',
    version: 1,
    enabled: true,
    providers: [label('server')],
    consumers: [label('laptop')],
    ingressServices: [{ port: tcp(443) }],
    resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
    consumingSecurityPrincipals: [],
    unscopedConsumers: false,
    useWorkloadSubnets: [],
    networkType: 'brn',
    stateless: false,
    ...changes,
  };
}

function tcp(port: number, toPort: number | null = null): ServicePort {
  return { ...ALL_TRAFFIC, protocol: 6, port, toPort };
}

function aModel(rules: readonly Rule[], workloads: readonly Workload[]): PolicyModel {
  return {
    labels: LABELS,
    labelGroups: [],
    workloads,
    ipLists: [],
    services: [],
    virtualServices: [],
    ruleSets: [
      { href: '/rule_sets/1', name: 'Access', enabled: true, scopes: [], rules, ipTablesRules: [] },
    ],
    enforcementBoundaries: [],
    firewallSettings: DEFAULT_FIREWALL_SETTINGS,
  };
}

const SERVER = aWorkload('server', 'server', ['10.1.0.10']);
const laptop = (number: number, address: string) =>
  aWorkload(`laptop-${number}`, 'laptop', [address]);

function put(workload: Workload) {
  return { type: 'workload', href: workload.href, value: workload } as const;
}

describe('a laptop that moves', () => {
  const two = [SERVER, laptop(1, '10.8.0.1'), laptop(2, '10.8.0.2')];

  test('changes one member of a set by address, and no policy', () => {
    const core = createPolicyCore(aModel([aRule()], two));
    const [id] = core.setsOf(SERVER.href);
    expect(core.apply([put(laptop(1, '10.8.0.77'))])).toEqual({
      policies: [],
      sets: [
        {
          id,
          addHosts: ['10.8.0.77'],
          removeHosts: ['10.8.0.1'],
          addRanges: [],
          removeRanges: [],
        },
      ],
    });
  });

  test('changes nothing at all within known subnets (R-POL-3)', () => {
    const rule = aRule({ useWorkloadSubnets: ['consumers'] });
    const core = createPolicyCore(aModel([rule], [...two, laptop(3, '10.9.0.3')]));
    expect(core.apply([put(laptop(1, '10.9.0.50'))])).toEqual({ policies: [], sets: [] });
  });

  test('opens a subnet as its first and closes it as its last (R-POL-3)', () => {
    const rule = aRule({ useWorkloadSubnets: ['consumers'] });
    const core = createPolicyCore(aModel([rule], two));
    const moved = core.apply([put(laptop(1, '10.9.0.1'))]);
    expect(moved.sets[0]).toMatchObject({ addRanges: ['10.9.0.0/24'], removeRanges: [] });
    const last = core.apply([put(laptop(2, '10.9.0.2'))]);
    expect(last.sets[0]).toMatchObject({ addRanges: [], removeRanges: ['10.8.0.0/24'] });
  });

  test('leaves every set when its interface turns external (R-NET-1, R-POL-11)', () => {
    const core = createPolicyCore(aModel([aRule()], two));
    const home = laptop(1, '10.8.0.1');
    const [first] = home.interfaces;
    if (first === undefined) throw new Error('the laptop has an interface');
    const roamed = { ...home, interfaces: [{ ...first, networkProfile: 'external' as const }] };
    const delta = core.apply([put(roamed)]);
    expect(delta.policies).toEqual([]);
    expect(delta.sets.map((set) => set.removeHosts)).toEqual([['10.8.0.1']]);
  });
});

describe('policy classes', () => {
  test('ten thousand equal laptops are one class with one policy', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      laptop(index, `10.${8 + (index >> 14)}.${(index >> 8) & 63}.${index & 255}`),
    );
    const core = createPolicyCore(aModel([aRule()], [SERVER, ...many]));
    expect(core.sizes()).toMatchObject({ workloads: 10_001, classes: 2, policies: 2 });
    const hashes = new Set(many.map(({ href }) => core.hostPolicy(href)?.hash));
    expect(hashes.size).toBe(1);
  });

  test('equal content has an equal hash, whichever way it came about', () => {
    const core = createPolicyCore(aModel([aRule()], [SERVER, laptop(1, '10.8.0.1')]));
    const hash = core.hostPolicy(SERVER.href)?.hash;
    const selective = { ...SERVER, enforcementMode: 'selective' as const };
    const delta = core.apply([put(selective)]);
    expect(delta.policies.map(({ workload }) => workload)).toEqual([SERVER.href]);
    expect(core.hostPolicy(SERVER.href)?.hash).not.toBe(hash);
    core.apply([put(SERVER)]);
    expect(core.hostPolicy(SERVER.href)?.hash).toBe(hash);
  });

  test('a workload that a rule names twice counts once, and leaves with the rule', () => {
    const named = { kind: 'workload', href: '/workloads/laptop-1' } as const;
    const rule = aRule({ consumers: [named, named] });
    const core = createPolicyCore(aModel([rule], [SERVER, laptop(1, '10.8.0.1')]));
    const [id = ''] = core.setsOf(SERVER.href);
    core.apply([put(laptop(1, '10.8.0.2'))]);
    expect(core.addressSet(id)?.hosts).toEqual(['10.8.0.2']);
  });

  test('an unmanaged or unknown workload has no policy', () => {
    const printer: Workload = { ...SERVER, type: 'unmanaged', venVersion: null };
    const core = createPolicyCore(aModel([aRule()], [printer]));
    expect(core.hostPolicy(printer.href)).toBeUndefined();
    expect(core.hostPolicy('/workloads/nobody')).toBeUndefined();
  });

  test('a policy names sets and origins, never peers', () => {
    const core = createPolicyCore(aModel([aRule()], [SERVER, laptop(1, '10.8.0.1')]));
    const policy = core.hostPolicy(SERVER.href);
    expect(policy?.rules).toEqual([
      {
        action: 'allow',
        direction: 'inbound',
        networkType: 'brn',
        peers: [expect.stringMatching(/^[a-z0-9_]{1,24}$/)],
        fqdns: [],
        services: [tcp(443)],
        stateless: false,
        principals: [],
        origin: { href: '/rule_sets/1/sec_rules/1', version: 1 },
      },
    ]);
    expect(JSON.stringify(policy)).not.toContain('10.8.0.1');
    expect(core.workloadsNaming(policy?.rules[0]?.peers[0] ?? '')).toEqual([SERVER.href]);
  });

  test('a rule whose label is on no workload is kept with an empty set, never "any"', () => {
    const core = createPolicyCore(aModel([aRule()], [SERVER]));
    const [id = ''] = core.setsOf(SERVER.href);
    expect(core.addressSet(id)).toEqual({ id, hosts: [], ranges: [] });
  });
});

describe('services', () => {
  test('are one list however they are written', () => {
    const written = [tcp(82), tcp(80, 81), tcp(443), tcp(81)];
    expect(normalizeServices(written)).toEqual([tcp(80, 82), tcp(443)]);
    expect(normalizeServices(written.toReversed())).toEqual([tcp(80, 82), tcp(443)]);
  });

  test('every port of a protocol, or every protocol, swallows the rest', () => {
    const allTcp = { ...ALL_TRAFFIC, protocol: 6 };
    expect(normalizeServices([tcp(22), allTcp])).toEqual([allTcp]);
    expect(normalizeServices([tcp(22), ALL_TRAFFIC, allTcp])).toEqual([ALL_TRAFFIC]);
  });

  test('two hundred single ports are two hundred entries (FR-12)', () => {
    const ports = Array.from({ length: 200 }, (_, index) => tcp(20_001 + 2 * index));
    const services = normalizeServices(ports);
    const open = (port: number) =>
      servicesMatch(services, { protocol: 6, port, icmpType: null, icmpCode: null });
    expect(services).toHaveLength(200);
    expect([open(20_001), open(20_002), open(20_399)]).toEqual([true, false, true]);
  });
});

describe('a wide range over single addresses (FR-7)', () => {
  test('the address stays allowed when the range goes away', () => {
    const lists = (ranges: readonly string[]) => ({
      href: '/ip_lists/1',
      name: 'Office',
      ranges: ranges.map((from) => ({ from, to: null, exclusion: false })),
      fqdns: [],
    });
    const rule = aRule({ consumers: [label('laptop'), { kind: 'ip_list', href: '/ip_lists/1' }] });
    const model = aModel([rule], [SERVER, laptop(1, '192.168.82.2')]);
    const core = createPolicyCore({ ...model, ipLists: [lists(['192.168.0.0/16'])] });
    core.apply([{ type: 'ip_list', href: '/ip_lists/1', value: lists(['198.51.100.0/24']) }]);
    const from = (address: string) =>
      core.decide({
        source: { workload: null, address, interfaceName: null, fqdn: null },
        destination: {
          workload: SERVER.href,
          address: '10.1.0.10',
          interfaceName: null,
          fqdn: null,
        },
        protocol: 6,
        port: 443,
        icmpType: null,
        icmpCode: null,
      }).inbound?.decision;
    expect(from('192.168.82.2')).toBe('allowed');
    expect(from('192.168.82.3')).toBe('blocked');
  });
});
