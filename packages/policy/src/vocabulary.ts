/** The field's words as closed lists. Contract, SQL checks and console build their enums from these, so a word is spelled once. */

export const ENFORCEMENT_MODES = ['idle', 'visibility_only', 'selective', 'full'] as const;
export type EnforcementMode = (typeof ENFORCEMENT_MODES)[number];

export const VISIBILITY_LEVELS = [
  'flow_off',
  'flow_drops',
  'flow_summary',
  'flow_full_detail',
  'enhanced_data_collection',
] as const;
export type VisibilityLevel = (typeof VISIBILITY_LEVELS)[number];

/** Which interfaces a rule or boundary is about: corporate, external (`non_brn`), or both. */
export const NETWORK_TYPES = ['brn', 'non_brn', 'all'] as const;
export type NetworkType = (typeof NETWORK_TYPES)[number];

/** What an interface is: on the corporate network, or on any other. */
export const NETWORK_PROFILES = ['corporate', 'external'] as const;
export type NetworkProfile = (typeof NETWORK_PROFILES)[number];

export const WORKLOAD_TYPES = ['server', 'endpoint', 'unmanaged'] as const;
export type WorkloadType = (typeof WORKLOAD_TYPES)[number];

export const POLICY_DECISIONS = ['allowed', 'potentially_blocked', 'blocked'] as const;
export type PolicyDecision = (typeof POLICY_DECISIONS)[number];

export const BLOCKED_CONNECTION_ACTIONS = ['drop', 'reject'] as const;
export type BlockedConnectionAction = (typeof BLOCKED_CONNECTION_ACTIONS)[number];

/** How IPv6 is treated on a host: like IPv4, let through whatever the rules say, or blocked but for essential traffic. */
export const IPV6_MODES = ['policy_based', 'allow_all', 'block_all'] as const;
export type Ipv6Mode = (typeof IPV6_MODES)[number];

/** Whether the VEN's firewall is alone on a host, or shares it as the one that decides first or as one of several. */
export const FIREWALL_COEXISTENCE = ['exclusive', 'primary', 'secondary'] as const;
export type FirewallCoexistence = (typeof FIREWALL_COEXISTENCE)[number];

export const OS_FAMILIES = ['linux', 'windows', 'darwin'] as const;
export type OsFamily = (typeof OS_FAMILIES)[number];

/**
 * What decides, strongest first. `override_deny` has no rules in release 23.2; its place is kept so that later ones fill it without a
 * change of shape. A boundary is a deny.
 */
export const PRECEDENCE = ['essential', 'override_deny', 'allow', 'deny', 'default'] as const;
export type Precedence = (typeof PRECEDENCE)[number];

export const RULE_SIDES = ['providers', 'consumers'] as const;
export type RuleSide = (typeof RULE_SIDES)[number];

export const LINK_STATES = ['up', 'down', 'unknown'] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** IANA protocol numbers that policy names by word. `-1` in a service means every protocol. */
export const PROTOCOLS = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  gre: 47,
  icmpv6: 58,
  sctp: 132,
} as const;
export const ANY_PROTOCOL = -1;
