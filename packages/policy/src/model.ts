/**
 * What the policy core is given: the objects of one organization at one version (or its draft), by identity.
 * Hrefs are opaque here. Addresses are text in any spelling that `@bulkhead/net` parses; the core canonicalizes them.
 */
import type {
  BlockedConnectionAction,
  EnforcementMode,
  Ipv6Mode,
  LinkState,
  NetworkProfile,
  NetworkType,
  OsFamily,
  RuleSide,
  VisibilityLevel,
  WorkloadType,
} from './vocabulary.ts';

export interface Label {
  readonly href: string;
  readonly key: string;
  readonly value: string;
}

/** Union of its labels and of its sub groups, all of one key. */
export interface LabelGroup {
  readonly href: string;
  readonly name: string;
  readonly key: string;
  readonly labels: readonly string[];
  readonly subGroups: readonly string[];
}

export interface InterfaceAddress {
  readonly address: string;
  /** Prefix length as the host reports it; used by Use Workload Subnets and by nothing else. */
  readonly prefixLength: number;
}

export interface WorkloadInterface {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly gateway: string | null;
  readonly linkState: LinkState | null;
  /** Always `corporate` on servers and unmanaged workloads. */
  readonly networkProfile: NetworkProfile;
}

export interface Workload {
  readonly href: string;
  readonly name: string;
  readonly type: WorkloadType;
  /** Label hrefs, at most one per key. */
  readonly labels: readonly string[];
  readonly enforcementMode: EnforcementMode;
  readonly visibilityLevel: VisibilityLevel;
  readonly blockedConnectionAction: BlockedConnectionAction;
  /** `X.Y.Z`, null for unmanaged workloads. Gates what the VEN can enforce (R-SYS-4). */
  readonly venVersion: string | null;
  /** False once the offline timer or the goodbye timer has ended: it leaves the peers of others and keeps its own policy. */
  readonly online: boolean;
  /** The firewall was handed back to the host (`suspend`): no say about itself, still a peer of others. */
  readonly suspended: boolean;
  /** Null where it is not known, as on unmanaged workloads. Gates rules for user groups and for programs (R-WIN-8, R-MAC-8). */
  readonly osFamily: OsFamily | null;
  readonly interfaces: readonly WorkloadInterface[];
}

export interface IpRange {
  /** An address, or a CIDR block when `to` is null. */
  readonly from: string;
  readonly to: string | null;
  readonly exclusion: boolean;
}

export interface IpList {
  readonly href: string;
  readonly name: string;
  readonly ranges: readonly IpRange[];
  readonly fqdns: readonly string[];
}

/** One protocol with its ports or ICMP types. Null means all of them. */
export interface ServicePort {
  /** IANA number, or -1 for every protocol. */
  readonly protocol: number;
  /** 1 to 65535; null with TCP, UDP and SCTP means every port. */
  readonly port: number | null;
  /** Last port of a range, inclusive; null for a single port. */
  readonly toPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /**
   * Path of the program, or name of the Windows service, that must answer; absent: any. Counts on the provider and only on hosts that
   * can tell (Windows); on every other provider such an entry matches nothing. A consumer is held to protocol and port alone.
   */
  readonly process?: string | undefined;
  readonly windowsService?: string | undefined;
}

export interface Service {
  readonly href: string;
  readonly name: string;
  readonly ports: readonly ServicePort[];
}

export interface VirtualService {
  readonly href: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly service: { readonly href: string } | { readonly ports: readonly ServicePort[] };
  /** Bound workloads, by href. */
  readonly workloads: readonly string[];
  /** Addresses of its own: addresses only, they make no workload a provider or consumer. */
  readonly addresses: readonly string[];
}

export type Actor =
  | { readonly kind: 'ams' }
  | { readonly kind: 'label'; readonly href: string; readonly exclusion: boolean }
  | { readonly kind: 'label_group'; readonly href: string; readonly exclusion: boolean }
  | { readonly kind: 'workload'; readonly href: string }
  | { readonly kind: 'virtual_service'; readonly href: string }
  | { readonly kind: 'ip_list'; readonly href: string };

export type ScopeEntry = Extract<Actor, { kind: 'label' | 'label_group' }>;
/** One per key; a missing key means "all". */
export type Scope = readonly ScopeEntry[];

export type IngressService = { readonly href: string } | { readonly port: ServicePort };

/** What labels of a side stand for. */
export type ResolveLabelsAs = readonly ('workloads' | 'virtual_services')[];

export interface Rule {
  readonly href: string;
  readonly name: string;
  /** Policy version in which the rule last changed; 0 while it is draft only. */
  readonly version: number;
  readonly enabled: boolean;
  readonly providers: readonly Actor[];
  readonly consumers: readonly Actor[];
  readonly ingressServices: readonly IngressService[];
  readonly resolveLabelsAs: {
    readonly providers: ResolveLabelsAs;
    readonly consumers: ResolveLabelsAs;
  };
  /** SIDs of user groups; none: whoever is logged on. Narrows the consumers to users of these groups, on hosts that can tell. */
  readonly consumingSecurityPrincipals: readonly string[];
  readonly unscopedConsumers: boolean;
  readonly useWorkloadSubnets: readonly RuleSide[];
  readonly networkType: NetworkType;
  readonly stateless: boolean;
}

export interface RuleSet {
  readonly href: string;
  readonly name: string;
  readonly enabled: boolean;
  /** Empty, or holding an empty scope: everything. */
  readonly scopes: readonly Scope[];
  readonly rules: readonly Rule[];
  readonly ipTablesRules: readonly IpTablesRule[];
}

/** Raw rules for Linux hosts, in the words of iptables; compiled into the VEN's own table where nftables can say the same. */
export interface IpTablesRule {
  readonly href: string;
  /** As in `Rule`. */
  readonly version: number;
  readonly enabled: boolean;
  readonly ipVersion: 4 | 6;
  readonly statements: readonly IpTablesStatement[];
  /** Who gets them: `ams`, labels and groups within the scope, workloads. */
  readonly actors: readonly Actor[];
}

export interface IpTablesStatement {
  readonly table: 'nat' | 'mangle' | 'filter';
  readonly chain: 'PREROUTING' | 'INPUT' | 'OUTPUT' | 'FORWARD' | 'POSTROUTING';
  /** What follows `-A CHAIN`, such as `-p tcp --dport 22 -j ACCEPT`. */
  readonly parameters: string;
}

export interface EnforcementBoundary {
  readonly href: string;
  readonly name: string;
  readonly version: number;
  readonly enabled: boolean;
  readonly providers: readonly Actor[];
  readonly consumers: readonly Actor[];
  readonly ingressServices: readonly IngressService[];
  readonly networkType: NetworkType;
}

/** Settings of the organization that are part of its policy. Scopes: a workload in any of them is meant. */
export interface FirewallSettings {
  /** Prefixes that stand for every host prefix (/32, /128) inside them when subnets are used (PS-24). */
  readonly vpnPools: readonly string[];
  readonly ipv6Mode: Ipv6Mode;
  /** The first entry whose scope holds the workload, and that is for its enforcement mode, counts; none: exclusive. */
  readonly firewallCoexistence: readonly {
    readonly scope: Scope;
    readonly illumioPrimary: boolean;
    /** Absent: for every mode. */
    readonly enforcementMode?: EnforcementMode;
  }[];
  /** Blocked inbound connections are rejected on these, dropped on all others that do not say so themselves. */
  readonly blockedConnectionRejectScopes: readonly Scope[];
}

export const DEFAULT_FIREWALL_SETTINGS: FirewallSettings = {
  vpnPools: [],
  ipv6Mode: 'policy_based',
  firewallCoexistence: [],
  blockedConnectionRejectScopes: [],
};

export interface PolicyModel {
  readonly labels: readonly Label[];
  readonly labelGroups: readonly LabelGroup[];
  readonly workloads: readonly Workload[];
  readonly ipLists: readonly IpList[];
  readonly services: readonly Service[];
  readonly virtualServices: readonly VirtualService[];
  readonly ruleSets: readonly RuleSet[];
  readonly enforcementBoundaries: readonly EnforcementBoundary[];
  readonly firewallSettings: FirewallSettings;
}

/** One object put in place (`value`) or taken away (null). Applying the same change twice is the same as once. */
export type PolicyChange =
  | { readonly type: 'label'; readonly href: string; readonly value: Label | null }
  | { readonly type: 'label_group'; readonly href: string; readonly value: LabelGroup | null }
  | { readonly type: 'workload'; readonly href: string; readonly value: Workload | null }
  | { readonly type: 'ip_list'; readonly href: string; readonly value: IpList | null }
  | { readonly type: 'service'; readonly href: string; readonly value: Service | null }
  | {
      readonly type: 'virtual_service';
      readonly href: string;
      readonly value: VirtualService | null;
    }
  | { readonly type: 'rule_set'; readonly href: string; readonly value: RuleSet | null }
  | {
      readonly type: 'enforcement_boundary';
      readonly href: string;
      readonly value: EnforcementBoundary | null;
    }
  /** Null: the defaults. */
  | {
      readonly type: 'firewall_settings';
      readonly href: string;
      readonly value: FirewallSettings | null;
    };
