/** Policy classes: workloads that every policy treats alike, and the selectors that classes are in. */
import type { HostPolicy } from '../host-policy.ts';
import type { Workload } from '../model.ts';
import { selects, type Selector } from './conditions.ts';
import type { Unit } from './compile.ts';
import type { SetState } from './set-state.ts';

/** One class while it has workloads. */
export interface ClassState {
  readonly key: string;
  /** Any of its workloads stands for all in what is part of the class. */
  readonly sample: Workload;
  readonly labels: ReadonlyMap<string, string>;
  /** Href of its only workload where rules name that workload, else null. */
  readonly named: string | null;
  readonly workloads: Set<string>;
  readonly selectors: Set<SelectorState>;
  policy: HostPolicy | null;
}

export interface SelectorState {
  readonly id: string;
  /** Tells selectors apart, in fewer letters. */
  readonly serial: number;
  readonly selector: Selector;
  references: number;
  readonly classes: Set<ClassState>;
  readonly providerUnits: Set<Unit>;
  readonly consumerUnits: Set<Unit>;
  readonly sets: Set<SetState>;
}

/** First release that manages external interfaces (R-SYS-4). */
export function managesExternal(workload: Workload): boolean {
  const [major = 0, minor = 0] = (workload.venVersion ?? '0').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 3);
}

/** What makes workloads alike; a workload that a rule names is a class of its own. */
export function classKey(workload: Workload, named: boolean): string {
  const labels = [...workload.labels].sort();
  if (workload.type === 'unmanaged') {
    return JSON.stringify(['unmanaged', labels, named ? workload.href : null]);
  }
  return JSON.stringify([
    workload.type,
    workload.enforcementMode,
    workload.visibilityLevel,
    workload.blockedConnectionAction,
    managesExternal(workload),
    labels,
    named ? workload.href : null,
  ]);
}

/**
 * Which selectors a class is in, found through one label of each: a selector is listed under the labels of its condition that has the
 * fewest selectors so far, so that common labels (a role, an environment) do not gather them all.
 */
export class SelectorIndex {
  private readonly states = new Map<string, SelectorState>();
  private serial = 0;
  private readonly byLabel = new Map<string, Set<SelectorState>>();
  private readonly unlabelled = new Set<SelectorState>();
  private readonly classesByLabel = new Map<string, Set<ClassState>>();
  private readonly classes: Map<string, ClassState>;

  constructor(classes: Map<string, ClassState>) {
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
      state = {
        id,
        serial: this.serial,
        selector,
        references: 0,
        classes: new Set(),
        providerUnits: new Set(),
        consumerUnits: new Set(),
        sets: new Set(),
      };
      this.states.set(id, state);
      for (const set of this.placesOf(selector)) set.add(state);
      for (const candidate of this.candidateClasses(selector)) {
        if (!selects(selector, (key) => candidate.labels.get(key))) continue;
        state.classes.add(candidate);
        candidate.selectors.add(state);
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
    for (const label of added.sample.labels) {
      let members = this.classesByLabel.get(label);
      if (members === undefined) this.classesByLabel.set(label, (members = new Set()));
      members.add(added);
    }
    const consider = (state: SelectorState) => {
      if (!selects(state.selector, (key) => added.labels.get(key))) return;
      state.classes.add(added);
      added.selectors.add(state);
    };
    for (const state of this.unlabelled) consider(state);
    for (const label of new Set(added.labels.values())) this.byLabel.get(label)?.forEach(consider);
  }

  removeClass(removed: ClassState): void {
    for (const label of removed.sample.labels) this.classesByLabel.get(label)?.delete(removed);
    for (const state of removed.selectors) state.classes.delete(removed);
  }

  /** Classes of workloads that carry a label. */
  withLabel(label: string): readonly ClassState[] {
    return [...(this.classesByLabel.get(label) ?? [])];
  }

  private placesOf(selector: Selector): Set<SelectorState>[] {
    let best: readonly string[] | null = null;
    let load = Number.POSITIVE_INFINITY;
    for (const condition of selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const label of condition.labels) own += 1 + (this.byLabel.get(label)?.size ?? 0);
      if (own < load) {
        load = own;
        best = condition.labels;
      }
    }
    if (best === null) return [this.unlabelled];
    return best.map((label) => {
      let listed = this.byLabel.get(label);
      if (listed === undefined) this.byLabel.set(label, (listed = new Set()));
      return listed;
    });
  }

  private candidateClasses(selector: Selector): Iterable<ClassState> {
    let best: ClassState[] | null = null;
    let size = Number.POSITIVE_INFINITY;
    for (const condition of selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const label of condition.labels) own += this.classesByLabel.get(label)?.size ?? 0;
      if (own < size) {
        size = own;
        best = condition.labels.flatMap((label) => [...(this.classesByLabel.get(label) ?? [])]);
      }
    }
    return best ?? this.classes.values();
  }
}
