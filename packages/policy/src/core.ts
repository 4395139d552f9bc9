/** The policy core as its users see it. `createPolicyCore` (index.ts) builds one. */
import type { AddressSet, HostPolicy, PolicyDelta } from './host-policy.ts';
import type { DifferenceLookup } from './difference/difference.ts';
import type { Explanation } from './explain/explanation.ts';
import type { PolicyChange, PolicyModel } from './model.ts';
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

export interface CoreSizes {
  readonly workloads: number;
  readonly classes: number;
  readonly selectors: number;
  readonly policies: number;
  readonly sets: number;
  readonly members: number;
}

export interface PolicyCore extends DifferenceLookup {
  /** `change`, then `takeDelta`. */
  apply(changes: readonly PolicyChange[]): PolicyDelta;
  /**
   * Takes changes in, in order, as one step. Work is in proportion to what the changes affect. References to objects that do not exist
   * (yet) resolve to nobody. Host policies are compiled when they are asked for.
   */
  change(changes: readonly PolicyChange[]): void;
  /** What moved since the last time, or since the beginning: compiles and hashes the host policies that may have changed. */
  takeDelta(): PolicyDelta;
  /** Policy of a managed workload; undefined for any other href. Idle workloads have one without rules. */
  hostPolicy(workload: string): HostPolicy | undefined;
  /** Members now; undefined when no host policy that was asked for or given out names the set. */
  addressSet(id: string): AddressSet | undefined;
  /** Ids of all sets that the workload's policy names, sorted. */
  setsOf(workload: string): readonly string[];
  /** Managed workloads whose policy names the set, sorted. */
  workloadsNaming(setId: string): readonly string[];
  /** The oracle of one new connection. */
  decide(connection: Connection): Decision;
  /** What `decide` says, why, and what would let a blocked connection pass. Looks at every rule once. */
  explain(connection: Connection): Explanation;
  /** What was put in, as it is now. */
  model(): PolicyModel;
  sizes(): CoreSizes;
}
