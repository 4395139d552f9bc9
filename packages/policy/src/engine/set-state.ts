/** One address set while it lives: counted members, and what of it was given out last. */
import {
  formatAddress,
  formatSpan,
  joinSpans,
  parseSpan,
  spansHold,
  type Address,
  type AddressSpan,
} from '@bulkhead/net';
import type { AddressSet, AddressSetDelta } from '../host-policy.ts';
import type { SetSource } from './compile.ts';

interface Published {
  readonly hosts: Set<string>;
  ranges: readonly string[];
}

/**
 * Members are counted, so that an address or subnet leaves with the last workload that brought it. `takeDelta` costs what was touched
 * since the last time (and the number of ranges, when one of them was), not what the set holds.
 */
export class SetState {
  readonly id: string;
  readonly source: SetSource;
  /** How many parts of units stand on it. */
  references = 0;
  private readonly hosts = new Map<string, number>();
  private readonly ranges = new Map<string, { claims: number; readonly span: AddressSpan }>();
  private readonly touched = new Set<string>();
  private rangesTouched = false;
  private joined: readonly AddressSpan[] | null = null;
  private published: Published | null = null;

  constructor(id: string, source: SetSource) {
    this.id = id;
    this.source = source;
  }

  /** Adds (+1) or takes away (-1) one claim to each member, in canonical text. */
  count(texts: readonly string[], step: 1 | -1): void {
    for (const text of texts) {
      if (text.includes('/') || text.includes('-')) {
        this.countRange(text, step);
        continue;
      }
      const claims = (this.hosts.get(text) ?? 0) + step;
      if (claims > 0) this.hosts.set(text, claims);
      else this.hosts.delete(text);
      this.touched.add(text);
    }
  }

  private countRange(text: string, step: 1 | -1): void {
    const known = this.ranges.get(text);
    if (known !== undefined && known.claims + step > 0) {
      known.claims += step;
      return;
    }
    const parsed = known === undefined ? parseSpan(text) : null;
    if (known !== undefined) this.ranges.delete(text);
    else if (step > 0 && parsed?.ok === true)
      this.ranges.set(text, { claims: step, span: parsed.value });
    this.rangesTouched = true;
    this.joined = null;
  }

  get size(): number {
    return this.hosts.size + this.ranges.size;
  }

  holds(address: Address): boolean {
    return this.hosts.has(formatAddress(address)) || spansHold(this.spans(), address);
  }

  snapshot(): AddressSet {
    return { id: this.id, hosts: [...this.hosts.keys()].sort(), ranges: this.rangeTexts() };
  }

  /** Takes every claim away, for a source that is counted anew. */
  clear(): void {
    for (const host of this.hosts.keys()) this.touched.add(host);
    this.hosts.clear();
    this.ranges.clear();
    this.rangesTouched = true;
    this.joined = null;
  }

  /** What moved since it was last given out; the whole set the first time; null when nothing did. */
  takeDelta(): AddressSetDelta | null {
    const delta = this.published === null ? this.publishWhole() : this.diff(this.published);
    this.touched.clear();
    this.rangesTouched = false;
    const { addHosts, removeHosts, addRanges, removeRanges } = delta;
    const moved = addHosts.length + removeHosts.length + addRanges.length + removeRanges.length;
    return moved > 0 ? delta : null;
  }

  /** No host policy names it now: the next delta is the whole set again. */
  withdraw(): void {
    this.published = null;
  }

  private publishWhole(): AddressSetDelta {
    const { id, hosts, ranges } = this.snapshot();
    this.published = { hosts: new Set(hosts), ranges };
    return { id, addHosts: hosts, removeHosts: [], addRanges: ranges, removeRanges: [] };
  }

  private diff(published: Published): AddressSetDelta {
    const addHosts: string[] = [];
    const removeHosts: string[] = [];
    for (const host of this.touched) {
      const now = this.hosts.has(host);
      if (now === published.hosts.has(host)) continue;
      if (now) published.hosts.add(host);
      else published.hosts.delete(host);
      (now ? addHosts : removeHosts).push(host);
    }
    let addRanges: string[] = [];
    let removeRanges: string[] = [];
    if (this.rangesTouched) {
      const before = new Set(published.ranges);
      const after = this.rangeTexts();
      const kept = new Set(after);
      addRanges = after.filter((range) => !before.has(range));
      removeRanges = published.ranges.filter((range) => !kept.has(range));
      published.ranges = after;
    }
    return {
      id: this.id,
      addHosts: addHosts.sort(),
      removeHosts: removeHosts.sort(),
      addRanges,
      removeRanges,
    };
  }

  private spans(): readonly AddressSpan[] {
    this.joined ??= joinSpans([...this.ranges.values()].map(({ span }) => span));
    return this.joined;
  }

  private rangeTexts(): string[] {
    return this.spans().map(formatSpan);
  }
}
