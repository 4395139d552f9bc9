/** The incremental policy core: objects in, classes and address sets kept, deltas out. */
import type { Connection, CoreSizes, Decision, PolicyCore } from '../core.ts';
import type { AddressSet, HostPolicy, PolicyDelta } from '../host-policy.ts';
import { explainConnection } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { PolicyChange, PolicyModel, Workload } from '../model.ts';
import { addressesOf, readVpnPools } from './addresses.ts';
import {
  ClassKeys,
  ClassState,
  SelectorIndex,
  type SelectorState,
  type WorkloadState,
} from './classes.ts';
import { distinctSorted, type Members, type Part, type TableUnit, type Unit } from './compile.ts';
import { decideConnection } from './decide.ts';
import { Deltas } from './deltas.ts';
import { explainLookup } from './explain-lookup.ts';
import { itemsOf, withItem, withoutItem } from './few.ts';
import { HostPolicies, type Digest, type InternedPolicy } from './host-policies.ts';
import { compileHostSettings, settingsDependOn } from './host-settings.ts';
import { Memberships } from './memberships.ts';
import { NamedWorkload } from './named.ts';
import { ObjectStore } from './objects.ts';
import { SetState } from './set-state.ts';
import { sourceKey, type SetSource } from './sources.ts';

type Side = 'providerUnits' | 'consumerUnits';

export class PolicyEngine implements PolicyCore {
  private readonly digest: Digest;
  private readonly objects: ObjectStore;
  private readonly policies: HostPolicies;
  private readonly placed = new Map<string, WorkloadState>();
  private readonly named = new Map<string, NamedWorkload>();
  private readonly classes = new Map<string, ClassState>();
  private readonly keys = new ClassKeys();
  private readonly selectors = new SelectorIndex(this.classes);
  /** Sets that something stands on, but for those of selectors, which their selectors keep. */
  private readonly sets = new Map<string, SetState>();
  /** Sets that something was compiled to in this step, and that nothing stands on yet. */
  private readonly pendingSets = new Map<string, SetState>();
  private setCount = 0;
  /** Workloads that a set names. */
  private readonly claimants = new Map<SetState, readonly string[]>();
  private readonly memberships = new Memberships((state) => this.setsHolding(state));
  private readonly deltas = new Deltas(this.memberships, (state) => this.policyOf(state));
  /** Selectors that got or lost rules in this step: the policies of all of their classes are out of date. */
  private readonly ruling = new Set<SelectorState>();
  private settingsOf: ReturnType<typeof compileHostSettings>;

  constructor(digest: Digest) {
    this.digest = digest;
    this.objects = new ObjectStore({
      selector: (selector) => this.selectors.state(selector),
      selectorSet: (state, form) => {
        const { id, selector } = state;
        state[form] ??= new SetState({ kind: 'selector', id, selector, form }, state, digest);
        return state[form];
      },
      set: (source) => this.setOf(source),
    });
    this.policies = new HostPolicies(digest);
    this.settingsOf = compileHostSettings(this.objects.settings, this.objects);
  }

  apply(changes: readonly PolicyChange[]): PolicyDelta {
    this.change(changes);
    return this.takeDelta();
  }

  change(changes: readonly PolicyChange[]): void {
    let settings = false;
    for (const change of changes) {
      if (change.type === 'workload') {
        // before the workload: labels come first in a whole model, and then nobody has to be placed twice
        this.replaceRekeyed();
        this.place(change.href, change.value);
        continue;
      }
      settings ||= this.movesSettings(change);
      this.objects.put(change);
    }
    this.replaceRekeyed();
    for (const source of this.objects.takeChangedSets()) this.refill(source);
    const { added, removed, addedTables, removedTables } = this.objects.recompile();
    for (const unit of added) this.addUnit(unit);
    for (const unit of addedTables) this.addTable(unit);
    for (const unit of removed) this.removeUnit(unit);
    for (const unit of removedTables) this.removeTable(unit);
    if (settings) this.resettle();
    for (const { classes } of this.ruling) {
      for (const state of itemsOf(classes)) this.spoil(state);
    }
    if (this.ruling.size > 0) this.policies.forget();
    this.ruling.clear();
    this.selectors.settle();
    this.pendingSets.clear();
  }

  takeDelta(): PolicyDelta {
    return this.deltas.take((href) => this.placed.get(href), this.policies);
  }

  hostPolicy(workload: string): HostPolicy | undefined {
    return this.interned(workload)?.policy;
  }

  addressSet(id: string): AddressSet | undefined {
    return this.policies.set(id)?.snapshot();
  }

  setsOf(workload: string): readonly string[] {
    return this.interned(workload)?.sets.map((set) => set.id) ?? [];
  }

  workloadsNaming(setId: string): readonly string[] {
    const set = this.policies.set(setId);
    if (set === undefined) return [];
    const naming = [...this.classes.values()].filter(
      (state) => this.policyOf(state)?.sets.includes(set) === true,
    );
    return naming
      .flatMap((state) => [...itemsOf(state.workloads)].map((item) => item.workload.href))
      .sort();
  }

  decide(connection: Connection): Decision {
    return decideConnection(connection, {
      workload: (href) => this.placed.get(href)?.workload,
      policy: (href) => this.hostPolicy(href),
      setHolds: (id, address) =>
        this.policies.set(id)?.holds(address, this.memberships.owners) === true,
      ruleName: (href) => this.objects.ruleName(href),
    });
  }

  explain(connection: Connection): Explanation {
    const lookup = explainLookup({
      objects: this.objects,
      placed: this.placed,
      digest: this.digest,
      policyOf: ({ state }) => this.policyOf(state),
      decide: (asked) => this.decide(asked),
    });
    return explainConnection(connection, lookup);
  }

  workload(href: string): Workload | undefined {
    return this.placed.get(href)?.workload;
  }

  *workloads(): Iterable<Workload> {
    for (const { workload } of this.placed.values()) yield workload;
  }

  statement(href: string): ReturnType<PolicyCore['statement']> {
    return this.objects.statement(href);
  }

  model(): PolicyModel {
    return { ...this.objects.model(), workloads: [...this.workloads()] };
  }

  sizes(): CoreSizes {
    let members = 0;
    for (const set of this.sets.values()) members += set.size;
    for (const { addresses, subnets } of this.selectors.all()) {
      members += (addresses?.size ?? 0) + (subnets?.size ?? 0);
    }
    return {
      workloads: this.placed.size,
      classes: this.classes.size,
      selectors: this.selectors.size,
      policies: this.policies.size,
      sets: this.setCount,
      members,
    };
  }

  private interned(workload: string): InternedPolicy | null | undefined {
    const item = this.placed.get(workload);
    return item === undefined ? undefined : this.policyOf(item.state);
  }

  /** The policy of a class, computed when somebody asks. */
  private policyOf(state: ClassState): InternedPolicy | null {
    if (state.policy !== undefined) return state.policy;
    if (state.sample.type === 'unmanaged') {
      state.policy = null;
      return null;
    }
    const named = state.named === null ? undefined : this.named.get(state.named);
    const policy = this.policies.build(state, named, this.settingsOf(state));
    this.policies.retain(policy);
    state.policy = policy;
    return policy;
  }

  /** The policy of a class is out of date. */
  private spoil(state: ClassState): void {
    if (state.policy != null) this.policies.release(state.policy);
    state.policy = undefined;
    this.deltas.spoil(state);
  }

  // --- settings ---

  private movesSettings(change: Exclude<PolicyChange, { type: 'workload' }>): boolean {
    const { settings } = this.objects;
    if (change.type === 'firewall_settings') {
      return JSON.stringify(change.value) !== JSON.stringify(settings);
    }
    const scoped = change.type === 'label' || change.type === 'label_group';
    return scoped && settingsDependOn(settings, { type: change.type, href: change.href });
  }

  private resettle(): void {
    const { settings } = this.objects;
    this.settingsOf = compileHostSettings(settings, this.objects);
    this.memberships.changePools(readVpnPools(settings.vpnPools), this.classes.values());
    for (const state of this.classes.values()) this.spoil(state);
    this.policies.forget();
  }

  // --- workloads ---

  private place(href: string, workload: Workload | null): void {
    const old = this.placed.get(href);
    const key = workload === null ? null : this.keys.of(workload, this.named.has(href));
    if (workload !== null && old !== undefined && key === old.state.key) {
      this.memberships.move(old, workload);
      return;
    }
    if (old !== undefined) {
      this.deltas.leave(href, old);
      this.memberships.leave(old);
      this.placed.delete(href);
      this.leaveClass(old);
    }
    if (workload === null || key === null) return;
    const state = this.classFor(key, workload);
    const item = {
      workload,
      state,
      addresses: addressesOf(workload),
      before: this.deltas.arrive(href),
    };
    state.workloads = withItem(state.workloads, item);
    this.placed.set(href, item);
    this.memberships.arrive(item);
    this.deltas.moved.push(item);
  }

  /** Classes of workloads whose labels appeared, went or changed key are made anew. */
  private replaceRekeyed(): void {
    const labels = this.objects.takeRekeyedLabels();
    if (labels.length === 0) return;
    const states = new Set(labels.flatMap((label) => this.selectors.withLabel(label)));
    const members = [...states].flatMap((state) =>
      [...itemsOf(state.workloads)].map(({ workload }) => workload),
    );
    for (const workload of members) this.place(workload.href, null);
    for (const workload of members) this.place(workload.href, workload);
  }

  private leaveClass(item: WorkloadState): void {
    const { state } = item;
    state.workloads = withoutItem(state.workloads, item);
    if (state.workloads !== null) return;
    this.selectors.removeClass(state);
    for (const set of this.namedSets(state)) this.memberships.part(set, state);
    this.classes.delete(state.key);
    if (state.policy != null) this.policies.release(state.policy);
    state.policy = null;
    this.deltas.forget(state, this.policies);
  }

  private classFor(key: string, sample: Workload): ClassState {
    const known = this.classes.get(key);
    if (known !== undefined) return known;
    const labels = sample.labels.flatMap((href) => this.objects.label(href) ?? []);
    const named = this.named.has(sample.href) ? sample.href : null;
    const state = new ClassState({ key, head: this.keys.head(sample), sample, labels, named });
    this.classes.set(key, state);
    this.selectors.addClass(state);
    for (const { subnets } of itemsOf(state.selectors)) {
      if (subnets !== null) this.memberships.countSubnets(state);
    }
    for (const set of this.namedSets(state)) this.memberships.join(set, state);
    this.deltas.spoil(state);
    return state;
  }

  private *setsHolding(state: ClassState): Iterable<SetState> {
    for (const { addresses, subnets } of itemsOf(state.selectors)) {
      if (addresses !== null) yield addresses;
      if (subnets !== null) yield subnets;
    }
    yield* this.namedSets(state);
  }

  private namedSets(state: ClassState): Iterable<SetState> {
    return itemsOf(state.named === null ? null : (this.named.get(state.named)?.sets ?? null));
  }

  // --- units ---

  private addUnit(unit: Unit): void {
    this.hang(unit, unit.providers, 'providerUnits');
    this.hang(unit, unit.consumers, 'consumerUnits');
  }

  private hang(unit: Unit, parts: readonly Part[], side: Side): void {
    for (const [place, part] of parts.entries()) {
      const { members } = part;
      if (members?.kind === 'selector') {
        this.retainSelector(members);
        members[side] = withItem(members[side], unit);
      }
      for (const href of namesOf(members)) {
        const units = this.nameWorkload(href)[side];
        const places = units.get(unit);
        if (places === undefined) units.set(unit, new Set([place]));
        else places.add(place);
      }
      this.retainSet(part.set);
    }
  }

  private removeUnit(unit: Unit): void {
    this.unhang(unit, unit.providers, 'providerUnits');
    this.unhang(unit, unit.consumers, 'consumerUnits');
  }

  private unhang(unit: Unit, parts: readonly Part[], side: Side): void {
    for (const { members, set } of parts) {
      this.releaseSet(set);
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

  private addTable(unit: TableUnit): void {
    for (const members of unit.members) {
      if (members.kind === 'selector') {
        this.retainSelector(members);
        members.tables = withItem(members.tables, unit);
      }
      for (const href of namesOf(members)) this.nameWorkload(href).tables.add(unit);
    }
  }

  private removeTable(unit: TableUnit): void {
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
    state.lines = null;
    this.ruling.add(state);
  }

  private releaseSelector(state: SelectorState): void {
    state.lines = null;
    this.ruling.add(state);
    this.dropSelector(state);
  }

  private dropSelector(state: SelectorState): void {
    if (state.references === 1) {
      // its classes will not know it any more, and may go before the step ends
      if (this.ruling.delete(state))
        for (const member of itemsOf(state.classes)) this.spoil(member);
      this.policies.forget();
    }
    this.selectors.release(state);
  }

  private nameWorkload(href: string): NamedWorkload {
    let entry = this.named.get(href);
    if (entry === undefined) {
      entry = new NamedWorkload();
      this.named.set(href, entry);
      this.reclass(href);
    }
    const state = this.placed.get(href)?.state;
    if (state !== undefined) this.spoil(state);
    return entry;
  }

  private unnameWorkload(href: string): void {
    const state = this.placed.get(href)?.state;
    if (state !== undefined) this.spoil(state);
    if (this.named.get(href)?.idle !== true) return;
    this.named.delete(href);
    this.reclass(href);
  }

  private reclass(href: string): void {
    const workload = this.placed.get(href)?.workload;
    if (workload !== undefined) this.place(href, workload);
  }

  // --- sets ---

  /** The one set of a source that is no selector; it counts for nothing until it is retained. */
  private setOf(source: SetSource): SetState {
    const key = sourceKey(source);
    const known = this.sets.get(key) ?? this.pendingSets.get(key);
    if (known !== undefined) return known;
    const set = new SetState(source, null, this.digest);
    this.pendingSets.set(key, set);
    return set;
  }

  private retainSet(set: SetState): void {
    set.references += 1;
    if (set.references > 1) return;
    this.setCount += 1;
    const { source, selector } = set;
    if (selector !== null) {
      this.selectors.retain(selector);
      if (!set.subnets) return;
      for (const member of itemsOf(selector.classes)) this.memberships.countSubnets(member);
      return;
    }
    this.sets.set(sourceKey(source), set);
    this.claim(set, this.claimantsOf(source));
    this.memberships.changeOwn(set, this.objects.ownMembers(source));
  }

  private releaseSet(set: SetState): void {
    set.references -= 1;
    if (set.references > 0) return;
    this.setCount -= 1;
    const { source, selector } = set;
    if (selector !== null) {
      selector[set.subnets ? 'subnets' : 'addresses'] = null;
      this.dropSelector(selector);
      return;
    }
    this.claim(set, []);
    this.claimants.delete(set);
    this.sets.delete(sourceKey(source));
  }

  /** An IP list or virtual service changed: its set gets what it holds now. */
  private refill(source: SetSource): void {
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
      const state = this.placed.get(href)?.state;
      if (state !== undefined) this.memberships.join(set, state);
    }
    for (const href of before) {
      if (now.has(href)) continue;
      const state = this.placed.get(href)?.state;
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
