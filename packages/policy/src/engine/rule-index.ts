/** What stands between rules and hosts: units on the selectors, workloads and sets that they name, each kept as long as something stands on it. */
import { distinctSorted } from './compile.ts';
import { itemsOf, withItem, withoutItem } from './few.ts';
import type { Memberships } from './memberships.ts';
import { NamedWorkload } from './named.ts';
import type { ObjectStore } from './objects.ts';
import type { SelectorIndex } from './selectors.ts';
import { SetState, type SharedBySets } from './set-state.ts';
import { sourceKey, type SetOrigin, type SetSource } from './sources.ts';
import type { ClassState, Members, Part, SelectorState, TableUnit, Unit } from './graph.ts';

type Side = 'providerUnits' | 'consumerUnits';

/** What the index does to the hosts. */
export interface IndexedHosts {
  /** The policy of a class is out of date. */
  spoil(state: ClassState): void;
  /** A workload is named now, or not any more: it belongs to another class. */
  reclass(href: string): void;
  classOf(href: string): ClassState | undefined;
}

export interface RuleIndexParts {
  readonly shared: SharedBySets;
  readonly hosts: IndexedHosts;
  readonly selectors: SelectorIndex;
  readonly memberships: Memberships;
  readonly objects: Pick<ObjectStore, 'ownMembers' | 'virtualService'>;
}

export class RuleIndex {
  private readonly shared: SharedBySets;
  private readonly hosts: IndexedHosts;
  private readonly selectors: SelectorIndex;
  private readonly memberships: Memberships;
  private readonly objects: RuleIndexParts['objects'];
  private readonly named = new Map<string, NamedWorkload>();
  /** Sets that something stands on, but for those of selectors, which their selectors keep. */
  private readonly sets = new Map<string, SetState>();
  /** Sets that something was compiled to in this step, and that nothing stands on yet. */
  private readonly pendingSets = new Map<string, SetState>();
  /** Sets that nothing stands on and somebody knows. */
  private readonly dormant = new Map<string, SetState>();
  private setCount = 0;
  /** Workloads that a set names. */
  private readonly claimants = new Map<SetState, readonly string[]>();
  /** Selectors that got or lost rules in this step: the policies of all of their classes are out of date. */
  private moved: SelectorState[] = [];

  /** Whether a selector went with its rules. */
  private dropped = false;

  constructor({ shared, hosts, selectors, memberships, objects }: RuleIndexParts) {
    this.shared = shared;
    this.hosts = hosts;
    this.selectors = selectors;
    this.memberships = memberships;
    this.objects = objects;
  }

  /** Rules that name a workload; undefined: none does. */
  naming(href: string): NamedWorkload | undefined {
    // nearly always no rule names any, and then not even the text is hashed
    return this.named.size === 0 ? undefined : this.named.get(href);
  }

  selectorSet(state: SelectorState, form: 'addresses' | 'subnets'): SetState {
    const known = state[form];
    if (known !== null) return known;
    const set =
      this.awake(() => ({ kind: 'selector', selector: state.selector, form }), state) ??
      new SetState(state, this.shared, form === 'subnets');
    state[form] = set;
    return set;
  }

  /** The step is over. Answers whether any lines of units changed. */
  settle(): boolean {
    const moved = this.dropped || this.moved.length > 0;
    this.dropped = false;
    for (const selector of this.moved) {
      // one that went meanwhile did so with all that it holds
      if (!selector.moved) continue;
      selector.moved = false;
      for (const state of itemsOf(selector.classes)) this.hosts.spoil(state);
    }
    this.moved = [];
    this.selectors.settle();
    this.pendingSets.clear();
    for (const [key, set] of this.dormant) if (!set.known) this.dormant.delete(key);
    return moved;
  }

  sizes(): { readonly sets: number; readonly members: number } {
    let members = 0;
    for (const set of this.sets.values()) members += set.size;
    for (const { addresses, subnets } of this.selectors.all()) {
      members += (addresses?.size ?? 0) + (subnets?.size ?? 0);
    }
    return { sets: this.setCount, members };
  }

  /** Sets that name the workload of a class. */
  namedSets(state: ClassState): Iterable<SetState> {
    return itemsOf(state.named === null ? null : (this.named.get(state.named)?.sets ?? null));
  }

  addUnit(unit: Unit): void {
    this.hang(unit, unit.providers, 'providerUnits');
    this.hang(unit, unit.consumers, 'consumerUnits');
  }

  private hang(unit: Unit, parts: readonly Part[], side: Side): void {
    for (let place = 0; place < parts.length; place += 1) {
      const part = parts[place];
      if (part === undefined) continue;
      const { members } = part;
      if (members?.kind === 'selector') {
        this.retainSelector(members);
        members[side] = withItem(members[side], unit);
      } else if (members !== null) {
        for (const href of members.hrefs) {
          const units = this.nameWorkload(href)[side];
          const places = units.get(unit);
          if (places === undefined) units.set(unit, new Set([place]));
          else places.add(place);
        }
      }
      this.retainSet(part);
    }
  }

  removeUnit(unit: Unit): void {
    this.unhang(unit, unit.providers, 'providerUnits');
    this.unhang(unit, unit.consumers, 'consumerUnits');
  }

  private unhang(unit: Unit, parts: readonly Part[], side: Side): void {
    for (const part of parts) {
      const { members } = part;
      this.releaseSet(part);
      if (members?.kind === 'selector') {
        members[side] = withoutItem(members[side], unit);
        this.releaseSelector(members);
      }
      for (const href of namesOf(members)) {
        this.named.get(href)?.[side].delete(unit);
        this.unnameWorkload(href);
      }
    }
  }

  addTable(unit: TableUnit): void {
    for (const members of unit.members) {
      if (members.kind === 'selector') {
        this.retainSelector(members);
        members.tables = withItem(members.tables, unit);
      }
      for (const href of namesOf(members)) this.nameWorkload(href).tables.add(unit);
    }
  }

  removeTable(unit: TableUnit): void {
    for (const members of unit.members) {
      if (members.kind === 'selector') {
        members.tables = withoutItem(members.tables, unit);
        this.releaseSelector(members);
      }
      for (const href of namesOf(members)) {
        this.named.get(href)?.tables.delete(unit);
        this.unnameWorkload(href);
      }
    }
  }

  private retainSelector(state: SelectorState): void {
    this.selectors.retain(state);
    this.outdate(state);
  }

  private outdate(state: SelectorState): void {
    state.lines = null;
    if (state.moved) return;
    state.moved = true;
    this.moved.push(state);
  }

  private releaseSelector(state: SelectorState): void {
    this.outdate(state);
    this.dropSelector(state);
  }

  private dropSelector(state: SelectorState): void {
    if (state.references === 1) {
      // its classes will not know it any more, and may go before the step ends
      if (state.moved) for (const member of itemsOf(state.classes)) this.hosts.spoil(member);
      state.moved = false;
      this.dropped = true;
    }
    this.selectors.release(state);
  }

  private nameWorkload(href: string): NamedWorkload {
    let entry = this.named.get(href);
    if (entry === undefined) {
      entry = new NamedWorkload();
      this.named.set(href, entry);
      this.hosts.reclass(href);
    }
    const state = this.hosts.classOf(href);
    if (state !== undefined) this.hosts.spoil(state);
    return entry;
  }

  private unnameWorkload(href: string): void {
    const state = this.hosts.classOf(href);
    if (state !== undefined) this.hosts.spoil(state);
    if (this.named.get(href)?.idle !== true) return;
    this.named.delete(href);
    this.hosts.reclass(href);
  }

  /** The one set of a source that is no selector; it counts for nothing until it is retained. */
  setOf(source: SetOrigin): SetState {
    const key = sourceKey(source);
    const known = this.sets.get(key) ?? this.pendingSets.get(key);
    if (known !== undefined) return known;
    const set = this.awake(() => source, null) ?? new SetState(source, this.shared);
    this.pendingSets.set(key, set);
    return set;
  }

  /** The set of the source that somebody was told of and that had no rule meanwhile. */
  private awake(source: () => SetSource, selector: SelectorState | null): SetState | null {
    if (this.dormant.size === 0) return null;
    const key = sourceKey(source());
    const set = this.dormant.get(key);
    if (set === undefined) return null;
    this.dormant.delete(key);
    set.selector = selector;
    this.memberships.touch(set);
    return set;
  }

  private retainSet({ set, members }: Part): void {
    set.references += 1;
    if (set.references > 1) return;
    this.setCount += 1;
    if (members?.kind === 'selector') {
      this.selectors.retain(members);
      if (!set.subnets) return;
      for (const member of itemsOf(members.classes)) this.memberships.countSubnets(member);
      return;
    }
    const { source } = set;
    this.sets.set(sourceKey(source), set);
    this.claim(set, this.claimantsOf(source));
    this.memberships.changeOwn(set, this.objects.ownMembers(source));
  }

  private releaseSet({ set, members }: Part): void {
    set.references -= 1;
    if (set.references > 0) return;
    this.setCount -= 1;
    if (set.known) {
      set.freeze();
      this.dormant.set(sourceKey(set.source), set);
    }
    if (members?.kind === 'selector') {
      if (set.subnets) members.subnets = members.subnetsAlone = null;
      else members.addresses = members.addressesAlone = null;
      this.dropSelector(members);
      return;
    }
    this.claim(set, []);
    this.claimants.delete(set);
    this.sets.delete(sourceKey(set.source));
  }

  /** An IP list or virtual service changed: its set gets what it holds now. */
  refill(source: SetSource): void {
    const set = this.sets.get(sourceKey(source));
    if (set === undefined) return;
    this.claim(set, this.claimantsOf(source));
    this.memberships.changeOwn(set, this.objects.ownMembers(source));
  }

  /** The workloads that a set names are now these. */
  private claim(set: SetState, hrefs: readonly string[]): void {
    const before = this.claimants.get(set) ?? [];
    this.claimants.set(set, hrefs);
    const old = new Set(before);
    const now = new Set(hrefs);
    for (const href of hrefs) {
      if (old.has(href)) continue;
      const entry = this.nameWorkload(href);
      entry.sets = withItem(entry.sets, set);
      const state = this.hosts.classOf(href);
      if (state !== undefined) this.memberships.join(set, state);
    }
    for (const href of before) {
      if (now.has(href)) continue;
      const state = this.hosts.classOf(href);
      if (state !== undefined) this.memberships.part(set, state);
      const entry = this.named.get(href);
      if (entry !== undefined) entry.sets = withoutItem(entry.sets, set);
      this.unnameWorkload(href);
    }
  }

  private claimantsOf(source: SetSource): readonly string[] {
    if (source.kind === 'workloads') return source.hrefs;
    if (source.kind !== 'virtual_service') return [];
    return distinctSorted(this.objects.virtualService(source.href)?.workloads ?? []);
  }
}

function namesOf(members: Members | null): readonly string[] {
  return members?.kind === 'workloads' ? members.hrefs : [];
}
