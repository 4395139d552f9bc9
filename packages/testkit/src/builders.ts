/** Policies by hand, for tests that say one thing: short names in, complete objects out. */
import {
  ALL_TRAFFIC,
  DEFAULT_FIREWALL_SETTINGS,
  type Actor,
  type EnforcementBoundary,
  type IpList,
  type Label,
  type PolicyModel,
  type Rule,
  type RuleSet,
  type ScopeEntry,
  type ServicePort,
  type VirtualService,
  type Workload,
  type WorkloadInterface,
} from '@bulkhead/policy';

/** Everything on a side or in a scope by its name; a label is `key=value`. */
export const named = {
  everybody: { kind: 'ams' } satisfies Actor,
  label: (text: string): ScopeEntry => entry('label', `/labels/${text}`, false),
  allBut: (text: string): ScopeEntry => entry('label', `/labels/${text}`, true),
  group: (name: string): ScopeEntry => entry('label_group', `/label_groups/${name}`, false),
  allButGroup: (name: string): ScopeEntry => entry('label_group', `/label_groups/${name}`, true),
  workload: (name: string): Actor => ({ kind: 'workload', href: `/workloads/${name}` }),
  ipList: (name: string): Actor => ({ kind: 'ip_list', href: `/ip_lists/${name}` }),
  virtualService: (name: string): Actor => ({
    kind: 'virtual_service',
    href: `/virtual_services/${name}`,
  }),
};

function entry(kind: ScopeEntry['kind'], href: string, exclusion: boolean): ScopeEntry {
  return { kind, href, exclusion };
}

export function tcp(port: number, toPort: number | null = null): ServicePort {
  return { ...ALL_TRAFFIC, protocol: 6, port, toPort };
}

/** `ADDRESS` or `ADDRESS/PREFIX`; without a prefix /24 and /64. */
export function anInterface(
  addresses: readonly string[],
  changes: Partial<WorkloadInterface> = {},
): WorkloadInterface {
  return {
    name: 'eth0',
    addresses: addresses.map((text) => {
      const [address = '', length] = text.split('/');
      return { address, prefixLength: Number(length ?? (address.includes(':') ? 64 : 24)) };
    }),
    gateway: null,
    linkState: 'up',
    networkProfile: 'corporate',
    ...changes,
  };
}

/** A server of Linux in full enforcement at one address, with labels such as `role=web`. */
export function aWorkload(
  name: string,
  labels: readonly string[],
  address: string,
  changes: Partial<Workload> = {},
): Workload {
  return {
    href: `/workloads/${name}`,
    name,
    type: 'server',
    labels: labels.map((text) => `/labels/${text}`),
    enforcementMode: 'full',
    visibilityLevel: 'flow_summary',
    blockedConnectionAction: 'drop',
    venVersion: changes.type === 'unmanaged' ? null : '23.2.0',
    online: true,
    suspended: false,
    osFamily: changes.type === 'unmanaged' ? null : 'linux',
    interfaces: [anInterface([address])],
    ...changes,
  };
}

/** An IP list; a range with `!` in front is an exclusion. */
export function anIpList(
  name: string,
  ranges: readonly string[],
  fqdns: readonly string[] = [],
): IpList {
  return {
    href: `/ip_lists/${name}`,
    name,
    ranges: ranges.map((text) => {
      const [from = '', to = null] = text.replace('!', '').split('-');
      return { from, to, exclusion: text.startsWith('!') };
    }),
    fqdns,
  };
}

export function aVirtualService(
  name: string,
  changes: Partial<VirtualService> & Pick<VirtualService, 'service'>,
): VirtualService {
  return {
    href: `/virtual_services/${name}`,
    name,
    labels: [],
    workloads: [],
    addresses: [],
    ...changes,
  };
}

type Sides = Pick<Rule, 'providers' | 'consumers'>;

/** A rule for TCP 443 by its name. */
export function aRule(name: string, changes: Partial<Rule> & Sides): Rule {
  return {
    href: `/rule_sets/1/sec_rules/${name}`,
    name,
    version: 1,
    enabled: true,
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

/** A boundary for TCP 443 by its name. */
export function aBoundary(
  name: string,
  changes: Partial<EnforcementBoundary> & Sides,
): EnforcementBoundary {
  return {
    href: `/enforcement_boundaries/${name}`,
    name,
    version: 1,
    enabled: true,
    ingressServices: [{ port: tcp(443) }],
    networkType: 'brn',
    ...changes,
  };
}

/** A ruleset with the rules, in no scope. */
export function aRuleSet(rules: readonly Rule[], changes: Partial<RuleSet> = {}): RuleSet {
  return {
    href: '/rule_sets/1',
    name: 'Access',
    enabled: true,
    scopes: [],
    rules,
    ipTablesRules: [],
    ...changes,
  };
}

/** A policy of these objects; every label that one of them names exists, unless `labels` says which do. */
export function aPolicy(parts: Partial<PolicyModel>): PolicyModel {
  const names = JSON.stringify(parts).matchAll(/"\/labels\/([^"=]+)=([^"]+)"/g);
  const labels = new Map<string, Label>();
  for (const [, key = '', value = ''] of names) {
    labels.set(`${key}=${value}`, { href: `/labels/${key}=${value}`, key, value });
  }
  return {
    labels: [...labels.values()],
    labelGroups: [],
    workloads: [],
    ipLists: [],
    services: [],
    virtualServices: [],
    ruleSets: [],
    enforcementBoundaries: [],
    firewallSettings: DEFAULT_FIREWALL_SETTINGS,
    ...parts,
  };
}
