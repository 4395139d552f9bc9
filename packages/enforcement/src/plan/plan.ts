import type {
  EnforcementMode,
  FirewallCoexistence,
  NetworkProfile,
  PolicyDecision,
  RuleOrigin,
  VisibilityLevel,
} from '@bulkhead/policy';
import type { Family } from '@bulkhead/net';
import type { RejectAnswer, TranslatedStatement } from '../iptables/statement.ts';
import type { Members } from './members.ts';
import type { PortRange } from './port-range.ts';

export type Direction = 'inbound' | 'outbound';

/** An interface as the host sees it now. */
export interface HostInterface {
  readonly name: string;
  readonly profile: NetworkProfile;
  /** Addresses that the interface holds; used to tell the interface of a tracked connection. */
  readonly addresses: readonly string[];
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What a plan must know of the host besides its policy. */
export interface HostFacts {
  readonly interfaces: readonly HostInterface[];
  /** Profile of an interface that is not listed (just plugged in): `corporate` on servers, `external` on endpoints. */
  readonly otherInterfaces: NetworkProfile;
  /** Addresses and ports at which the VEN reaches its PCE, proxies included; each of them always passes. */
  readonly pce: readonly Endpoint[];
  /** Addresses of the DNS servers that the host asks, stub resolvers on loopback left out. */
  readonly resolvers: readonly string[];
  /** Addresses known now for the names (as rules spell them, `*.suffix` included); a missing name has none yet. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** Interface names by what is done with their traffic. `unmanaged`: left to the host's own firewall (R-NET-4). */
export interface PlanInterfaces {
  readonly corporate: readonly string[];
  readonly external: readonly string[];
  readonly unmanaged: readonly string[];
  /** What holds for an interface in none of the lists. */
  readonly other: NetworkProfile | 'unmanaged';
  /** Interface by canonical address. */
  readonly byAddress: ReadonlyMap<string, string>;
}

export interface PlanSet {
  readonly id: string;
  readonly hosts: Members;
  /** Disjoint. */
  readonly ranges: Members;
  /**
   * Whether the firewall has a place for ranges of this set. There is none while the set holds hosts only, as most do: one
   * that gets its first range changes rules, one that loses its last keeps the place.
   */
  readonly hasRanges: boolean;
}

/** Services in a form without overlap. `all` stands for every protocol, the rest is empty then. */
export interface ServiceMatch {
  readonly all: boolean;
  /** Protocols that match whole, ascending. */
  readonly protocols: readonly number[];
  /** Destination ports by protocol (TCP, UDP, SCTP), ranges ascending and apart from each other. */
  readonly ports: readonly { readonly protocol: number; readonly ranges: readonly PortRange[] }[];
  /** ICMP types; a null code means each code of the type. */
  readonly icmp: readonly {
    readonly protocol: number;
    readonly type: number;
    readonly code: number | null;
  }[];
}

export type VerdictReason = 'essential' | 'ipv6_mode' | 'rule' | 'boundary' | 'default';

/** One outcome: what is done, what is reported, and because of what. Equal outcomes have equal ids in every plan. */
export interface PlanVerdict {
  /** 16 hex digits, a digest of decision, action, direction, reason and origins. */
  readonly id: string;
  readonly action: 'accept' | 'drop' | 'reject';
  /** What a rejected sender is told; null with other actions. */
  readonly answer: RejectAnswer | null;
  readonly decision: PolicyDecision;
  readonly direction: Direction;
  readonly reason: VerdictReason;
  /** Rule or boundary that decides; empty for the other reasons. */
  readonly origins: readonly RuleOrigin[];
  /** Name of the essential entry, else null. */
  readonly essential: EssentialName | null;
  /** Prefix of the log record of a new connection; null when the visibility level does not ask for one. */
  readonly logPrefix: string | null;
}

export type EssentialName =
  | 'loopback'
  | 'neighbor_discovery'
  | 'multicast_listener_discovery'
  | 'icmp_errors'
  | 'dhcp'
  | 'dhcpv6'
  | 'dns'
  | 'pce';

/** Traffic that no policy takes away. Conditions that are null do not count; the others must all hold. */
export interface PlanEssential {
  readonly name: EssentialName;
  readonly direction: Direction;
  readonly family: 4 | 6 | null;
  readonly remote: readonly string[] | null;
  readonly protocol: number;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpTypes: readonly number[] | null;
  /** Only packets that cannot open a TCP connection. */
  readonly withoutSyn: boolean;
  readonly verdict: PlanVerdict;
}

export interface PlanRule {
  readonly action: 'allow' | 'deny';
  readonly direction: Direction;
  readonly profiles: readonly NetworkProfile[];
  /** Ids of sets in the plan, name sets included; a peer in any of them matches. Never empty. */
  readonly peers: readonly string[];
  readonly services: ServiceMatch;
  /** Replies pass by address and port in the other direction, also when the connection is not tracked. */
  readonly stateless: boolean;
  readonly verdict: PlanVerdict;
  /** Packets that pass as replies of a stateless rule, by their source port, in TCP without SYN; null on other rules. */
  readonly reply: { readonly services: ServiceMatch; readonly verdict: PlanVerdict } | null;
}

/** One statement of custom iptables rules; they are looked at in order, after essential traffic and before everything else. */
export interface CustomRule extends TranslatedStatement {
  readonly family: Family;
  readonly origin: RuleOrigin;
  /** Null where the statement decides nothing. */
  readonly verdict: PlanVerdict | null;
}

/** Addresses of one set of the plan, and what is done with who is in it. */
export interface PeerLookup {
  /** Id of a set in the plan. */
  readonly set: string;
  readonly verdict: PlanVerdict;
}

/**
 * Rules of one stage that allow or deny the same services on the same interfaces: services are matched once for all of them.
 * Sets are looked up in order; each is named once, with the verdict of the first rule that names it.
 */
export interface RuleGroup {
  readonly stage: RuleStage;
  readonly direction: Direction;
  readonly profile: NetworkProfile;
  readonly services: ServiceMatch;
  /** Never empty. */
  readonly lookups: readonly PeerLookup[];
}

/** In order of decision. `reply`: of stateless rules, where the services are what their replies come from. */
export const RULE_STAGES = ['allow', 'reply', 'deny'] as const;
export type RuleStage = (typeof RULE_STAGES)[number];

/** What one log prefix stands for. */
export interface LogEntry {
  readonly decision: PolicyDecision;
  readonly direction: Direction;
  readonly reason: VerdictReason;
  readonly origins: readonly RuleOrigin[];
  readonly essential: EssentialName | null;
}

/**
 * Everything that a host's firewall does, without a word of any operating system. Order of decision:
 * loopback, established and related, unmanaged interfaces, essential, custom rules, the mode of IPv6, then per profile allow, replies of
 * stateless rules, deny, default.
 */
export interface FirewallPlan {
  readonly policyHash: string;
  readonly mode: EnforcementMode;
  readonly visibility: VisibilityLevel;
  readonly managesExternal: boolean;
  /** False: nothing of the host's firewall is ours (idle, or no interface is managed). */
  readonly ownsTable: boolean;
  readonly firewallCoexistence: FirewallCoexistence;
  readonly interfaces: PlanInterfaces;
  readonly otherInterfaces: NetworkProfile;
  readonly pce: readonly Endpoint[];
  readonly essential: readonly PlanEssential[];
  /** What is done with all IPv6 that is not essential; null: what the rules say. */
  readonly ipv6: Readonly<Record<Direction, PlanVerdict>> | null;
  /** Allow rules, then deny rules, in the order of the policy but for equal services, which stand together. The first that matches decides. */
  readonly rules: readonly PlanRule[];
  /** The same rules as they are looked up, by stage, in the order of `rules`. */
  readonly groups: readonly RuleGroup[];
  readonly customRules: readonly CustomRule[];
  readonly defaults: Readonly<Record<Direction, PlanVerdict>>;
  readonly sets: ReadonlyMap<string, PlanSet>;
  /** Set id by name (as rules spell it). */
  readonly names: ReadonlyMap<string, string>;
  /** What each log prefix stands for. Ids are stable, so the indexes of two plans can be merged while records of both arrive. */
  readonly logIndex: ReadonlyMap<string, LogEntry>;
}
