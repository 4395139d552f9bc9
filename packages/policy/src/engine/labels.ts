/** Labels as the engine knows them: numbered, with what hangs on each. */
import type { Label } from '../model.ts';
import { carrying, type Condition } from './conditions.ts';
import type { Few } from './few.ts';
import type { ClassState, SelectorState } from './graph.ts';
import { TextTable } from './text-table.ts';

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

export class LabelNodes {
  /** An href keeps its number; there are as many as labels ever were. */
  private readonly nodes = new TextTable<LabelNode>(({ href }) => href);

  at(href: string): LabelNode {
    let node = this.nodes.get(href);
    if (node === undefined) {
      node = new LabelNode(href, this.nodes.size + 1);
      this.nodes.add(node);
    }
    return node;
  }

  find(href: string): LabelNode | undefined {
    return this.nodes.get(href);
  }

  all(): Label[] {
    const nodes = [...this.nodes.values()].sort((a, b) => a.number - b.number);
    return nodes.flatMap(({ label }) => label ?? []);
  }
}
