/** The objects of the model but workloads, what depends on what, and the units that rulesets and boundaries compile to. */
import { parseSpan } from '@bulkhead/net';
import type {
  EnforcementBoundary,
  FirewallSettings,
  IpList,
  Label,
  LabelGroup,
  PolicyChange,
  PolicyModel,
  RuleSet,
  Service,
  VirtualService,
} from '../model.ts';
import { DEFAULT_FIREWALL_SETTINGS } from '../model.ts';
import { ipListSpans, ownMembers } from './addresses.ts';
import {
  compileBoundary,
  compileRuleSet,
  type Compiled,
  type CompileContext,
  type StateLookup,
} from './compile.ts';
import type { LabelNodes } from './labels.ts';
import { SinglePorts } from './single-ports.ts';
import type { OwnMembers } from './holder.ts';
import type { SetSource } from './sources.ts';
import type { Condition } from './conditions.ts';
import { dependenciesOf, EVERY_VIRTUAL_SERVICE } from './dependencies.ts';
import { itemsOf, withItem, withoutItem, type Few } from './few.ts';
import type { LabelNode, Members, Part, TableUnit, Unit } from './graph.ts';

type ObjectChange = Exclude<PolicyChange, { type: 'workload' }>;

/** What a change of objects does to the units. */
export interface Recompiled {
  readonly added: readonly Unit[];
  readonly removed: readonly Unit[];
  readonly addedTables: readonly TableUnit[];
  readonly removedTables: readonly TableUnit[];
}

const NONE: Compiled = { units: [], tables: [] };

/** A ruleset or boundary, as it was compiled last and with which objects. */
interface Owner {
  readonly href: string;
  ruleSet?: RuleSet | undefined;
  boundary?: EnforcementBoundary | undefined;
  compiled: Compiled;
  dependencies: readonly string[];
  /** Whether it has to be compiled again. */
  stale: boolean;
}

const NOTHING: OwnMembers = { hosts: new Set(), ranges: [] };

export class ObjectStore implements CompileContext {
  private readonly labels: LabelNodes;
  private readonly groups = new Map<string, LabelGroup>();
  private readonly services = new Map<string, Service>();
  private readonly ipLists = new Map<string, IpList>();
  private readonly virtuals = new Map<string, VirtualService>();
  /** Names of rules and boundaries in force; null while nobody asked for one. */
  private names: Map<string, string> | null = null;
  /** Rulesets and boundaries. */
  private readonly owners = new Map<string, Owner>();
  /** Object to the rulesets and boundaries that are compiled with it. */
  private readonly dependents = new Map<string, Few<Owner>>();
  private stale: Owner[] = [];
  private readonly changedSets: SetSource[] = [];
  private readonly rekeyedLabels: LabelNode[] = [];

  settings: FirewallSettings = DEFAULT_FIREWALL_SETTINGS;
  readonly selector: StateLookup['selector'];
  readonly selectorSet: StateLookup['selectorSet'];
  readonly set: StateLookup['set'];
  readonly ports = new SinglePorts();

  constructor(labels: LabelNodes, { selector, selectorSet, set }: Omit<StateLookup, 'ports'>) {
    this.labels = labels;
    this.selector = selector;
    this.selectorSet = selectorSet;
    this.set = set;
  }

  label = (href: string): Label | undefined => this.labels.find(href)?.label;
  carrying = (href: string): Condition | undefined => this.labels.find(href)?.carried;
  group = (href: string): LabelGroup | undefined => this.groups.get(href);
  service = (href: string): Service | undefined => this.services.get(href);
  ipList = (href: string): IpList | undefined => this.ipLists.get(href);
  virtualService = (href: string): VirtualService | undefined => this.virtuals.get(href);
  virtualServices = (): Iterable<VirtualService> => this.virtuals.values();
  ruleSet = (href: string): RuleSet | undefined => this.owners.get(href)?.ruleSet;
  boundary = (href: string): EnforcementBoundary | undefined => this.owners.get(href)?.boundary;
  allRuleSets = (): readonly RuleSet[] => this.ownersOf(({ ruleSet }) => ruleSet);
  allIpLists = (): Iterable<IpList> => this.ipLists.values();

  model(): Omit<PolicyModel, 'workloads'> {
    return {
      labels: this.labels.all(),
      labelGroups: [...this.groups.values()],
      ipLists: [...this.ipLists.values()],
      services: [...this.services.values()],
      virtualServices: [...this.virtuals.values()],
      ruleSets: this.allRuleSets(),
      enforcementBoundaries: this.ownersOf(({ boundary }) => boundary),
      firewallSettings: this.settings,
    };
  }

  /** A rule or boundary in force. */
  statement(href: string): { kind: 'rule' | 'boundary'; name: string } | undefined {
    const name = this.inForce().get(href);
    if (name === undefined) return undefined;
    return { kind: this.boundary(href) === undefined ? 'rule' : 'boundary', name };
  }

  /** Units of all enabled rules and boundaries, by ruleset and boundary. */
  *units(): Iterable<readonly Unit[]> {
    for (const { compiled } of this.owners.values()) yield compiled.units;
  }

  /** Name of a rule or boundary. */
  ruleName(href: string): string {
    return this.inForce().get(href) ?? href;
  }

  private inForce(): ReadonlyMap<string, string> {
    if (this.names === null) {
      this.names = new Map();
      for (const units of this.units())
        for (const { href, name } of units) this.names.set(href, name);
    }
    return this.names;
  }

  put(change: ObjectChange): void {
    const { href } = change;
    switch (change.type) {
      case 'label': {
        const node = this.labels.at(href);
        if (node.label?.key !== change.value?.key) {
          this.rekeyedLabels.push(node);
          this.spoil(href);
        }
        node.label = change.value ?? undefined;
        break;
      }
      case 'label_group':
        store(this.groups, href, change.value);
        this.spoil(href);
        break;
      case 'service':
        store(this.services, href, change.value);
        this.spoil(href);
        for (const item of this.virtuals.values()) {
          if (!('href' in item.service) || item.service.href !== href) continue;
          this.spoil(item.href);
          this.spoil(EVERY_VIRTUAL_SERVICE);
        }
        break;
      case 'ip_list':
        store(this.ipLists, href, change.value);
        this.changedSets.push({ kind: 'ip_list', href });
        this.spoil(href);
        break;
      case 'virtual_service':
        store(this.virtuals, href, change.value);
        this.changedSets.push({ kind: 'virtual_service', href });
        this.spoil(href);
        this.spoil(EVERY_VIRTUAL_SERVICE);
        break;
      case 'rule_set':
        this.putOwner(href).ruleSet = change.value ?? undefined;
        break;
      case 'enforcement_boundary':
        this.putOwner(href).boundary = change.value ?? undefined;
        break;
      case 'firewall_settings':
        this.settings = change.value ?? DEFAULT_FIREWALL_SETTINGS;
        break;
    }
  }

  /** Labels that appeared, went or changed key: classes of workloads that carry them are made anew. */
  takeRekeyedLabels(): LabelNode[] {
    return this.rekeyedLabels.splice(0);
  }

  /** Sets that stand for an IP list or virtual service that changed. */
  takeChangedSets(): SetSource[] {
    return this.changedSets.splice(0);
  }

  /** Addresses that an IP list or virtual service has itself. */
  ownMembers(source: SetSource): OwnMembers {
    if (source.kind === 'ip_list') {
      const list = this.ipLists.get(source.href);
      return list === undefined ? NOTHING : ownMembers(ipListSpans(list));
    }
    if (source.kind !== 'virtual_service') return NOTHING;
    const spans = (this.virtuals.get(source.href)?.addresses ?? []).flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok ? [parsed.value] : [];
    });
    return ownMembers(spans);
  }

  /** Compiles what changed, or depends on what changed; units that come out as they were are in no list. */
  recompile(): Recompiled {
    const moved = {
      added: [] as Unit[],
      removed: [] as Unit[],
      addedTables: [] as TableUnit[],
      removedTables: [] as TableUnit[],
    };
    for (const owner of this.stale) {
      owner.stale = false;
      const { compiled: old } = owner;
      const compiled = this.compile(owner);
      if (this.names !== null) {
        for (const { href } of old.units) this.names.delete(href);
        for (const { href, name } of compiled.units) this.names.set(href, name);
      }
      const units = keepEqual(old.units, compiled.units, {
        same: sameUnit,
        added: moved.added,
        removed: moved.removed,
      });
      const tables = keepEqual(old.tables, compiled.tables, {
        same: sameTable,
        added: moved.addedTables,
        removed: moved.removedTables,
      });
      owner.compiled = { units, tables };
    }
    this.stale = [];
    return moved;
  }

  private spoil(href: string): void {
    for (const owner of itemsOf(this.dependents.get(href) ?? null)) this.outdate(owner);
  }

  private outdate(owner: Owner): void {
    if (owner.stale) return;
    owner.stale = true;
    this.stale.push(owner);
  }

  private putOwner(href: string): Owner {
    let owner = this.owners.get(href);
    if (owner === undefined) {
      owner = { href, compiled: NONE, dependencies: [], stale: false };
      this.owners.set(href, owner);
    }
    this.outdate(owner);
    return owner;
  }

  private ownersOf<T>(part: (owner: Owner) => T | undefined): T[] {
    return [...this.owners.values()].flatMap((owner) => part(owner) ?? []);
  }

  private compile(owner: Owner): Compiled {
    const { ruleSet, boundary } = owner;
    this.depend(owner, dependenciesOf({ ruleSet, boundary, group: this.group }));
    if (ruleSet !== undefined) return compileRuleSet(ruleSet, this);
    if (boundary !== undefined) return compileBoundary(boundary, this);
    this.owners.delete(owner.href);
    return NONE;
  }

  private depend(owner: Owner, dependencies: readonly string[]): void {
    const { dependents } = this;
    for (const href of owner.dependencies) {
      const left = withoutItem(dependents.get(href) ?? null, owner);
      if (left === null) dependents.delete(href);
      else dependents.set(href, left);
    }
    owner.dependencies = dependencies;
    for (const href of dependencies) {
      const known = dependents.get(href) ?? null;
      const more = withItem(known, owner);
      if (more !== known) dependents.set(href, more);
    }
  }
}

function store<T>(map: Map<string, T>, href: string, value: T | null): void {
  if (value === null) map.delete(href);
  else map.set(href, value);
}

/** The new units, with the old object in the place of each that says the same; what differs goes to the lists. */
function keepEqual<T extends { readonly href: string; readonly scopeIndex: number }>(
  old: readonly T[],
  now: readonly T[],
  { same, added, removed }: { same: (a: T, b: T) => boolean; added: T[]; removed: T[] },
): readonly T[] {
  if (old.length === 0) {
    for (const item of now) added.push(item);
    return now;
  }
  const keyOf = ({ href, scopeIndex }: T) => `${href}#${scopeIndex}`;
  const before = new Map(old.map((item) => [keyOf(item), item]));
  const kept = now.map((item) => {
    const known = before.get(keyOf(item));
    if (known === undefined || !same(known, item)) {
      added.push(item);
      return item;
    }
    before.delete(keyOf(item));
    return known;
  });
  removed.push(...before.values());
  return kept;
}

function sameUnit(a: Unit, b: Unit): boolean {
  return (
    a.name === b.name &&
    a.version === b.version &&
    a.networkType === b.networkType &&
    a.stateless === b.stateless &&
    equal(a.principals, b.principals) &&
    equal(a.services, b.services) &&
    sameList(a.providers, b.providers, samePart) &&
    sameList(a.consumers, b.consumers, samePart)
  );
}

/** Sets and selectors are shared, so that equal ones are the same. */
function samePart(a: Part, b: Part): boolean {
  return (
    a.set === b.set &&
    sameMembers(a.members, b.members) &&
    equal(a.services, b.services) &&
    equal(a.fqdns, b.fqdns)
  );
}

function sameMembers(a: Members | null, b: Members | null): boolean {
  if (a?.kind !== 'workloads' || b?.kind !== 'workloads') return a === b;
  return equal(a.hrefs, b.hrefs);
}

function sameTable(a: TableUnit, b: TableUnit): boolean {
  return equal(a.rule, b.rule) && sameList(a.members, b.members, sameMembers);
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  return a.length === b.length && a.every((x, place) => same(x, b[place] ?? x));
}

function equal(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
