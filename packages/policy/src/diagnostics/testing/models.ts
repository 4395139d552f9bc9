/** A small shop as a model, for tests of diagnostics: a web server, a database, and what each test puts around them. */
import { ALL_TRAFFIC } from '../../services.ts';
import {
  DEFAULT_FIREWALL_SETTINGS,
  type EnforcementBoundary,
  type IpList,
  type PolicyModel,
  type Rule,
  type RuleSet,
  type ServicePort,
  type Workload,
} from '../../model.ts';
import { diagnose } from '../diagnose.ts';
import type { Diagnostic, DiagnosticCode } from '../diagnostic.ts';

const LABELS = ['role=web', 'role=db', 'env=prod', 'env=test'].map((href) => {
  const [key = '', value = ''] = href.split('=');
  return { href, key, value };
});
export const label = (href: string) => ({ kind: 'label', href, exclusion: false }) as const;
export const ipList = (href: string) => ({ kind: 'ip_list', href }) as const;
export const named = (href: string) => ({ kind: 'workload', href }) as const;
export const tcp = (port: number): ServicePort => ({ ...ALL_TRAFFIC, protocol: 6, port });
export const range = (from: string, exclusion = false) => ({ from, to: null, exclusion });

export function host(
  name: string,
  labels: readonly string[],
  parts: Partial<Workload> = {},
): Workload {
  // names differ in length, so that addresses do
  return {
    href: name,
    name,
    type: 'server',
    labels,
    enforcementMode: 'full',
    visibilityLevel: 'flow_summary',
    blockedConnectionAction: 'drop',
    venVersion: '23.2.0',
    online: true,
    suspended: false,
    osFamily: 'linux',
    interfaces: [nic(`10.0.0.${name.length}`, 24)],
    ...parts,
  };
}

export function nic(address: string, prefixLength: number): Workload['interfaces'][number] {
  return {
    name: 'eth0',
    addresses: [{ address, prefixLength }],
    gateway: null,
    linkState: 'up',
    networkProfile: 'corporate',
  };
}

export const UNMANAGED = { type: 'unmanaged', venVersion: null, osFamily: null } as const;
export const WEB = host('web', ['role=web', 'env=prod']);
export const DB = host('db', ['role=db', 'env=prod']);
export const LAPTOP = host('laptop', ['role=web', 'env=test'], { type: 'endpoint' });

export function rule(href: string, parts: Partial<Rule> = {}): Rule {
  return {
    href,
    name: href,
    version: 1,
    enabled: true,
    providers: [label('role=db')],
    consumers: [label('role=web')],
    ingressServices: [{ port: tcp(5432) }],
    resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
    consumingSecurityPrincipals: [],
    unscopedConsumers: false,
    useWorkloadSubnets: [],
    networkType: 'brn',
    stateless: false,
    ...parts,
  };
}

export function ruleSet(rules: readonly Rule[], parts: Partial<RuleSet> = {}): RuleSet {
  const base = { href: 'rs', name: 'shop', enabled: true, scopes: [], ipTablesRules: [] };
  return { ...base, rules, ...parts };
}

export function boundary(parts: Partial<EnforcementBoundary>): EnforcementBoundary {
  return {
    href: 'eb',
    name: 'no telnet',
    version: 1,
    enabled: true,
    providers: [label('role=db')],
    consumers: [{ kind: 'ams' }],
    ingressServices: [{ port: tcp(23) }],
    networkType: 'brn',
    ...parts,
  };
}

export function list(parts: Partial<IpList>): IpList {
  return {
    href: 'list',
    name: 'partners',
    ranges: [range('198.51.100.0/24')],
    fqdns: [],
    ...parts,
  };
}

export function model(parts: Partial<PolicyModel>): PolicyModel {
  return {
    labels: LABELS,
    labelGroups: [],
    workloads: [WEB, DB],
    ipLists: [],
    services: [],
    virtualServices: [],
    ruleSets: [],
    enforcementBoundaries: [],
    firewallSettings: DEFAULT_FIREWALL_SETTINGS,
    ...parts,
  };
}

export function found(parts: Partial<PolicyModel>, code: DiagnosticCode): Diagnostic[] {
  return diagnose(model(parts)).filter((item) => item.code === code);
}
