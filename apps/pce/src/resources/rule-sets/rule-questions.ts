/** Rules found by what they say or by what they allow, at any version. */
import {
  parseHref,
  policyHref,
  type AllowQuery,
  type FoundIpTablesRuleWire,
  type FoundRuleWire,
  type RuleCoverageItem,
  type RuleSearch,
} from '@bulkhead/contract';
import type { PolicyDecision } from '@bulkhead/policy';
import type { Compute } from '../../compute/compute.ts';
import { connectionOf } from '../../compute/connection.ts';
import { policyAt } from '../../compute/routes.ts';
import type { Db } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { UserCaller } from '../../http/caller.ts';
import type { Routes } from '../../http/routes.ts';
import { pageOf, viewsOf } from '../../provisioning/objects.ts';
import type { PolicyAt } from '../../provisioning/policy-model.ts';
import { identityOf } from '../../provisioning/references.ts';
import { ANY_LIST } from '../../provisioning/seed.ts';
import {
  ipTablesRulesOf,
  liveRules,
  type StoredService,
} from '../../provisioning/stored-content.ts';
import { coverageOf } from './coverage.ts';
import { entryHref, type RuleSetView } from './entries.ts';
import {
  presentIpTablesRule,
  presentingOf,
  presentRule,
  presentRuleSet,
  updateTypeOf,
  type Presenting,
} from './presenter.ts';
import { probesOf, type Probe } from './probes.ts';
import { loadRuleFacts } from './rule-facts.ts';
import { matchesIpTablesSearch, matchesSearch } from './search.ts';

type Place = { readonly orgId: number; readonly at: PolicyAt };

function ruleSetsAt(db: Db, { orgId, at }: Place): Promise<RuleSetView[]> {
  return viewsOf(db, orgId, { type: 'rule_sets', word: String(at) });
}

function ruleSetOf(view: RuleSetView, presenting: Presenting): FoundRuleWire['rule_set'] {
  const { href, name, enabled, scopes, caps } = presentRuleSet(
    { ...view, content: { ...view.content, rules: [], ip_tables_rules: [] } },
    presenting,
  );
  return { href, name, enabled, scopes, caps };
}

export function ruleQuestionRoutes(compute: Compute): Routes {
  return {
    'sec_policy.rule_search': async ({ db, orgId, params, body, caller }) => {
      const place = { orgId, at: await policyAt(db, orgId, params.pversion) };
      return search(db, place, { search: body, caller });
    },
    'sec_policy.allow': async ({ db, orgId, params, query, caller }) => {
      const place = { orgId, at: await policyAt(db, orgId, params.pversion) };
      const { rules } = await check(db, compute, { place, query, caller });
      return { items: rules, total: rules.length };
    },
    'sec_policy.policy_check': async ({ db, orgId, params, query, caller }) => {
      const place = { orgId, at: await policyAt(db, orgId, params.pversion) };
      const { rules, boundaries, decisions } = await check(db, compute, { place, query, caller });
      return {
        sec_rules: rules,
        deny_rules: [],
        override_deny_rules: [],
        enforcement_boundaries: boundaries,
        decisions,
      };
    },
    'sec_policy.rule_coverage': async ({ db, orgId, params, body }) => {
      const place = { orgId, at: await policyAt(db, orgId, params.pversion) };
      const word = String(place.at);
      const views = await ruleSetsAt(db, place);
      const enabled = views
        .filter(({ content, updateType }) => content.enabled && updateType !== 'delete')
        .map((view) => ({
          view,
          rules: liveRules(view.content)
            .filter((rule) => rule.body.enabled)
            .map((rule) => ({ href: entryHref(view, 'sec_rules', rule), body: rule.body })),
        }));
      const lists = await viewsOf(db, orgId, { type: 'ip_lists', word });
      const any = lists.find(({ content }) => content.name === ANY_LIST);
      const facts = await loadRuleFacts(db, orgId, { word, workloads: workloadsIn(body) });
      return coverageOf(body, enabled, {
        ...facts,
        any: any === undefined ? null : policyHref(orgId, 'draft', 'ip_lists', any.id),
      });
    },
  };
}

function workloadsIn(items: readonly RuleCoverageItem[]): string[] {
  return items.flatMap(({ source, destination }) =>
    [source, destination].flatMap(({ workload }) =>
      workload === undefined ? [] : [identityOf(workload.href)],
    ),
  );
}

async function search(
  db: Db,
  place: Place,
  asked: { readonly search: RuleSearch; readonly caller: UserCaller },
): Promise<{ items: (FoundRuleWire | FoundIpTablesRuleWire)[]; total: number }> {
  const { search: wanted, caller } = asked;
  const views = await ruleSetsAt(db, place);
  const presenting = await presentingOf(db, views, caller);
  const actors = [wanted.providers, wanted.consumers, wanted.providers_or_consumers];
  const facts = await loadRuleFacts(db, place.orgId, {
    word: String(place.at),
    workloads: actors.flatMap((list) =>
      (list ?? []).flatMap((actor) =>
        'workload' in actor ? [identityOf(actor.workload.href)] : [],
      ),
    ),
  });
  const types = wanted.rule_types ?? ['sec_rules'];
  const found = views.flatMap((view): (() => FoundRuleWire | FoundIpTablesRuleWire)[] => {
    const { content } = view;
    const inSearch = { search: wanted, facts };
    const rules = types.includes('sec_rules') ? content.rules : [];
    const ipTables = types.includes('ip_tables_rules') ? ipTablesRulesOf(content) : [];
    const ruleSet = () => ruleSetOf(view, presenting);
    return [
      ...rules
        .filter((rule) => {
          const updateType = updateTypeOf(view, rule, view.active?.rules);
          return matchesSearch(content, { body: rule.body, updateType }, inSearch);
        })
        .map((rule) => () => ({ ...presentRule(view, rule, presenting), rule_set: ruleSet() })),
      ...ipTables
        .filter((rule) => {
          const active = view.active === null ? [] : ipTablesRulesOf(view.active);
          const updateType = updateTypeOf(view, rule, active);
          return matchesIpTablesSearch(content, { body: rule.body, updateType }, inSearch);
        })
        .map((rule) => () => ({
          ...presentIpTablesRule(view, rule, presenting),
          rule_set: ruleSet(),
        })),
    ];
  });
  return { items: pageOf(found, wanted).map((present) => present()), total: found.length };
}

interface Checked {
  readonly rules: FoundRuleWire[];
  readonly boundaries: { href: string; name: string }[];
  readonly decisions: PolicyDecision[];
}

/** Asks the policy core, so that what is found is what decides. */
async function check(
  db: Db,
  compute: Compute,
  asked: { readonly place: Place; readonly query: AllowQuery; readonly caller: UserCaller },
): Promise<Checked> {
  const { place, query, caller } = asked;
  const { orgId, at } = place;
  const entries = probesOf(query, await serviceOf(db, place, query.service));
  const hrefs = new Set<string>();
  const boundaries = new Map<string, { href: string; name: string }>();
  const decisions = new Set<PolicyDecision>();
  for (const probes of entries) {
    let allowing: string[] | undefined;
    for (const probe of probes) {
      const connection = await connectionOf(db, orgId, questionOf(query, probe));
      const { decision, outbound, inbound } = await compute.decide(orgId, at, connection);
      decisions.add(decision);
      const ends = [outbound, inbound].filter((end) => end !== null);
      const rules = new Set(ends.flatMap((end) => end.rules.map(({ href }) => href)));
      allowing = (allowing ?? [...rules]).filter((href) => rules.has(href));
      for (const { href, name } of ends.flatMap((end) => end.boundaries)) {
        const own = identityOf(href).replace('/draft/', `/${at}/`);
        boundaries.set(own, { href: own, name });
      }
    }
    for (const href of allowing ?? []) hrefs.add(identityOf(href));
  }
  return {
    rules: await rulesOf(db, place, { hrefs, networkType: query.network_type, caller }),
    boundaries: [...boundaries.values()],
    decisions: [...decisions],
  };
}

function questionOf(query: AllowQuery, probe: Probe) {
  const { src_workload, src_external_ip, dst_workload, dst_external_ip } = query;
  return { src_workload, src_ip: src_external_ip, dst_workload, dst_ip: dst_external_ip, ...probe };
}

async function serviceOf(
  db: Db,
  { orgId, at }: Place,
  href: string | undefined,
): Promise<StoredService | undefined> {
  if (href === undefined) return undefined;
  const [type, id] = parseHref(href)?.path[0] ?? [];
  const views = await viewsOf(db, orgId, { type: 'services', word: String(at) });
  const view = views.find((item) => type === 'services' && item.id === id);
  if (view === undefined)
    throw new DomainError('invalid_uri', `service: there is no service ${href}`);
  return view.content;
}

async function rulesOf(
  db: Db,
  place: Place,
  wanted: {
    readonly hrefs: ReadonlySet<string>;
    readonly networkType: AllowQuery['network_type'];
    readonly caller: UserCaller;
  },
): Promise<FoundRuleWire[]> {
  if (wanted.hrefs.size === 0) return [];
  const views = await ruleSetsAt(db, place);
  const presenting = await presentingOf(db, views, wanted.caller);
  const { networkType } = wanted;
  return views.flatMap((view) =>
    view.content.rules
      .filter((rule) => wanted.hrefs.has(identityOf(entryHref(view, 'sec_rules', rule))))
      .filter(
        ({ body }) =>
          networkType === undefined ||
          body.network_type === networkType ||
          body.network_type === 'all',
      )
      .map((rule) => ({
        ...presentRule(view, rule, presenting),
        rule_set: ruleSetOf(view, presenting),
      })),
  );
}
