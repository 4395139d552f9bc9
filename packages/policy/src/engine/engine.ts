/** The incremental policy core: objects in, classes and address sets kept, deltas out. */
import type { Connection, CoreSizes, Decision, PolicyCore } from '../core.ts';
import type { AddressSet, HostPolicy, PolicyDelta } from '../host-policy.ts';
import type { PolicyChange, Workload } from '../model.ts';
import { contributionOf, sameContribution, type Contribution } from './addresses.ts';
import { classKey, SelectorIndex, type ClassState, type SelectorState } from './classes.ts';
import { distinctSorted, setIdOf, type Part, type SetSource, type Unit } from './compile.ts';
import { decideConnection } from './decide.ts';
import { HostPolicies } from './host-policies.ts';
import { ObjectStore } from './objects.ts';
import { SetState } from './set-state.ts';

interface Placed {
  readonly workload: Workload;
  readonly contribution: Contribution;
  readonly placedIn: ClassState;
}

/** What rules and virtual services that name one workload hang on it. */
interface Named {
  readonly providerUnits: Map<Unit, Set<number>>;
  readonly consumerUnits: Map<Unit, Set<number>>;
  readonly sets: Set<SetState>;
}

export class PolicyEngine implements PolicyCore {
  private readonly objects = new ObjectStore();
  private readonly placed = new Map<string, Placed>();
  private readonly named = new Map<string, Named>();
  private readonly classes = new Map<string, ClassState>();
  private readonly selectors = new SelectorIndex(this.classes);
  private readonly sets = new Map<string, SetState>();
  private readonly naming = new Map<string, Set<ClassState>>();
  /** Workloads that a set counts by name. */
  private readonly claimants = new Map<string, readonly string[]>();
  private readonly policies = new HostPolicies();
  /** Classes whose policy may have changed, and sets whose members may have, since the last delta. */
  private readonly dirty = new Set<ClassState>();
  private readonly touched = new Set<SetState>();
  /** Selectors that got or lost units in this step: all of their classes are as good as in `dirty`. */
  private readonly ruling = new Set<SelectorState>();
  /** Sets that lost their last name in this step; they may have found another by its end. */
  private readonly unnamed = new Set<string>();
  /** Hash before the step, of workloads that changed class or left. */
  private readonly before = new Map<string, string | null>();

  apply(changes: readonly PolicyChange[]): PolicyDelta {
    for (const change of changes) {
      if (change.type !== 'workload') {
        this.objects.put(change);
        continue;
      }
      // before the workload: labels come first in a whole model, and then nobody has to be placed twice
      this.replaceRekeyed();
      this.place(change.href, change.value);
    }
    this.replaceRekeyed();
    for (const source of this.objects.takeChangedSets()) this.refill(source);
    const { added, removed } = this.objects.recompile();
    for (const unit of added) this.addUnit(unit);
    for (const unit of removed) this.removeUnit(unit);
    return this.takeDelta();
  }

  hostPolicy(workload: string): HostPolicy | undefined {
    return this.placed.get(workload)?.placedIn.policy ?? undefined;
  }

  addressSet(id: string): AddressSet | undefined {
    return this.naming.has(id) ? this.sets.get(id)?.snapshot() : undefined;
  }

  setsOf(workload: string): readonly string[] {
    const policy = this.hostPolicy(workload);
    return policy === undefined ? [] : this.policies.setsOf(policy.hash);
  }

  workloadsNaming(setId: string): readonly string[] {
    const classes = [...(this.naming.get(setId) ?? [])];
    return classes.flatMap((state) => [...state.workloads]).sort();
  }

  decide(connection: Connection): Decision {
    return decideConnection(connection, {
      workload: (href) => this.placed.get(href)?.workload,
      policy: (href) => this.hostPolicy(href),
      set: (id) => this.sets.get(id),
      ruleName: (href) => this.objects.ruleName(href),
    });
  }

  sizes(): CoreSizes {
    let members = 0;
    for (const set of this.sets.values()) members += set.size;
    return {
      workloads: this.placed.size,
      classes: this.classes.size,
      selectors: this.selectors.size,
      policies: this.policies.size,
      sets: this.sets.size,
      members,
    };
  }

  // --- workloads ---

  private place(href: string, workload: Workload | null): void {
    const old = this.placed.get(href);
    const contribution = workload === null ? null : contributionOf(workload);
    const key = workload === null ? null : classKey(workload, this.named.has(href));
    const sameClass = old !== undefined && key !== null && key === old.placedIn.key;
    if (workload !== null && contribution !== null && sameClass) {
      this.placed.set(href, { ...old, workload, contribution });
      if (!sameContribution(old.contribution, contribution)) {
        for (const set of this.setsHolding(href, old.placedIn)) {
          this.swap(set, old.contribution, contribution);
        }
      }
      return;
    }
    if (!this.before.has(href)) this.before.set(href, old?.placedIn.policy?.hash ?? null);
    if (old !== undefined) {
      for (const set of this.setsHolding(href, old.placedIn))
        this.swap(set, old.contribution, null);
      this.placed.delete(href);
      this.leave(href, old.placedIn);
    }
    if (workload === null || contribution === null || key === null) return;
    const placedIn = this.classFor(key, workload);
    placedIn.workloads.add(href);
    this.placed.set(href, { workload, contribution, placedIn });
    for (const set of this.setsHolding(href, placedIn)) this.swap(set, null, contribution);
  }

  /** Classes of workloads whose labels appeared, went or changed key are made anew. */
  private replaceRekeyed(): void {
    const labels = this.objects.takeRekeyedLabels();
    const states = new Set(labels.flatMap((label) => this.selectors.withLabel(label)));
    const members = [...states].flatMap((state) =>
      [...state.workloads].flatMap((href) => this.placed.get(href)?.workload ?? []),
    );
    for (const workload of members) this.place(workload.href, null);
    for (const workload of members) this.place(workload.href, workload);
  }

  private leave(href: string, state: ClassState): void {
    state.workloads.delete(href);
    if (state.workloads.size > 0) return;
    this.selectors.removeClass(state);
    this.classes.delete(state.key);
    this.dirty.delete(state);
    this.rename(state, null);
  }

  private classFor(key: string, sample: Workload): ClassState {
    const known = this.classes.get(key);
    if (known !== undefined) return known;
    const labels = sample.labels.flatMap((href) => {
      const label = this.objects.label(href);
      return label === undefined ? [] : [[label.key, href] as const];
    });
    const state: ClassState = {
      key,
      sample,
      labels: new Map(labels),
      named: this.named.has(sample.href) ? sample.href : null,
      workloads: new Set(),
      selectors: new Set(),
      policy: null,
    };
    this.classes.set(key, state);
    this.selectors.addClass(state);
    this.dirty.add(state);
    return state;
  }

  private *setsHolding(href: string, state: ClassState): Iterable<SetState> {
    for (const selector of state.selectors) yield* selector.sets;
    yield* this.named.get(href)?.sets ?? [];
  }

  private swap(set: SetState, old: Contribution | null, now: Contribution | null): void {
    const subnets = set.source.kind === 'selector' && set.source.form === 'subnets';
    const form = subnets ? 'subnets' : 'addresses';
    // the new claims first: what stays is never without one
    if (now !== null) set.count(now[form], 1);
    if (old !== null) set.count(old[form], -1);
    this.touched.add(set);
  }

  // --- units ---

  private addUnit(unit: Unit): void {
    this.hang(unit, unit.providers, 'providerUnits');
    this.hang(unit, unit.consumers, 'consumerUnits');
  }

  private hang(unit: Unit, parts: readonly Part[], side: 'providerUnits' | 'consumerUnits'): void {
    for (const [place, { members, source, setId }] of parts.entries()) {
      if (members?.kind === 'selector') {
        const state = this.selectors.retain(members.id, members.selector);
        state[side].add(unit);
        this.ruling.add(state);
      }
      for (const href of members?.kind === 'workloads' ? members.hrefs : []) {
        const units = this.nameWorkload(href)[side];
        const places = units.get(unit);
        if (places === undefined) units.set(unit, new Set([place]));
        else places.add(place);
        const state = this.placed.get(href)?.placedIn;
        if (state !== undefined) this.dirty.add(state);
      }
      this.retainSet(setId, source);
    }
  }

  private removeUnit(unit: Unit): void {
    this.unhang(unit, unit.providers, 'providerUnits');
    this.unhang(unit, unit.consumers, 'consumerUnits');
  }

  private unhang(
    unit: Unit,
    parts: readonly Part[],
    side: 'providerUnits' | 'consumerUnits',
  ): void {
    for (const { members, setId } of parts) {
      this.releaseSet(setId);
      if (members?.kind === 'selector') {
        const state = this.selectors.find(members.id);
        if (state === undefined) continue;
        state[side].delete(unit);
        this.ruling.add(state);
        this.releaseSelector(state);
      }
      for (const href of members?.kind === 'workloads' ? members.hrefs : []) {
        this.named.get(href)?.[side].delete(unit);
        const state = this.placed.get(href)?.placedIn;
        if (state !== undefined) this.dirty.add(state);
        this.unnameWorkload(href);
      }
    }
  }

  private releaseSelector(state: SelectorState): void {
    this.selectors.release(state);
    if (state.references > 0 || !this.ruling.delete(state)) return;
    // its classes do not know it any more, and may go before the step ends
    for (const member of state.classes) this.dirty.add(member);
  }

  private nameWorkload(href: string): Named {
    const known = this.named.get(href);
    if (known !== undefined) return known;
    const entry: Named = {
      providerUnits: new Map(),
      consumerUnits: new Map(),
      sets: new Set(),
    };
    this.named.set(href, entry);
    this.reclass(href);
    return entry;
  }

  private unnameWorkload(href: string): void {
    const entry = this.named.get(href);
    if (entry === undefined) return;
    if (entry.providerUnits.size + entry.consumerUnits.size + entry.sets.size > 0) return;
    this.named.delete(href);
    this.reclass(href);
  }

  private reclass(href: string): void {
    const workload = this.placed.get(href)?.workload;
    if (workload !== undefined) this.place(href, workload);
  }

  // --- sets ---

  private retainSet(id: string, source: SetSource): void {
    let set = this.sets.get(id);
    if (set === undefined) {
      set = new SetState(id, source);
      this.sets.set(id, set);
      this.fill(set);
    }
    set.references += 1;
  }

  private releaseSet(id: string): void {
    const set = this.sets.get(id);
    if (set === undefined) return;
    set.references -= 1;
    if (set.references > 0) return;
    this.empty(set);
    this.sets.delete(id);
    this.touched.delete(set);
  }

  private fill(set: SetState): void {
    const { source } = set;
    this.touched.add(set);
    if (source.kind === 'selector') {
      const state = this.selectors.retain(JSON.stringify(source.selector), source.selector);
      state.sets.add(set);
      for (const member of state.classes) {
        for (const href of member.workloads) {
          this.swap(set, null, this.placed.get(href)?.contribution ?? null);
        }
      }
      return;
    }
    const claimants = this.membersOf(source);
    this.claimants.set(set.id, claimants);
    for (const href of claimants) {
      this.nameWorkload(href).sets.add(set);
      this.swap(set, null, this.placed.get(href)?.contribution ?? null);
    }
    set.count(this.objects.ownMembers(source), 1);
  }

  private empty(set: SetState): void {
    const { source } = set;
    if (source.kind === 'selector') {
      const state = this.selectors.find(JSON.stringify(source.selector));
      state?.sets.delete(set);
      if (state !== undefined) this.releaseSelector(state);
      return;
    }
    const claimants = this.claimants.get(set.id) ?? [];
    this.claimants.delete(set.id);
    for (const href of claimants) this.named.get(href)?.sets.delete(set);
    for (const href of claimants) this.unnameWorkload(href);
  }

  /** An IP list or virtual service changed: its set is counted anew, and the delta is what differs. */
  private refill(source: SetSource): void {
    const set = this.sets.get(setIdOf(source));
    if (set === undefined) return;
    const claimants = this.claimants.get(set.id) ?? [];
    for (const href of claimants) this.named.get(href)?.sets.delete(set);
    set.clear();
    this.fill(set);
    for (const href of claimants) this.unnameWorkload(href);
  }

  private membersOf(source: SetSource): readonly string[] {
    if (source.kind === 'workloads') return source.hrefs;
    if (source.kind !== 'virtual_service') return [];
    return distinctSorted(this.objects.virtualService(source.href)?.workloads ?? []);
  }

  // --- the delta ---

  private takeDelta(): PolicyDelta {
    const moved = new Map<string, string | null>();
    const built = new Map<string, HostPolicy>();
    for (const { classes } of this.ruling) for (const state of classes) this.dirty.add(state);
    this.ruling.clear();
    for (const state of this.dirty) {
      const old = state.policy?.hash ?? null;
      this.rename(state, this.policyOf(state, built));
      const now = state.policy?.hash ?? null;
      if (now === old) continue;
      for (const href of state.workloads) if (!this.before.has(href)) moved.set(href, now);
    }
    for (const [href, old] of this.before) {
      const now = this.hostPolicy(href)?.hash ?? null;
      if (now !== old) moved.set(href, now);
    }
    const sets = [...this.touched].flatMap((set) => {
      if (!this.naming.has(set.id)) return [];
      return set.takeDelta() ?? [];
    });
    for (const id of this.unnamed) if (!this.naming.has(id)) this.sets.get(id)?.withdraw();
    this.unnamed.clear();
    this.dirty.clear();
    this.touched.clear();
    this.before.clear();
    const policies = [...moved].map(([workload, hash]) => ({ workload, hash }));
    return {
      policies: policies.sort((a, b) => (a.workload < b.workload ? -1 : 1)),
      sets: sets.sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  }

  private policyOf(state: ClassState, built: Map<string, HostPolicy>): HostPolicy | null {
    if (state.sample.type === 'unmanaged') return null;
    const named = state.named === null ? undefined : this.named.get(state.named);
    return this.policies.build(state, named, built);
  }

  /** Gives a class its policy and keeps account of who names which set. */
  private rename(state: ClassState, policy: HostPolicy | null): void {
    const old = state.policy;
    if (old?.hash === policy?.hash) return;
    state.policy = policy;
    if (policy !== null) this.policies.retain(policy.hash);
    for (const id of policy === null ? [] : this.policies.setsOf(policy.hash)) {
      let names = this.naming.get(id);
      if (names === undefined) {
        this.naming.set(id, (names = new Set()));
        const set = this.sets.get(id);
        if (set !== undefined) this.touched.add(set);
      }
      names.add(state);
    }
    if (old === null) return;
    const kept = new Set(policy === null ? [] : this.policies.setsOf(policy.hash));
    for (const id of this.policies.setsOf(old.hash)) {
      if (kept.has(id)) continue;
      const names = this.naming.get(id);
      names?.delete(state);
      if (names?.size !== 0) continue;
      this.naming.delete(id);
      this.unnamed.add(id);
    }
    this.policies.release(old.hash);
  }
}
