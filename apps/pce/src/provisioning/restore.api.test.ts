/** The draft becomes what a version was (rest-api 2.11), also where the world has moved on. */
import { afterEach, expect, test } from 'vitest';
import type { RestoredWire, RuleSetWire } from '@bulkhead/contract';
import { makeHost } from '../testing/policy-hosts.ts';
import { withTestPce } from '../testing/test-pce.ts';
import {
  ACTIVE,
  DRAFT,
  idOf,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  makeVirtualService,
  provisionAll,
  refOf,
  refusalOf,
} from '../testing/policy-client.ts';

const pce = withTestPce();
const ALL = [{ actors: 'ams' as const }];

afterEach(() => pce().client().call('sec_policy.revert_all'));

function restore(version: number): Promise<RestoredWire> {
  return pce()
    .client()
    .call('sec_policy.restore', { params: { pversion: String(version) } });
}

/** What hosts are told by a ruleset: who made it when says nothing. */
function said({ name, enabled, scopes, rules }: RuleSetWire): unknown {
  const bodies = rules.map(({ providers, consumers, ingress_services, description }) => ({
    providers,
    consumers,
    ingress_services,
    description,
  }));
  return { name, enabled, scopes, bodies };
}

function ruleSetAt(word: string, ruleSet: { href: string }): Promise<RuleSetWire> {
  return pce()
    .client()
    .call('rule_sets.get', { params: { pversion: word, id: idOf(ruleSet) } });
}

test('what was changed, deleted and made since goes back, and active stays until that is provisioned', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Partners', '192.0.2.0/24');
  const gone = await makeService(client, 'Gone later', 8080);
  const ruleSet = await makeRuleSet(client, 'Then');
  await makeRule(client, ruleSet, {
    providers: ALL,
    consumers: [{ ip_list: refOf(list) }],
    ingress_services: [refOf(gone)],
    description: 'first',
  });
  const { version } = await provisionAll(client);
  const then = await ruleSetAt(String(version), ruleSet);
  const rule = then.rules[0];
  if (rule === undefined) throw new Error('the rule is in the version');

  const ruleParams = { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) };
  await client.call('sec_rules.update', {
    params: ruleParams,
    body: { ingress_services: [{ proto: 6, port: 22 }], description: 'second' },
  });
  await makeRule(client, ruleSet, { providers: ALL, consumers: ALL, description: 'third' });
  await client.call('ip_lists.update', {
    params: { ...DRAFT, id: idOf(list) },
    body: { name: 'Partners and more', ip_ranges: [{ from_ip: '198.51.100.0/24' }] },
  });
  await provisionAll(client);
  await client.call('services.delete', { params: { ...DRAFT, id: idOf(gone) } });
  const later = await makeIpList(client, 'Made later', '203.0.113.0/24');
  await provisionAll(client);
  await makeIpList(client, 'Never provisioned', '203.0.113.0/24');

  const restored = await restore(version);
  expect(restored.left_out).toEqual([]);
  const types = Object.fromEntries(restored.restored.map((item) => [item.name, item.update_type]));
  expect(types).toEqual({
    Partners: 'update',
    'Gone later': 'create',
    Then: 'update',
    'Made later': 'delete',
    'Never provisioned': 'delete',
  });
  const active = await ruleSetAt('active', ruleSet);
  expect(active.rules.map(({ description }) => description)).toEqual(['second', 'third']);
  const draft = await ruleSetAt('draft', ruleSet);
  expect(draft.rules.map((item) => [item.description, item.update_type])).toEqual([
    ['first', 'update'],
    ['third', 'delete'],
  ]);

  await provisionAll(client);
  expect(said(await ruleSetAt('active', ruleSet))).toEqual(
    JSON.parse(
      JSON.stringify(said(then)).replaceAll(`/sec_policy/${version}/`, '/sec_policy/active/'),
    ),
  );
  const lists = await client.call('ip_lists.list', { params: ACTIVE });
  expect(lists.items.map(({ name }) => name)).not.toContain(later.name);
  expect(
    await client.call('services.get', { params: { ...ACTIVE, id: idOf(gone) } }),
  ).toMatchObject({ name: 'Gone later', created_at: gone.created_at });
  expect((await restore(version)).restored).toEqual([]);
});

test('names change hands; a name that only a provision sets free is refused, and nothing is written', async () => {
  const client = pce().client();
  const one = await makeIpList(client, 'Left', '192.0.2.1');
  const two = await makeIpList(client, 'Right', '192.0.2.2');
  const { version } = await provisionAll(client);
  const rename = (list: { href: string }, name: string) =>
    client.call('ip_lists.update', { params: { ...DRAFT, id: idOf(list) }, body: { name } });
  await rename(one, 'Middle');
  await rename(two, 'Left');
  await rename(one, 'Right');
  await provisionAll(client);
  await restore(version);
  const names = await client.call('ip_lists.list', { params: DRAFT });
  expect(names.items.filter(({ href }) => href === one.href)).toMatchObject([{ name: 'Left' }]);
  expect(names.items.filter(({ href }) => href === two.href)).toMatchObject([{ name: 'Right' }]);
  await provisionAll(client);

  await rename(one, 'Elsewhere');
  await makeIpList(client, 'Left', '192.0.2.3');
  await provisionAll(client);
  const refused = await refusalOf(restore(version));
  expect(refused.errors).toMatchObject([
    {
      token: 'name_must_be_unique',
      href: one.href,
      message: expect.stringContaining('"Left" cannot have its name back') as unknown,
    },
  ]);
  expect(await client.call('sec_policy.pending')).toEqual({});
});

test('what named deleted labels is left out so that the policy says the same, and the answer tells', async () => {
  const client = pce().client();
  const [web, old, site] = await Promise.all([
    makeLabel(client, 'role', 'Web'),
    makeLabel(client, 'role', 'Retired'),
    makeLabel(client, 'loc', 'Closed site'),
  ]);
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Old names', scopes: [[], [{ label: refOf(site) }]] },
  });
  const closed = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Only there', scopes: [[{ label: refOf(site) }]] },
  });
  await makeRule(client, ruleSet, {
    providers: [{ label: refOf(web) }, { label: refOf(old) }],
    consumers: ALL,
  });
  await makeRule(client, ruleSet, {
    providers: [{ label: refOf(old) }, { label: refOf(site) }],
    consumers: ALL,
  });
  await makeRule(client, ruleSet, {
    providers: ALL,
    consumers: [{ label: refOf(old), exclusion: true }],
  });
  const { version } = await provisionAll(client);
  for (const { href } of [ruleSet, closed])
    await client.call('rule_sets.delete', { params: { ...DRAFT, id: idOf({ href }) } });
  await provisionAll(client);
  for (const { href } of [old, site])
    await client.call('labels.delete', { params: { id: idOf({ href }) } });

  const restored = await restore(version);
  expect(restored.left_out.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    'Old names: Left out: scopes that name labels that are deleted (1)',
    'Old names: Left out: rules of which one side is nobody but workloads, labels or user groups that are deleted (1)',
    'Only there: Left out: the whole ruleset: every scope names a label that is deleted',
  ]);
  const draft = await ruleSetAt('draft', ruleSet);
  expect(draft.scopes).toEqual([[]]);
  expect(draft.rules.map(({ providers, consumers }) => [providers, consumers])).toMatchObject([
    [[{ label: { value: 'Web' } }], ALL],
    [ALL, ALL],
  ]);
  const missing = client.call('rule_sets.get', { params: { ...DRAFT, id: idOf(closed) } });
  expect((await refusalOf(missing)).status).toBe(404);
});

test('a restored group that would be within itself as long as active says the contrary is refused', async () => {
  const client = pce().client();
  const make = (name: string) =>
    client.call('label_groups.create', { params: DRAFT, body: { name, key: 'app' } });
  const [outer, inner] = [await make('Outer'), await make('Inner')];
  const hold = (group: { href: string }, subs: { href: string }[]) =>
    client.call('label_groups.update', {
      params: { ...DRAFT, id: idOf(group) },
      body: { sub_groups: subs.map(refOf) },
    });
  await hold(outer, [inner]);
  const { version } = await provisionAll(client);
  await hold(outer, []);
  await provisionAll(client);
  await hold(inner, [outer]);
  await provisionAll(client);
  const refused = await refusalOf(restore(version));
  expect(refused.errors).toMatchObject([
    {
      token: 'input_validation_error',
      message: expect.stringMatching(
        /"Inner" holds "Outer" holds "Inner"|"Outer" holds "Inner" holds "Outer"/,
      ) as unknown,
    },
  ]);
  expect(await client.call('sec_policy.pending')).toEqual({});
  await hold(inner, []);
  await provisionAll(client);
  await restore(version);
  const group = await client.call('label_groups.get', { params: { ...DRAFT, id: idOf(outer) } });
  expect(group.sub_groups).toMatchObject([{ name: 'Inner' }]);
});

test('a virtual service that workloads are bound to is not deleted by a restore', async () => {
  const client = pce().client();
  const { items } = await client.call('sec_policy.list');
  const before = items[0]?.version ?? 0;
  const service = await makeVirtualService(client, 'Bound');
  await provisionAll(client);
  const host = await makeHost(pce(), '10.9.0.1');
  const [binding] = await client.call('service_bindings.create', {
    body: [{ virtual_service: refOf(service), workload: refOf(host) }],
  });
  const refused = await refusalOf(restore(before));
  expect(refused.errors).toMatchObject([
    { token: 'virtual_service_referenced', href: service.href },
  ]);
  await client.call('service_bindings.delete', {
    params: { id: idOf({ href: binding?.href ?? '' }) },
  });
  expect((await restore(before)).restored).toMatchObject([
    { name: 'Bound', update_type: 'delete' },
  ]);
});

test('a deletion that a restore made goes only with the change that takes the reference away', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Names a list');
  const rule = await makeRule(client, ruleSet, { providers: ALL, consumers: ALL });
  const { version } = await provisionAll(client);
  const list = await makeIpList(client, 'Named since', '192.0.2.0/24');
  await client.call('sec_rules.update', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) },
    body: { consumers: [{ ip_list: refOf(list) }] },
  });
  await provisionAll(client);
  await restore(version);
  const subset = { ip_lists: [refOf(list)] };
  const alone = await refusalOf(
    client.call('sec_policy.provision', { body: { change_subset: subset } }),
  );
  expect(alone.errors).toMatchObject([{ token: 'dependency_required', href: ruleSet.href }]);
  const needed = await client.call('sec_policy.dependencies', {
    params: DRAFT,
    body: { operation: 'commit', change_subset: subset },
  });
  expect(needed).toMatchObject([
    {
      dependency: { rule_sets: refOf(ruleSet) },
      required_by: { ip_lists: [refOf(list)] },
      reasons: [
        expect.stringContaining('Active policy would lose the IP list "Named since"') as unknown,
      ],
    },
  ]);
  const revert = await client.call('sec_policy.dependencies', {
    params: DRAFT,
    body: { operation: 'revert', change_subset: { rule_sets: [refOf(ruleSet)] } },
  });
  expect(revert).toMatchObject([{ dependency: { ip_lists: refOf(list) } }]);
  const reverted = client.call('sec_policy.revert', {
    body: { change_subset: { rule_sets: [refOf(ruleSet)] } },
  });
  expect((await refusalOf(reverted)).errors).toMatchObject([
    { token: 'dependency_required', href: list.href },
  ]);
  await provisionAll(client);
});

test('versions that are not there: 404; active takes back the draft; only editors restore', async () => {
  const client = pce().client();
  for (const word of ['draft', '99999', 'newest'])
    expect(
      (await refusalOf(client.call('sec_policy.restore', { params: { pversion: word } }))).status,
    ).toBe(404);
  await makeIpList(client, 'Passing by', '192.0.2.0/24');
  await client.call('sec_policy.restore', { params: ACTIVE });
  expect(await client.call('sec_policy.pending')).toEqual({});
  const event = await pce()
    .pce.deps.db.selectFrom('events')
    .selectAll()
    .where('event_type', '=', 'sec_policy.restore')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  expect(event.resource_changes).toMatchObject([
    { resource: { ip_list: { name: 'Passing by' } }, change_type: 'delete' },
  ]);
  const viewer = pce().client((await pce().userWith('global_object_provisioner')).auth);
  const refused = viewer.call('sec_policy.restore', { params: ACTIVE });
  expect((await refusalOf(refused)).status).toBe(403);
});
