/** The policy core as its users see it. `createPolicyCore` (index.ts) builds one. */
import type { AddressSet, HostPolicy, PolicyDelta } from './host-policy.ts';
import type { DifferenceLookup } from './difference/difference.ts';
import type { Explanation } from './explain/explanation.ts';
import type { PolicyChange, PolicyModel } from './model.ts';
import type { Connection, Decision } from './decision.ts';

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
