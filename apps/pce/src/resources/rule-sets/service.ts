/** From what requests say to rulesets and rules as they are stored. */
import type { z } from 'zod';
import {
  parseHref,
  type endpoints,
  type RuleInSetWrite,
  type SecRuleWrite,
} from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import { notFound, DomainError } from '../../http/domain-error.ts';
import {
  checkScopes,
  checkSides,
  storedActors,
  storedIngressServices,
  storedScopes,
  wantedActors,
  wantedServices,
} from '../../provisioning/actors.ts';
import { sameContent } from '../../provisioning/compare.ts';
import { newRuleId, refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { checkReferences, identityOf, type Wanted } from '../../provisioning/references.ts';
import type {
  StoredRule,
  StoredRuleBody,
  StoredRuleSet,
} from '../../provisioning/stored-content.ts';
import type { RuleSetView } from './presenter.ts';

export type RuleSetBody = z.output<(typeof endpoints)['rule_sets.create']['body']>;
type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };
export type RuleChange = Given<SecRuleWrite>;

const DEFAULTS = {
  description: null,
  egress_services: [],
  unscoped_consumers: false,
  sec_connect: false,
  stateless: false,
  machine_auth: false,
  log_flow: false,
  network_type: 'brn',
  use_workload_subnets: [],
  external_data_set: null,
  external_data_reference: null,
} as const satisfies Partial<StoredRuleBody>;

/** A new rule's body. */
export function ruleBody(write: SecRuleWrite): StoredRuleBody {
  return changedBody(
    {
      ...DEFAULTS,
      enabled: write.enabled,
      providers: [],
      consumers: [],
      ingress_services: [],
      resolve_labels_as: write.resolve_labels_as,
    },
    write,
  );
}

/** The body with the members that are given put in. */
export function changedBody(before: StoredRuleBody, write: RuleChange): StoredRuleBody {
  return {
    enabled: write.enabled ?? before.enabled,
    description: given(write.description, before.description),
    providers: write.providers === undefined ? before.providers : storedActors(write.providers),
    consumers: write.consumers === undefined ? before.consumers : storedActors(write.consumers),
    ingress_services:
      write.ingress_services === undefined
        ? before.ingress_services
        : storedIngressServices(write.ingress_services),
    egress_services:
      write.egress_services === undefined
        ? before.egress_services
        : write.egress_services.map(({ href }) => ({ href: identityOf(href) })),
    resolve_labels_as: write.resolve_labels_as ?? before.resolve_labels_as,
    unscoped_consumers: write.unscoped_consumers ?? before.unscoped_consumers,
    sec_connect: write.sec_connect ?? before.sec_connect,
    stateless: write.stateless ?? before.stateless,
    machine_auth: write.machine_auth ?? before.machine_auth,
    log_flow: write.log_flow ?? before.log_flow,
    network_type: write.network_type ?? before.network_type,
    use_workload_subnets:
      write.use_workload_subnets === undefined
        ? before.use_workload_subnets
        : [...new Set(write.use_workload_subnets)],
    external_data_set: given(write.external_data_set, before.external_data_set),
    external_data_reference: given(write.external_data_reference, before.external_data_reference),
  };
}

/** Null clears; absent leaves it. */
function given(value: string | null | undefined, before: string | null): string | null {
  return value === undefined ? before : value;
}

/** `at` names the place in the request, such as `rules[2].`. */
function wantedByRule(body: StoredRuleBody, at: string): Wanted[] {
  return [
    ...wantedActors(body.providers, `${at}providers`),
    ...wantedActors(body.consumers, `${at}consumers`),
    ...wantedServices(body.ingress_services, `${at}ingress_services`),
    ...wantedServices(body.egress_services, `${at}egress_services`),
  ];
}

/** Refuses a rule with sides that do not go together, or references to nothing. */
export async function checkRules(
  context: Pick<WriteContext, 'db' | 'orgId'>,
  rules: readonly { readonly body: StoredRuleBody; readonly at: string }[],
): Promise<void> {
  for (const { body, at } of rules) checkSides(body, at);
  await checkReferences(
    context.db,
    context.orgId,
    rules.flatMap(({ body, at }) => wantedByRule(body, at)),
  );
}

export async function checkedScopes(
  context: Pick<WriteContext, 'db' | 'orgId'>,
  given: RuleSetBody['scopes'],
): Promise<StoredRuleSet['scopes']> {
  const scopes = storedScopes(given);
  const names = await checkReferences(
    context.db,
    context.orgId,
    scopes.flatMap((scope, index) => wantedActors(scope, `scopes[${index}]`)),
  );
  checkScopes(scopes, names);
  return scopes;
}

/** A rule that is in draft only as yet. */
export async function newRule(
  deps: Deps,
  context: WriteContext,
  body: StoredRuleBody,
): Promise<StoredRule> {
  const now = deps.clock.now().toISOString();
  const { href } = context.caller;
  return {
    id: await newRuleId(context.db),
    body,
    version: 0,
    created_at: now,
    created_by: href,
    updated_at: now,
    updated_by: href,
    deleted_at: null,
    deleted_by: null,
  };
}

export function findRule(view: RuleSetView, id: string): StoredRule {
  const rule = view.content.rules.find((item) => String(item.id) === id);
  if (rule === undefined)
    throw notFound(
      `/orgs/${view.orgId}/sec_policy/${view.word}/rule_sets/${view.id}/sec_rules/${id}`,
    );
  return rule;
}

/** The edit of a rule is held against the rule's own time: other rules of the ruleset may change meanwhile. */
export async function refuseStaleRule(
  context: WriteContext,
  view: RuleSetView,
  rule: StoredRule,
): Promise<void> {
  await refuseStale(context, {
    name: `rule ${rule.id} of ${view.content.name}`,
    updatedAt: new Date(rule.updated_at),
    updatedBy: rule.updated_by,
  });
}

export function withRule(content: StoredRuleSet, rule: StoredRule): StoredRuleSet {
  return {
    ...content,
    rules: content.rules.map((item) => (item.id === rule.id ? rule : item)),
  };
}

/** A rule that was never active goes at once; any other is marked, and goes when that is provisioned. */
export function withoutRule(
  view: RuleSetView,
  rule: StoredRule,
  by: { readonly href: string; readonly at: string },
): StoredRuleSet {
  const isActive = view.active?.rules.some((item) => item.id === rule.id) === true;
  if (!isActive)
    return { ...view.content, rules: view.content.rules.filter((item) => item.id !== rule.id) };
  if (rule.deleted_at !== null) return view.content;
  return withRule(view.content, { ...rule, deleted_at: by.at, deleted_by: by.href });
}

/**
 * PUT of `rules`: those that are given, in their order. A rule is the one that its href names, or else one of before that says the same;
 * any other is new. Rules that are not given are deleted.
 */
export async function replacedRules(
  deps: Deps,
  context: WriteContext,
  { view, writes }: { view: RuleSetView; writes: readonly RuleInSetWrite[] },
): Promise<StoredRule[]> {
  const at = deps.clock.now().toISOString();
  const by = { href: context.caller.href, at };
  const left = [...view.content.rules];
  const take = (isIt: (rule: StoredRule) => boolean): StoredRule | undefined => {
    const place = left.findIndex(isIt);
    return place < 0 ? undefined : left.splice(place, 1)[0];
  };
  const named = writes.map((write, index) => {
    const id = write.href === undefined ? undefined : ruleIdIn(view, write.href, index);
    return {
      write,
      at: `rules[${index}].`,
      before: id === undefined ? undefined : take((rule) => rule.id === id),
    };
  });
  const rules: StoredRule[] = [];
  const checked: { body: StoredRuleBody; at: string }[] = [];
  for (const { write, at: place, before } of named) {
    const body = before === undefined ? ruleBody(write) : changedBody(before.body, write);
    // Read as deleted, and written back so.
    if (before !== undefined && before.deleted_at !== null && write.deleted_at != null) {
      rules.push(before);
      continue;
    }
    checked.push({ body, at: place });
    const same = before ?? take((rule) => rule.deleted_at === null && sameContent(rule.body, body));
    if (same === undefined) rules.push(await newRule(deps, context, body));
    else if (same.deleted_at === null && sameContent(same.body, body)) rules.push(same);
    else
      rules.push({
        ...same,
        body,
        updated_at: at,
        updated_by: by.href,
        deleted_at: null,
        deleted_by: null,
      });
  }
  await checkRules(context, checked);
  const gone = left.flatMap(
    (rule) => withoutRule(view, rule, by).rules.find((item) => item.id === rule.id) ?? [],
  );
  return [...rules, ...gone];
}

function ruleIdIn(view: RuleSetView, href: string, index: number): number {
  const [set, rule] = parseHref(href)?.path ?? [];
  const id = Number(rule?.[1]);
  if (set?.[1] === view.id && view.content.rules.some((item) => item.id === id)) return id;
  throw new DomainError(
    'invalid_uri',
    `rules[${index}].href: "${href}" is no rule of this ruleset; leave it out to make a new rule`,
  );
}

export function refuseDeletedRuleSet(view: RuleSetView): void {
  if (view.updateType !== 'delete') return;
  throw new DomainError(
    'object_not_editable',
    `The ruleset "${view.content.name}" is deleted in draft; revert its deletion to change its rules`,
  );
}
