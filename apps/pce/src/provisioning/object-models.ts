/** One stored policy object as the policy core takes it. */
import { parseHref, policyHref, withVersion, type PolicyVersionWord } from '@bulkhead/contract';
import type {
  Actor,
  EnforcementBoundary,
  FirewallSettings,
  IngressService,
  IpList,
  IpTablesRule,
  LabelGroup,
  PolicyChange,
  Rule,
  RuleSet,
  Scope,
  ScopeEntry,
  Service,
  ServicePort,
  VirtualService,
} from '@bulkhead/policy';
import type { PolicyContent } from '../db/database.ts';
import { beginningOf } from '../text.ts';
import {
  contentOf,
  isStoredType,
  liveIpTablesRules,
  liveRules,
  WORKLOAD_MODES,
  type StoredActor,
  type StoredBoundary,
  type StoredFirewallSettings,
  type StoredIngressService,
  type StoredIpList,
  type StoredIpTablesRule,
  type StoredLabelGroup,
  type StoredRule,
  type StoredRuleSet,
  type StoredScopeEntry,
  type StoredScopes,
  type StoredService,
  type StoredType,
  type StoredVirtualService,
} from './stored-content.ts';

export type PolicyObjectChange = Exclude<PolicyChange, { type: 'label' | 'workload' }>;

const SINGULAR = {
  ip_lists: 'ip_list',
  services: 'service',
  label_groups: 'label_group',
  virtual_services: 'virtual_service',
  firewall_settings: 'firewall_settings',
  rule_sets: 'rule_set',
  enforcement_boundaries: 'enforcement_boundary',
} as const satisfies Record<StoredType, PolicyObjectChange['type']>;

/** What an object is at one state. */
export interface ObjectContent {
  readonly content: PolicyContent;
  /** Policy version in which it last changed; 0 while it is draft only. */
  readonly version: number;
}

export interface ObjectPlace {
  readonly orgId: number;
  readonly word: PolicyVersionWord;
  readonly type: string;
  readonly id: string;
}

/** Hrefs of the workloads bound to each virtual service, by its id. */
export type Bindings = ReadonlyMap<string, readonly string[]>;

/** One object as a change of the model; `object` null takes it away. Undefined for types that the model does not have. */
export function changeOf(
  { orgId, word, type, id }: ObjectPlace,
  object: ObjectContent | null,
  bindings: Bindings,
): PolicyObjectChange | undefined {
  if (!isStoredType(type)) return undefined;
  const href = policyHref(orgId, word, type, id);
  if (object === null) return { type: SINGULAR[type], href, value: null };
  const { content, version } = object;
  switch (type) {
    case 'ip_lists':
      return { type: 'ip_list', href, value: ipListModel(href, contentOf(type, content)) };
    case 'services':
      return { type: 'service', href, value: serviceModel(href, contentOf(type, content)) };
    case 'label_groups':
      return { type: 'label_group', href, value: groupModel(href, word, contentOf(type, content)) };
    case 'virtual_services':
      return {
        type: 'virtual_service',
        href,
        value: {
          ...virtualServiceModel(href, word, contentOf(type, content)),
          workloads: bindings.get(id) ?? [],
        },
      };
    case 'firewall_settings':
      return {
        type: 'firewall_settings',
        href,
        value: settingsModel(word, contentOf(type, content)),
      };
    case 'rule_sets':
      return { type: 'rule_set', href, value: ruleSetModel(href, word, contentOf(type, content)) };
    case 'enforcement_boundaries':
      return {
        type: 'enforcement_boundary',
        href,
        value: { ...boundaryModel(href, word, contentOf(type, content)), version },
      };
  }
}

function ipListModel(href: string, stored: StoredIpList): IpList {
  return {
    href,
    name: stored.name,
    ranges: stored.ip_ranges.map((range) => ({
      from: range.from_ip,
      to: range.to_ip,
      exclusion: range.exclusion,
    })),
    fqdns: stored.fqdns.map((entry) => entry.fqdn),
  };
}

function serviceModel(href: string, stored: StoredService): Service {
  return {
    href,
    name: stored.name,
    ports: [
      ...stored.service_ports.map(portModel),
      ...(stored.windows_services ?? []).map((entry) => ({
        ...portModel({ ...entry, proto: entry.proto ?? -1 }),
        ...(entry.process_name === undefined ? {} : { process: entry.process_name }),
        ...(entry.service_name === undefined ? {} : { windowsService: entry.service_name }),
      })),
    ],
  };
}

/** Port 0, -1 or none: all ports of the protocol. */
function portModel(port: {
  proto: number;
  port?: number | undefined;
  to_port?: number | undefined;
  icmp_type?: number | null | undefined;
  icmp_code?: number | null | undefined;
}): ServicePort {
  const first = port.port ?? 0;
  const last = port.to_port ?? 0;
  return {
    protocol: port.proto,
    port: first > 0 ? first : null,
    toPort: first > 0 && last > first ? last : null,
    icmpType: port.icmp_type ?? null,
    icmpCode: port.icmp_code ?? null,
  };
}

function groupModel(href: string, word: PolicyVersionWord, stored: StoredLabelGroup): LabelGroup {
  return {
    href,
    name: stored.name,
    key: stored.key,
    labels: stored.labels.map((ref) => ref.href),
    subGroups: stored.sub_groups.map((ref) => withVersion(ref.href, word)),
  };
}

function virtualServiceModel(
  href: string,
  word: PolicyVersionWord,
  stored: StoredVirtualService,
): Omit<VirtualService, 'workloads'> {
  const { service, service_ports: ports } = stored;
  const own = stored.service_addresses.flatMap(({ ip }) => ip ?? []);
  return {
    href,
    name: stored.name,
    labels: stored.labels.map((ref) => ref.href),
    service:
      service === null
        ? { ports: ports.map(portModel) }
        : { href: withVersion(service.href, word) },
    addresses: [...new Set([...own, ...stored.ip_overrides])],
  };
}

function settingsModel(word: PolicyVersionWord, stored: StoredFirewallSettings): FirewallSettings {
  return {
    vpnPools: stored.vpn_pools,
    ipv6Mode: stored.ipv6_mode,
    firewallCoexistence: stored.firewall_coexistence.map((entry) => ({
      scope: scopeModel(entry.scope, word),
      illumioPrimary: entry.illumio_primary,
      ...(entry.workload_mode === undefined
        ? {}
        : { enforcementMode: WORKLOAD_MODES[entry.workload_mode] }),
    })),
    blockedConnectionRejectScopes: scopesModel(stored.blocked_connection_reject_scopes, word),
  };
}

function ruleSetModel(href: string, word: PolicyVersionWord, stored: StoredRuleSet): RuleSet {
  return {
    href,
    name: stored.name,
    enabled: stored.enabled,
    scopes: scopesModel(stored.scopes, word),
    rules: liveRules(stored).map((rule, index) => ({
      ...ruleModel(rule, word),
      href: `${href}/sec_rules/${rule.id}`,
      name: ruleName(stored.name, rule.body.description, index),
    })),
    ipTablesRules: liveIpTablesRules(stored).map((rule) => ({
      ...ipTablesModel(rule, word),
      href: `${href}/ip_tables_rules/${rule.id}`,
    })),
  };
}

function ruleModel(
  { body, version }: StoredRule,
  word: PolicyVersionWord,
): Omit<Rule, 'href' | 'name'> {
  return {
    version,
    enabled: body.enabled,
    providers: body.providers.map((actor) => actorModel(actor, word)),
    consumers: body.consumers.map((actor) => actorModel(actor, word)),
    ingressServices: body.ingress_services.map((item) => ingressModel(item, word)),
    resolveLabelsAs: body.resolve_labels_as,
    consumingSecurityPrincipals: (body.consuming_security_principals ?? []).map(sidOf),
    unscopedConsumers: body.unscoped_consumers,
    useWorkloadSubnets: body.use_workload_subnets,
    networkType: body.network_type,
    stateless: body.stateless,
  };
}

/** The id of a user group is its SID. */
function sidOf({ href }: { readonly href: string }): string {
  return parseHref(href)?.path[0]?.[1] ?? href;
}

function ipTablesModel(
  { body, version }: StoredIpTablesRule,
  word: PolicyVersionWord,
): Omit<IpTablesRule, 'href'> {
  return {
    version,
    enabled: body.enabled,
    ipVersion: body.ip_version === '4' ? 4 : 6,
    statements: body.statements.map((statement) => ({
      table: statement.table_name,
      chain: statement.chain_name,
      parameters: statement.parameters,
    })),
    actors: body.actors.map((actor) => actorModel(actor, word)),
  };
}

/** Rules have no name of their own: people know them by ruleset and description, or by their place. */
function ruleName(ruleSet: string, description: string | null, index: number): string {
  const line = description?.trim().split('\n')[0] ?? '';
  return line === '' ? `${ruleSet}, rule ${index + 1}` : `${ruleSet}: ${beginningOf(line, 120)}`;
}

function boundaryModel(
  href: string,
  word: PolicyVersionWord,
  stored: StoredBoundary,
): Omit<EnforcementBoundary, 'version'> {
  return {
    href,
    name: stored.name,
    enabled: stored.enabled,
    providers: stored.providers.map((actor) => actorModel(actor, word)),
    consumers: stored.consumers.map((actor) => actorModel(actor, word)),
    ingressServices: stored.ingress_services.map((item) => ingressModel(item, word)),
    networkType: stored.network_type,
  };
}

function actorModel(actor: StoredActor, word: PolicyVersionWord): Actor {
  if ('actors' in actor) return { kind: 'ams' };
  if ('workload' in actor) return { kind: 'workload', href: actor.workload.href };
  if ('virtual_service' in actor)
    return { kind: 'virtual_service', href: withVersion(actor.virtual_service.href, word) };
  if ('ip_list' in actor) return { kind: 'ip_list', href: withVersion(actor.ip_list.href, word) };
  return entryModel(actor, word);
}

function scopesModel(scopes: StoredScopes, word: PolicyVersionWord): Scope[] {
  return scopes.map((scope) => scopeModel(scope, word));
}

function scopeModel(scope: readonly StoredScopeEntry[], word: PolicyVersionWord): Scope {
  return scope.map((entry) => entryModel(entry, word));
}

function entryModel(entry: StoredScopeEntry, word: PolicyVersionWord): ScopeEntry {
  const exclusion = entry.exclusion ?? false;
  return 'label' in entry
    ? { kind: 'label', href: entry.label.href, exclusion }
    : { kind: 'label_group', href: withVersion(entry.label_group.href, word), exclusion };
}

function ingressModel(item: StoredIngressService, word: PolicyVersionWord): IngressService {
  return 'href' in item ? { href: withVersion(item.href, word) } : { port: portModel(item) };
}
