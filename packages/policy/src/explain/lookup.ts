/** What `explain` asks of a policy core: reading only, with objects as they are and units as they are compiled. */
import type { Address } from '@bulkhead/net';
import type { Connection, Decision } from '../decision.ts';
import type { LabelLookup } from '../engine/conditions.ts';
import type {
  EnforcementBoundary,
  IpList,
  Rule,
  RuleSet,
  Service,
  VirtualService,
  Workload,
} from '../model.ts';
import type { Part, Unit } from '../engine/graph.ts';

/** A piece of one side of a rule: what it stands for, and what goes with it. */
export type ExplainPart = Pick<Part, 'source' | 'services' | 'fqdns'>;

/** A rule within one scope, or a boundary. */
export interface ExplainUnit extends Pick<
  Unit,
  | 'action'
  | 'href'
  | 'name'
  | 'version'
  | 'ruleSet'
  | 'scopeIndex'
  | 'networkType'
  | 'principals'
  | 'services'
> {
  readonly providers: readonly ExplainPart[];
  readonly consumers: readonly ExplainPart[];
}

/** What a unit was compiled from. */
export type UnitOrigin =
  | {
      readonly kind: 'rule';
      readonly ruleSet: RuleSet;
      readonly rule: Rule;
    }
  | { readonly kind: 'boundary'; readonly boundary: EnforcementBoundary };

/** What of a workload stands in sets: its addresses (PS-20), or its networks where subnets are used (PS-22, PS-24). */
export type PeerForm = 'addresses' | 'subnets';

/** A workload that is a peer by an address. */
export interface PeerAt {
  readonly workload: Workload;
  /** What holds the address, canonical: the address itself, or a network (`subnets` only). */
  readonly member: string;
}

/** Objects by href, and what is compiled of them. */
export interface ExplainLookup extends LabelLookup {
  workload(href: string): Workload | undefined;
  service(href: string): Service | undefined;
  ipList(href: string): IpList | undefined;
  virtualService(href: string): VirtualService | undefined;
  ruleSet(href: string): RuleSet | undefined;
  /** All IP lists; walked once a question that needs a list for an address. */
  ipLists(): Iterable<IpList>;
  /** Units in force, of rules and boundaries, in batches of any size and order; walked at most twice an end. */
  units(): Iterable<readonly ExplainUnit[]>;
  /**
   * Units of rules that are disabled, or whose ruleset is, compiled as if nothing were. In batches likewise; rules that `isWanted` is false
   * for may be missing. It is asked as the batches are walked.
   */
  disabledUnits(
    isWanted: (ruleSet: RuleSet, rule: Rule) => boolean,
  ): Iterable<readonly ExplainUnit[]>;
  /** Undefined: not known any more; the unit is passed over. */
  origin(unit: ExplainUnit): UnitOrigin | undefined;
  /** Every workload that is a peer by the address in that form. Asked at most once an end and form. */
  peersAt(address: Address, form: PeerForm): readonly PeerAt[];
  /** Of a managed workload: how many are in its policy class, and lines of their policy. */
  policyClass(workload: string): { readonly workloads: number; readonly lines: number };
  decide(connection: Connection): Decision;
}
