import {
  objectHref,
  parseHref,
  withVersion,
  type IpTablesRuleWire,
  type RuleSetWire,
  type SecRuleWire,
} from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { UserCaller } from '../../http/caller.ts';
import {
  presentActor,
  presentIngressService,
  presentScopeEntry,
} from '../../provisioning/actors.ts';
import { sameContent } from '../../provisioning/compare.ts';
import { ruleSetCaps, presentVersioned } from '../../provisioning/present.ts';
import { hrefsIn, loadNames, type Names } from '../../provisioning/references.ts';
import {
  ipTablesRulesOf,
  type StoredEntry,
  type StoredIpTablesRule,
  type StoredRule,
} from '../../provisioning/stored-content.ts';
import { entryHref, type RuleSetView } from './entries.ts';
import { loadWarningFacts, ruleWarnings, type WarningFacts } from './warnings.ts';

export interface Presenting {
  readonly names: Names;
  readonly facts: WarningFacts;
  readonly caller: UserCaller;
}

/** What the views, all of one state, are presented with. */
export async function presentingOf(
  db: Db,
  views: readonly RuleSetView[],
  caller: UserCaller,
): Promise<Presenting> {
  const [first] = views;
  const hrefs = hrefsIn(views.map((view) => view.content));
  const orgId = first?.orgId ?? caller.orgId;
  return {
    names: await loadNames(db, orgId, { hrefs, word: first?.word ?? 'draft' }),
    facts: await loadWarningFacts(db, orgId),
    caller,
  };
}

export function presentRuleSet(view: RuleSetView, presenting: Presenting): RuleSetWire {
  const { content, word } = view;
  const { names, caller } = presenting;
  return {
    ...presentVersioned(view),
    name: content.name,
    description: content.description,
    enabled: content.enabled,
    scopes: content.scopes.map((scope) =>
      scope.map((entry) => presentScopeEntry(entry, names, word)),
    ),
    rules: content.rules.map((rule) => presentRule(view, rule, presenting)),
    ip_tables_rules: ipTablesRulesOf(content).map((rule) =>
      presentIpTablesRule(view, rule, presenting),
    ),
    deny_rules: [],
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: word === 'draft' ? ruleSetCaps(caller, content.scopes) : [],
  };
}

export function presentRule(
  view: RuleSetView,
  rule: StoredRule,
  { names, facts }: Presenting,
): SecRuleWire {
  const { word, orgId } = view;
  const { body } = rule;
  return {
    href: entryHref(view, 'sec_rules', rule),
    enabled: body.enabled,
    description: body.description,
    providers: body.providers.map((actor) => presentActor(actor, names, word)),
    consumers: body.consumers.map((actor) => presentActor(actor, names, word)),
    ingress_services: body.ingress_services.map((item) => presentIngressService(item, names, word)),
    egress_services: body.egress_services.map(({ href }) => ({ href: withVersion(href, word) })),
    resolve_labels_as: {
      providers: [...body.resolve_labels_as.providers],
      consumers: [...body.resolve_labels_as.consumers],
    },
    unscoped_consumers: body.unscoped_consumers,
    consuming_security_principals: (body.consuming_security_principals ?? []).map(({ href }) => {
      const sid = parseHref(href)?.path[0]?.[1] ?? '';
      const found = names.get(objectHref(orgId, 'security_principals', sid));
      return { href, sid, name: found?.name ?? '', deleted: found === undefined };
    }),
    sec_connect: body.sec_connect,
    stateless: body.stateless,
    machine_auth: body.machine_auth,
    log_flow: body.log_flow,
    network_type: body.network_type,
    use_workload_subnets: [...body.use_workload_subnets],
    external_data_set: body.external_data_set,
    external_data_reference: body.external_data_reference,
    ...presentAudit(rule),
    update_type: updateTypeOf(view, rule, view.active?.rules),
    warnings: ruleWarnings(view.content, body, facts),
  };
}

export function presentIpTablesRule(
  view: RuleSetView,
  rule: StoredIpTablesRule,
  { names }: Presenting,
): IpTablesRuleWire {
  const { body } = rule;
  return {
    href: entryHref(view, 'ip_tables_rules', rule),
    enabled: body.enabled,
    description: body.description,
    ip_version: body.ip_version,
    statements: body.statements.map((statement) => ({ ...statement })),
    actors: body.actors.map((actor) => presentActor(actor, names, view.word)),
    ...presentAudit(rule),
    update_type: updateTypeOf(
      view,
      rule,
      view.active === null ? undefined : ipTablesRulesOf(view.active),
    ),
  };
}

function presentAudit(entry: StoredEntry<object>) {
  return {
    created_at: entry.created_at,
    created_by: { href: entry.created_by },
    updated_at: entry.updated_at,
    updated_by: { href: entry.updated_by },
    deleted_at: entry.deleted_at,
    deleted_by: entry.deleted_by === null ? null : { href: entry.deleted_by },
  };
}

/** Difference of a rule to the active ruleset. */
export function updateTypeOf(
  view: RuleSetView,
  entry: StoredEntry<object>,
  active: readonly StoredEntry<object>[] = [],
): SecRuleWire['update_type'] {
  if (view.word !== 'draft') return null;
  if (entry.deleted_at !== null || view.updateType === 'delete') return 'delete';
  const before = active.find((item) => item.id === entry.id);
  if (before === undefined) return 'create';
  return sameContent(before.body, entry.body) ? null : 'update';
}
