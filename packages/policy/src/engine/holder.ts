/** What sets are filled from. */
import type { Workload } from '../model.ts';

/** What a set asks of those whose addresses it holds. */
export interface SetHolder {
  readonly workloads: readonly { readonly workload: Workload }[];
  readonly addressCount: number;
  /** How many of the workloads bring a member in the form of subnets; null until a set of that form needs it. */
  readonly subnets: ReadonlyMap<string, number> | null;
}

/** Addresses that an IP list or virtual service has itself. */
export interface OwnMembers {
  readonly hosts: ReadonlySet<string>;
  /** Canonical text of disjoint ranges. */
  readonly ranges: readonly string[];
}
