import { beforeAll, expect, test } from 'vitest';
import type { IpListWire, LabelWire } from '@bulkhead/contract';
import { json } from '../../db/database.ts';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  ACTIVE,
  activeHref,
  allServices,
  anyList,
  DRAFT,
  first,
  idOf,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  provisionAll,
  refOf,
  refusalOf,
  rule,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const AMS = [{ actors: 'ams' as const }];
let web: LabelWire;
let endpoints: LabelWire;
let production: LabelWire;
let any: IpListWire;

beforeAll(async () => {
  const client = pce().client();
  web = await makeLabel(client, 'app', 'Web');
  endpoints = await makeLabel(client, 'app', 'Endpoints');
  production = await makeLabel(client, 'env', 'Production');
  any = await anyList(client);
});

test('a ruleset with rules is created whole, and reads back with keys, values and names', async () => {
  const client = pce().client();
  const ssh = await makeService(client, 'SSH', 22);
  const group = await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'All apps', key: 'app', labels: [refOf(web), refOf(endpoints)] },
  });
  const created = await client.call('rule_sets.create', {
    params: DRAFT,
    body: {
      name: 'Whole',
      scopes: [[{ label: refOf(production) }, { label_group: refOf(group), exclusion: true }]],
      rules: [
        rule({
          providers: [{ label: refOf(web) }, { ip_list: { href: activeHref(any) } }],
          consumers: AMS,
          ingress_services: [{ href: activeHref(ssh) }, { proto: 17, port: 53, to_port: 54 }],
          description: 'How admins get in',
        }),
      ],
    },
  });
  expect(created).toMatchObject({
    update_type: 'create',
    enabled: true,
    scopes: [
      [
        { label: { href: production.href, key: 'env', value: 'Production' } },
        {
          label_group: { href: group.href, key: 'app', name: 'All apps' },
          exclusion: true,
        },
      ],
    ],
    ip_tables_rules: [],
    deny_rules: [],
  });
  expect(first(created.rules)).toMatchObject({
    update_type: 'create',
    providers: [
      { label: { href: web.href, key: 'app', value: 'Web' } },
      // the word of the version that is read, whatever the request said
      { ip_list: { href: any.href, name: any.name } },
    ],
    consumers: AMS,
    ingress_services: [
      { href: ssh.href, name: 'SSH' },
      { proto: 17, port: 53, to_port: 54 },
    ],
    network_type: 'brn',
    use_workload_subnets: [],
    egress_services: [],
    log_flow: false,
    consuming_security_principals: [],
  });
  await provisionAll(client);
  const active = await client.call('rule_sets.get', { params: { ...ACTIVE, id: idOf(created) } });
  expect(first(active.rules)).toMatchObject({
    href: activeHref(first(created.rules)),
    providers: [{ label: {} }, { ip_list: { href: activeHref(any) } }],
    ingress_services: [{ href: activeHref(ssh) }, { proto: 17 }],
    update_type: null,
  });
});

test('scopes [] and [[]] are valid and read back as written', async () => {
  const client = pce().client();
  const none = await makeRuleSet(client, 'No scope');
  expect(none.scopes).toEqual([]);
  const empty = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Empty scope', scopes: [[]] },
  });
  expect(empty.scopes).toEqual([[]]);
});

test('references carry extra members, which are ignored; those to nothing are refused', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'References');
  const path = `/api/v2${ruleSet.href}/sec_rules`;
  const whole = { ...web, surprise: true };
  const body = rule({ providers: [{ label: whole }], consumers: AMS });
  expect((await pce().send('POST', path, { body })).status).toBe(201);
  for (const href of [
    `/orgs/${pce().orgId}/labels/999999`,
    `/orgs/99/labels/${idOf(web)}`,
    any.href,
    'nonsense',
  ]) {
    const refused = await refusalOf(
      makeRule(client, ruleSet, { providers: [{ label: { href } }], consumers: AMS }),
    );
    expect(refused.errors[0]).toMatchObject({
      token: 'invalid_uri',
      message: expect.stringMatching(/providers\[0\]/) as unknown,
    });
  }
});

test('rules that cannot be: an empty side, port 70000, a backwards range, two sides of addresses (PS-44)', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Impossible');
  const emptySide = await refusalOf(makeRule(client, ruleSet, { providers: [], consumers: AMS }));
  expect(emptySide.errors[0]).toMatchObject({
    token: 'input_validation_error',
    message: expect.stringContaining('providers: needs at least one entry') as unknown,
  });
  for (const port of [{ port: 70000 }, { port: 443, to_port: 80 }]) {
    const refused = await refusalOf(
      makeRule(client, ruleSet, {
        providers: AMS,
        consumers: AMS,
        ingress_services: [{ proto: 6, ...port }],
      }),
    );
    expect(refused.has('input_validation_error')).toBe(true);
  }
  const addresses = await refusalOf(
    makeRule(client, ruleSet, {
      providers: [{ ip_list: refOf(any) }],
      consumers: [{ ip_list: refOf(any) }],
    }),
  );
  expect(addresses.has('rule_needs_workload_side')).toBe(true);
  expect(
    (await client.call('rule_sets.get', { params: { ...DRAFT, id: idOf(ruleSet) } })).rules,
  ).toEqual([]);
});

test('non-corporate and all networks need a side of IP lists only (R-POL-6, PS-31)', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Profiles');
  for (const networkType of ['non_brn', 'all'] as const) {
    const refused = await refusalOf(
      makeRule(client, ruleSet, {
        providers: [{ label: refOf(web) }, { ip_list: refOf(any) }],
        consumers: AMS,
        network_type: networkType,
      }),
    );
    expect(refused.errors[0]).toMatchObject({
      token: 'network_type_requires_ip_list_side',
      message: expect.stringContaining('IP lists') as unknown,
    });
    const created = await makeRule(client, ruleSet, {
      providers: [{ ip_list: refOf(any) }],
      consumers: [{ label: refOf(endpoints) }],
      network_type: networkType,
    });
    expect(created.network_type).toBe(networkType);
    // A change of one side alone is held against the other.
    const params = { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(created) };
    const changed = await refusalOf(
      client.call('sec_rules.update', { params, body: { providers: [{ label: refOf(web) }] } }),
    );
    expect(changed.has('network_type_requires_ip_list_side')).toBe(true);
  }
});

test('two entries of one key in a scope are refused (PS-14)', async () => {
  const client = pce().client();
  const refused = await refusalOf(
    client.call('rule_sets.create', {
      params: DRAFT,
      body: { name: 'Two apps', scopes: [[{ label: refOf(web) }, { label: refOf(endpoints) }]] },
    }),
  );
  expect(refused.errors[0]).toMatchObject({
    token: 'input_validation_error',
    message: expect.stringContaining('scopes[0]') as unknown,
  });
});

test('names are unique, also while the other is only deleted in draft', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Taken');
  await provisionAll(client);
  expect((await refusalOf(makeRuleSet(client, 'Taken'))).has('rule_set_name_in_use')).toBe(true);
  await client.call('rule_sets.delete', { params: { ...DRAFT, id: idOf(ruleSet) } });
  expect((await refusalOf(makeRuleSet(client, 'Taken'))).has('rule_set_name_in_use')).toBe(true);
  await provisionAll(client);
  expect((await makeRuleSet(client, 'Taken')).name).toBe('Taken');
});

test('a change of a rule makes its ruleset pending, and says what kind of change each rule is', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Rules change');
  const id = { ...DRAFT, id: idOf(ruleSet) };
  const inSet = { ...DRAFT, rule_set_id: idOf(ruleSet) };
  const sides = { providers: [{ label: refOf(web) }], consumers: AMS };
  const [kept, changed, removed] = [
    await makeRule(client, ruleSet, { ...sides, description: 'kept' }),
    await makeRule(client, ruleSet, { ...sides, description: 'changed' }),
    await makeRule(client, ruleSet, { ...sides, description: 'removed' }),
  ];
  await provisionAll(client);
  await client.call('sec_rules.update', {
    params: { ...inSet, id: idOf(changed) },
    body: { enabled: false },
  });
  await client.call('sec_rules.delete', { params: { ...inSet, id: idOf(removed) } });
  const added = await makeRule(client, ruleSet, { ...sides, description: 'added' });

  const draft = await client.call('rule_sets.get', { params: id });
  expect(draft.update_type).toBe('update');
  expect(draft.rules.map(({ href, update_type }) => [href, update_type])).toEqual([
    [kept.href, null],
    [changed.href, 'update'],
    [removed.href, 'delete'],
    [added.href, 'create'],
  ]);
  expect((await client.call('sec_policy.pending')).rule_sets).toMatchObject([
    { href: ruleSet.href, name: 'Rules change', update_type: 'update' },
  ]);
  // A rule that was never active goes at once.
  await client.call('sec_rules.delete', { params: { ...inSet, id: idOf(added) } });
  expect((await client.call('sec_rules.list', { params: inSet })).total).toBe(3);
  await provisionAll(client);
  const active = await client.call('rule_sets.get', { params: { ...id, ...ACTIVE } });
  expect(active.rules.map(({ description, enabled }) => [description, enabled])).toEqual([
    ['kept', true],
    ['changed', false],
  ]);
  const after = await client.call('rule_sets.get', { params: id });
  expect(after.rules).toHaveLength(2);
});

test('a stale edit of one rule is refused; edits of different rules are not in each other’s way', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Two editors');
  const one = await makeRule(client, ruleSet, { providers: AMS, consumers: AMS });
  const two = await makeRule(client, ruleSet, { providers: AMS, consumers: AMS });
  const put = (item: typeof one, description: string) =>
    pce().send('PUT', `/api/v2${item.href}?if_updated_at=${item.updated_at}`, {
      body: { description },
    });
  expect((await put(one, 'first')).status).toBe(204);
  expect((await put(two, 'other rule')).status).toBe(204);
  const stale = await put(one, 'second');
  expect([stale.status, stale.json]).toMatchObject([406, [{ token: 'object_changed' }]]);
});

test('PUT of rules replaces them; those that say the same keep their identity', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Replaced');
  const sides = { providers: [{ label: refOf(web) }], consumers: AMS };
  const kept = await makeRule(client, ruleSet, sides);
  await makeRule(client, ruleSet, { ...sides, stateless: true });
  const params = { ...DRAFT, id: idOf(ruleSet) };
  await client.call('rule_sets.update', {
    params,
    body: { rules: [rule({ ...sides, machine_auth: true }), rule(sides)] },
  });
  const { rules } = await client.call('rule_sets.get', { params });
  expect(rules.map(({ machine_auth }) => machine_auth)).toEqual([true, false]);
  expect(rules[1]?.href).toBe(kept.href);
});

test('a ruleset that was read can be written back: unchanged it stays, a changed rule stays the same rule (FR-46)', async () => {
  const client = pce().client();
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Written back', scopes: [[{ label: refOf(production) }]] },
  });
  const sides = { providers: [{ label: refOf(web) }], consumers: AMS };
  await makeRule(client, ruleSet, { ...sides, description: 'first' });
  await makeRule(client, ruleSet, { ...sides, description: 'second' });
  const subnets = await makeRule(client, ruleSet, {
    providers: [{ label: refOf(web) }],
    consumers: [{ ip_list: refOf(any) }],
    use_workload_subnets: ['providers'],
    network_type: 'all',
  });
  expect(subnets).toMatchObject({ use_workload_subnets: ['providers'], network_type: 'all' });
  await provisionAll(client);
  const params = { ...DRAFT, id: idOf(ruleSet) };
  const read = await client.call('rule_sets.get', { params });
  const path = `/api/v2${ruleSet.href}`;
  expect((await pce().send('PUT', path, { body: read })).status).toBe(204);
  expect(await client.call('rule_sets.get', { params })).toEqual(read);

  const [one, two, third] = read.rules;
  expect((await pce().send('PUT', `/api/v2${third?.href}`, { body: third })).status).toBe(204);
  expect((await client.call('rule_sets.get', { params })).rules[2]).toEqual(third);
  expect(third?.update_type).toBeNull();
  const body = { rules: [{ ...two, enabled: false }, one, third] };
  expect((await pce().send('PUT', path, { body })).status).toBe(204);
  const after = await client.call('rule_sets.get', { params });
  expect(after.rules.map(({ href, enabled, update_type }) => [href, enabled, update_type])).toEqual(
    [
      [two?.href, false, 'update'],
      [one?.href, true, null],
      [third?.href, true, null],
    ],
  );
  const foreign = { rules: [{ ...one, href: `${ruleSet.href}/sec_rules/999999` }] };
  expect((await pce().send('PUT', path, { body: foreign })).json).toMatchObject([
    { token: 'invalid_uri' },
  ]);
});

test('warnings: a broad rule with endpoints (R-POL-4), and Use Workload Subnets on a side without labels (PS-25)', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  await db
    .insertInto('workloads')
    .values({
      org_id: pce().orgId,
      managed: true,
      ven_type: 'endpoint',
      name: 'laptop',
      labels: json([endpoints.href]),
      created_by: '/users/0',
      updated_by: '/users/0',
    })
    .execute();
  const ruleSet = await makeRuleSet(client, 'Warns');
  const tokens = async (input: Parameters<typeof makeRule>[2]): Promise<string[]> =>
    (await makeRule(client, ruleSet, input)).warnings.map(({ token }) => token);

  expect(await tokens({ providers: AMS, consumers: [{ label: refOf(endpoints) }] })).toEqual([
    'broad_rule_with_endpoints',
  ]);
  expect(
    await tokens({
      providers: AMS,
      consumers: [{ label: refOf(endpoints) }],
      use_workload_subnets: ['consumers', 'providers'],
    }),
  ).toEqual([]);
  // Nobody of the label is an endpoint.
  expect(
    await tokens({ providers: [{ label: refOf(web) }], consumers: [{ label: refOf(web) }] }),
  ).toEqual([]);
  expect(
    await tokens({
      providers: [{ ip_list: refOf(any) }],
      consumers: [{ label: refOf(web) }],
      use_workload_subnets: ['providers'],
    }),
  ).toEqual(['use_workload_subnets_without_labels']);
  const allBut = { label: refOf(web), exclusion: true };
  expect(await tokens({ providers: [...AMS, allBut], consumers: [{ label: refOf(web) }] })).toEqual(
    ['exclusion_beside_all_workloads'],
  );
  expect(await tokens({ providers: [allBut], consumers: [{ label: refOf(web) }] })).toEqual([]);
});

test('what a rule uses is held, and the refusal says by whom (PS-85)', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Used list', '192.0.2.0/24');
  const service = await makeService(client, 'Used service', 8080);
  const ruleSet = await makeRuleSet(client, 'The user');
  await makeRule(client, ruleSet, {
    providers: [{ label: refOf(web) }],
    consumers: [{ ip_list: refOf(list) }],
    ingress_services: [refOf(service)],
  });
  const by = expect.stringContaining('ruleset "The user"') as unknown;
  const ofList = client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(list) } });
  expect((await refusalOf(ofList)).errors[0]).toMatchObject({
    token: 'ip_list_referenced',
    message: by,
  });
  const ofService = client.call('services.delete', { params: { ...DRAFT, id: idOf(service) } });
  expect((await refusalOf(ofService)).errors[0]).toMatchObject({
    token: 'service_referenced',
    message: by,
  });
  const ofLabel = client.call('labels.delete', { params: { id: idOf(web) } });
  expect((await refusalOf(ofLabel)).has('label_still_has_associated_rule_set')).toBe(true);
});

test('filters: part of a name, and labels of a scope', async () => {
  const client = pce().client();
  await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Filter me', scopes: [[{ label: refOf(web) }, { label: refOf(production) }]] },
  });
  const byName = await client.call('rule_sets.list', { params: DRAFT, query: { name: 'ilter M' } });
  expect(byName.items.map(({ name }) => name)).toEqual(['Filter me']);
  const byLabels = await client.call('rule_sets.list', {
    params: DRAFT,
    query: { labels: JSON.stringify([[web.href, production.href]]), max_results: 0 },
  });
  expect(byLabels).toEqual({ items: [], total: 1 });
});

test('a rule leaves an event of its own', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Events');
  const created = await makeRule(client, ruleSet, { providers: AMS, consumers: AMS });
  const event = await pce()
    .pce.deps.db.selectFrom('events')
    .selectAll()
    .where('event_type', '=', 'sec_rule.create')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  expect(event.resource_changes).toMatchObject([
    {
      resource: { sec_rule: { href: created.href } },
      changes: { enabled: { before: null, after: true } },
    },
  ]);
});

test('All Services is a service like any other to rules', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Everything');
  const all = await allServices(client);
  const created = await makeRule(client, ruleSet, {
    providers: AMS,
    consumers: AMS,
    ingress_services: [refOf(all)],
  });
  expect(created.ingress_services).toEqual([{ href: all.href, name: 'All Services' }]);
});
