/**
 * The objects that the engine keeps, as they hang together: workloads in classes, classes in selectors, selectors in the units that rules
 * compile to, units on sets, and lines of units in host policies.
 */
import type { HostPolicy, HostRule } from '../host-policy.ts';
import type { IpTablesRule, Label, ServicePort, Workload } from '../model.ts';
import type { NetworkType } from '../vocabulary.ts';
import type { Head } from './class-heads.ts';
import { carrying, type Condition, type Selector } from './conditions.ts';
import type { Few } from './few.ts';
import type { SetState } from './set-state.ts';
import type { SetSource } from './sources.ts';

/** A label, or an href that somebody uses as one: it may come later. */
export class LabelNode {
  readonly href: string;
  readonly number: number;
  private current: Label | undefined;
  private condition: Condition | undefined;
  /** Classes of workloads that carry it. */
  classes: Few<ClassState> = null;
  /** Selectors that are found through it. */
  selectors: Few<SelectorState> = null;

  constructor(href: string, number: number) {
    this.href = href;
    this.number = number;
  }

  get label(): Label | undefined {
    return this.current;
  }

  set label(label: Label | undefined) {
    this.current = label;
    this.condition = undefined;
  }

  /** The condition that it is carried; undefined while there is no such label. */
  get carried(): Condition | undefined {
    if (this.condition === undefined && this.current !== undefined) {
      this.condition = carrying(this.current);
    }
    return this.condition;
  }
}

/** A workload in its place. */
export interface WorkloadState {
  workload: Workload;
  state: ClassState;
  /** Its place among those of its class; under 0 when it is in none any more. */
  slot: number;
  /** Hash that it was told before it changed class in this step; undefined: it did not. */
  before: string | null | undefined;
}

const NOBODY: WorkloadState[] = [];

export type ClassIdentity = Pick<ClassState, 'hash' | 'head' | 'sample' | 'labels' | 'named'>;

/** One class while it has workloads. */
export class ClassState {
  readonly hash: number;
  /** What counts of its workloads besides their labels. */
  readonly head: Head;
  /** Any of its workloads stands for all in what is part of the class. */
  readonly sample: Workload;
  /** By number. */
  readonly labels: readonly LabelNode[];
  /** Href of its only workload where rules name that workload, else null. */
  readonly named: string | null;
  /** In any order. A list, for there may be a million of them. */
  workloads: WorkloadState[] = NOBODY;
  selectors: Few<SelectorState> = null;
  /** How many of its workloads bring a member in the form of subnets; null until a set of that form needs it. */
  subnets: Map<string, number> | null = null;
  addressCount = 0;
  /** What its workloads were told to enforce last; null: nothing yet, or not managed. */
  told: InternedPolicy | null = null;
  /** What they have to enforce now; undefined while that is not computed. */
  policy: InternedPolicy | null | undefined = undefined;
  /** Whether its policy may differ from what was told. */
  dirty = false;

  constructor({ hash, head, sample, labels, named }: ClassIdentity) {
    this.hash = hash;
    this.head = head;
    this.sample = sample;
    this.labels = labels;
    this.named = named;
  }

  add(item: WorkloadState): void {
    item.slot = this.workloads.length;
    // a list of one holds room for one
    if (item.slot === 0) this.workloads = [item];
    else this.workloads.push(item);
  }

  remove(item: WorkloadState): void {
    const { slot } = item;
    item.slot = -1;
    const last = this.workloads.pop();
    if (last === undefined || last === item) return;
    this.workloads[slot] = last;
    last.slot = slot;
  }

  /** Its label of a key. */
  label(key: string): string | undefined {
    for (const { label } of this.labels) if (label?.key === key) return label.href;
    return undefined;
  }
}

/** A selector that rules or sets stand on, as members of a side. */
export class SelectorState {
  readonly hash: number;
  /** Tells selectors apart, in few letters. */
  readonly serial: number;
  readonly selector: Selector;
  references = 0;
  /** The condition whose labels it is found through; null: none names any, or nothing stands on it. */
  listed: Condition | null = null;
  classes: Few<ClassState> = null;
  providerUnits: Few<Unit> = null;
  consumerUnits: Few<Unit> = null;
  tables: Few<TableUnit> = null;
  /** Its set of each form, when there is one. */
  addresses: SetState | null = null;
  subnets: SetState | null = null;
  /** That set as all that stands on a side of a rule: most rules have nothing else, and many have the same. */
  addressesAlone: readonly Part[] | null = null;
  subnetsAlone: readonly Part[] | null = null;
  /** Whether it got or lost rules in this step. */
  moved = false;
  /** Lines that it gives its classes, sorted; null while that is not computed. */
  lines: readonly Line[] | null = null;

  constructor(hash: number, serial: number, selector: Selector) {
    this.hash = hash;
    this.serial = serial;
    this.selector = selector;
  }

  get kind(): 'selector' {
    return 'selector';
  }

  /** Whether any rule stands on it, and not only sets. */
  get ruling(): boolean {
    return this.providerUnits !== null || this.consumerUnits !== null || this.tables !== null;
  }
}

/** Who gets the lines of a side: workloads that a selector holds, or workloads by name. */
export type Members =
  | SelectorState
  | { readonly kind: 'workloads'; readonly hrefs: readonly string[] };

/** A piece of one side: who is a member (enforces the rule) and what address set stands for it at the other side. */
export class Part {
  readonly set: SetState;
  /** Null: of no workload, addresses only. */
  readonly members: Members | null;
  /** Services of its own in place of the rule's (a virtual service as provider). */
  readonly services: readonly ServicePort[] | null;
  readonly fqdns: readonly string[];

  constructor(
    set: SetState,
    members: Members | null,
    own: Partial<Pick<Part, 'services' | 'fqdns'>> = NOTHING_OWN,
  ) {
    this.set = set;
    this.members = members;
    this.services = own.services ?? null;
    this.fqdns = own.fqdns ?? NO_FQDNS;
  }

  get source(): SetSource {
    return this.set.source;
  }
}

const NOTHING_OWN = {};
const NO_FQDNS: readonly string[] = [];

/** One rule within one scope, or one boundary. */
export interface Unit {
  readonly action: 'allow' | 'deny';
  readonly href: string;
  readonly name: string;
  readonly version: number;
  /** Null on boundaries. */
  readonly ruleSet: string | null;
  readonly scopeIndex: number;
  readonly networkType: NetworkType;
  readonly stateless: boolean;
  readonly principals: readonly string[];
  /** Entries that name a program included. */
  readonly services: readonly ServicePort[];
  readonly providers: readonly Part[];
  readonly consumers: readonly Part[];
  /** Made when the first host needs them. */
  lines: UnitLines | null;
}

/** Raw rules of a ruleset within one scope, and who gets them. */
export interface TableUnit {
  readonly href: string;
  readonly scopeIndex: number;
  readonly rule: IpTablesRule;
  readonly members: readonly Members[];
}

export interface Line {
  readonly rule: HostRule;
  /** Sets that the line names. */
  readonly sets: readonly SetState[];
  /** Hosts that can tell users and programs apart, those that cannot, or any. */
  readonly on: 'windows' | 'other' | 'any';
  /** Digest of its canonical text; null while nobody needs it. */
  digest: string | null;
}

export interface UnitLines {
  /** By number of the provider part. */
  readonly inbound: readonly (readonly Line[])[];
  readonly outbound: readonly Line[];
}

export interface InternedPolicy {
  readonly policy: HostPolicy;
  /** Sets that it names, by id. */
  readonly sets: readonly SetState[];
  /** Classes that have it or were told it. */
  users: number;
  /** Classes that were told it. */
  told: number;
}
