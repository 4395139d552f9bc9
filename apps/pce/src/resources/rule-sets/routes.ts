import type { RuleSetWire, SecRuleWire } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import type { Routes } from '../../http/routes.ts';
import { membersInOrder, sameContent } from '../../provisioning/compare.ts';
import {
  createDraft,
  deleteDraft,
  lockDraft,
  lockPolicy,
  mustBeDraft,
  updateDraft,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { matchesCommon, pageOf, viewOf, viewsOf } from '../../provisioning/objects.ts';
import { defined } from '../../provisioning/present.ts';
import { hrefsIn, loadNames } from '../../provisioning/references.ts';
import type { StoredRule, StoredRuleSet } from '../../provisioning/stored-content.ts';
import {
  presentRule,
  presentRuleSet,
  ruleHref,
  type Presenting,
  type RuleSetView,
} from './presenter.ts';
import {
  changedBody,
  checkedScopes,
  checkRules,
  findRule,
  newRule,
  refuseDeletedRuleSet,
  refuseStaleRule,
  replacedRules,
  ruleBody,
  withoutRule,
  withRule,
} from './service.ts';
import { loadWarningFacts } from './warnings.ts';

const TYPE = 'rule_sets';

async function presentingOf(
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

async function presentSets(
  db: Db,
  views: readonly RuleSetView[],
  caller: UserCaller,
): Promise<RuleSetWire[]> {
  const presenting = await presentingOf(db, views, caller);
  return views.map((view) => presentRuleSet(view, presenting));
}

async function presentRules(
  db: Db,
  view: RuleSetView,
  { rules, caller }: { rules: readonly StoredRule[]; caller: UserCaller },
): Promise<SecRuleWire[]> {
  const presenting = await presentingOf(db, [view], caller);
  return rules.map((rule) => presentRule(view, rule, presenting));
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

/** A rule has an event of its own beside the one of its ruleset. */
async function noteRule(
  deps: Deps,
  context: WriteContext,
  change: {
    readonly view: RuleSetView;
    readonly before: StoredRule | null;
    readonly after: StoredRule | null;
    readonly status: number;
  },
): Promise<void> {
  const { view, before, after } = change;
  const rule = after ?? before;
  if (rule === null) return;
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  const members = (item: StoredRule | null): Record<string, unknown> | null =>
    membersInOrder(item === null ? null : { ...item.body });
  await recordEvent(deps, context.db, {
    orgId: view.orgId,
    eventType: `sec_rule.${verb}`,
    actor: context,
    httpStatus: change.status,
    resourceChanges: [
      {
        type: 'sec_rule',
        href: ruleHref(view, rule),
        naming: { rule_set: view.content.name },
        changeType: verb,
        changes: describeChanges(members(before), members(after)),
      },
    ],
  });
}

export function ruleSetRoutes(deps: Deps): Routes {
  return {
    'rule_sets.list': async ({ db, orgId, params, query, caller }) => {
      const views = (await viewsOf(db, orgId, { type: TYPE, word: params.pversion })).filter(
        ({ content }) => matchesCommon(content, query) && inScopes(content, query.labels),
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
      const bodies = (body.rules ?? []).map((write, index) => ({
        body: ruleBody(write),
        at: `rules[${index}].`,
      }));
      await checkRules(context, bodies);
      const rules: StoredRule[] = [];
      for (const rule of bodies) rules.push(await newRule(deps, context, rule.body));
      const content: StoredRuleSet = {
        name: body.name,
        description: body.description ?? null,
        enabled: body.enabled ?? true,
        scopes,
        rules,
        external_data_set: body.external_data_set ?? null,
        external_data_reference: body.external_data_reference ?? null,
      };
      const view = await createDraft(deps, context, { type: TYPE, content });
      return presentRuleSet(view, await presentingOf(db, [view], caller));
    },
    'rule_sets.update': async (context) => {
      const { body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const { scopes, rules, ...rest } = body;
      const content: StoredRuleSet = {
        ...view.content,
        ...defined(rest),
        ...(scopes === undefined ? {} : { scopes: await checkedScopes(context, scopes) }),
        ...(rules === undefined
          ? {}
          : { rules: await replacedRules(deps, context, { view, writes: rules }) }),
      };
      await updateDraft(deps, context, { view, content });
    },
    'rule_sets.delete': async (context) => {
      mustBeDraft(context.params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: context.params.id });
      await deleteDraft(deps, context, view);
    },
    'sec_rules.list': async ({ db, orgId, params, query, caller }) => {
      const view = await viewOf(db, orgId, {
        type: TYPE,
        word: params.pversion,
        id: params.rule_set_id,
      });
      const rules = view.content.rules.filter(({ body }) =>
        matchesCommon({ ...body, name: body.description ?? '' }, query),
      );
      return {
        items: await presentRules(db, view, { rules: pageOf(rules, query), caller }),
        total: rules.length,
      };
    },
    'sec_rules.get': async ({ db, orgId, params, caller }) => {
      const view = await viewOf(db, orgId, {
        type: TYPE,
        word: params.pversion,
        id: params.rule_set_id,
      });
      const presenting = await presentingOf(db, [view], caller);
      return presentRule(view, findRule(view, params.id), presenting);
    },
    'sec_rules.create': async (context) => {
      const { db, orgId, body, params, caller } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.rule_set_id });
      refuseDeletedRuleSet(view);
      const stored = ruleBody(body);
      await checkRules(context, [{ body: stored, at: '' }]);
      const rule = await newRule(deps, context, stored);
      const content = { ...view.content, rules: [...view.content.rules, rule] };
      await updateDraft(deps, context, { view, content });
      await noteRule(deps, context, { view, before: null, after: rule, status: 201 });
      const saved = await viewOf(db, orgId, { type: TYPE, word: 'draft', id: view.id });
      return presentRule(saved, rule, await presentingOf(db, [saved], caller));
    },
    'sec_rules.update': async (context) => {
      const { body, params, caller } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(
        { ...context, ifUpdatedAt: null },
        { type: TYPE, id: params.rule_set_id },
      );
      refuseDeletedRuleSet(view);
      const before = findRule(view, params.id);
      await refuseStaleRule(context, view, before);
      const changed = changedBody(before.body, body);
      await checkRules(context, [{ body: changed, at: '' }]);
      const after: StoredRule = {
        ...before,
        body: changed,
        updated_at: deps.clock.now().toISOString(),
        updated_by: caller.href,
      };
      if (sameContent(before.body, changed)) return;
      await updateDraft(deps, context, { view, content: withRule(view.content, after) });
      await noteRule(deps, context, { view, before, after, status: 204 });
    },
    'sec_rules.delete': async (context) => {
      const { params, caller } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.rule_set_id });
      refuseDeletedRuleSet(view);
      const rule = findRule(view, params.id);
      if (rule.deleted_at !== null) return;
      const at = deps.clock.now().toISOString();
      const content = withoutRule(view, rule, { href: caller.href, at });
      await updateDraft(deps, context, { view, content });
      await noteRule(deps, context, { view, before: rule, after: null, status: 204 });
    },
  };
}
