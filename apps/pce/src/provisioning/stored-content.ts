/**
 * Content of policy objects as stored: wire members less href, audit and difference members.
 * References to policy objects are kept as draft hrefs, whatever word a request used; presenters put in the word that is read.
 */
import {
  FIREWALL_SCOPES,
  type FirewallFlag,
  type FirewallScopes,
  type ServicePortWire,
  type ServiceWire,
  type WindowsServiceWire,
} from '@bulkhead/contract';
import type {
  EnforcementMode,
  IpTablesStatement,
  Ipv6Mode,
  NetworkType,
  RuleSide,
} from '@bulkhead/policy';
import type { PolicyContent } from '../db/database.ts';

export interface StoredRef {
  readonly href: string;
}

export interface StoredExternal {
  readonly external_data_set: string | null;
  readonly external_data_reference: string | null;
}

export interface StoredIpRange {
  readonly from_ip: string;
  readonly to_ip: string | null;
  readonly exclusion: boolean;
  readonly description: string | null;
}

export interface StoredIpList extends StoredExternal {
  readonly name: string;
  readonly description: string | null;
  readonly ip_ranges: readonly StoredIpRange[];
  readonly fqdns: readonly { readonly fqdn: string; readonly description: string | null }[];
}

export interface StoredService extends StoredExternal {
  readonly name: string;
  readonly description: string | null;
  readonly process_name: string | null;
  /** `port` 0: all ports. Empty with `windows_services`. */
  readonly service_ports: ServicePortWire[];
  /** Absent: none, as for the two below. */
  readonly windows_services?: WindowsServiceWire[];
  readonly windows_egress_services?: NonNullable<ServiceWire['windows_egress_services']>;
  readonly risk_details?: ServiceWire['risk_details'];
}

export interface StoredLabelGroup extends StoredExternal {
  readonly name: string;
  readonly description: string | null;
  readonly key: string;
  readonly labels: readonly StoredRef[];
  readonly sub_groups: readonly StoredRef[];
}

export type StoredActor =
  | { readonly actors: 'ams' }
  | { readonly label: StoredRef; readonly exclusion?: boolean }
  | { readonly label_group: StoredRef; readonly exclusion?: boolean }
  | { readonly workload: StoredRef }
  | { readonly virtual_service: StoredRef }
  | { readonly ip_list: StoredRef };
export type StoredScopeEntry = Extract<
  StoredActor,
  { label: StoredRef } | { label_group: StoredRef }
>;
export type StoredIngressService =
  | StoredRef
  | { readonly proto: number; readonly port?: number; readonly to_port?: number };

export interface StoredServiceAddress {
  readonly ip?: string;
  readonly fqdn?: string;
  readonly port?: number;
  readonly network?: StoredRef;
  readonly description?: string;
}

export interface StoredVirtualService extends StoredExternal {
  readonly name: string;
  readonly description: string | null;
  readonly apply_to: 'host_only' | 'internal_bridge_network';
  /** Null: `service_ports` say it. */
  readonly service: StoredRef | null;
  readonly service_ports: readonly ServicePortWire[];
  readonly service_addresses: readonly StoredServiceAddress[];
  readonly ip_overrides: readonly string[];
  readonly labels: readonly StoredRef[];
}

export type StoredScopes = readonly (readonly StoredScopeEntry[])[];

export type StoredFirewallSettings = {
  readonly name: string;
  readonly firewall_coexistence: readonly {
    readonly scope: readonly StoredScopeEntry[];
    readonly illumio_primary: boolean;
    /** Absent: for every mode. */
    readonly workload_mode?: WorkloadMode;
  }[];
  readonly blocked_connection_reject_scopes: StoredScopes;
  readonly ipv6_mode: Ipv6Mode;
  readonly vpn_pools: readonly string[];
  readonly ike_authentication_type: 'psk' | 'certificate';
  readonly network_detection_mode: string | null;
} & { readonly [K in FirewallFlag]: boolean } & { readonly [K in FirewallScopes]: StoredScopes };

/** Enforcement modes as older clients call them. */
export const WORKLOAD_MODES = {
  enforced: 'full',
  illuminated: 'visibility_only',
} as const satisfies Record<string, EnforcementMode>;
type WorkloadMode = keyof typeof WORKLOAD_MODES;

type ResolveAs = readonly ('workloads' | 'virtual_services')[];

/** What a rule says, without who wrote it when. */
export interface StoredRuleBody extends StoredExternal {
  readonly enabled: boolean;
  readonly description: string | null;
  readonly providers: readonly StoredActor[];
  readonly consumers: readonly StoredActor[];
  readonly ingress_services: readonly StoredIngressService[];
  readonly egress_services: readonly StoredRef[];
  readonly resolve_labels_as: { readonly providers: ResolveAs; readonly consumers: ResolveAs };
  readonly unscoped_consumers: boolean;
  readonly sec_connect: boolean;
  readonly stateless: boolean;
  readonly machine_auth: boolean;
  readonly log_flow: boolean;
  readonly network_type: NetworkType;
  readonly use_workload_subnets: readonly RuleSide[];
  /** Absent: none. */
  readonly consuming_security_principals?: readonly StoredRef[];
}

export interface StoredIpTablesBody {
  readonly enabled: boolean;
  readonly description: string | null;
  readonly ip_version: '4' | '6';
  readonly statements: readonly {
    readonly table_name: IpTablesStatement['table'];
    readonly chain_name: IpTablesStatement['chain'];
    readonly parameters: string;
  }[];
  readonly actors: readonly StoredActor[];
}

/** An object within a ruleset: a rule, or an iptables rule. */
export interface StoredEntry<Body> {
  readonly id: number;
  readonly body: Body;
  /** Policy version in which the rule last changed; 0 while it is draft only. */
  readonly version: number;
  readonly created_at: string;
  readonly created_by: string;
  readonly updated_at: string;
  readonly updated_by: string;
  /** Deleted in draft, and still in the active ruleset. */
  readonly deleted_at: string | null;
  readonly deleted_by: string | null;
}
export type StoredRule = StoredEntry<StoredRuleBody>;
export type StoredIpTablesRule = StoredEntry<StoredIpTablesBody>;

export interface StoredRuleSet extends StoredExternal {
  readonly name: string;
  readonly description: string | null;
  readonly enabled: boolean;
  readonly scopes: StoredScopes;
  readonly rules: readonly StoredRule[];
  /** Absent: none. */
  readonly ip_tables_rules?: readonly StoredIpTablesRule[];
}

export interface StoredBoundary {
  readonly name: string;
  readonly enabled: boolean;
  readonly providers: readonly StoredActor[];
  readonly consumers: readonly StoredActor[];
  readonly ingress_services: readonly StoredIngressService[];
  readonly network_type: NetworkType;
}

export interface StoredByType {
  readonly ip_lists: StoredIpList;
  readonly services: StoredService;
  readonly label_groups: StoredLabelGroup;
  readonly virtual_services: StoredVirtualService;
  readonly firewall_settings: StoredFirewallSettings;
  readonly rule_sets: StoredRuleSet;
  readonly enforcement_boundaries: StoredBoundary;
}
export type StoredType = keyof StoredByType;
export const STORED_TYPES = [
  'ip_lists',
  'services',
  'label_groups',
  'virtual_services',
  'firewall_settings',
  'rule_sets',
  'enforcement_boundaries',
] as const satisfies readonly StoredType[];

export function isStoredType(type: string): type is StoredType {
  return STORED_TYPES.some((known) => known === type);
}

/** Reads a stored content as what its type says. Content is written by this program only, from what schemas accepted. */
export function contentOf<T extends StoredType>(_type: T, content: PolicyContent): StoredByType[T] {
  return content as unknown as StoredByType[T]; // the database hands out JSON of the shape that was written
}

/** The other way: any stored content as the JSON column takes it. */
export function asContent(content: StoredByType[StoredType]): PolicyContent {
  return { ...content };
}

/** What an actor names; null for all workloads. */
export function actorRef(actor: StoredActor): string | null {
  if ('label' in actor) return actor.label.href;
  if ('label_group' in actor) return actor.label_group.href;
  if ('workload' in actor) return actor.workload.href;
  if ('virtual_service' in actor) return actor.virtual_service.href;
  if ('ip_list' in actor) return actor.ip_list.href;
  return null;
}

/** Rules that count: those not deleted in draft. */
export function liveRules(ruleSet: StoredRuleSet): readonly StoredRule[] {
  return ruleSet.rules.filter((rule) => rule.deleted_at === null);
}

/** All iptables rules of a ruleset, those deleted in draft too. */
export function ipTablesRulesOf(ruleSet: StoredRuleSet): readonly StoredIpTablesRule[] {
  return ruleSet.ip_tables_rules ?? [];
}

/** iptables rules that count: those not deleted in draft. */
export function liveIpTablesRules(ruleSet: StoredRuleSet): readonly StoredIpTablesRule[] {
  return ipTablesRulesOf(ruleSet).filter((rule) => rule.deleted_at === null);
}

/** Every list of scopes of the settings, by any member. */
export function scopesOf(settings: StoredFirewallSettings): StoredScopes[] {
  return [
    settings.firewall_coexistence.map(({ scope }) => scope),
    settings.blocked_connection_reject_scopes,
    ...FIREWALL_SCOPES.map((member) => settings[member]),
  ];
}

/** Every href that the content refers to, policy objects as draft hrefs. */
export function referencesOf<T extends StoredType>(type: T, content: StoredByType[T]): Set<string> {
  const found = new Set<string>();
  const add = (href: string | null): void => {
    if (href !== null) found.add(href);
  };
  const addSides = (part: Pick<StoredBoundary, 'providers' | 'consumers' | 'ingress_services'>) => {
    for (const actor of [...part.providers, ...part.consumers]) add(actorRef(actor));
    for (const service of part.ingress_services) if ('href' in service) add(service.href);
  };
  switch (type) {
    case 'ip_lists':
    case 'services':
      break;
    case 'label_groups': {
      const group = content as StoredLabelGroup; // by `type`
      for (const ref of [...group.labels, ...group.sub_groups]) add(ref.href);
      break;
    }
    case 'rule_sets': {
      const ruleSet = content as StoredRuleSet; // by `type`
      for (const entry of ruleSet.scopes.flat()) add(actorRef(entry));
      for (const rule of liveRules(ruleSet)) {
        addSides(rule.body);
        for (const service of rule.body.egress_services) add(service.href);
        for (const group of rule.body.consuming_security_principals ?? []) add(group.href);
      }
      for (const rule of liveIpTablesRules(ruleSet))
        for (const actor of rule.body.actors) add(actorRef(actor));
      break;
    }
    case 'virtual_services': {
      const { service, labels } = content as StoredVirtualService; // by `type`
      if (service !== null) add(service.href);
      for (const ref of labels) add(ref.href);
      break;
    }
    case 'firewall_settings':
      for (const entry of scopesOf(content as StoredFirewallSettings).flat(2))
        // by `type`
        add(actorRef(entry));
      break;
    case 'enforcement_boundaries':
      addSides(content as StoredBoundary); // by `type`
      break;
  }
  return found;
}
