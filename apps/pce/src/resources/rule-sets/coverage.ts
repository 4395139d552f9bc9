/** Which rules allow services between groups of hosts, as their sides and services say it. */
import type { RuleCoverageItem, RuleCoverageWire } from '@bulkhead/contract';
import { entriesMatch, labelPartMatches } from '../../provisioning/matching.ts';
import { identityOf } from '../../provisioning/references.ts';
import type { StoredActor, StoredRuleBody } from '../../provisioning/stored-content.ts';
import { opens, type OpenedService, type RuleFacts, type Side } from './rule-facts.ts';
import type { RuleSetView } from './entries.ts';

type End = RuleCoverageItem['source'];
type ResolveAs = NonNullable<NonNullable<RuleCoverageItem['resolve_labels_as']>['source']>;

export interface CoveringRule {
  readonly href: string;
  readonly ruleSet: RuleSetView;
  readonly body: StoredRuleBody;
}

export interface CoverageFacts extends RuleFacts {
  /** Draft href of the list that holds every address. */
  readonly any: string | null;
}

export function coverageOf(
  items: readonly RuleCoverageItem[],
  rules: readonly CoveringRule[],
  facts: CoverageFacts,
): RuleCoverageWire {
  const indexes = new Map<CoveringRule, number>();
  const edges = items.map((item) => {
    const between = rules.filter((rule) => connects(item, rule, facts));
    return item.services.map(({ protocol, port }) =>
      between
        .filter(({ body }) =>
          opens(servicesOf(item, body, facts), { proto: protocol, port }, facts),
        )
        .map((rule) => {
          const index = indexes.get(rule) ?? indexes.size;
          indexes.set(rule, index);
          return index;
        }),
    );
  });
  return {
    rules: Object.fromEntries([...indexes].map(([{ href }, index]) => [String(index), { href }])),
    edges,
    deny_rules: {},
    deny_edges: [],
    override_deny_rules: {},
    override_deny_edges: [],
  };
}

/** Services that a rule opens to a destination: a virtual service has its own, in place of the rule's (PS-9). */
function servicesOf(
  { destination }: RuleCoverageItem,
  body: StoredRuleBody,
  facts: RuleFacts,
): readonly OpenedService[] {
  const { virtual_service: virtual } = destination;
  if (virtual === undefined) return body.ingress_services;
  return facts.virtualServices.get(identityOf(virtual.href))?.services ?? [];
}

/** Both ends in one scope of the ruleset; consumers may be out of scope where the rule says so. */
function connects(item: RuleCoverageItem, rule: CoveringRule, facts: CoverageFacts): boolean {
  const { scopes } = rule.ruleSet.content;
  const { body } = rule;
  return (scopes.length === 0 ? [[]] : scopes).some((scope) => {
    const inScope = (labels: ReadonlySet<string>) => entriesMatch(labels, scope, facts);
    const as = item.resolve_labels_as;
    return (
      isOn('providers', item.destination, { body, inScope, facts, as: as?.destination }) &&
      isOn('consumers', item.source, {
        body,
        inScope: body.unscoped_consumers ? () => true : inScope,
        facts,
        as: as?.source,
      })
    );
  });
}

interface Looking {
  readonly body: StoredRuleBody;
  readonly inScope: (labels: ReadonlySet<string>) => boolean;
  readonly facts: CoverageFacts;
  /** What the labels of the end stand for; absent: workloads. */
  readonly as: ResolveAs | undefined;
}

function isOn(side: Side, end: End, looking: Looking): boolean {
  const { body, inScope, facts, as = ['workloads'] } = looking;
  const actors = body[side];
  const resolved = body.resolve_labels_as[side];
  const byLabels = (labels: ReadonlySet<string>): boolean =>
    labelPartMatches(labels, actors, facts) && inScope(labels);
  if (end.labels !== undefined)
    return (
      as.some((kind) => resolved.includes(kind)) &&
      byLabels(new Set(end.labels.map(({ href }) => identityOf(href))))
    );
  if (end.workload !== undefined) {
    const href = identityOf(end.workload.href);
    const labels = facts.workloads.get(href);
    return (
      actors.some((actor) => 'workload' in actor && actor.workload.href === href) ||
      (labels !== undefined && resolved.includes('workloads') && byLabels(labels))
    );
  }
  if (end.virtual_service !== undefined) {
    const href = identityOf(end.virtual_service.href);
    const labels = facts.virtualServices.get(href)?.labels;
    return (
      actors.some((actor) => 'virtual_service' in actor && actor.virtual_service.href === href) ||
      (labels !== undefined && resolved.includes('virtual_services') && byLabels(labels))
    );
  }
  if (end.ip_list !== undefined) return hasList(actors, identityOf(end.ip_list.href));
  if (end.actors === 'all') return facts.any !== null && hasList(actors, facts.any);
  return end.actors === 'ams' && actors.some((actor) => 'actors' in actor) && inScope(new Set());
}

function hasList(actors: readonly StoredActor[], href: string): boolean {
  return actors.some((actor) => 'ip_list' in actor && actor.ip_list.href === href);
}
