import { expect, test } from 'vitest';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  activeHref,
  DRAFT,
  idOf,
  makeBoundary,
  makeLabel,
  makeRuleSet,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();

test('the four dimensions exist, in order', async () => {
  const { items, total } = await pce().client().call('label_dimensions.list');
  expect(total).toBe(4);
  expect(items.map(({ key, display_name }) => [key, display_name])).toEqual([
    ['role', 'Role'],
    ['app', 'Application'],
    ['env', 'Environment'],
    ['loc', 'Location'],
  ]);
});

test('a second label with the same key and value is refused; after the first is deleted it is a new one', async () => {
  const client = pce().client();
  const one = await makeLabel(client, 'role', 'Database');
  const twice = await refusalOf(makeLabel(client, 'role', 'Database'));
  expect(twice.errors).toMatchObject([
    { token: 'label_key_and_value_must_be_unique', href: one.href },
  ]);
  // FR-47: a filter would not tell them apart
  expect((await refusalOf(makeLabel(client, 'role', 'DATABASE'))).errors[0]?.token).toBe(
    'label_key_and_value_must_be_unique',
  );
  await makeLabel(client, 'app', 'Database');

  await client.call('labels.delete', { params: { id: idOf(one) } });
  const again = await refusalOf(client.call('labels.delete', { params: { id: idOf(one) } }));
  expect(again.has('label_already_deleted')).toBe(true);
  expect((await makeLabel(client, 'role', 'Database')).href).not.toBe(one.href);
});

test('letters whose case depends on who asks are a twin of themselves, and not a fault', async () => {
  const body = { key: 'role', value: 'İıſK' };
  await pce().client().call('labels.create', { body });
  const refused = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/labels`, { body });
  expect(refused.status).toBe(406);
  expect(refused.json).toMatchObject([{ token: 'label_key_and_value_must_be_unique' }]);
});

test('two requests at once for one label make one', async () => {
  const client = pce().client();
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, () => makeLabel(client, 'loc', 'Same moment')),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const refusals = results.flatMap((result): unknown[] =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  expect(refusals).toEqual(
    Array.from({ length: 5 }, () =>
      expect.objectContaining({
        errors: [expect.objectContaining({ token: 'label_key_and_value_must_be_unique' })],
      }),
    ),
  );
});

test('a key that is no dimension, a reserved value and an empty one are refused', async () => {
  const client = pce().client();
  expect((await refusalOf(makeLabel(client, 'colour', 'red'))).errors[0]).toMatchObject({
    token: 'input_validation_error',
    message: expect.stringContaining('app, env, loc, role') as unknown,
  });
  expect((await refusalOf(makeLabel(client, 'app', 'All Applications'))).status).toBe(406);
  expect((await refusalOf(makeLabel(client, 'app', '  '))).status).toBe(406);
});

test('filters work in any combination, and paging counts all', async () => {
  const client = pce().client();
  for (const n of [1, 2, 3]) await makeLabel(client, 'env', `Paged 100%_${n}`);
  const query = { key: 'env', value: 'paged 100%_' };
  const page = await client.call('labels.list', { query: { ...query, max_results: 1, offset: 1 } });
  expect([page.total, page.items.map(({ value }) => value)]).toEqual([3, ['Paged 100%_2']]);
  const none = await client.call('labels.list', { query: { ...query, max_results: 0 } });
  expect(none).toEqual({ items: [], total: 3 });
  // The signs of a pattern are just signs.
  const literal = await client.call('labels.list', { query: { value: 'Paged 100_%' } });
  expect(literal.total).toBe(0);
});

test('a rename is effective at once and a stale one refused', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'app', 'Before');
  await client.call('labels.update', { params: { id: idOf(label) }, body: { value: 'After' } });
  expect((await client.call('labels.get', { params: { id: idOf(label) } })).value).toBe('After');
  const stale = await pce().send('PUT', `/api/v2${label.href}`, {
    body: { value: 'Too late' },
    headers: { 'if-match': `"${label.updated_at}"` },
  });
  expect([stale.status, stale.json]).toMatchObject([406, [{ token: 'object_changed' }]]);
});

test('a label in use stays, and the refusal names its users (PS-85)', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'app', 'Used');
  const params = { id: idOf(label) };
  const refusal = async (): Promise<unknown> =>
    (await refusalOf(client.call('labels.delete', { params }))).errors[0];

  const workload = await client.call('workloads.create', {
    body: { name: 'user one', labels: [refOf(label)] },
  });
  expect(await refusal()).toMatchObject({
    token: 'label_still_has_associated_agent_info',
    message: expect.stringContaining('"user one"') as unknown,
  });
  await client.call('workloads.delete', { params: { id: idOf(workload) } });

  const profile = await client.call('pairing_profiles.create', {
    body: { name: 'user two', enabled: true, labels: [refOf(label)] },
  });
  expect(await refusal()).toMatchObject({ token: 'label_still_has_associated_pairing_profile' });
  await client.call('pairing_profiles.delete', { params: { id: idOf(profile) } });

  const group = await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'user three', key: 'app', labels: [refOf(label)] },
  });
  expect(await refusal()).toMatchObject({ token: 'label_referenced_by_label_group' });
  await client.call('label_groups.delete', { params: { ...DRAFT, id: idOf(group) } });

  const policyTest = await client.call('policy_tests.create', {
    body: {
      name: 'user test',
      from: [{ labels: [refOf(label)] }],
      to: [{ address: '192.0.2.1' }],
      proto: 6,
      ports: [443],
      decision: 'blocked',
    },
  });
  expect(await refusal()).toMatchObject({
    token: 'label_still_has_associated_policy_test',
    message: expect.stringContaining('"user test"') as unknown,
  });
  await client.call('policy_tests.delete', { params: { id: idOf(policyTest) } });

  const boundary = await makeBoundary(client, 'user four', {
    providers: [{ label: refOf(label) }],
    consumers: [{ actors: 'ams' }],
  });
  expect(await refusal()).toMatchObject({
    token: 'label_still_has_associated_enforcement_boundary',
  });
  await client.call('enforcement_boundaries.delete', { params: { ...DRAFT, id: idOf(boundary) } });

  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'user five', scopes: [[{ label: refOf(label) }]] },
  });
  expect(await refusal()).toMatchObject({ token: 'label_still_has_associated_rule_set' });
  const { usage } = await client.call('labels.get', { params, query: { usage: true } });
  expect(usage).toMatchObject({ ruleset: true, workload: false, label_group: false });
  await client.call('rule_sets.delete', { params: { ...DRAFT, id: idOf(ruleSet) } });
  await client.call('labels.delete', { params });
});

test('label groups: one key, no group within itself, members named', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'loc', 'Berlin');
  const other = await makeLabel(client, 'env', 'Test');
  const make = (name: string, members: object) =>
    client.call('label_groups.create', { params: DRAFT, body: { name, key: 'loc', ...members } });
  const inner = await make('Inner', { labels: [refOf(label)] });
  const outer = await make('Outer', { sub_groups: [refOf(inner)], labels: [] });
  expect(inner.labels).toEqual([{ href: label.href, key: 'loc', value: 'Berlin' }]);
  expect(outer.sub_groups).toEqual([{ href: inner.href, name: 'Inner' }]);

  const mixed = await refusalOf(make('Mixed', { labels: [refOf(other)] }));
  expect(mixed.errors[0]?.message).toContain('key env');
  const loop = await refusalOf(
    client.call('label_groups.update', {
      params: { ...DRAFT, id: idOf(inner) },
      body: { sub_groups: [refOf(outer)] },
    }),
  );
  expect(loop.errors[0]?.message).toContain('"Inner" holds "Outer" holds "Inner"');
  expect((await refusalOf(make('Inner', {}))).has('name_must_be_unique')).toBe(true);
  const used = client.call('label_groups.delete', { params: { ...DRAFT, id: idOf(inner) } });
  expect((await refusalOf(used)).errors[0]).toMatchObject({
    token: 'label_group_referenced',
    message: expect.stringContaining('label group "Outer"') as unknown,
  });
});

test('a label group says which groups hold it, and which labels it stands for', async () => {
  const client = pce().client();
  const [one, two] = [
    await makeLabel(client, 'role', 'Nested one'),
    await makeLabel(client, 'role', 'Nested two'),
  ];
  const make = (name: string, members: object) =>
    client.call('label_groups.create', { params: DRAFT, body: { name, key: 'role', ...members } });
  const inner = await make('Nested inner', { labels: [refOf(one)] });
  const middle = await make('Nested middle', { sub_groups: [refOf(inner)], labels: [refOf(two)] });
  const outer = await make('Nested outer', { sub_groups: [refOf(middle)], labels: [refOf(one)] });
  await provisionAll(client);
  const params = (group: { href: string }) => ({ pversion: 'active', id: idOf(group) });
  const holding = await client.call('label_groups.member_of', { params: params(inner) });
  expect(holding.items).toEqual([
    { href: activeHref(middle), name: 'Nested middle' },
    { href: activeHref(outer), name: 'Nested outer' },
  ]);
  expect((await client.call('label_groups.member_of', { params: params(outer) })).total).toBe(0);
  const labels = await client.call('label_groups.all_labels', { params: params(outer) });
  expect(labels.items).toEqual([
    { href: one.href, key: 'role', value: 'Nested one' },
    { href: two.href, key: 'role', value: 'Nested two' },
  ]);
});

test('only who may edit makes labels', async () => {
  const { auth } = await pce().userWith('read_only');
  const viewer = pce().client(auth);
  expect((await refusalOf(makeLabel(viewer, 'app', 'No'))).status).toBe(403);
  const { items } = await viewer.call('labels.list', { query: { max_results: 1 } });
  expect(items[0]?.caps).toEqual([]);
});

test('provisioning does not touch labels', async () => {
  const client = pce().client();
  await makeLabel(client, 'app', 'At once');
  await makeRuleSet(client, 'Pending one');
  const pending = await client.call('sec_policy.pending');
  expect(Object.keys(pending)).toEqual(expect.arrayContaining(['rule_sets']));
  expect(pending).not.toHaveProperty('labels');
  await provisionAll(client);
});
