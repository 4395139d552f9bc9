/** Whose addresses are in which sets: what workloads bring to their classes, and what that moves in sets that somebody watches. */
import type { Workload } from '../model.ts';
import { addressesOf, subnetsOf, type VpnPools } from './addresses.ts';
import { countOf, hasItem, itemsOf, withItem, withoutItem, type Few } from './few.ts';
import { AddressOwners } from './owners.ts';
import type { OwnMembers } from './holder.ts';
import type { SetState, SharedBySets } from './set-state.ts';
import type { ClassState, WorkloadState } from './graph.ts';

/** Sets that name the workload of a class. */
export type NamedSets = (state: ClassState) => Iterable<SetState>;

export class Memberships {
  readonly owners = new AddressOwners();
  private touched: SetState[] = [];
  private readonly subnetHolders = new Map<string, Few<ClassState>>();
  private readonly namedSets: NamedSets;
  private readonly shared: SharedBySets;
  private pools: VpnPools = [];

  constructor(shared: SharedBySets, namedSets: NamedSets) {
    this.shared = shared;
    this.namedSets = namedSets;
  }

  /** The set has something to tell, or may have. */
  touch(set: SetState): void {
    if (set.touched) return;
    set.touched = true;
    this.touched.push(set);
  }

  /** Sets that were touched since the last time. */
  takeTouched(): readonly SetState[] {
    const { touched } = this;
    this.touched = [];
    for (const set of touched) set.touched = false;
    return touched;
  }

  /** A workload came to its class. */
  arrive({ state, workload }: WorkloadState): void {
    for (const address of addressesOf(workload)) this.gainAddress(state, address);
    if (state.subnets === null) return;
    for (const subnet of subnetsOf(workload, this.pools)) this.gainSubnet(state, subnet);
  }

  /** A workload is about to leave its class. */
  leave({ state, workload }: WorkloadState): void {
    for (const address of addressesOf(workload)) this.loseAddress(state, address);
    if (state.subnets === null) return;
    for (const subnet of subnetsOf(workload, this.pools)) this.loseSubnet(state, subnet);
  }

  /** A workload stays in its class with other facts. */
  move(item: WorkloadState, workload: Workload): void {
    const { state } = item;
    const [had, has] = [addressesOf(item.workload), addressesOf(workload)];
    for (const text of missing(has, had)) this.gainAddress(state, text);
    for (const text of missing(had, has)) this.loseAddress(state, text);
    if (state.subnets !== null) {
      const before = subnetsOf(item.workload, this.pools);
      const now = subnetsOf(workload, this.pools);
      for (const text of missing(now, before)) this.gainSubnet(state, text);
      for (const text of missing(before, now)) this.loseSubnet(state, text);
    }
    item.workload = workload;
  }

  /** From now on the class counts its subnets. */
  countSubnets(state: ClassState): void {
    if (state.subnets !== null) return;
    state.subnets = new Map();
    for (const { workload } of state.workloads) {
      for (const subnet of subnetsOf(workload, this.pools)) this.gainSubnet(state, subnet);
    }
  }

  /** The pools that host prefixes stand for changed. `classes`: all there are. */
  changePools(pools: VpnPools, classes: Iterable<ClassState>): void {
    const before = this.pools;
    this.pools = pools;
    for (const state of classes) {
      if (state.subnets === null) continue;
      for (const { workload } of state.workloads) {
        const old = subnetsOf(workload, before);
        const now = subnetsOf(workload, pools);
        for (const text of missing(now, old)) this.gainSubnet(state, text);
        for (const text of missing(old, now)) this.loseSubnet(state, text);
      }
    }
  }

  /** A set of addresses gets a class by name. */
  join(set: SetState, state: ClassState): void {
    if (set.watched) {
      this.touch(set);
      for (const text of hostsOf(state)) if (!set.holdsHost(text, this.owners)) set.gain(text);
    }
    set.named = withItem(set.named, state);
  }

  /** A set of addresses loses a class by name. */
  part(set: SetState, state: ClassState): void {
    if (!hasItem(set.named, state)) return;
    set.named = withoutItem(set.named, state);
    if (!set.watched) return;
    this.touch(set);
    for (const text of hostsOf(state)) if (!set.holdsHost(text, this.owners)) set.lose(text);
  }

  /** The addresses that the source of a set has itself are now these. */
  changeOwn(set: SetState, own: OwnMembers): void {
    const before = set.own;
    set.own = own;
    if (!set.watched) return;
    this.touch(set);
    const held = (text: string) => this.owners.heldIn(set.classes, text);
    for (const text of own.hosts) if (!before.hosts.has(text) && !held(text)) set.gain(text);
    for (const text of before.hosts) if (!own.hosts.has(text) && !held(text)) set.lose(text);
    const old = new Set(before.ranges);
    const now = new Set(own.ranges);
    for (const text of now) if (!old.has(text)) set.gain(text);
    for (const text of old) if (!now.has(text)) set.lose(text);
  }

  private gainAddress(state: ClassState, text: string): void {
    if (this.shared.watched) this.moveHosts(state, text, true);
    this.owners.add(text, state);
    state.addressCount += 1;
  }

  private loseAddress(state: ClassState, text: string): void {
    this.owners.remove(text, state);
    state.addressCount -= 1;
    if (this.shared.watched) this.moveHosts(state, text, false);
  }

  /** An address comes to the sets that the class is in, or has left them. */
  private moveHosts(state: ClassState, text: string, here: boolean): void {
    for (const { addresses } of itemsOf(state.selectors)) {
      if (addresses !== null) this.moveHost(addresses, text, here);
    }
    for (const set of this.namedSets(state)) this.moveHost(set, text, here);
  }

  private moveHost(set: SetState, text: string, here: boolean): void {
    // somebody else in it may have the same
    if (!set.watched || set.holdsHost(text, this.owners)) return;
    if (here) set.gain(text);
    else set.lose(text);
    this.touch(set);
  }

  private gainSubnet(state: ClassState, text: string): void {
    const claims = state.subnets?.get(text) ?? 0;
    if (claims === 0) {
      for (const { subnets: set } of itemsOf(state.selectors)) {
        if (set?.watched !== true || this.subnetHeld(set, text)) continue;
        set.gain(text);
        this.touch(set);
      }
      this.subnetHolders.set(text, withItem(this.subnetHolders.get(text) ?? null, state));
    }
    state.subnets?.set(text, claims + 1);
  }

  private loseSubnet(state: ClassState, text: string): void {
    const claims = state.subnets?.get(text) ?? 0;
    if (claims > 1) {
      state.subnets?.set(text, claims - 1);
      return;
    }
    state.subnets?.delete(text);
    const holders = withoutItem(this.subnetHolders.get(text) ?? null, state);
    if (holders === null) this.subnetHolders.delete(text);
    else this.subnetHolders.set(text, holders);
    for (const { subnets: set } of itemsOf(state.selectors)) {
      if (set?.watched !== true || this.subnetHeld(set, text)) continue;
      set.lose(text);
      this.touch(set);
    }
  }

  /** Whether a class of the set holds the subnet; asks from the side where there are fewer to ask. */
  private subnetHeld(set: SetState, text: string): boolean {
    const holders = this.subnetHolders.get(text) ?? null;
    const { classes } = set;
    if (countOf(holders) < countOf(classes)) {
      for (const holder of itemsOf(holders)) if (hasItem(classes, holder)) return true;
      return false;
    }
    for (const state of itemsOf(classes)) if (state.subnets?.has(text) === true) return true;
    return false;
  }
}

function* hostsOf(state: ClassState): Iterable<string> {
  for (const { workload } of state.workloads) yield* addressesOf(workload);
}

/** What of `texts` is not among `others`; both are short. */
function missing(texts: readonly string[], others: readonly string[]): readonly string[] {
  return texts.filter((text) => !others.includes(text));
}
