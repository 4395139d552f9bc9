/** Policy classes: workloads that every policy treats alike, found by what makes them so. */
import type { Workload } from '../model.ts';
import { HashTable, mixed } from './hash-table.ts';
import { ClassHeads, type Head } from './class-heads.ts';
import { ClassState, type LabelNode } from './graph.ts';
import type { LabelNodes } from './labels.ts';

/** What a class is found by. It holds until the next workload is looked at. */
export interface ClassKey {
  readonly hash: number;
  readonly head: Head;
  /** By number. */
  readonly labels: readonly LabelNode[];
  /** Href of the workload where rules name it: it is a class of its own. */
  readonly named: string | null;
}

export class Classes {
  private readonly states = new HashTable<ClassState>();
  /** Those of one workload that rules name. */
  private readonly named = new Map<string, ClassState>();
  private readonly heads = new ClassHeads();
  private readonly labels: LabelNodes;

  constructor(labels: LabelNodes) {
    this.labels = labels;
  }

  get size(): number {
    return this.states.size + this.named.size;
  }

  *all(): Iterable<ClassState> {
    yield* this.states.all();
    yield* this.named.values();
  }

  keyOf(workload: Workload, named: boolean): ClassKey {
    const head = this.heads.of(workload);
    // of its own length: a list that grows keeps room for more, and a million classes keep theirs
    const labels = workload.labels.map((href) => this.labels.at(href));
    if (labels.length > 1) labels.sort((a, b) => a.number - b.number);
    let hash = head.number;
    for (const { number } of labels) hash = mixed(hash, number);
    return { hash, head, labels, named: named ? workload.href : null };
  }

  find(key: ClassKey): ClassState | undefined {
    if (key.named !== null) return this.named.get(key.named);
    const { states } = this;
    for (let slot = states.first(key.hash); slot >= 0; slot = states.after(slot, key.hash)) {
      const state = states.at(slot);
      if (isOf(state, key)) return state;
    }
    return undefined;
  }

  make({ hash, head, labels, named }: ClassKey, sample: Workload): ClassState {
    const state = new ClassState({ hash, head, sample, labels, named });
    if (named === null) this.states.add(hash, state);
    else this.named.set(named, state);
    return state;
  }

  remove(state: ClassState): void {
    if (state.named === null) this.states.remove(state.hash, state);
    else this.named.delete(state.named);
  }
}

/** Whether workloads with the key are of the class. */
export function isOf(state: ClassState, { hash, head, labels, named }: ClassKey): boolean {
  if (state.hash !== hash || state.head !== head || state.named !== named) return false;
  if (state.labels.length !== labels.length) return false;
  for (let place = 0; place < labels.length; place += 1) {
    if (state.labels[place] !== labels[place]) return false;
  }
  return true;
}
