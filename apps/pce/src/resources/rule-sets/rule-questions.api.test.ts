/** Rules found by what they say and by what they allow (rest-api 2.11). */
import { beforeAll, expect, test } from 'vitest';
import type {
  IpListWire,
  LabelWire,
  RuleCoverageItem,
  RuleSearch,
  RuleSetWire,
  ServiceWire,
} from '@bulkhead/contract';
import { makeHost, type Host } from '../../testing/policy-hosts.ts';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  ACTIVE,
  activeHref,
  allServices,
  anyList,
  DRAFT,
  idOf,
  makeBoundary,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  makeVirtualService,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const ALL = [{ actors: 'ams' as const }];
let web: LabelWire;
let db: LabelWire;
let production: LabelWire;
let group: { href: string };
let partners: IpListWire;
let sql: ServiceWire;
let front: Host;
let back: Host;
let scoped: RuleSetWire;
let open: RuleSetWire;
let version: number;

beforeAll(async () => {
  const client = pce().client();
  web = await makeLabel(client, 'role', 'Web');
  db = await makeLabel(client, 'role', 'Database');
  production = await makeLabel(client, 'env', 'Production');
  group = await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'Tiers', key: 'role', labels: [refOf(web), refOf(db)] },
  });
  partners = await makeIpList(client, 'Partners', '198.51.100.0/24');
  sql = await makeService(client, 'SQL', 5432);
  front = await makeHost(pce(), '10.1.0.1', { labels: [web, production] });
  back = await makeHost(pce(), '10.1.0.2', { labels: [db, production] });
  scoped = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Production', scopes: [[{ label: refOf(production) }]] },
  });
  await makeRule(client, scoped, {
    providers: [{ label: refOf(db) }],
    consumers: [{ label: refOf(web) }],
    ingress_services: [refOf(sql)],
    description: 'web to database',
  });
  await makeRule(client, scoped, {
    providers: [{ label_group: refOf(group) }],
    consumers: ALL,
    ingress_services: [{ proto: 6, port: 22, to_port: 23 }],
    description: 'inside',
  });
  open = await makeRuleSet(client, 'Everywhere');
  await makeRule(client, open, {
    providers: ALL,
    consumers: [{ ip_list: refOf(partners) }],
    description: 'partners in',
  });
  ({ version } = await provisionAll(client));
});

async function found(search: RuleSearch, word = 'draft'): Promise<(string | null)[]> {
  const { items, total } = await pce()
    .client()
    .call('sec_policy.rule_search', { params: { pversion: word }, body: search });
  expect(total).toBe(items.length);
  return items.map(({ description }) => description);
}

test('rules are found by actors, services and flags, each with its ruleset', async () => {
  expect(await found({})).toEqual(['web to database', 'inside', 'partners in']);
  expect(await found({ providers: [{ label: refOf(db) }] })).toEqual(['web to database']);
  expect(await found({ providers: [{ label: refOf(web) }] })).toEqual([]);
  expect(await found({ providers_or_consumers: [{ label: refOf(web) }] })).toEqual([
    'web to database',
  ]);
  expect(
    await found({ providers_or_consumers: [{ label: refOf(web) }, { label: refOf(db) }] }),
  ).toEqual(['web to database']);
  expect(await found({ consumers: [{ ip_list: { href: activeHref(partners) } }] })).toEqual([
    'partners in',
  ]);
  expect(await found({ ingress_services: [refOf(sql)] })).toEqual(['web to database']);
  expect(await found({ ingress_services: [{ proto: 6, port: 5432 }] })).toEqual([
    'web to database',
  ]);
  expect(await found({ ingress_services: [{ proto: 6, port: 23 }] })).toEqual(['inside']);
  expect(await found({ ingress_services: [{ proto: 6, port: 22, to_port: 24 }] })).toEqual([]);
  expect(await found({ description: 'WEB' })).toEqual(['web to database']);
  expect(await found({ enabled: false })).toEqual([]);
  expect(await found({ rule_types: ['deny_rules', 'ip_tables_rules'] })).toEqual([]);

  const { items, total } = await pce()
    .client()
    .call('sec_policy.rule_search', { params: ACTIVE, body: { max_results: 1 } });
  expect(total).toBe(3);
  expect(items).toMatchObject([
    {
      href: expect.stringContaining(`${activeHref(scoped)}/sec_rules/`) as unknown,
      rule_set: {
        href: activeHref(scoped),
        name: 'Production',
        enabled: true,
        scopes: [[{ label: { href: production.href } }]],
      },
    },
  ]);
});

test('with resolve_actors what holds an actor counts: groups, scopes, All Workloads, labels of a workload', async () => {
  expect(await found({ providers: [{ label: refOf(web) }], resolve_actors: true })).toEqual([
    'inside',
    'partners in',
  ]);
  expect(await found({ consumers: [{ label: refOf(production) }], resolve_actors: true })).toEqual([
    'web to database',
    'inside',
  ]);
  expect(await found({ providers: [{ workload: refOf(back) }], resolve_actors: true })).toEqual([
    'web to database',
    'inside',
    'partners in',
  ]);
  expect(await found({ consumers: [{ workload: refOf(back) }], resolve_actors: true })).toEqual([
    'inside',
  ]);
});

test('drafts are found by what became of them, and a version as it was', async () => {
  const client = pce().client();
  const { items } = await client.call('sec_rules.list', {
    params: { ...DRAFT, rule_set_id: idOf(open) },
  });
  const [rule] = items;
  if (rule === undefined) throw new Error('the ruleset has a rule');
  const params = { ...DRAFT, rule_set_id: idOf(open), id: idOf(rule) };
  await client.call('sec_rules.update', { params, body: { description: 'renamed' } });
  expect(await found({ update_type: 'update' })).toEqual(['renamed']);
  expect(await found({ description: 'partners' }, String(version))).toEqual(['partners in']);
  expect(await found({ description: 'partners' })).toEqual([]);
  await client.call('sec_policy.revert_all');
});

test('allow and policy_check give the rules that decide a connection, also for a whole service', async () => {
  const client = pce().client();
  const pair = { src_workload: front.href, dst_workload: back.href };
  const allowed = await client.call('sec_policy.allow', {
    params: ACTIVE,
    query: { ...pair, protocol: 6, port: 5432 },
  });
  expect(allowed.total).toBe(1);
  expect(allowed.items).toMatchObject([
    { description: 'web to database', rule_set: { name: 'Production' } },
  ]);
  const repeated = `/api/v2/orgs/${pce().orgId}/sec_policy/active/allow?src_workload=${front.href}&dst_workload=${back.href}&protocol=17&protocol=6&port=1&port=22`;
  expect((await pce().send('GET', repeated)).json).toMatchObject([{ description: 'inside' }]);

  const service = await client.call('sec_policy.allow', {
    params: ACTIVE,
    query: { ...pair, service: sql.href },
  });
  expect(service.items).toMatchObject([{ description: 'web to database' }]);
  const all = await client.call('sec_policy.allow', {
    params: ACTIVE,
    query: { ...pair, service: (await allServices(client)).href },
  });
  expect(all.items).toEqual([]);

  await makeBoundary(client, 'No partners', {
    providers: ALL,
    consumers: [{ ip_list: refOf(partners) }],
  });
  const check = await client.call('sec_policy.policy_check', {
    params: DRAFT,
    query: { src_external_ip: '198.51.100.7', dst_workload: back.href, protocol: 6, port: 22 },
  });
  expect(check).toMatchObject({
    sec_rules: [],
    deny_rules: [],
    override_deny_rules: [],
    enforcement_boundaries: [{ name: 'No partners' }],
    decisions: ['blocked'],
  });
  const other = await client.call('sec_policy.policy_check', {
    params: DRAFT,
    query: {
      src_external_ip: '198.51.100.7',
      dst_workload: back.href,
      protocol: 6,
      port: 443,
      network_type: 'non_brn',
    },
  });
  expect(other).toMatchObject({ sec_rules: [], decisions: ['allowed'] });
  await client.call('sec_policy.revert_all');
  const nothing = client.call('sec_policy.allow', { params: ACTIVE, query: pair });
  expect((await refusalOf(nothing)).has('input_validation_error')).toBe(true);
});

test('rule coverage answers for each item and service the rules that allow it', async () => {
  const client = pce().client();
  const virtual = await makeVirtualService(client, 'Records', { labels: [refOf(db)] });
  await makeRule(client, open, {
    providers: [{ virtual_service: refOf(virtual) }],
    consumers: ALL,
    ingress_services: [],
    description: 'records',
  });
  const ask = (items: RuleCoverageItem[], word = 'draft') =>
    client.call('sec_policy.rule_coverage', { params: { pversion: word }, body: items });
  const tier = (label: LabelWire) => ({ labels: [refOf(label), refOf(production)] });
  const answer = await ask([
    {
      source: tier(web),
      destination: tier(db),
      services: [
        { protocol: 6, port: 5432 },
        { protocol: 6, port: 22 },
        { protocol: 17, port: 53 },
      ],
    },
    {
      source: { labels: [refOf(web)] },
      destination: tier(db),
      services: [{ protocol: 6, port: 5432 }],
    },
    {
      source: { ip_list: refOf(partners) },
      destination: { workload: refOf(back) },
      services: [{ protocol: 6, port: 443 }],
    },
    {
      source: { actors: 'ams' },
      destination: { virtual_service: refOf(virtual) },
      services: [
        { protocol: 6, port: 443 },
        { protocol: 6, port: 444 },
      ],
    },
  ]);
  const named = (index: number) => answer.rules[String(index)]?.href;
  expect(answer.edges.map((item) => item.map((indexes) => indexes.length))).toEqual([
    [1, 1, 0],
    [0],
    [1],
    [1, 0],
  ]);
  const first = answer.edges[0]?.[0]?.[0] ?? -1;
  expect(named(first)).toContain(`${scoped.href}/sec_rules/`);
  expect(answer).toMatchObject({ deny_rules: {}, deny_edges: [], override_deny_edges: [] });
  const any = await anyList(client);
  expect(
    await ask(
      [
        {
          source: { ip_list: refOf(any) },
          destination: tier(web),
          services: [{ protocol: 6, port: 1 }],
        },
      ],
      String(version),
    ),
  ).toMatchObject({ rules: {}, edges: [[[]]] });
  await client.call('sec_policy.revert_all');
});

test('what is no question is refused by name; a workload manager may not search', async () => {
  const client = pce().client();
  const path = `/api/v2/orgs/${pce().orgId}/sec_policy/draft/rule_search`;
  const unknown = await pce().send('POST', path, { body: { provider: [] } });
  expect([unknown.status, unknown.text]).toEqual([406, expect.stringContaining('provider')]);
  const missing = client.call('sec_policy.rule_search', { params: { pversion: '9999' }, body: {} });
  expect((await refusalOf(missing)).status).toBe(404);
  const empty = await pce().send('POST', path);
  expect(empty.headers['x-total-count']).toBe('3');
  const manager = pce().client((await pce().userWith('workload_manager')).auth);
  const refused = manager.call('sec_policy.rule_search', { params: DRAFT, body: {} });
  expect((await refusalOf(refused)).status).toBe(403);
});
