import { withVersion, type RuleSetWire, type SecRuleWire } from '@bulkhead/contract';
import type { UserCaller } from '../../http/caller.ts';
import {
  presentActor,
  presentIngressService,
  presentScopeEntry,
} from '../../provisioning/actors.ts';
import { sameContent } from '../../provisioning/compare.ts';
import type { ObjectView } from '../../provisioning/objects.ts';
import { capsFor, presentVersioned } from '../../provisioning/present.ts';
import type { Names } from '../../provisioning/references.ts';
import type { StoredRule } from '../../provisioning/stored-content.ts';
import { ruleWarnings, type WarningFacts } from './warnings.ts';

export type RuleSetView = ObjectView<'rule_sets'>;

export interface Presenting {
  readonly names: Names;
  readonly facts: WarningFacts;
  readonly caller: UserCaller;
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
    ip_tables_rules: [],
    deny_rules: [],
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: word === 'draft' ? capsFor(caller, 'rs') : [],
  };
}

export function ruleHref(view: RuleSetView, rule: Pick<StoredRule, 'id'>): string {
  return `${presentVersioned(view).href}/sec_rules/${rule.id}`;
}

export function presentRule(
  view: RuleSetView,
  rule: StoredRule,
  { names, facts }: Presenting,
): SecRuleWire {
  const { word } = view;
  const { body } = rule;
  return {
    href: ruleHref(view, rule),
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
    consuming_security_principals: [],
    sec_connect: body.sec_connect,
    stateless: body.stateless,
    machine_auth: body.machine_auth,
    log_flow: body.log_flow,
    network_type: body.network_type,
    use_workload_subnets: [...body.use_workload_subnets],
    external_data_set: body.external_data_set,
    external_data_reference: body.external_data_reference,
    created_at: rule.created_at,
    created_by: { href: rule.created_by },
    updated_at: rule.updated_at,
    updated_by: { href: rule.updated_by },
    deleted_at: rule.deleted_at,
    deleted_by: rule.deleted_by === null ? null : { href: rule.deleted_by },
    update_type: updateTypeOf(view, rule),
    warnings: ruleWarnings(view.content, body, facts),
  };
}

/** Difference of the rule to the active ruleset. */
function updateTypeOf(view: RuleSetView, rule: StoredRule): SecRuleWire['update_type'] {
  if (view.word !== 'draft') return null;
  if (rule.deleted_at !== null || view.updateType === 'delete') return 'delete';
  const active = view.active?.rules.find((item) => item.id === rule.id);
  if (active === undefined) return 'create';
  return sameContent(active.body, rule.body) ? null : 'update';
}
