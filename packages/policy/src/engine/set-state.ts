/** One address set while it lives: whose addresses it holds, and what of it was given out last. */
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
import { addressesOf } from './addresses.ts';
import type { Selector } from './conditions.ts';
import { itemsOf, onlyOf, type Few } from './few.ts';
import type { OwnMembers, SetHolder } from './holder.ts';
import type { AddressOwners } from './owners.ts';
import { sourceKey, type SetOrigin, type SetSource } from './sources.ts';

const NO_SPANS: readonly AddressSpan[] = [];
const NO_TEXTS: readonly string[] = [];
const NOTHING: OwnMembers = { hosts: new Set(), ranges: [] };

/** The selector of a set, as the set knows it. */
export interface HeldBySelector {
  readonly kind: 'selector';
  readonly selector: Selector;
  readonly classes: Few<SetHolder>;
}

/** What all sets of a core have in common. */
export interface SharedBySets {
  readonly digest: (text: string) => string;
  /** Whether anybody ever had to be told of members that come and go. */
  watched: boolean;
}

/** Ranges by text, kept from when somebody first asks for the content. */
interface Live {
  readonly ranges: Map<string, AddressSpan>;
  joined: readonly AddressSpan[] | null;
}

/** What was given out, and what moved since. */
interface Published {
  ranges: readonly string[];
  rangesMoved: boolean;
  /** Hosts that came (true) or went (false). */
  moved: Map<string, boolean> | null;
}

/**
 * A set does not list its hosts: it stands for what its classes hold, and only counts what moves once it was given out. So a fleet is
 * taken in without a thought for the sets that its hosts are in.
 */
export class SetState {
  private origin: SetSource | null;
  /** Whether it stands for its workloads by the subnets that they are in. */
  readonly subnets: boolean;
  /** Of a set of the workloads that a selector holds, else null. */
  selector: HeldBySelector | null;
  /** How many parts of units stand on it. */
  references = 0;
  /** How many host policies name it, and how many of these were given out. */
  policies = 0;
  names = 0;
  /** Whether the next delta looks at it. */
  touched = false;
  /** Classes of the workloads that it names. */
  named: Few<SetHolder> = null;
  own: OwnMembers = NOTHING;
  private readonly shared: SharedBySets;
  private digested: string | null = null;
  private live: Live | null = null;
  private published: Published | null = null;
  /** What it held when it was given out, while nothing stands on it or until the next delta after that. */
  private frozen: {
    readonly hosts: ReadonlySet<string>;
    readonly ranges: readonly string[];
  } | null = null;

  /** `of`: what it stands for; a selector in the form of subnets, if `subnets`. */
  constructor(of: SetOrigin | HeldBySelector, shared: SharedBySets, subnets = false) {
    this.origin = of.kind === 'selector' ? null : of;
    this.selector = of.kind === 'selector' ? of : null;
    this.subnets = subnets;
    this.shared = shared;
  }

  /** What it is made of. */
  get source(): SetSource {
    if (this.origin !== null) return this.origin;
    if (this.selector === null) throw new TypeError('a set stands for something');
    const form = this.subnets ? 'subnets' : 'addresses';
    this.origin = { kind: 'selector', selector: this.selector.selector, form };
    return this.origin;
  }

  /** Classes whose workloads are in it. */
  get classes(): Few<SetHolder> {
    return this.selector === null ? this.named : this.selector.classes;
  }

  /** A digest of the source, so that equal sources share one name on every node. */
  get id(): string {
    this.digested ??= `s${this.shared.digest(sourceKey(this.source)).slice(0, 22)}`;
    return this.digested;
  }

  /** Whether somebody knows it: a host policy that names it is there, or was given out and not yet taken back. */
  get known(): boolean {
    return this.policies > 0 || this.published !== null;
  }

  /** Whether anybody has to be told of members that come and go. */
  get watched(): boolean {
    return this.frozen === null && (this.live !== null || this.published !== null);
  }

  /** Nothing stands on it now, and host policies that name it may come back: remembers what it told, for its members will not be followed. */
  freeze(): void {
    this.live = null;
    if (this.published === null || this.frozen !== null) return;
    const hosts = new Set(this.hosts());
    for (const [host, here] of this.published.moved ?? []) {
      if (here) hosts.delete(host);
      else hosts.add(host);
    }
    this.frozen = { hosts, ranges: this.published.ranges };
  }

  /** A member that was not there. */
  gain(text: string): void {
    this.move(text, true);
  }

  /** A member that nobody holds any more. */
  lose(text: string): void {
    this.move(text, false);
  }

  private move(text: string, here: boolean): void {
    if (isRange(text)) this.moveRange(text, here);
    else if (this.published !== null) {
      const moved = (this.published.moved ??= new Map<string, boolean>());
      if (moved.get(text) === !here) moved.delete(text);
      else moved.set(text, here);
    }
  }

  private moveRange(text: string, here: boolean): void {
    if (this.published !== null) this.published.rangesMoved = true;
    if (this.live === null) return;
    this.live.joined = null;
    if (here) addRange(this.live.ranges, text);
    else this.live.ranges.delete(text);
  }

  /** How many members its classes and its source bring, those of two classes twice. */
  get size(): number {
    if (this.references === 0) return 0;
    let size = this.own.hosts.size + this.own.ranges.length;
    for (const state of itemsOf(this.classes)) {
      size += this.subnets ? (state.subnets?.size ?? 0) : state.addressCount;
    }
    return size;
  }

  /** Whether the set holds a single address. `owners`: who has which address. */
  holds(address: Address, owners: AddressOwners): boolean {
    if (this.subnets) {
      const text = formatAddress(address);
      for (const state of itemsOf(this.classes)) if (state.subnets?.has(text) === true) return true;
      return spansHold(this.spans(), address);
    }
    if (this.holdsHost(formatAddress(address), owners)) return true;
    return this.own.ranges.length > 0 && spansHold(this.spans(), address);
  }

  /** Whether a class of it, or its source, holds a host as a member of its own. For sets of addresses. */
  holdsHost(text: string, owners: AddressOwners): boolean {
    return this.own.hosts.has(text) || owners.heldIn(this.classes, text);
  }

  snapshot(): AddressSet {
    return { id: this.id, hosts: this.hosts().sort(), ranges: this.rangeTexts() };
  }

  /** What moved since it was last given out; the whole set the first time; null when nothing did. */
  takeDelta(): AddressSetDelta | null {
    const delta = this.published === null ? this.publishWhole() : this.diff(this.published);
    const { addHosts, removeHosts, addRanges, removeRanges } = delta;
    const moved = addHosts.length + removeHosts.length + addRanges.length + removeRanges.length;
    return moved > 0 ? delta : null;
  }

  /** No host policy names it now: the next delta is the whole set again. */
  withdraw(): void {
    this.published = null;
    this.frozen = null;
  }

  private publishWhole(): AddressSetDelta {
    const ranges = this.rangeTexts();
    this.published = { ranges, rangesMoved: false, moved: null };
    this.shared.watched = true;
    const addHosts = this.hosts();
    const [removeHosts, removeRanges] = [NO_TEXTS, NO_TEXTS];
    return { id: this.id, addHosts, removeHosts, addRanges: ranges, removeRanges };
  }

  private diff(published: Published): AddressSetDelta {
    if (this.frozen !== null) return this.thaw(this.frozen);
    const addHosts: string[] = [];
    const removeHosts: string[] = [];
    for (const [host, here] of published.moved ?? []) (here ? addHosts : removeHosts).push(host);
    published.moved = null;
    let addRanges = NO_TEXTS;
    let removeRanges = NO_TEXTS;
    if (published.rangesMoved) {
      const before = new Set(published.ranges);
      const after = this.rangeTexts();
      const kept = new Set(after);
      addRanges = after.filter((range) => !before.has(range));
      removeRanges = published.ranges.filter((range) => !kept.has(range));
      published.ranges = after;
      published.rangesMoved = false;
    }
    return { id: this.id, addHosts, removeHosts, addRanges, removeRanges };
  }

  private thaw(frozen: NonNullable<typeof this.frozen>): AddressSetDelta {
    const hosts = new Set(this.hosts());
    const ranges = this.rangeTexts();
    const removeHosts = [...frozen.hosts].filter((host) => !hosts.has(host));
    const addHosts = [...hosts].filter((host) => !frozen.hosts.has(host));
    const removeRanges = frozen.ranges.filter((range) => !ranges.includes(range));
    const addRanges = ranges.filter((range) => !frozen.ranges.includes(range));
    this.frozen = null;
    this.published = { ranges, rangesMoved: false, moved: null };
    return { id: this.id, addHosts, removeHosts, addRanges, removeRanges };
  }

  private hosts(): string[] {
    const single = onlyOf(this.classes);
    if (single !== null && !this.subnets && this.own.hosts.size === 0) {
      const [only] = single.workloads;
      if (only !== undefined && single.workloads.length === 1)
        return [...addressesOf(only.workload)];
    }
    const hosts = new Set(this.own.hosts);
    for (const state of itemsOf(this.classes)) {
      if (this.subnets) {
        for (const text of state.subnets?.keys() ?? []) if (!isRange(text)) hosts.add(text);
        continue;
      }
      for (const { workload } of state.workloads) {
        for (const text of addressesOf(workload)) hosts.add(text);
      }
    }
    return [...hosts];
  }

  private spans(): readonly AddressSpan[] {
    if (this.selector !== null && !this.subnets) return NO_SPANS;
    // what is frozen follows nobody: what it holds is looked up each time
    if (this.frozen !== null) return joinSpans([...this.collect().ranges.values()]);
    this.live ??= this.collect();
    this.shared.watched = true;
    this.live.joined ??= joinSpans([...this.live.ranges.values()]);
    return this.live.joined;
  }

  private collect(): Live {
    const ranges = new Map<string, AddressSpan>();
    for (const text of this.own.ranges) addRange(ranges, text);
    if (this.subnets) {
      for (const { subnets } of itemsOf(this.classes)) {
        for (const text of subnets?.keys() ?? []) if (isRange(text)) addRange(ranges, text);
      }
    }
    return { ranges, joined: null };
  }

  private rangeTexts(): readonly string[] {
    const spans = this.spans();
    return spans.length === 0 ? NO_TEXTS : spans.map(formatSpan);
  }
}

/** Whether a member is more than one address. */
export function isRange(text: string): boolean {
  return text.includes('/') || text.includes('-');
}

function addRange(ranges: Map<string, AddressSpan>, text: string): void {
  if (ranges.has(text)) return;
  const parsed = parseSpan(text);
  if (parsed.ok) ranges.set(text, parsed.value);
}
