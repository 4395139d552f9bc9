/** Rules and boundaries to units: one per rule and scope, its sides as parts, with nothing left to look up. */
import { sha256Hex } from '../sha256.ts';
import { normalizeServices, resolveServices } from '../services.ts';
import type {
  Actor,
  EnforcementBoundary,
  IpList,
  ResolveLabelsAs,
  Rule,
  RuleSet,
  ScopeEntry,
  Service,
  ServicePort,
  VirtualService,
} from '../model.ts';
import type { NetworkType } from '../vocabulary.ts';
import { conditionsOf, intersect, type LabelLookup, type Selector } from './conditions.ts';

/** What the addresses of a set are made of. */
export type SetSource =
  | {
      readonly kind: 'selector';
      readonly selector: Selector;
      readonly form: 'addresses' | 'subnets';
    }
  | { readonly kind: 'workloads'; readonly hrefs: readonly string[] }
  | { readonly kind: 'ip_list'; readonly href: string }
  | { readonly kind: 'virtual_service'; readonly href: string };

/** A piece of one side: who is a member (enforces the rule) and what address set stands for it at the other side. */
export interface Part {
  readonly setId: string;
  readonly source: SetSource;
  /** Null: of no workload, addresses only. */
  readonly members:
    | { readonly kind: 'selector'; readonly id: string; readonly selector: Selector }
    | { readonly kind: 'workloads'; readonly hrefs: readonly string[] }
    | null;
  /** Services of its own in place of the rule's (a virtual service as provider). */
  readonly services: readonly ServicePort[] | null;
  readonly fqdns: readonly string[];
}

/** One rule within one scope, or one boundary. */
export interface Unit {
  /** Unique and stable: href, and the number of the scope. */
  readonly id: string;
  readonly action: 'allow' | 'deny';
  readonly href: string;
  readonly name: string;
  readonly version: number;
  readonly networkType: NetworkType;
  readonly stateless: boolean;
  readonly services: readonly ServicePort[];
  readonly providers: readonly Part[];
  readonly consumers: readonly Part[];
}

export interface ObjectLookup extends LabelLookup {
  readonly service: (href: string) => Service | undefined;
  readonly ipList: (href: string) => IpList | undefined;
  readonly virtualService: (href: string) => VirtualService | undefined;
  readonly virtualServices: () => Iterable<VirtualService>;
}

/** Name of the set that a source stands for: a digest of its canonical text, so that equal sources share one set. */
export function setIdOf(source: SetSource): string {
  return `s${sha256Hex(JSON.stringify(source)).slice(0, 22)}`;
}

/** Services of a virtual service: its own ports, or those of the service that it names. */
function virtualServicePorts(item: VirtualService, find: ObjectLookup): readonly ServicePort[] {
  return 'ports' in item.service
    ? normalizeServices(item.service.ports)
    : resolveServices([item.service], find.service);
}

/** Units of a ruleset. Disabled rulesets and rules give none. */
export function compileRuleSet(ruleSet: RuleSet, find: ObjectLookup): Unit[] {
  if (!ruleSet.enabled) return [];
  const scopes: readonly (readonly ScopeEntry[])[] =
    ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes;
  return ruleSet.rules
    .filter((rule) => rule.enabled)
    .flatMap((rule) => scopes.map((scope, index) => compileRule(rule, { scope, index }, find)));
}

function compileRule(
  rule: Rule,
  { scope, index }: { readonly scope: readonly ScopeEntry[]; readonly index: number },
  find: ObjectLookup,
): Unit {
  const within = conditionsOf(scope, find);
  const side = (name: 'providers' | 'consumers', scoped: boolean) =>
    compileSide(rule[name], {
      scope: scoped ? within : [],
      resolveAs: rule.resolveLabelsAs[name],
      subnets: rule.useWorkloadSubnets.includes(name),
      provider: name === 'providers',
      find,
    });
  return {
    id: `${rule.href}#${index}`,
    action: 'allow',
    href: rule.href,
    name: rule.name,
    version: rule.version,
    networkType: rule.networkType,
    stateless: rule.stateless,
    services: resolveServices(rule.ingressServices, find.service),
    providers: side('providers', true),
    consumers: side('consumers', !rule.unscopedConsumers),
  };
}

/** Unit of a boundary; none when it is disabled. FQDNs of its IP lists are dropped (R-POL-8). */
export function compileBoundary(boundary: EnforcementBoundary, find: ObjectLookup): Unit[] {
  if (!boundary.enabled) return [];
  const side = (actors: readonly Actor[]) =>
    compileSide(actors, {
      scope: [],
      resolveAs: ['workloads'],
      subnets: false,
      provider: false,
      find,
    }).map((part) => ({ ...part, fqdns: [] }));
  return [
    {
      id: `${boundary.href}#0`,
      action: 'deny',
      href: boundary.href,
      name: boundary.name,
      version: boundary.version,
      networkType: boundary.networkType,
      stateless: false,
      services: resolveServices(boundary.ingressServices, find.service),
      providers: side(boundary.providers),
      consumers: side(boundary.consumers),
    },
  ];
}

interface SideOptions {
  readonly scope: Selector;
  readonly resolveAs: ResolveLabelsAs;
  readonly subnets: boolean;
  readonly provider: boolean;
  readonly find: ObjectLookup;
}

function compileSide(actors: readonly Actor[], options: SideOptions): Part[] {
  const { find } = options;
  const parts: Part[] = [];
  const selector = labelPart(actors, options);
  if (selector !== null && options.resolveAs.includes('workloads')) {
    const form = options.subnets ? 'subnets' : 'addresses';
    const members = { kind: 'selector', id: JSON.stringify(selector), selector } as const;
    parts.push(part({ kind: 'selector', selector, form }, members));
  }
  const hrefs = distinctSorted(
    actors.flatMap((actor) => (actor.kind === 'workload' ? [actor.href] : [])),
  );
  if (hrefs.length > 0) {
    parts.push(part({ kind: 'workloads', hrefs }, { kind: 'workloads', hrefs }));
  }
  const virtual = new Set(
    actors.flatMap((actor) => (actor.kind === 'virtual_service' ? [actor.href] : [])),
  );
  if (selector !== null && options.resolveAs.includes('virtual_services')) {
    for (const item of find.virtualServices()) {
      if (selectsVirtualService(item, selector, find)) virtual.add(item.href);
    }
  }
  for (const href of [...virtual].sort()) {
    const item = find.virtualService(href);
    if (item === undefined) continue;
    const members = { kind: 'workloads', hrefs: distinctSorted(item.workloads) } as const;
    const services = options.provider ? virtualServicePorts(item, find) : null;
    parts.push({ ...part({ kind: 'virtual_service', href }, members), services });
  }
  for (const actor of actors) {
    if (actor.kind !== 'ip_list') continue;
    const list = find.ipList(actor.href);
    if (list === undefined) continue;
    const fqdns = options.provider ? [...list.fqdns].sort() : [];
    parts.push({ ...part({ kind: 'ip_list', href: actor.href }, null), fqdns });
  }
  return parts;
}

/** Claims of a set are counted per workload, so that one named twice must be there once. */
export function distinctSorted(hrefs: readonly string[]): string[] {
  return [...new Set(hrefs)].sort();
}

function part(source: SetSource, members: Part['members']): Part {
  return { setId: setIdOf(source), source, members, services: null, fqdns: [] };
}

/** The label part of a side within its scope; null when the side has none. */
function labelPart(actors: readonly Actor[], { scope, find }: SideOptions): Selector | null {
  const entries = actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  const all = actors.some((actor) => actor.kind === 'ams');
  if (!all && entries.length === 0) return null;
  return intersect(all ? [] : conditionsOf(entries, find), scope);
}

function selectsVirtualService(
  item: VirtualService,
  selector: Selector,
  find: ObjectLookup,
): boolean {
  const labels = new Map(item.labels.map((href) => [find.label(href)?.key, href]));
  return selector.every((condition) => {
    const label = labels.get(condition.key);
    const among = label !== undefined && condition.labels.includes(label);
    return condition.kind === 'in' ? among : !among;
  });
}
