/** Rules of all rulesets by what they say. */
import type { RuleSearch, SecRuleWire } from '@bulkhead/contract';
import { storedActors, storedIngressServices } from '../../provisioning/actors.ts';
import { labelPartMatches } from '../../provisioning/matching.ts';
import { identityOf } from '../../provisioning/references.ts';
import {
  actorRef,
  type StoredActor,
  type StoredIpTablesBody,
  type StoredRuleBody,
  type StoredRuleSet,
  type StoredScopeEntry,
} from '../../provisioning/stored-content.ts';
import { keyOf, letsIn, opens, scopesFor, type RuleFacts, type Side } from './rule-facts.ts';

type Scoped = Pick<StoredRuleSet, 'scopes'>;
const SIDES: readonly Side[] = ['providers', 'consumers'];

export function matchesSearch(
  ruleSet: Scoped,
  rule: { readonly body: StoredRuleBody; readonly updateType: SecRuleWire['update_type'] },
  { search, facts }: { readonly search: RuleSearch; readonly facts: RuleFacts },
): boolean {
  const { body } = rule;
  const resolve = search.resolve_actors === true;
  const onSide = (side: Side) => (actor: StoredActor) =>
    isOnSide(actor, { ruleSet, body, side }, { facts, resolve });
  const onEither = (actor: StoredActor) => SIDES.some((side) => onSide(side)(actor));
  const principals = (body.consuming_security_principals ?? []).map(({ href }) => href);
  return (
    everyActor(search.providers, facts, onSide('providers')) &&
    everyActor(search.consumers, facts, onSide('consumers')) &&
    everyActor(search.providers_or_consumers, facts, onEither) &&
    storedIngressServices(search.ingress_services ?? []).every((item) =>
      'href' in item
        ? body.ingress_services.some((own) => 'href' in own && own.href === item.href)
        : opens(body.ingress_services, item, facts),
    ) &&
    (search.consuming_security_principals ?? []).every(({ href }) =>
      principals.includes(identityOf(href)),
    ) &&
    FLAGS.every((flag) => search[flag] === undefined || search[flag] === body[flag]) &&
    isOf(search, rule)
  );
}

const FLAGS = [
  'enabled',
  'sec_connect',
  'machine_auth',
  'stateless',
  'unscoped_consumers',
  'network_type',
] as const;

/** The same for what iptables rules have: any other member that is asked for is said by none of them. */
export function matchesIpTablesSearch(
  ruleSet: Scoped,
  rule: { readonly body: StoredIpTablesBody; readonly updateType: SecRuleWire['update_type'] },
  { search, facts }: { readonly search: RuleSearch; readonly facts: RuleFacts },
): boolean {
  const { body } = rule;
  const foreign = [
    search.ingress_services,
    search.consuming_security_principals,
    search.consumers,
    ...FLAGS.filter((flag) => flag !== 'enabled').map((flag) => search[flag]),
  ];
  if (foreign.some((value) => value !== undefined)) return false;
  const asRule = { providers: body.actors, consumers: [], unscoped_consumers: false };
  const resolve = search.resolve_actors === true;
  const isActor = (actor: StoredActor) =>
    isOnSide(actor, { ruleSet, body: asRule, side: 'providers' }, { facts, resolve });
  return (
    everyActor(search.providers, facts, isActor) &&
    everyActor(search.providers_or_consumers, facts, isActor) &&
    (search.enabled === undefined || search.enabled === body.enabled) &&
    isOf(search, rule)
  );
}

function isOf(
  search: RuleSearch,
  rule: {
    readonly body: { readonly description: string | null };
    readonly updateType: SecRuleWire['update_type'];
  },
): boolean {
  const part = search.description?.toLowerCase();
  return (
    (part === undefined || (rule.body.description ?? '').toLowerCase().includes(part)) &&
    (search.update_type === undefined || search.update_type === rule.updateType)
  );
}

/** Labels and groups of one key are alternatives. */
function everyActor(
  written: RuleSearch['providers'],
  facts: RuleFacts,
  test: (actor: StoredActor) => boolean,
): boolean {
  const actors = storedActors(written ?? []);
  const byKey = new Map<string, StoredActor[]>();
  for (const actor of actors) {
    const key = 'label' in actor || 'label_group' in actor ? keyOf(actor, facts) : undefined;
    const group = key === undefined ? `${byKey.size} alone` : `key ${key}`;
    byKey.set(group, [...(byKey.get(group) ?? []), actor]);
  }
  return [...byKey.values()].every((alternatives) => alternatives.some(test));
}

interface Place {
  readonly ruleSet: Scoped;
  readonly body: Pick<StoredRuleBody, 'providers' | 'consumers' | 'unscoped_consumers'> & {
    readonly resolve_labels_as?: StoredRuleBody['resolve_labels_as'];
  };
  readonly side: Side;
}

function isOnSide(
  actor: StoredActor,
  place: Place,
  { facts, resolve }: { readonly facts: RuleFacts; readonly resolve: boolean },
): boolean {
  const side = place.body[place.side];
  if (side.some((own) => isSame(own, actor))) return true;
  return resolve && isHeld(actor, place, facts);
}

function isSame(own: StoredActor, actor: StoredActor): boolean {
  if ('actors' in actor) return 'actors' in own;
  return actorRef(own) === actorRef(actor) && excludes(own) === excludes(actor);
}

function excludes(actor: StoredActor): boolean {
  return 'exclusion' in actor && actor.exclusion === true;
}

/** By All Workloads, by a group or scope, or by the labels that it has. */
function isHeld(actor: StoredActor, place: Place, facts: RuleFacts): boolean {
  if ('actors' in actor || 'ip_list' in actor) return false;
  if ('workload' in actor) {
    const labels = facts.workloads.get(actor.workload.href);
    return labels !== undefined && labelsMatch(labels, place, facts);
  }
  if ('virtual_service' in actor) {
    const labels = facts.virtualServices.get(actor.virtual_service.href)?.labels;
    const as = place.body.resolve_labels_as?.[place.side] ?? [];
    return (
      labels !== undefined && as.includes('virtual_services') && labelsMatch(labels, place, facts)
    );
  }
  if (excludes(actor)) return false;
  const wanted =
    'label' in actor
      ? [actor.label.href]
      : [...(facts.groups.get(actor.label_group.href)?.labels ?? [])];
  return wanted.some((label) => isLetIn(label, place, facts));
}

function labelsMatch(
  labels: ReadonlySet<string>,
  { ruleSet, body, side }: Place,
  facts: RuleFacts,
): boolean {
  return (
    labelPartMatches(labels, body[side], facts) &&
    scopesFor(ruleSet.scopes, body, side).some((scope) =>
      scope.every((entry) => entryHolds(entry, labels, facts)),
    )
  );
}

function entryHolds(
  entry: StoredScopeEntry,
  labels: ReadonlySet<string>,
  facts: RuleFacts,
): boolean {
  const members =
    'label' in entry
      ? [entry.label.href]
      : [...(facts.groups.get(entry.label_group.href)?.labels ?? [])];
  return members.some((label) => labels.has(label)) !== (entry.exclusion === true);
}

function isLetIn(label: string, { ruleSet, body, side }: Place, facts: RuleFacts): boolean {
  const own = body[side];
  const entries = own.filter(
    (actor): actor is StoredScopeEntry => 'label' in actor || 'label_group' in actor,
  );
  const isAll = own.some((actor) => 'actors' in actor);
  if (!isAll && entries.length === 0) return false;
  const key = facts.keys.get(label);
  const scopes = scopesFor(ruleSet.scopes, body, side);
  const inScope = scopes.some((scope) => {
    const names = scope.some((entry) => keyOf(entry, facts) === key);
    return names ? letsIn(scope, label, facts) : isAll || letsIn(entries, label, facts);
  });
  const namedOtherwise =
    !isAll &&
    entries.some((entry) => keyOf(entry, facts) === key) &&
    !letsIn(entries, label, facts);
  return inScope && !namedOtherwise;
}
