/**
 * What changes for connections between two states of a policy: two versions, draft and active, or before and after facts moved. Plain
 * JSON, complete in itself.
 */
import type { AddressSet, HostPolicy } from '../host-policy.ts';
import type { ServicePort, Workload } from '../model.ts';
import type { PolicyDecision } from '../vocabulary.ts';

/** What a difference asks of each of the two states. Any `PolicyCore` gives policies and sets. */
export interface DifferenceLookup {
  /** Every workload, managed or not. */
  workloads(): Iterable<Workload>;
  workload(href: string): Workload | undefined;
  hostPolicy(workload: string): HostPolicy | undefined;
  addressSet(id: string): AddressSet | undefined;
  /** A rule or boundary in force; undefined where it does not exist or is disabled. */
  statement(
    href: string,
  ): { readonly kind: 'rule' | 'boundary'; readonly name: string } | undefined;
}

export interface DifferenceOptions {
  /** Entries given out for each of gained and lost, the largest first; 200 unless told. Totals are exact whatever it is. */
  readonly limit?: number;
  /** Workloads and spans named in each entry; 20 unless told. Counts are exact. */
  readonly names?: number;
  /** Only connections of which this workload is one end. */
  readonly workload?: string;
  /**
   * Sets whose members may differ. A caller that knows them spares the comparison of all sets that policies name; one that leaves out a
   * set that differs gets a wrong answer.
   */
  readonly movedSets?: ReadonlySet<string>;
}

/** An address of a workload, on the interface that carries it. */
export interface HostAddress {
  readonly interfaceName: string;
  /** Canonical. */
  readonly address: string;
}

export interface DifferenceHost {
  readonly href: string;
  readonly name: string;
  /** Those of its addresses that the entry is about, never none. */
  readonly addresses: readonly HostAddress[];
}

/** Names that were resolved: those that fit `pattern` and none of `except`. */
export interface NameCondition {
  readonly pattern: string;
  readonly except: readonly string[];
}

/** One side of an entry. */
export type DifferenceSide =
  | {
      readonly kind: 'workloads';
      readonly count: number;
      /** Addresses of all of them together. */
      readonly addresses: number;
      /** By name, at most as many as asked for. */
      readonly workloads: readonly DifferenceHost[];
    }
  /** Addresses in these spans that no workload has. */
  | {
      readonly kind: 'outside';
      readonly count: number;
      /** CIDR blocks, ranges and addresses, disjoint, IPv4 first, at most as many as asked for; `count` is of all. */
      readonly spans: readonly string[];
      /** As providers only. Empty: however they were named. Else names of one of these kinds alone. */
      readonly names: readonly NameCondition[];
      /** Resolved names that do not count here: they are decided apart. */
      readonly exceptNames: readonly NameCondition[];
    };

/** Programs that answer. Null: one that is none of `others`, or not known. */
export interface ProgramCondition {
  readonly process: string | null;
  readonly windowsService: string | null;
  readonly others: {
    readonly processes: readonly string[];
    readonly windowsServices: readonly string[];
  };
}

/**
 * Users who connect: of the group `sid`, or (null) of none of `others`. A user in several groups is decided as in the one of them that
 * lets most pass.
 */
export interface UserCondition {
  readonly sid: string | null;
  readonly others: readonly string[];
}

/** Why: what decides at an end in one of the states and not in the other. */
export type DifferenceCause =
  | {
      readonly kind: 'rule' | 'boundary';
      readonly href: string;
      readonly name: string;
      /**
       * `added`: not in force before. `removed`: not in force after. `changed`: in force in both and matches in one alone, by its own
       * content, that of what it refers to, or the facts of workloads.
       */
      readonly change: 'added' | 'removed' | 'changed';
    }
  /** The end has another mode, or has a say in one state alone (suspended, not managed, another network profile). */
  | { readonly kind: 'enforcement'; readonly end: 'source' | 'destination' }
  | { readonly kind: 'ipv6_mode'; readonly end: 'source' | 'destination' };

/** Connections from each of `consumers` to each of `providers` on `services` but not on `except`: all changed alike. */
export interface DifferenceEntry {
  readonly consumers: DifferenceSide;
  readonly providers: DifferenceSide;
  /** Canonical (`normalizeServices`), without names of programs. */
  readonly services: readonly ServicePort[];
  readonly except: readonly ServicePort[];
  /** Null: whichever program answers. */
  readonly program: ProgramCondition | null;
  /** Null: whoever connects. */
  readonly user: UserCondition | null;
  readonly from: PolicyDecision;
  readonly to: PolicyDecision;
  /** Sorted, without duplicates, never empty. */
  readonly because: readonly DifferenceCause[];
}

export interface DifferenceTotals {
  /** Entries found; as many as given out unless truncated. */
  readonly entries: number;
  /** Pairs of addresses (source of one workload, destination of another) for which a service changed so. */
  readonly pairs: number;
  /** Addresses of workloads for which a service changed so from or to outside addresses. */
  readonly withOutside: number;
}

/**
 * Connections whose overall decision (both ends together, as `decide` gives it) differs. `gained`: less is blocked after than before.
 * `lost`: more is. Ends are workloads at one of their addresses, and addresses that no workload has in either state; both ends are of one
 * family; ports are 1 to 65535. Essential traffic (ICMP errors, neighbour discovery, a workload with itself) never differs and is not
 * spoken of: `services` that hold all of ICMP do not mean it. Every other connection is in exactly one entry if its decision differs,
 * and in none if it does not.
 */
export interface PolicyDifference {
  readonly gained: readonly DifferenceEntry[];
  readonly lost: readonly DifferenceEntry[];
  /** Some entry is left out of either list. */
  readonly truncated: boolean;
  readonly totals: { readonly gained: DifferenceTotals; readonly lost: DifferenceTotals };
}
