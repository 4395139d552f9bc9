/** Labels as the engine knows them: numbered, with what hangs on each. */
import type { Label } from '../model.ts';
import type { Few } from './few.ts';
import type { ClassState, SelectorState } from './graph.ts';

/** A label, or an href that somebody uses as one: it may come later. */
export class LabelNode {
  readonly href: string;
  readonly number: number;
  label: Label | undefined;
  /** Classes of workloads that carry it. */
  classes: Few<ClassState> = null;
  /** Selectors that are found through it. */
  selectors: Few<SelectorState> = null;

  constructor(href: string, number: number) {
    this.href = href;
    this.number = number;
  }
}

export class LabelNodes {
  /** An href keeps its number; there are as many as labels ever were. */
  private readonly nodes = new Map<string, LabelNode>();

  at(href: string): LabelNode {
    let node = this.nodes.get(href);
    if (node === undefined) {
      node = new LabelNode(href, this.nodes.size + 1);
      this.nodes.set(href, node);
    }
    return node;
  }

  label(href: string): Label | undefined {
    return this.nodes.get(href)?.label;
  }

  all(): Label[] {
    return [...this.nodes.values()].flatMap(({ label }) => label ?? []);
  }
}
