/** The selectors that rules and sets stand on, and the classes that each holds. */
import type { Classes } from './classes.ts';
import { selects, type Condition, type Selector } from './conditions.ts';
import { countOf, itemsOf, withItem, withoutItem } from './few.ts';
import { SelectorState, type ClassState, type LabelNode } from './graph.ts';
import { HashTable, mixed } from './hash-table.ts';
import type { LabelNodes } from './labels.ts';

/**
 * Which selectors a class is in is found through one label of each: a selector is listed under the labels of its condition that has the
 * fewest selectors so far, so that common labels (a role, an environment) do not gather them all.
 */
export class SelectorIndex {
  private readonly states = new HashTable<SelectorState>();
  /** Selectors that something was compiled to in this step; what nothing stands on at its end goes. */
  private fresh: SelectorState[] = [];
  private serial = 0;
  private readonly unlabelled = new Set<SelectorState>();
  private readonly labels: LabelNodes;
  private readonly classes: Classes;

  constructor(labels: LabelNodes, classes: Classes) {
    this.labels = labels;
    this.classes = classes;
  }

  get size(): number {
    return this.states.size;
  }

  all(): Iterable<SelectorState> {
    return this.states.all();
  }

  /** The one state of a selector; it counts for nothing until it is retained. */
  state(selector: Selector): SelectorState {
    const hash = this.hashOf(selector);
    const { states } = this;
    for (let slot = states.first(hash); slot >= 0; slot = states.after(slot, hash)) {
      const known = states.at(slot);
      if (isSame(known.selector, selector)) return known;
    }
    this.serial += 1;
    const state = new SelectorState(hash, this.serial, selector);
    states.add(hash, state);
    this.fresh.push(state);
    return state;
  }

  /** The step is over. */
  settle(): void {
    for (const state of this.fresh) {
      if (state.references === 0) this.states.remove(state.hash, state);
    }
    this.fresh = [];
  }

  /** From now on, if not before, the state holds the classes that it selects. */
  retain(state: SelectorState): void {
    state.references += 1;
    if (state.references > 1) return;
    this.list(state);
    if (this.classes.size === 0) return;
    // every selected class has one of these labels
    const condition = this.least(state.selector, ({ classes }) => countOf(classes));
    if (condition === null) for (const candidate of this.classes.all()) join(candidate, [state]);
    for (const href of condition?.labels ?? []) {
      for (const candidate of itemsOf(this.labels.at(href).classes)) join(candidate, [state]);
    }
  }

  release(state: SelectorState): void {
    state.references -= 1;
    if (state.references > 0) return;
    this.fresh.push(state);
    this.unlabelled.delete(state);
    for (const href of state.listed?.labels ?? []) {
      const node = this.labels.at(href);
      node.selectors = withoutItem(node.selectors, state);
    }
    state.listed = null;
    for (const member of itemsOf(state.classes)) {
      member.selectors = withoutItem(member.selectors, state);
    }
    state.classes = null;
  }

  addClass(added: ClassState): void {
    for (const node of added.labels) node.classes = withItem(node.classes, added);
    if (this.unlabelled.size > 0) join(added, this.unlabelled);
    for (const { selectors } of added.labels) join(added, itemsOf(selectors));
  }

  removeClass(removed: ClassState): void {
    for (const node of removed.labels) node.classes = withoutItem(node.classes, removed);
    for (const state of itemsOf(removed.selectors)) {
      state.classes = withoutItem(state.classes, removed);
    }
  }

  private hashOf(selector: Selector): number {
    let hash = selector.length;
    for (const { kind, labels } of selector) {
      hash = mixed(hash, kind === 'in' ? labels.length : -labels.length);
      for (const href of labels) hash = mixed(hash, this.labels.at(href).number);
    }
    return hash;
  }

  private list(state: SelectorState): void {
    const best = this.least(state.selector, ({ selectors }) => 1 + countOf(selectors));
    if (best === null) this.unlabelled.add(state);
    for (const href of best?.labels ?? []) {
      const node = this.labels.at(href);
      node.selectors = withItem(node.selectors, state);
    }
    state.listed = best;
  }

  /** The condition whose labels weigh least together; null: no condition names who is in it. */
  private least(selector: Selector, weight: (node: LabelNode) => number): Condition | null {
    let best: Condition | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const condition of selector) {
      if (condition.kind === 'not') continue;
      let own = 0;
      for (const href of condition.labels) own += weight(this.labels.at(href));
      if (own >= least) continue;
      least = own;
      best = condition;
    }
    return best;
  }
}

function isSame(a: Selector, b: Selector): boolean {
  if (a.length !== b.length) return false;
  for (let place = 0; place < a.length; place += 1) {
    const [one, other] = [a[place], b[place]];
    if (one === undefined || other === undefined || !isSameCondition(one, other)) return false;
  }
  return true;
}

function isSameCondition(a: Condition, b: Condition): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.key !== b.key || a.labels.length !== b.labels.length) return false;
  return a.labels.every((label, place) => label === b.labels[place]);
}

/** The class gets into those of the selectors that hold it. */
function join(member: ClassState, states: Iterable<SelectorState>): void {
  const labelOfKey = (key: string) => member.label(key);
  for (const state of states) {
    if (!selects(state.selector, labelOfKey)) continue;
    state.classes = withItem(state.classes, member);
    member.selectors = withItem(member.selectors, state);
  }
}
