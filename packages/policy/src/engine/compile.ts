/** Rules and boundaries to units: one per rule and scope, its sides as parts, with nothing left to look up. */
import { normalizeServices, resolveServices } from '../services.ts';
import type {
  Actor,
  EnforcementBoundary,
  IngressService,
  IpList,
  ResolveLabelsAs,
  Rule,
  RuleSet,
  ScopeEntry,
  Service,
  ServicePort,
  VirtualService,
} from '../model.ts';
import { PROTOCOLS } from '../vocabulary.ts';
import { conditionsOf, intersect, type LabelLookup, type Selector } from './conditions.ts';
import { Part, type Members, type SelectorState, type TableUnit, type Unit } from './graph.ts';
import type { SetState } from './set-state.ts';
import type { SinglePorts } from './single-ports.ts';
import type { SetOrigin } from './sources.ts';

export interface Compiled {
  readonly units: readonly Unit[];
  readonly tables: readonly TableUnit[];
}

export interface ObjectLookup extends LabelLookup {
  readonly service: (href: string) => Service | undefined;
  readonly ipList: (href: string) => IpList | undefined;
  readonly virtualService: (href: string) => VirtualService | undefined;
  readonly virtualServices: () => Iterable<VirtualService>;
}

/** Gives the one state of each selector and set, so that equal ones are shared by all that is compiled to them. */
export interface StateLookup {
  readonly selector: (selector: Selector) => SelectorState;
  readonly selectorSet: (state: SelectorState, form: 'addresses' | 'subnets') => SetState;
  readonly set: (source: SetOrigin) => SetState;
  readonly ports: SinglePorts;
}

export type CompileContext = ObjectLookup & StateLookup;

const ALL: readonly ScopeEntry[] = [];

/** Units of a ruleset. Disabled rulesets and rules give none. */
export function compileRuleSet(ruleSet: RuleSet, find: CompileContext): Compiled {
  if (!ruleSet.enabled) return { units: [], tables: [] };
  const scopes = (ruleSet.scopes.length === 0 ? [ALL] : ruleSet.scopes).map((scope) =>
    conditionsOf(scope, find),
  );
  const units = ruleSet.rules
    .filter((rule) => rule.enabled)
    .flatMap((rule) => {
      const services = servicesOf(rule.ingressServices, find);
      return scopes.map((scope, index) =>
        compileRule(rule, { ruleSet: ruleSet.href, scope, index, services, find }),
      );
    });
  if (ruleSet.ipTablesRules.length === 0) return { units, tables: NO_TABLES };
  const tables = ruleSet.ipTablesRules
    .filter((rule) => rule.enabled)
    .flatMap((rule) =>
      scopes.map((scope, index) => ({
        href: rule.href,
        scopeIndex: index,
        rule,
        members: [
          ...selectorMembers(labelPart(rule.actors, scope, find), find),
          ...workloadMembers(rule.actors),
        ],
      })),
    );
  return { units, tables };
}

interface RuleContext {
  readonly ruleSet: string;
  readonly scope: Selector;
  readonly index: number;
  readonly services: readonly ServicePort[];
  readonly find: CompileContext;
}

function compileRule(rule: Rule, { ruleSet, scope, index, services, find }: RuleContext): Unit {
  const side = (name: 'providers' | 'consumers', scoped: boolean) =>
    compileSide(rule[name], {
      scope: scoped ? scope : NO_CONDITIONS,
      resolveAs: rule.resolveLabelsAs[name],
      subnets: rule.useWorkloadSubnets.includes(name),
      provider: name === 'providers',
      find,
    });
  return {
    action: 'allow',
    href: rule.href,
    name: rule.name,
    version: rule.version,
    ruleSet,
    scopeIndex: index,
    networkType: rule.networkType,
    stateless: rule.stateless,
    principals:
      rule.consumingSecurityPrincipals.length === 0
        ? NO_STRINGS
        : distinctSorted(rule.consumingSecurityPrincipals),
    services,
    providers: side('providers', true),
    consumers: side('consumers', !rule.unscopedConsumers),
    lines: null,
  };
}

const NO_CONDITIONS: Selector = [];
const NO_TABLES: readonly TableUnit[] = [];
const NO_STRINGS: readonly string[] = [];

/** Unit of a boundary; none when it is disabled. FQDNs of its IP lists are dropped (R-POL-8). */
export function compileBoundary(boundary: EnforcementBoundary, find: CompileContext): Compiled {
  if (!boundary.enabled) return { units: [], tables: [] };
  const side = (actors: readonly Actor[]) =>
    compileSide(actors, {
      scope: NO_CONDITIONS,
      resolveAs: ['workloads'],
      subnets: false,
      provider: false,
      find,
    });
  const unit: Unit = {
    action: 'deny',
    href: boundary.href,
    name: boundary.name,
    version: boundary.version,
    ruleSet: null,
    scopeIndex: 0,
    networkType: boundary.networkType,
    stateless: false,
    principals: NO_STRINGS,
    services: servicesOf(boundary.ingressServices, find),
    providers: side(boundary.providers),
    consumers: side(boundary.consumers),
    lines: null,
  };
  return { units: [unit], tables: [] };
}

/** Most rules hold one port in place, which is its own canonical form. */
function servicesOf(
  ingress: readonly IngressService[],
  find: CompileContext,
): readonly ServicePort[] {
  const [only] = ingress;
  if (ingress.length === 1 && only !== undefined && 'port' in only) {
    const { port } = only;
    const { protocol, toPort, icmpType, icmpCode } = port;
    const plain = protocol === PROTOCOLS.tcp || protocol === PROTOCOLS.udp;
    const single = toPort === null && icmpType === null && icmpCode === null;
    const named = port.process !== undefined || port.windowsService !== undefined;
    if (plain && single && !named && port.port !== null) return find.ports.of(protocol, port.port);
  }
  return resolveServices(ingress, find.service);
}

/** Services of a virtual service: its own ports, or those of the service that it names. */
function virtualServicePorts(item: VirtualService, find: ObjectLookup): readonly ServicePort[] {
  return 'ports' in item.service
    ? normalizeServices(item.service.ports)
    : resolveServices([item.service], find.service);
}

interface SideOptions {
  readonly scope: Selector;
  readonly resolveAs: ResolveLabelsAs;
  readonly subnets: boolean;
  readonly provider: boolean;
  readonly find: CompileContext;
}

function compileSide(actors: readonly Actor[], options: SideOptions): readonly Part[] {
  const { find, resolveAs } = options;
  const selector = labelPart(actors, options.scope, find);
  const labelled = selectorParts(selector, options);
  // nearly every side is a few labels and nothing else
  const plain = actors.every((actor) => actor.kind === 'label' || actor.kind === 'ams');
  if (plain && !resolveAs.includes('virtual_services')) return labelled;
  return [
    ...labelled,
    ...workloadMembers(actors).map((members) => new Part(find.set(members), members)),
    ...virtualServicesOf(actors, selector, options).flatMap((href) => virtualPart(href, options)),
    ...actors.flatMap((actor) => (actor.kind === 'ip_list' ? listPart(actor.href, options) : [])),
  ];
}

function selectorParts(
  selector: Selector | null,
  { find, resolveAs, subnets }: SideOptions,
): readonly Part[] {
  if (selector === null || !resolveAs.includes('workloads')) return [];
  const state = find.selector(selector);
  if (subnets) {
    state.subnetsAlone ??= [new Part(find.selectorSet(state, 'subnets'), state)];
    return state.subnetsAlone;
  }
  state.addressesAlone ??= [new Part(find.selectorSet(state, 'addresses'), state)];
  return state.addressesAlone;
}

function virtualPart(href: string, { find, provider }: SideOptions): readonly Part[] {
  const item = find.virtualService(href);
  if (item === undefined) return [];
  const members = { kind: 'workloads', hrefs: distinctSorted(item.workloads) } as const;
  const services = provider ? virtualServicePorts(item, find) : null;
  return [new Part(find.set({ kind: 'virtual_service', href }), members, { services })];
}

function listPart(href: string, { find, provider }: SideOptions): readonly Part[] {
  const list = find.ipList(href);
  if (list === undefined) return [];
  const fqdns = provider ? [...list.fqdns].sort() : [];
  return [new Part(find.set({ kind: 'ip_list', href }), null, { fqdns })];
}

/** Hrefs of the virtual services of a side: named ones, and those that its labels select where labels stand for them. */
function virtualServicesOf(
  actors: readonly Actor[],
  selector: Selector | null,
  { resolveAs, find }: SideOptions,
): readonly string[] {
  const named = actors.flatMap((actor) => (actor.kind === 'virtual_service' ? [actor.href] : []));
  if (selector === null || !resolveAs.includes('virtual_services')) return distinctSorted(named);
  const selected = [...find.virtualServices()].filter((item) =>
    selectsVirtualService(item, selector, find),
  );
  return distinctSorted([...named, ...selected.map((item) => item.href)]);
}

function selectorMembers(selector: Selector | null, find: StateLookup): Members[] {
  return selector === null ? [] : [find.selector(selector)];
}

function workloadMembers(actors: readonly Actor[]): { kind: 'workloads'; hrefs: string[] }[] {
  const hrefs = actors.flatMap((actor) => (actor.kind === 'workload' ? [actor.href] : []));
  return hrefs.length === 0 ? [] : [{ kind: 'workloads', hrefs: distinctSorted(hrefs) }];
}

/** Claims of a set are counted per workload, so that one named twice must be there once. */
export function distinctSorted(hrefs: readonly string[]): string[] {
  return hrefs.length < 2 ? [...hrefs] : [...new Set(hrefs)].sort();
}

/** The label part of a side within its scope; null when the side has none. */
function labelPart(actors: readonly Actor[], scope: Selector, find: LabelLookup): Selector | null {
  const entries: ScopeEntry[] = [];
  let all = false;
  for (const actor of actors) {
    if (actor.kind === 'label' || actor.kind === 'label_group') entries.push(actor);
    else all ||= actor.kind === 'ams';
  }
  if (!all && entries.length === 0) return null;
  return intersect(all ? NO_CONDITIONS : conditionsOf(entries, find), scope);
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
