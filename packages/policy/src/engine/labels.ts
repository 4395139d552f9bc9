/** Labels as the engine knows them: numbered, with what hangs on each. */
import type { Label } from '../model.ts';
import { LabelNode } from './graph.ts';

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

  find(href: string): LabelNode | undefined {
    return this.nodes.get(href);
  }

  all(): Label[] {
    return [...this.nodes.values()].flatMap(({ label }) => label ?? []);
  }
}
