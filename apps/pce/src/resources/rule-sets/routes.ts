import { rolesAllow, type RuleSetWire } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { sameContent } from '../../provisioning/compare.ts';
import { deleteMany } from '../../provisioning/delete-many.ts';
import {
  createDraft,
  deleteDraft,
  lockDraft,
  lockPolicy,
  mustBeDraft,
  updateDraft,
} from '../../provisioning/drafts.ts';
import { entriesMatch, loadLabelFacts, type LabelFacts } from '../../provisioning/matching.ts';
import { matchesCommon, pageOf, viewOf, viewsOf } from '../../provisioning/objects.ts';
import { defined } from '../../provisioning/present.ts';
import { identityOf } from '../../provisioning/references.ts';
import { ipTablesRulesOf, type StoredRuleSet } from '../../provisioning/stored-content.ts';
import {
  createEntry,
  deleteEntry,
  findEntry,
  newEntries,
  replacedEntries,
  updateEntry,
  type RuleSetView,
} from './entries.ts';
import { IP_TABLES_RULES } from './ip-tables.ts';
import { presentIpTablesRule, presentRule, presentRuleSet, presentingOf } from './presenter.ts';
import { checkedScopes, SEC_RULES } from './service.ts';

const TYPE = 'rule_sets';

async function presentSets(
  db: Db,
  views: readonly RuleSetView[],
  caller: UserCaller,
): Promise<RuleSetWire[]> {
  const presenting = await presentingOf(db, views, caller);
  return views.map((view) => presentRuleSet(view, presenting));
}

/** The ruleset of a path that goes on to its rules. */
function ruleSetOf({
  db,
  orgId,
  params,
}: {
  db: Db;
  orgId: number;
  params: { pversion: string; rule_set_id: string };
}): Promise<RuleSetView> {
  return viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.rule_set_id });
}

/** One side of a rule. */
async function sideOf(
  context: Parameters<typeof ruleSetOf>[0] & {
    readonly params: { readonly id: string };
    readonly caller: UserCaller;
  },
  side: 'providers' | 'consumers',
) {
  const view = await ruleSetOf(context);
  const rule = findEntry(view, SEC_RULES, context.params.id);
  const presenting = await presentingOf(context.db, [view], context.caller);
  const items = presentRule(view, rule, presenting)[side];
  return { items, total: items.length };
}

/** `labels=[[…]]`: a scope that holds all of an inner list. */
function inScopes(
  content: StoredRuleSet,
  lists: readonly (readonly string[])[] | undefined,
): boolean {
  if (lists === undefined) return true;
  return content.scopes.some((scope) => {
    const labels = new Set(scope.flatMap((entry) => ('label' in entry ? [entry.label.href] : [])));
    return lists.some((list) => list.every((href) => labels.has(href)));
  });
}

/** `labels_scope=[[…]]`: a scope that a workload with all of an inner list would be in. */
function holdsInScope(
  { scopes }: StoredRuleSet,
  lists: readonly (readonly string[])[] = [],
  facts: LabelFacts,
): boolean {
  return (scopes.length === 0 ? [[]] : scopes).some((scope) =>
    lists.some((list) => entriesMatch(new Set(list.map(identityOf)), scope, facts)),
  );
}

/** Roles that write rulesets and may not touch what goes into a host's firewall as it is written. */
function allowedIpTables<T>(caller: UserCaller, rules: readonly T[]): readonly T[] {
  if (rules.length === 0 || rolesAllow('iptables', caller.roles)) return rules;
  throw new DomainError(
    'forbidden',
    'ip_tables_rules: your role may not write iptables rules; leave them as they are',
  );
}

export function ruleSetRoutes(deps: Deps): Routes {
  return {
    'rule_sets.list': async ({ db, orgId, params, query, caller }) => {
      const { labels, labels_scope: within } = query;
      const facts =
        within === undefined ? undefined : await loadLabelFacts(db, orgId, params.pversion);
      const views = (await viewsOf(db, orgId, { type: TYPE, word: params.pversion })).filter(
        ({ content }) =>
          matchesCommon(content, query) &&
          inScopes(content, labels) &&
          (facts === undefined || holdsInScope(content, within, facts)),
      );
      return { items: await presentSets(db, pageOf(views, query), caller), total: views.length };
    },
    'rule_sets.get': async ({ db, orgId, params, caller }) => {
      const view = await viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.id });
      return presentRuleSet(view, await presentingOf(db, [view], caller));
    },
    'rule_sets.create': async (context) => {
      const { db, orgId, body, params, caller } = context;
      mustBeDraft(params.pversion);
      await lockPolicy(db, orgId);
      const scopes = await checkedScopes(context, body.scopes);
      const checking = { ...context, scopes };
      const rules = await newEntries(deps, checking, {
        kind: SEC_RULES,
        writes: body.rules ?? [],
      });
      const ipTables = await newEntries(deps, checking, {
        kind: IP_TABLES_RULES,
        writes: allowedIpTables(caller, body.ip_tables_rules ?? []),
      });
      const plain: StoredRuleSet = {
        name: body.name,
        description: body.description ?? null,
        enabled: body.enabled ?? true,
        scopes,
        rules,
        external_data_set: body.external_data_set ?? null,
        external_data_reference: body.external_data_reference ?? null,
      };
      const content = IP_TABLES_RULES.replace(plain, ipTables);
      const view = await createDraft(deps, context, { type: TYPE, content });
      return presentRuleSet(view, await presentingOf(db, [view], caller));
    },
    'rule_sets.update': async (context) => {
      const { body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const { scopes: written, rules, ip_tables_rules: ipTables, ...rest } = body;
      const scopes =
        written === undefined ? view.content.scopes : await checkedScopes(context, written);
      const checking = { ...context, scopes };
      const plain: StoredRuleSet = {
        ...view.content,
        ...defined(rest),
        scopes,
        ...(rules === undefined
          ? {}
          : {
              rules: await replacedEntries(deps, checking, {
                view,
                kind: SEC_RULES,
                writes: rules,
              }),
            }),
      };
      const content =
        ipTables === undefined
          ? plain
          : IP_TABLES_RULES.replace(
              plain,
              await replacedEntries(deps, checking, {
                view,
                kind: IP_TABLES_RULES,
                writes: ipTables,
              }),
            );
      if (!sameContent(ipTablesRulesOf(view.content), ipTablesRulesOf(content)))
        allowedIpTables(context.caller, [content]);
      await updateDraft(deps, context, { view, content });
    },
    'rule_sets.delete': async (context) => {
      mustBeDraft(context.params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: context.params.id });
      await deleteDraft(deps, context, view);
    },
    'rule_sets.delete_many': async (context) => {
      const { orgId, params, body } = context;
      mustBeDraft(params.pversion);
      await deleteMany({ orgId, types: [TYPE] }, body.hrefs, async ([id = '']) => {
        const view = await lockDraft({ ...context, ifUpdatedAt: null }, { type: TYPE, id });
        await deleteDraft(deps, context, view);
      });
    },
    'sec_rules.list': async (context) => {
      const { db, query, caller } = context;
      const view = await ruleSetOf(context);
      const rules = view.content.rules.filter(({ body }) =>
        matchesCommon({ ...body, name: body.description ?? '' }, query),
      );
      const presenting = await presentingOf(db, [view], caller);
      return {
        items: pageOf(rules, query).map((rule) => presentRule(view, rule, presenting)),
        total: rules.length,
      };
    },
    'sec_rules.get': async (context) => {
      const view = await ruleSetOf(context);
      const rule = findEntry(view, SEC_RULES, context.params.id);
      return presentRule(view, rule, await presentingOf(context.db, [view], context.caller));
    },
    'sec_rules.create': async (context) => {
      const { db, body, caller } = context;
      const { view, entry } = await createEntry(deps, context, { kind: SEC_RULES, write: body });
      return presentRule(view, entry, await presentingOf(db, [view], caller));
    },
    'sec_rules.update': (context) =>
      updateEntry(deps, context, {
        kind: SEC_RULES,
        id: context.params.id,
        write: defined(context.body),
      }),
    'sec_rules.delete': (context) =>
      deleteEntry(deps, context, { kind: SEC_RULES, id: context.params.id }),
    'sec_rules.delete_many': async (context) => {
      const { orgId, params, body } = context;
      const types = [TYPE, SEC_RULES.type] as const;
      await deleteMany({ orgId, types }, body.hrefs, ([set, id = '']) => {
        if (set !== params.rule_set_id) throw notFound(`A rule ${id} in this ruleset`);
        return deleteEntry(deps, { ...context, ifUpdatedAt: null }, { kind: SEC_RULES, id });
      });
    },
    'sec_rules.providers': (context) => sideOf(context, 'providers'),
    'sec_rules.consumers': (context) => sideOf(context, 'consumers'),
    'sec_rules.update_providers': (context) =>
      updateEntry(deps, context, {
        kind: SEC_RULES,
        id: context.params.id,
        write: { providers: context.body },
      }),
    'sec_rules.update_consumers': (context) =>
      updateEntry(deps, context, {
        kind: SEC_RULES,
        id: context.params.id,
        write: { consumers: context.body },
      }),
    'ip_tables_rules.list': async (context) => {
      const { db, query, caller } = context;
      const view = await ruleSetOf(context);
      const rules = ipTablesRulesOf(view.content).filter(({ body }) =>
        matchesCommon({ name: body.description ?? '' }, query),
      );
      const presenting = await presentingOf(db, [view], caller);
      return {
        items: pageOf(rules, query).map((rule) => presentIpTablesRule(view, rule, presenting)),
        total: rules.length,
      };
    },
    'ip_tables_rules.get': async (context) => {
      const view = await ruleSetOf(context);
      const rule = findEntry(view, IP_TABLES_RULES, context.params.id);
      const presenting = await presentingOf(context.db, [view], context.caller);
      return presentIpTablesRule(view, rule, presenting);
    },
    'ip_tables_rules.create': async (context) => {
      const { db, body, caller } = context;
      const made = await createEntry(deps, context, { kind: IP_TABLES_RULES, write: body });
      const presenting = await presentingOf(db, [made.view], caller);
      return presentIpTablesRule(made.view, made.entry, presenting);
    },
    'ip_tables_rules.update': (context) =>
      updateEntry(deps, context, {
        kind: IP_TABLES_RULES,
        id: context.params.id,
        write: defined(context.body),
      }),
    'ip_tables_rules.delete': (context) =>
      deleteEntry(deps, context, { kind: IP_TABLES_RULES, id: context.params.id }),
  };
}
