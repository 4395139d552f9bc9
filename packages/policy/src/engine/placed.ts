/** All workloads in their places, by href. */
import { Buckets } from './buckets.ts';
import type { WorkloadState } from './graph.ts';

/**
 * What a `Map` would do, for a million texts that it never saw: it asks the host for the hash of each, which costs several times what the
 * rest does.
 */
export class PlacedWorkloads {
  private readonly states = new Buckets<WorkloadState>();

  get size(): number {
    return this.states.size;
  }

  get(href: string): WorkloadState | undefined {
    const hash = hashOf(href);
    for (let at = this.states.first(hash); at !== null; at = at.next) {
      if (at.hash === hash && at.workload.href === href) return at;
    }
    return undefined;
  }

  /** Of a workload that is not there. */
  add(state: WorkloadState): void {
    this.states.add(state);
  }

  remove(state: WorkloadState): void {
    this.states.remove(state);
  }

  /** In no order. */
  values(): Iterable<WorkloadState> {
    return this.states.all();
  }
}

/** FNV-1a in 32 bits, over the last part of the text: hrefs of one kind begin alike. */
export function hashOf(href: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, href.length - 40); at < href.length; at += 1) {
    hash = Math.imul(hash ^ href.charCodeAt(at), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
