/** All workloads in their places, by href. */
import type { WorkloadState } from './graph.ts';
import { HashTable } from './hash-table.ts';

export class PlacedWorkloads {
  private readonly states = new HashTable<WorkloadState>();

  get size(): number {
    return this.states.size;
  }

  get(href: string): WorkloadState | undefined {
    const { states } = this;
    const hash = hashOf(href);
    for (let slot = states.first(hash); slot >= 0; slot = states.after(slot, hash)) {
      const state = states.at(slot);
      if (state.workload.href === href) return state;
    }
    return undefined;
  }

  /** Of a workload that is not there. */
  add(state: WorkloadState): void {
    this.states.add(hashOf(state.workload.href), state);
  }

  remove(state: WorkloadState): void {
    this.states.remove(hashOf(state.workload.href), state);
  }

  /** In no order. */
  values(): Iterable<WorkloadState> {
    return this.states.all();
  }
}

/** Hrefs of one kind begin alike, so that their ends tell them apart. */
const LOOKED_AT = 40;

/** FNV-1a in 32 bits, with its high bits mixed into the low ones. */
function hashOf(href: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, href.length - LOOKED_AT); at < href.length; at += 1) {
    hash = Math.imul(hash ^ href.charCodeAt(at), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
