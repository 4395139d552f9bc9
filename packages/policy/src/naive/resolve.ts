/** Who is on the sides of every rule and boundary, by looking at every workload and object there is. */
import type { Actor, IpList, PolicyModel, Rule, Scope, Workload } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';

/** One side of a rule in one scope, resolved all the way. */
export interface Side {
  readonly byLabel: readonly Workload[];
  readonly explicit: readonly Workload[];
  readonly lists: readonly IpList[];
  readonly virtual: PolicyModel['virtualServices'];
}

/** A rule or boundary within one scope. */
export interface Statement {
  readonly kind: 'rule' | 'boundary';
  readonly item: Pick<Rule, 'href' | 'name' | 'version' | 'networkType' | 'ingressServices'>;
  readonly subnets: readonly RuleSide[];
  /** SIDs of user groups; none: everybody. */
  readonly principals: readonly string[];
  readonly providers: Side;
  readonly consumers: Side;
}

function labelsOfGroup(model: PolicyModel, href: string, above: readonly string[] = []): string[] {
  const group = model.labelGroups.find((item) => item.href === href);
  if (group === undefined || above.includes(href)) return [];
  return [
    ...group.labels,
    ...group.subGroups.flatMap((sub) => labelsOfGroup(model, sub, [...above, href])),
  ];
}

/** Whether labels satisfy a list of labels and groups: OR within a key, AND across keys, exclusions subtract within their key. */
export function satisfies(model: PolicyModel, labels: readonly string[], entries: Scope): boolean {
  const keyOf = (href: string) =>
    model.labels.find((label) => label.href === href)?.key ??
    model.labelGroups.find((group) => group.href === href)?.key;
  return [...new Set(entries.map((entry) => keyOf(entry.href)))].every((key) => {
    if (key === undefined) return false;
    const own = labels.find((href) => keyOf(href) === key);
    const ofKey = entries.filter((entry) => keyOf(entry.href) === key);
    const among = (entry: Scope[number]) =>
      own !== undefined &&
      (entry.kind === 'label' ? [entry.href] : labelsOfGroup(model, entry.href)).includes(own);
    const wanted = ofKey.filter((entry) => !entry.exclusion);
    const unwanted = ofKey.filter((entry) => entry.exclusion);
    return (wanted.length === 0 || wanted.some(among)) && !unwanted.some(among);
  });
}

/** A side within a scope. `as`: what labels stand for, `workloads`, `virtual_services` or both. */
export function resolveSide(
  model: PolicyModel,
  actors: readonly Actor[],
  scope: Scope,
  as: readonly string[],
): Side {
  const entries = actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  const all = actors.some((actor) => actor.kind === 'ams');
  const selected = (labels: readonly string[]) =>
    (all || entries.length > 0) &&
    (all || satisfies(model, labels, entries)) &&
    satisfies(model, labels, scope);
  const named = (kind: Actor['kind'], href: string) =>
    actors.some((actor) => actor.kind === kind && 'href' in actor && actor.href === href);
  return {
    byLabel: as.includes('workloads') ? model.workloads.filter((w) => selected(w.labels)) : [],
    explicit: model.workloads.filter((workload) => named('workload', workload.href)),
    lists: model.ipLists.filter((list) => named('ip_list', list.href)),
    virtual: model.virtualServices.filter(
      (item) =>
        named('virtual_service', item.href) ||
        (as.includes('virtual_services') && selected(item.labels)),
    ),
  };
}

export function statements(model: PolicyModel): Statement[] {
  const rules = model.ruleSets
    .filter((ruleSet) => ruleSet.enabled)
    .flatMap((ruleSet) => {
      const scopes: readonly Scope[] = ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes;
      return ruleSet.rules
        .filter((rule) => rule.enabled)
        .flatMap((rule) =>
          scopes.map((scope): Statement => {
            const { providers, consumers } = rule.resolveLabelsAs;
            const consumerScope = rule.unscopedConsumers ? [] : scope;
            return {
              kind: 'rule',
              item: rule,
              subnets: rule.useWorkloadSubnets,
              principals: rule.consumingSecurityPrincipals,
              providers: resolveSide(model, rule.providers, scope, providers),
              consumers: resolveSide(model, rule.consumers, consumerScope, consumers),
            };
          }),
        );
    });
  const boundaries = model.enforcementBoundaries
    .filter((boundary) => boundary.enabled)
    .map((boundary): Statement => ({
      kind: 'boundary',
      item: boundary,
      subnets: [],
      principals: [],
      providers: resolveSide(model, boundary.providers, [], ['workloads']),
      consumers: resolveSide(model, boundary.consumers, [], ['workloads']),
    }));
  return [...rules, ...boundaries];
}
