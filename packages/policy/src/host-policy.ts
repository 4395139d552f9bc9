/** What the policy core gives out: the policy of a class of hosts, and the address sets that it names. Plain JSON, canonical. */
import type { IpTablesStatement, ServicePort } from './model.ts';
import type {
  BlockedConnectionAction,
  EnforcementMode,
  FirewallCoexistence,
  Ipv6Mode,
  NetworkType,
  VisibilityLevel,
} from './vocabulary.ts';

/** The rule or boundary that something was compiled from. */
export interface RuleOrigin {
  readonly href: string;
  readonly version: number;
}

/** One line of a host policy. The host matches peers by address set, never by single peers, so a peer's move changes no rule. */
export interface HostRule {
  readonly action: 'allow' | 'deny';
  /** `inbound`: the host is the provider, peers are consumers. `outbound`: the host is the consumer, peers are providers. */
  readonly direction: 'inbound' | 'outbound';
  /** Interfaces of the host on which the line applies. */
  readonly networkType: NetworkType;
  /** Ids of address sets, sorted; a peer in any of them matches. */
  readonly peers: readonly string[];
  /** Names whose resolved addresses match too (outbound allow only), sorted. */
  readonly fqdns: readonly string[];
  /** Sorted, without duplicates, never empty. */
  readonly services: readonly ServicePort[];
  readonly stateless: boolean;
  /** SIDs, sorted; not empty (outbound allow only): the line is for users of these groups alone. */
  readonly principals: readonly string[];
  readonly origin: RuleOrigin;
}

export interface HostIpTablesRule {
  readonly ipVersion: 4 | 6;
  readonly statements: readonly IpTablesStatement[];
  readonly origin: RuleOrigin;
}

/**
 * Everything that a host of one policy class enforces about itself. Equal content has an equal `hash`
 * (SHA-256 over the canonical encoding, hex), so a VEN that has the hash needs nothing.
 */
export interface HostPolicy {
  readonly hash: string;
  readonly mode: EnforcementMode;
  readonly visibility: VisibilityLevel;
  readonly blockedConnectionAction: BlockedConnectionAction;
  /** False for VENs before 22.3: external interfaces are left to the host's own firewall (R-NET-4). */
  readonly managesExternal: boolean;
  readonly ipv6Mode: Ipv6Mode;
  readonly firewallCoexistence: FirewallCoexistence;
  /** In the order of their hrefs. */
  readonly ipTablesRules: readonly HostIpTablesRule[];
  /** Canonical order: by direction, action, origin, peers. */
  readonly rules: readonly HostRule[];
}

/**
 * Members of an address set, canonical text. `hosts` are single addresses and are never merged with their neighbours;
 * `ranges` are disjoint CIDR blocks or `first-last`, sorted by family and address. A host may lie inside a range.
 */
export interface AddressSet {
  /** Stable over the life of the selector it stands for; at most 24 characters of `[a-z0-9_]`. */
  readonly id: string;
  readonly hosts: readonly string[];
  readonly ranges: readonly string[];
}

export interface AddressSetDelta {
  readonly id: string;
  readonly addHosts: readonly string[];
  readonly removeHosts: readonly string[];
  readonly addRanges: readonly string[];
  readonly removeRanges: readonly string[];
}

/** What a batch of changes moved, in no order. Workloads not named here enforce exactly what they did before. */
export interface PolicyDelta {
  /** Workloads whose host policy (its hash) changed, with the new hash; null: no longer a managed workload. */
  readonly policies: readonly { readonly workload: string; readonly hash: string | null }[];
  /** Sets whose members changed and that some host policy names. New sets are whole additions; a set that no policy names any more is not listed, and one that is named and was never listed is empty. */
  readonly sets: readonly AddressSetDelta[];
}
