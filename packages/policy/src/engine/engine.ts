/** The incremental policy core: objects in, classes and address sets kept, deltas out. */
import type { CoreSizes, PolicyCore } from '../core.ts';
import type { Connection, Decision } from '../decision.ts';
import type { AddressSet, HostPolicy, PolicyDelta } from '../host-policy.ts';
import { explainConnection } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { PolicyChange, PolicyModel, Workload } from '../model.ts';
import { readVpnPools } from './addresses.ts';
import { Classes, isOf, type ClassKey } from './classes.ts';
import { decideConnection } from './decide.ts';
import { Deltas } from './deltas.ts';
import { explainLookup } from './explain-lookup.ts';
import { itemsOf } from './few.ts';
import { HostPolicies, type Digest } from './host-policies.ts';
import { compileHostSettings, settingsDependOn } from './host-settings.ts';
import { Memberships } from './memberships.ts';
import { LabelNodes } from './labels.ts';
import { ObjectStore } from './objects.ts';
import { RuleIndex } from './rule-index.ts';
import { SelectorIndex } from './selectors.ts';
import { TextTable } from './text-table.ts';
import type { ClassState, InternedPolicy, WorkloadState } from './graph.ts';

export class PolicyEngine implements PolicyCore {
  private readonly digest: Digest;
  private readonly objects: ObjectStore;
  private readonly policies: HostPolicies;
  private readonly rules: RuleIndex;
  private readonly placed = new TextTable<WorkloadState>(({ workload }) => workload.href);
  private readonly labels = new LabelNodes();
  private readonly classes = new Classes(this.labels);
  private readonly selectors = new SelectorIndex(this.labels, this.classes);
  private readonly memberships: Memberships;
  private readonly deltas: Deltas;
  private settingsOf: ReturnType<typeof compileHostSettings>;

  constructor(digest: Digest) {
    this.digest = digest;
    const shared = { digest, watched: false };
    this.memberships = new Memberships(shared, (state) => this.rules.namedSets(state));
    this.deltas = new Deltas(this.memberships, (state) => this.policyOf(state));
    this.objects = new ObjectStore(this.labels, {
      selector: (selector) => this.selectors.state(selector),
      selectorSet: (state, form) => this.rules.selectorSet(state, form),
      set: (source) => this.rules.setOf(source),
    });
    this.rules = new RuleIndex({
      shared,
      hosts: {
        spoil: (state) => this.spoil(state),
        reclass: (href) => this.reclass(href),
        classOf: (href) => this.placed.get(href)?.state,
      },
      selectors: this.selectors,
      memberships: this.memberships,
      objects: this.objects,
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
      if (change.type === 'workload') continue;
      settings ||= this.movesSettings(change);
      this.objects.put(change);
    }
    this.replaceRekeyed();
    for (const source of this.objects.takeChangedSets()) this.rules.refill(source);
    const { added, removed, addedTables, removedTables } = this.objects.recompile();
    for (const unit of added) this.rules.addUnit(unit);
    for (const unit of addedTables) this.rules.addTable(unit);
    for (const unit of removed) this.rules.removeUnit(unit);
    for (const unit of removedTables) this.rules.removeTable(unit);
    if (settings) this.resettle();
    // last, when it is known what counts of them: each is looked at once
    for (const change of changes) {
      if (change.type === 'workload') this.place(change.href, change.value);
    }
    if (this.rules.settle()) this.policies.forget();
  }

  takeDelta(): PolicyDelta {
    return this.deltas.take(this.policies);
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
    const naming = [...this.classes.all()].filter(
      (state) => this.policyOf(state)?.sets.includes(set) === true,
    );
    return naming.flatMap((state) => state.workloads.map((item) => item.workload.href)).sort();
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
    return {
      workloads: this.placed.size,
      classes: this.classes.size,
      selectors: this.selectors.size,
      policies: this.policies.size,
      ...this.rules.sizes(),
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
    const named = state.named === null ? undefined : this.rules.naming(state.named);
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
    this.memberships.changePools(readVpnPools(settings.vpnPools), this.classes.all());
    for (const state of this.classes.all()) this.spoil(state);
    this.policies.forget();
  }

  // --- workloads ---

  private place(href: string, workload: Workload | null): void {
    const old = this.placed.get(href);
    const key = workload && this.classes.keyOf(workload, this.rules.naming(href) !== undefined);
    if (workload !== null && key !== null && old !== undefined && isOf(old.state, key)) {
      this.memberships.move(old, workload);
      return;
    }
    if (old !== undefined) {
      this.deltas.leave(href, old);
      this.memberships.leave(old);
      this.placed.remove(old);
      this.leaveClass(old);
    }
    if (workload === null || key === null) return;
    const state = this.classFor(key, workload);
    const item: WorkloadState = {
      workload,
      state,
      slot: 0,
      before: this.deltas.arrive(href),
    };
    state.add(item);
    this.placed.add(item);
    this.memberships.arrive(item);
    this.deltas.moved.push(item);
  }

  /** Classes of workloads whose labels appeared, went or changed key are made anew. */
  private replaceRekeyed(): void {
    const labels = this.objects.takeRekeyedLabels();
    if (labels.length === 0) return;
    const states = new Set<ClassState>();
    for (const { classes } of labels) for (const state of itemsOf(classes)) states.add(state);
    const members = [...states].flatMap((state) => state.workloads.map(({ workload }) => workload));
    for (const workload of members) this.place(workload.href, null);
    for (const workload of members) this.place(workload.href, workload);
  }

  private leaveClass(item: WorkloadState): void {
    const { state } = item;
    state.remove(item);
    if (state.workloads.length > 0) return;
    this.selectors.removeClass(state);
    for (const set of this.rules.namedSets(state)) this.memberships.part(set, state);
    this.classes.remove(state);
    if (state.policy != null) this.policies.release(state.policy);
    state.policy = null;
    this.deltas.forget(state, this.policies);
  }

  private classFor(key: ClassKey, sample: Workload): ClassState {
    const known = this.classes.find(key);
    if (known !== undefined) return known;
    const state = this.classes.make(key, sample);
    this.selectors.addClass(state);
    for (const { subnets } of itemsOf(state.selectors)) {
      if (subnets !== null) this.memberships.countSubnets(state);
    }
    for (const set of this.rules.namedSets(state)) this.memberships.join(set, state);
    this.deltas.spoil(state);
    return state;
  }

  private reclass(href: string): void {
    const workload = this.placed.get(href)?.workload;
    if (workload !== undefined) this.place(href, workload);
  }
}
