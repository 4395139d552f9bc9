/** Policy classes: workloads that every policy treats alike, and the selectors that classes are in. */
import type { Workload } from '../model.ts';
import type { TableUnit, Unit } from './compile.ts';
import { selects, type Selector } from './conditions.ts';
import type { InternedPolicy } from './host-policies.ts';
import type { Line } from './lines.ts';
import type { SetState } from './set-state.ts';
import { SmallSet } from './small-set.ts';

/** A workload in its place. */
export interface WorkloadState {
  workload: Workload;
  state: ClassState;
  /** By which it is a peer, canonical. */
  addresses: readonly string[];
  /** Hash that it was told before it changed class in this step; undefined: it did not. */
  before: string | null | undefined;
}

/** One class while it has workloads. */
export class ClassState {
  readonly key: string;
  /** Any of its workloads stands for all in what is part of the class. */
  readonly sample: Workload;
  /** Label hrefs by key: key, href, key, href ... */
  readonly labels: readonly string[];
  /** Href of its only workload where rules name that workload, else null. */
  readonly named: string | null;
  readonly workloads = new SmallSet<WorkloadState>();
  readonly selectors = new SmallSet<SelectorState>();
  /** How many of its workloads bring a member in the form of subnets; null until a set of that form needs it. */
  subnets: Map<string, number> | null = null;
  addressCount = 0;
  /** What its workloads were told to enforce last; null: nothing yet, or not managed. */
  told: InternedPolicy | null = null;
  /** What they have to enforce now; undefined while that is not computed. */
  policy: InternedPolicy | null | undefined = undefined;
  /** Whether its policy may differ from what was told. */
  dirty = false;

  constructor(key: string, sample: Workload, labels: readonly string[], named: string | null) {
    this.key = key;
    this.sample = sample;
    this.labels = labels;
    this.named = named;
  }

  /** Its label of a key. */
  label(key: string): string | undefined {
    for (let at = 0; at < this.labels.length; at += 2) {
      if (this.labels[at] === key) return this.labels[at + 1];
    }
    return undefined;
  }
}

export class SelectorState {
  readonly id: string;
  /** Tells selectors apart, in fewer letters. */
  readonly serial: number;
  readonly selector: Selector;
  references = 0;
  readonly classes = new SmallSet<ClassState>();
  readonly providerUnits = new SmallSet<Unit>();
  readonly consumerUnits = new SmallSet<Unit>();
  readonly tables = new SmallSet<TableUnit>();
  readonly sets = new SmallSet<SetState>();
  /** Lines that it gives its classes, sorted; null while that is not computed. */
  lines: readonly Line[] | null = null;

  constructor(id: string, serial: number, selector: Selector) {
    this.id = id;
    this.serial = serial;
    this.selector = selector;
  }

  /** Whether any rule stands on it, and not only sets. */
  get ruling(): boolean {
    return this.providerUnits.size + this.consumerUnits.size + this.tables.size > 0;
  }
}

/** First release that manages external interfaces (R-SYS-4). */
export function managesExternal(workload: Workload): boolean {
  const [major = 0, minor = 0] = (workload.venVersion ?? '0').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 3);
}

/** Makes the keys by which workloads are alike; a workload that a rule names is a class of its own. */
export class ClassKeys {
  private readonly labels = new Map<string, number>();
  private readonly heads = new Map<string, string>();

  of(workload: Workload, named: boolean): string {
    const numbers = workload.labels.map((href) => this.number(href)).sort((a, b) => a - b);
    return `${this.head(workload)} ${numbers.join()}${named ? ` ${workload.href}` : ''}`;
  }

  private number(href: string): number {
    const known = this.labels.get(href);
    if (known !== undefined) return known;
    const number = this.labels.size;
    this.labels.set(href, number);
    return number;
  }

  /** What counts of a workload besides its labels. Versions are many, and matter only by what they can do. */
  private head(workload: Workload): string {
    const { type, enforcementMode, visibilityLevel, blockedConnectionAction, osFamily } = workload;
    if (type === 'unmanaged') return type;
    const version = workload.venVersion ?? '';
    const text = `${type} ${enforcementMode} ${visibilityLevel} ${blockedConnectionAction} ${osFamily} `;
    const known = this.heads.get(text + version);
    if (known !== undefined) return known;
    const head = text + String(managesExternal(workload));
    this.heads.set(text + version, head);
    return head;
  }
}

/**
 * Which selectors a class is in, found through one label of each: a selector is listed under the labels of its condition that has the
 * fewest selectors so far, so that common labels (a role, an environment) do not gather them all.
 */
export class SelectorIndex {
  private readonly states = new Map<string, SelectorState>();
  private serial = 0;
  private readonly byLabel = new Map<string, SmallSet<SelectorState>>();
  private readonly unlabelled = new Set<SelectorState>();
  private readonly classesByLabel = new Map<string, SmallSet<ClassState>>();
  private readonly classes: ReadonlyMap<string, ClassState>;

  constructor(classes: ReadonlyMap<string, ClassState>) {
    this.classes = classes;
  }

  get size(): number {
    return this.states.size;
  }

  find(id: string): SelectorState | undefined {
    return this.states.get(id);
  }

  /** The state of a selector, made when it is new and then holding the classes that it selects. */
  retain(id: string, selector: Selector): SelectorState {
    let state = this.states.get(id);
    if (state === undefined) {
      this.serial += 1;
      state = new SelectorState(id, this.serial, selector);
      this.states.set(id, state);
      this.list(state);
      for (const candidates of this.candidateClasses(selector)) {
        for (const candidate of candidates) join(candidate, state);
      }
    }
    state.references += 1;
    return state;
  }

  release(state: SelectorState): void {
    state.references -= 1;
    if (state.references > 0) return;
    this.states.delete(state.id);
    this.unlabelled.delete(state);
    for (const condition of state.selector) {
      for (const label of condition.labels) this.byLabel.get(label)?.delete(state);
    }
    for (const member of state.classes) member.selectors.delete(state);
  }

  addClass(added: ClassState): void {
    for (const label of added.sample.labels) listed(this.classesByLabel, label).add(added);
    for (const state of this.unlabelled) join(added, state);
    for (let at = 1; at < added.labels.length; at += 2) {
      for (const state of this.byLabel.get(added.labels[at] ?? '') ?? []) join(added, state);
    }
  }

  removeClass(removed: ClassState): void {
    for (const label of removed.sample.labels) this.classesByLabel.get(label)?.delete(removed);
    for (const state of removed.selectors) state.classes.delete(removed);
  }

  /** Classes of workloads that carry a label. */
  withLabel(label: string): readonly ClassState[] {
    return [...(this.classesByLabel.get(label) ?? [])];
  }

  private list(state: SelectorState): void {
    let best: readonly string[] | null = null;
    let load = Number.POSITIVE_INFINITY;
    for (const condition of state.selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const label of condition.labels) own += 1 + (this.byLabel.get(label)?.size ?? 0);
      if (own < load) {
        load = own;
        best = condition.labels;
      }
    }
    if (best === null) this.unlabelled.add(state);
    for (const label of best ?? []) listed(this.byLabel, label).add(state);
  }

  private candidateClasses(selector: Selector): Iterable<Iterable<ClassState>> {
    let best: readonly string[] | null = null;
    let size = Number.POSITIVE_INFINITY;
    for (const condition of selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const label of condition.labels) own += this.classesByLabel.get(label)?.size ?? 0;
      if (own < size) {
        size = own;
        best = condition.labels;
      }
    }
    return best?.map((label) => this.classesByLabel.get(label) ?? []) ?? [this.classes.values()];
  }
}

function listed<T>(map: Map<string, SmallSet<T>>, label: string): SmallSet<T> {
  let found = map.get(label);
  if (found === undefined) map.set(label, (found = new SmallSet()));
  return found;
}

function join(member: ClassState, state: SelectorState): void {
  if (!selects(state.selector, (key) => member.label(key))) return;
  state.classes.add(member);
  member.selectors.add(state);
}
