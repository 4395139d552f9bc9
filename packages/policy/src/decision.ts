/** One connection, and what the policy says of it. */
import type { EnforcementMode, NetworkProfile, PolicyDecision } from './vocabulary.ts';

/** One end of a connection: an address, and the workload that owns it when there is one. */
export interface ConnectionEnd {
  readonly workload: string | null;
  readonly address: string;
  /** Interface of the workload that carries the connection; null: the one that holds the address, else corporate. */
  readonly interfaceName: string | null;
  /** Name by which an external provider was just resolved. */
  readonly fqdn: string | null;
  /** SIDs of the groups of the user who connects (source); absent: not known, which matches no rule for user groups. */
  readonly principals?: readonly string[];
  /** Program and Windows service that answer (destination); absent: not known, which matches no entry that names one. */
  readonly process?: string;
  readonly windowsService?: string;
}

export interface Connection {
  readonly source: ConnectionEnd;
  readonly destination: ConnectionEnd;
  /** IANA number. */
  readonly protocol: number;
  /** Destination port for TCP, UDP and SCTP, else null. */
  readonly port: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

/** A rule or boundary as the reason for a decision. */
export interface DecidingRule {
  readonly href: string;
  readonly name: string;
  readonly version: number;
}

/** What one end says by itself, and why. */
export interface EndDecision {
  readonly workload: string;
  readonly decision: PolicyDecision;
  readonly reason: 'essential' | 'ipv6_mode' | 'rule' | 'boundary' | 'default';
  /** Allow rules that match here. */
  readonly rules: readonly DecidingRule[];
  /** Boundaries that match here, also where a rule lets the connection cross. */
  readonly boundaries: readonly DecidingRule[];
  readonly mode: EnforcementMode;
  readonly interfaceName: string | null;
  readonly networkProfile: NetworkProfile;
}

/** Both ends together: blocked if any end blocks, else potentially blocked if any end says so, else allowed. */
export interface Decision {
  readonly decision: PolicyDecision;
  /** Null: that end has no say (external host, unmanaged, idle, suspended, interface that its VEN does not manage). */
  readonly outbound: EndDecision | null;
  readonly inbound: EndDecision | null;
}
