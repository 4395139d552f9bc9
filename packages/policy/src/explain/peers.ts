/** Who is a peer by an address, found by labels. */
import type { Selector } from '../engine/conditions.ts';
import type { Workload } from '../model.ts';
import type { PeerAt } from './lookup.ts';
import { selectsWorkload, type LabelsByKey } from './labels.ts';

/** A workload that is a peer by the address. */
export interface LabelledPeer extends PeerAt {
  readonly labels: LabelsByKey;
}

/**
 * The peers of an address in one form. A subnet may be that of thousands of hosts and a rule is asked for each of thousands of selectors:
 * each combination of labels is kept once, and those of a selector's rarest label are all that is looked at.
 */
export class PeersAtAddress {
  readonly all: readonly LabelledPeer[];
  private readonly combinations: LabelsByKey[] = [];
  private readonly byLabel = new Map<string, LabelsByKey[]>();

  constructor(all: readonly LabelledPeer[]) {
    this.all = all;
    const seen = new Set<string>();
    for (const { labels } of all) {
      const text = [...labels.values()].sort().join(' ');
      if (seen.has(text)) continue;
      seen.add(text);
      this.combinations.push(labels);
      for (const href of labels.values()) {
        const listed = this.byLabel.get(href);
        if (listed === undefined) this.byLabel.set(href, [labels]);
        else listed.push(labels);
      }
    }
  }

  /** Whether the selector selects one of them. */
  someSelected(selector: Selector): boolean {
    if (this.combinations.length === 0) return false;
    let rarest: readonly string[] | null = null;
    let fewest = this.combinations.length;
    for (const { kind, labels } of selector) {
      if (kind === 'not') continue;
      let count = 0;
      for (const href of labels) count += this.byLabel.get(href)?.length ?? 0;
      if (count === 0) return false;
      if (count >= fewest) continue;
      fewest = count;
      rarest = labels;
    }
    const among = (candidates: readonly LabelsByKey[]) =>
      candidates.some((labels) => selectsWorkload(selector, labels));
    return rarest === null
      ? among(this.combinations)
      : rarest.some((href) => among(this.byLabel.get(href) ?? []));
  }

  some(check: (workload: Workload) => boolean): boolean {
    return this.all.some(({ workload }) => check(workload));
  }
}
