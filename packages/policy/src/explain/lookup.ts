/** What `explain` asks of a policy core: reading only, and nothing that grows with the fleet but `peersAt`. */
import type { Address } from '@bulkhead/net';
import type { Connection, Decision } from '../core.ts';
import type { Part, Unit } from '../engine/compile.ts';
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

/** What a unit was compiled from. */
export type UnitOrigin =
  | {
      readonly kind: 'rule';
      readonly ruleSet: RuleSet;
      readonly rule: Rule;
      /** Place of the scope in the ruleset; 0 where it has none. */
      readonly scopeIndex: number;
    }
  | { readonly kind: 'boundary'; readonly boundary: EnforcementBoundary };

/** A workload that is a peer by an address. */
export interface PeerAt {
  readonly workload: Workload;
  /** Whether the address is among those by which it is a peer (PS-20). */
  readonly address: boolean;
  /** What stands for it where subnets are used (PS-22, PS-24) and holds the address: a network or the address itself; null: nothing. */
  readonly network: string | null;
}

/** Objects by href, and what is compiled of them. */
export interface ExplainLookup extends LabelLookup {
  workload(href: string): Workload | undefined;
  service(href: string): Service | undefined;
  ipList(href: string): IpList | undefined;
  virtualService(href: string): VirtualService | undefined;
  /** All IP lists; walked once a question that needs a list for an address. */
  ipLists(): Iterable<IpList>;
  /** Units in force, of rules and boundaries, in any order. */
  units(): Iterable<Unit>;
  /** Units of rules that are disabled, or whose ruleset is, compiled as if nothing were. */
  disabledUnits(): Iterable<Unit>;
  /** Constant time. Undefined: not known any more; the unit is passed over. */
  origin(unit: Unit): UnitOrigin | undefined;
  /** Whether the address set of a part holds an address; undefined where no set is kept, as for disabled units. */
  holds(part: Part, address: Address): boolean | undefined;
  /** Every workload that is a peer by the address. May look at each workload; asked at most once an end. */
  peersAt(address: Address): readonly PeerAt[];
  /** Of a managed workload: how many are in its policy class, and lines of their policy. */
  policyClass(workload: string): { readonly workloads: number; readonly lines: number };
  decide(connection: Connection): Decision;
}
