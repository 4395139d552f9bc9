/** Policy classes: workloads that every policy treats alike, and the selectors that classes are in. */
import type { Workload } from '../model.ts';
import { selectorKey, selects, type Selector } from './conditions.ts';
import { countOf, itemsOf, withItem, withoutItem, type Few } from './few.ts';
import { SelectorState, type ClassState } from './graph.ts';

/** First release that manages external interfaces (R-SYS-4). */
export function managesExternal(workload: Workload): boolean {
  const [major = 0, minor = 0] = (workload.venVersion ?? '0').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 3);
}

/** Makes the keys by which workloads are alike; a workload that a rule names is a class of its own. */
export class ClassKeys {
  private readonly labels = new Map<string, number>();
  private readonly heads = new Map<string, string>();

  private last: { readonly sample: Workload; readonly head: string } | null = null;

  of(workload: Workload, named: boolean): string {
    const key = `${this.head(workload)} ${this.numbers(workload.labels)}`;
    return named ? `${key} ${workload.href}` : key;
  }

  private numbers(labels: readonly string[]): string {
    const [first, second] = labels;
    if (labels.length === 2 && first !== undefined && second !== undefined) {
      const [one, other] = [this.number(first), this.number(second)];
      return one < other ? `${one},${other}` : `${other},${one}`;
    }
    return labels
      .map((href) => this.number(href))
      .sort((a, b) => a - b)
      .join();
  }

  private number(href: string): number {
    const known = this.labels.get(href);
    if (known !== undefined) return known;
    const number = this.labels.size;
    this.labels.set(href, number);
    return number;
  }

  /** What counts of a workload besides its labels. Versions are many, and matter only by what they can do. */
  head(workload: Workload): string {
    // a fleet is read in long runs of hosts that are alike
    if (this.last === null || !sameHead(this.last.sample, workload)) {
      this.last = { sample: workload, head: this.headOf(workload) };
    }
    return this.last.head;
  }

  private headOf(workload: Workload): string {
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

function sameHead(a: Workload, b: Workload): boolean {
  return (
    a.type === b.type &&
    a.enforcementMode === b.enforcementMode &&
    a.visibilityLevel === b.visibilityLevel &&
    a.blockedConnectionAction === b.blockedConnectionAction &&
    a.venVersion === b.venVersion &&
    a.osFamily === b.osFamily
  );
}

/**
 * Which selectors a class is in, found through one label of each: a selector is listed under the labels of its condition that has the
 * fewest selectors so far, so that common labels (a role, an environment) do not gather them all.
 */
export class SelectorIndex {
  private readonly states = new Map<string, SelectorState>();
  /** Selectors that something was compiled to in this step; what nothing stands on at its end goes. */
  private fresh: SelectorState[] = [];
  private serial = 0;
  private readonly byLabel = new Map<string, Few<SelectorState>>();
  private readonly unlabelled = new Set<SelectorState>();
  private readonly classesByLabel = new Map<string, Few<ClassState>>();
  private readonly classes: ReadonlyMap<string, ClassState>;

  constructor(classes: ReadonlyMap<string, ClassState>) {
    this.classes = classes;
  }

  get size(): number {
    return this.states.size;
  }

  all(): Iterable<SelectorState> {
    return this.states.values();
  }

  /** The one state of a selector; it counts for nothing until it is retained. */
  state(selector: Selector): SelectorState {
    const id = selectorKey(selector);
    let state = this.find(id);
    if (state === undefined) {
      this.serial += 1;
      state = new SelectorState(id, this.serial, selector);
      this.states.set(id, state);
      this.fresh.push(state);
    }
    return state;
  }

  /** A selector that something stands on, or was compiled to in this step. */
  find(id: string): SelectorState | undefined {
    return this.states.get(id);
  }

  /** The step is over. */
  settle(): void {
    for (const { id, references } of this.fresh) if (references === 0) this.states.delete(id);
    this.fresh = [];
  }

  /** From now on, if not before, the state holds the classes that it selects. */
  retain(state: SelectorState): void {
    state.references += 1;
    if (state.references > 1) return;
    this.list(state);
    const labels = this.candidateLabels(state.selector);
    if (labels === null) for (const candidate of this.classes.values()) join(candidate, state);
    for (const label of labels ?? []) {
      for (const candidate of itemsOf(this.classesByLabel.get(label) ?? null)) {
        join(candidate, state);
      }
    }
  }

  release(state: SelectorState): void {
    state.references -= 1;
    if (state.references > 0) return;
    this.fresh.push(state);
    this.unlabelled.delete(state);
    for (const condition of state.selector) {
      for (const label of condition.labels) unlist(this.byLabel, label, state);
    }
    for (const member of itemsOf(state.classes)) {
      member.selectors = withoutItem(member.selectors, state);
    }
    state.classes = null;
  }

  addClass(added: ClassState): void {
    for (const label of added.sample.labels) enlist(this.classesByLabel, label, added);
    for (const state of this.unlabelled) join(added, state);
    for (const { href } of added.labels) {
      for (const state of itemsOf(this.byLabel.get(href) ?? null)) join(added, state);
    }
  }

  removeClass(removed: ClassState): void {
    for (const label of removed.sample.labels) unlist(this.classesByLabel, label, removed);
    for (const state of itemsOf(removed.selectors)) {
      state.classes = withoutItem(state.classes, removed);
    }
  }

  /** Classes of workloads that carry a label. */
  withLabel(label: string): readonly ClassState[] {
    return [...itemsOf(this.classesByLabel.get(label) ?? null)];
  }

  private list(state: SelectorState): void {
    let best: readonly string[] | null = null;
    let load = Number.POSITIVE_INFINITY;
    for (const condition of state.selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const label of condition.labels) own += 1 + countOf(this.byLabel.get(label) ?? null);
      if (own < load) {
        load = own;
        best = condition.labels;
      }
    }
    if (best === null) this.unlabelled.add(state);
    for (const label of best ?? []) enlist(this.byLabel, label, state);
  }

  /** Labels one of which every selected class has, as few classes as can be; null: there are none to go by. */
  private candidateLabels(selector: Selector): readonly string[] | null {
    let best: readonly string[] | null = null;
    let size = Number.POSITIVE_INFINITY;
    for (const condition of selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const label of condition.labels) own += countOf(this.classesByLabel.get(label) ?? null);
      if (own < size) {
        size = own;
        best = condition.labels;
      }
    }
    return best;
  }
}

function enlist<T extends object>(map: Map<string, Few<T>>, label: string, item: T): void {
  map.set(label, withItem(map.get(label) ?? null, item));
}

function unlist<T extends object>(map: Map<string, Few<T>>, label: string, item: T): void {
  const left = withoutItem(map.get(label) ?? null, item);
  if (left === null) map.delete(label);
  else map.set(label, left);
}

function join(member: ClassState, state: SelectorState): void {
  if (!selects(state.selector, (key) => member.label(key))) return;
  state.classes = withItem(state.classes, member);
  member.selectors = withItem(member.selectors, state);
}
