/** Rules within one scope, and boundaries, with their sides looked up. */
import { conditionsOf, intersect, selects, type Selector } from '../engine/conditions.ts';
import type {
  Actor,
  EnforcementBoundary,
  IpList,
  ResolveLabelsAs,
  Rule,
  RuleSet,
  Scope,
  ServicePort,
  VirtualService,
  Workload,
} from '../model.ts';
import { normalizeServices, resolveServices } from '../services.ts';
import type { NetworkType } from '../vocabulary.ts';
import { crowdOfOne, hasTraits, NOBODY, together, TRAIT, type Crowd, type Facts } from './facts.ts';

export interface ResolvedSide {
  /** The label part within the scope; null: none, or it does not stand for workloads. */
  readonly selector: Selector | null;
  readonly explicit: readonly Workload[];
  readonly lists: readonly IpList[];
  readonly virtual: readonly VirtualService[];
}

/** A rule in one of its scopes (scope null: everywhere), or a boundary. */
export interface ResolvedStatement {
  readonly networkType: NetworkType;
  readonly services: readonly ServicePort[];
  readonly principals: readonly string[];
  readonly providers: ResolvedSide;
  readonly consumers: ResolvedSide;
}

/** Scopes in which a ruleset's rules stand; without any: everywhere. */
export function scopesOf(ruleSet: RuleSet): readonly Scope[] {
  return ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes;
}

export function resolveRule(rule: Rule, scope: Scope, facts: Facts): ResolvedStatement {
  const within = conditionsOf(scope, facts);
  const { providers, consumers } = rule.resolveLabelsAs;
  return {
    networkType: rule.networkType,
    services: resolveServices(rule.ingressServices, facts.service),
    principals: rule.consumingSecurityPrincipals,
    providers: resolveSide(rule.providers, { scope: within, as: providers, facts }),
    consumers: resolveSide(rule.consumers, {
      scope: rule.unscopedConsumers ? [] : within,
      as: consumers,
      facts,
    }),
  };
}

export function resolveBoundary(boundary: EnforcementBoundary, facts: Facts): ResolvedStatement {
  const options = { scope: [], as: ['workloads'], facts } as const;
  return {
    networkType: boundary.networkType,
    services: resolveServices(boundary.ingressServices, facts.service),
    principals: [],
    providers: resolveSide(boundary.providers, options),
    consumers: resolveSide(boundary.consumers, options),
  };
}

/** Whether a side has labels, groups or All Workloads. */
export function hasLabelPart(actors: readonly Actor[]): boolean {
  return actors.some(({ kind }) => kind === 'ams' || kind === 'label' || kind === 'label_group');
}

function resolveSide(
  actors: readonly Actor[],
  options: { readonly scope: Selector; readonly as: ResolveLabelsAs; readonly facts: Facts },
): ResolvedSide {
  const { facts, scope, as } = options;
  const entries = actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  const all = actors.some(({ kind }) => kind === 'ams');
  const selector = hasLabelPart(actors)
    ? intersect(all ? [] : conditionsOf(entries, facts), scope)
    : null;
  const byLabel =
    selector !== null && as.includes('virtual_services')
      ? facts.model.virtualServices.filter((item) => {
          const labels = facts.labelsByKey(item.labels);
          return selects(selector, (key) => labels.get(key));
        })
      : [];
  const named = actors.flatMap((actor) =>
    actor.kind === 'virtual_service' ? (facts.virtualService(actor.href) ?? []) : [],
  );
  return {
    selector: as.includes('workloads') ? selector : null,
    explicit: actors.flatMap((actor) =>
      actor.kind === 'workload' ? (facts.workload(actor.href) ?? []) : [],
    ),
    lists: actors.flatMap((actor) =>
      actor.kind === 'ip_list' ? (facts.ipList(actor.href) ?? []) : [],
    ),
    virtual: [...new Set([...named, ...byLabel])],
  };
}

/** Ports of a virtual service: its own, or those of the service that it names. */
export function portsOfVirtual(item: VirtualService, facts: Facts): readonly ServicePort[] {
  return 'ports' in item.service
    ? normalizeServices(item.service.ports)
    : resolveServices([item.service], facts.service);
}

/** Workloads that labels select or that are named; virtual services apart. */
export function workloadsOf(side: ResolvedSide, facts: Facts): Crowd {
  const selected = side.selector === null ? NOBODY : facts.crowdOf(side.selector);
  return side.explicit.map(crowdOfOne).reduce(together, selected);
}

export function boundTo(item: VirtualService, facts: Facts): Crowd {
  return item.workloads.reduce((sum, href) => {
    const workload = facts.workload(href);
    return workload === undefined ? sum : together(sum, crowdOfOne(workload));
  }, NOBODY);
}

/** Everybody on a side who could enforce. */
export function everybodyOn(side: ResolvedSide, facts: Facts): Crowd {
  return side.virtual
    .map((item) => boundTo(item, facts))
    .reduce(together, workloadsOf(side, facts));
}

/** Whether the side gives some address to the other one. */
export function hasPeers(side: ResolvedSide, facts: Facts): boolean {
  return (
    hasTraits(workloadsOf(side, facts), TRAIT.peer) ||
    side.lists.some((list) => facts.spansOf(list).length > 0) ||
    side.virtual.some((item) => virtualHasPeers(item, facts))
  );
}

export function virtualHasPeers(item: VirtualService, facts: Facts): boolean {
  return item.addresses.length > 0 || hasTraits(boundTo(item, facts), TRAIT.peer);
}
