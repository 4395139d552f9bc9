/** The objects of the model but workloads, what depends on what, and the units that rulesets and boundaries compile to. */
import { formatSpan, parseSpan } from '@bulkhead/net';
import type {
  Actor,
  EnforcementBoundary,
  IngressService,
  IpList,
  Label,
  LabelGroup,
  PolicyChange,
  RuleSet,
  Service,
  VirtualService,
} from '../model.ts';
import { ipListSpans, splitMembers } from './addresses.ts';
import {
  compileBoundary,
  compileRuleSet,
  type ObjectLookup,
  type SetSource,
  type Unit,
} from './compile.ts';

/** Stands in the index of dependents for "any virtual service": rules whose labels resolve to them. */
const EVERY_VIRTUAL_SERVICE = '*';

type ObjectChange = Exclude<PolicyChange, { type: 'workload' }>;

export class ObjectStore implements ObjectLookup {
  private readonly labels = new Map<string, Label>();
  private readonly groups = new Map<string, LabelGroup>();
  private readonly services = new Map<string, Service>();
  private readonly ipLists = new Map<string, IpList>();
  private readonly virtuals = new Map<string, VirtualService>();
  private readonly ruleSets = new Map<string, RuleSet>();
  private readonly boundaries = new Map<string, EnforcementBoundary>();
  private readonly names = new Map<string, string>();
  /** Object to the rulesets and boundaries that are compiled with it, and back. */
  private readonly dependents = new Map<string, Set<string>>();
  private readonly dependencies = new Map<string, ReadonlySet<string>>();
  private readonly units = new Map<string, Map<string, Unit>>();
  private readonly stale = new Set<string>();
  private readonly changedSets: SetSource[] = [];
  private readonly rekeyedLabels: string[] = [];

  label = (href: string): Label | undefined => this.labels.get(href);
  group = (href: string): LabelGroup | undefined => this.groups.get(href);
  service = (href: string): Service | undefined => this.services.get(href);
  ipList = (href: string): IpList | undefined => this.ipLists.get(href);
  virtualService = (href: string): VirtualService | undefined => this.virtuals.get(href);
  virtualServices = (): Iterable<VirtualService> => this.virtuals.values();

  /** Name of a rule or boundary. */
  ruleName(href: string): string {
    return this.names.get(href) ?? href;
  }

  put(change: ObjectChange): void {
    const { href } = change;
    switch (change.type) {
      case 'label':
        if (this.labels.get(href)?.key !== change.value?.key) {
          this.rekeyedLabels.push(href);
          this.spoil(href);
        }
        store(this.labels, href, change.value);
        break;
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
        store(this.ruleSets, href, change.value);
        this.stale.add(href);
        break;
      case 'enforcement_boundary':
        store(this.boundaries, href, change.value);
        this.stale.add(href);
        break;
      case 'firewall_settings':
        break;
    }
  }

  /** Labels that appeared, went or changed key: classes of workloads that carry them are made anew. */
  takeRekeyedLabels(): string[] {
    return this.rekeyedLabels.splice(0);
  }

  /** Sets that stand for an IP list or virtual service that changed. */
  takeChangedSets(): SetSource[] {
    return this.changedSets.splice(0);
  }

  /** Addresses that an IP list or virtual service has itself, canonical. */
  ownMembers(source: SetSource): readonly string[] {
    if (source.kind === 'ip_list') {
      const list = this.ipLists.get(source.href);
      return list === undefined ? [] : ipListSpans(list).map(formatSpan);
    }
    if (source.kind !== 'virtual_service') return [];
    const texts = (this.virtuals.get(source.href)?.addresses ?? []).flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok ? [formatSpan(parsed.value)] : [];
    });
    const { hosts, ranges } = splitMembers(texts);
    return [...hosts, ...ranges];
  }

  /** Compiles what changed, or depends on what changed; units that come out as they were are in neither list. */
  recompile(): { readonly added: readonly Unit[]; readonly removed: readonly Unit[] } {
    const added: Unit[] = [];
    const removed: Unit[] = [];
    for (const owner of this.stale) {
      const old = this.units.get(owner) ?? new Map<string, Unit>();
      for (const unit of old.values()) this.names.delete(unit.href);
      const now = new Map<string, Unit>();
      for (const unit of this.compile(owner)) {
        const before = old.get(unit.id);
        const same = before !== undefined && JSON.stringify(before) === JSON.stringify(unit);
        now.set(unit.id, same ? before : unit);
        if (!same) added.push(unit);
      }
      for (const [id, unit] of old) if (now.get(id) !== unit) removed.push(unit);
      if (now.size > 0) this.units.set(owner, now);
      else this.units.delete(owner);
    }
    this.stale.clear();
    return { added, removed };
  }

  private spoil(href: string): void {
    for (const owner of this.dependents.get(href) ?? []) this.stale.add(owner);
  }

  private compile(owner: string): Unit[] {
    const ruleSet = this.ruleSets.get(owner);
    const boundary = this.boundaries.get(owner);
    this.depend(owner, ruleSet, boundary);
    if (ruleSet !== undefined) {
      for (const rule of ruleSet.rules) this.names.set(rule.href, rule.name);
      return compileRuleSet(ruleSet, this);
    }
    if (boundary === undefined) return [];
    this.names.set(boundary.href, boundary.name);
    return compileBoundary(boundary, this);
  }

  private depend(
    owner: string,
    ruleSet: RuleSet | undefined,
    boundary: EnforcementBoundary | undefined,
  ): void {
    const found = new Set<string>();
    const actor = (item: Actor) => {
      if (item.kind === 'ams' || item.kind === 'workload') return;
      if (item.kind === 'label_group') this.collectGroups(item.href, found);
      found.add(item.href);
    };
    const service = (item: IngressService) => {
      if ('href' in item) found.add(item.href);
    };
    for (const scope of ruleSet?.scopes ?? []) scope.forEach(actor);
    for (const rule of ruleSet?.rules ?? []) {
      [...rule.providers, ...rule.consumers].forEach(actor);
      rule.ingressServices.forEach(service);
      const { providers, consumers } = rule.resolveLabelsAs;
      if ([...providers, ...consumers].includes('virtual_services')) {
        found.add(EVERY_VIRTUAL_SERVICE);
      }
    }
    if (boundary !== undefined) {
      [...boundary.providers, ...boundary.consumers].forEach(actor);
      boundary.ingressServices.forEach(service);
    }
    for (const href of this.dependencies.get(owner) ?? []) this.dependents.get(href)?.delete(owner);
    this.dependencies.set(owner, found);
    for (const href of found) {
      let owners = this.dependents.get(href);
      if (owners === undefined) this.dependents.set(href, (owners = new Set()));
      owners.add(owner);
    }
  }

  private collectGroups(href: string, found: Set<string>): void {
    if (found.has(href)) return;
    found.add(href);
    for (const sub of this.groups.get(href)?.subGroups ?? []) this.collectGroups(sub, found);
    for (const label of this.groups.get(href)?.labels ?? []) found.add(label);
  }
}

function store<T>(map: Map<string, T>, href: string, value: T | null): void {
  if (value === null) map.delete(href);
  else map.set(href, value);
}
