import { expect, test } from 'vitest';
import {
  DRAFT,
  first,
  idOf,
  makeLabel,
  makeRuleSet,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';
import { withTestPce } from '../../testing/test-pce.ts';

const pce = withTestPce();

function make(key: string, members: Record<string, unknown> = {}) {
  return pce()
    .client()
    .call('label_dimensions.create', { body: { key, display_name: `The ${key}`, ...members } });
}

async function lastEvent(type: string) {
  return pce()
    .pce.deps.db.selectFrom('events')
    .selectAll()
    .where('event_type', '=', type)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
}

test('a dimension of one’s own carries labels, label groups, scopes and workloads', async () => {
  const client = pce().client();
  const dimension = await make('bu', {
    display_info: { initial: 'BU', background_color: '#112233' },
  });
  expect(dimension).toMatchObject({
    key: 'bu',
    display_name: 'The bu',
    display_info: {
      initial: 'BU',
      background_color: '#112233',
      sort_ordinal: 5,
      display_name_plural: 'The bu',
    },
    usage: { labels: false, label_groups: false },
    caps: ['write'],
  });
  const label = await makeLabel(client, 'bu', 'Retail');
  const group = await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'Units', key: 'bu', labels: [refOf(label)] },
  });
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Retail', scopes: [[{ label: refOf(label) }]] },
  });
  expect(ruleSet.scopes).toMatchObject([[{ label: { key: 'bu', value: 'Retail' } }]]);
  const workload = await client.call('workloads.create', { body: { labels: [refOf(label)] } });
  expect(workload.labels).toMatchObject([{ key: 'bu', value: 'Retail' }]);
  const params = { id: idOf(dimension) };
  expect((await client.call('label_dimensions.get', { params })).usage).toEqual({
    labels: true,
    label_groups: true,
  });
  const used = await refusalOf(client.call('label_dimensions.delete', { params }));
  expect(used.errors[0]?.token).toBe('label_dimension_referenced');
  await client.call('workloads.delete', { params: { id: idOf(workload) } });
  await client.call('rule_sets.delete', { params: { ...DRAFT, id: idOf(ruleSet) } });
  await client.call('label_groups.delete', { params: { ...DRAFT, id: idOf(group) } });
  await client.call('labels.delete', { params: { id: idOf(label) } });
  await client.call('label_dimensions.delete', { params });
  const listed = async (include: boolean) =>
    (await client.call('label_dimensions.list', { query: { key: 'bu', include_deleted: include } }))
      .items;
  expect(await listed(false)).toEqual([]);
  expect(await listed(true)).toMatchObject([{ deleted: true, caps: [] }]);
  expect((await refusalOf(makeLabel(client, 'bu', 'Wholesale'))).errors[0]?.message).toContain(
    'no label dimension',
  );
});

test('the key is unique and stays; what it is called and looks like changes', async () => {
  const client = pce().client();
  const dimension = await make('tier', {
    external_data_set: 'cmdb',
    external_data_reference: 'tier',
  });
  expect((await refusalOf(make('tier'))).errors[0]).toMatchObject({ token: 'name_must_be_unique' });
  for (const key of ['Tier', '', 'a b', 'x'.repeat(65)])
    expect((await refusalOf(make(key))).errors[0]?.token).toBe('input_validation_error');
  const params = { id: idOf(dimension) };
  await client.call('label_dimensions.update', {
    params,
    body: { display_name: 'Tiers', display_info: { icon: 'stack' } },
  });
  const { items } = await client.call('label_dimensions.list', {
    query: { external_data_set: 'cmdb' },
  });
  expect(first(items)).toMatchObject({
    key: 'tier',
    display_name: 'Tiers',
    display_info: { icon: 'stack', initial: 'T' },
  });
  expect((await lastEvent('label_dimension.update')).resource_changes).toMatchObject([
    { changes: { display_name: { before: 'The tier', after: 'Tiers' } } },
  ]);
  const [role] = (await client.call('label_dimensions.list', { query: { key: 'role' } })).items;
  const builtIn = client.call('label_dimensions.delete', {
    params: { id: idOf(role ?? dimension) },
  });
  expect((await refusalOf(builtIn)).errors[0]?.token).toBe('object_not_editable');
  await client.call('label_dimensions.delete', { params });
});

test('a name whose first character is beyond the basic plane gives a whole initial', async () => {
  const client = pce().client();
  const made = await client.call('label_dimensions.create', {
    body: { key: 'astral', display_name: '𝔄stral' },
  });
  expect(made.display_info.initial).toBe('𝔄');
  await client.call('label_dimensions.delete', { params: { id: idOf(made) } });
});

test('a label group needs a label dimension that exists', async () => {
  const group = pce()
    .client()
    .call('label_groups.create', { params: DRAFT, body: { name: 'Nowhere', key: 'nowhere' } });
  expect((await refusalOf(group)).errors[0]?.message).toContain('no label dimension');
});

test('reaching the soft limit is an event, going over the hard one is refused and an event', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  await db
    .insertInto('object_limits')
    .values([
      { org_id: pce().orgId, type: 'label_dimensions', soft: 5, hard: 6 },
      { org_id: pce().orgId, type: 'rule_sets', soft: 1, hard: 1 },
      { org_id: pce().orgId, type: 'workloads', soft: 2, hard: 2 },
    ])
    .execute();
  const [five] = [await make('five')];
  expect((await lastEvent('soft_limit.exceeded')).notifications).toMatchObject([
    {
      notification_type: 'soft_limit.exceeded',
      info: { object_type: 'label_dimensions', count: 5, hard_limit: 6 },
    },
  ]);
  const six = await make('six');
  const refused = await refusalOf(make('seven'));
  expect(refused.errors).toMatchObject([
    { token: 'hard_limit_exceeded', message: expect.stringContaining('There may be 6') as unknown },
  ]);
  expect(await lastEvent('hard_limit.exceeded')).toMatchObject({
    status: 'failure',
    notifications: [{ info: { object_type: 'label_dimensions', count: 7 } }],
  });
  for (const { href } of [five, six])
    await client.call('label_dimensions.delete', { params: { id: idOf({ href }) } });
  await make('seven');

  await makeRuleSet(client, 'The only one');
  expect((await refusalOf(makeRuleSet(client, 'One more'))).has('hard_limit_exceeded')).toBe(true);
  const many = client.call('workloads.bulk_create', { body: [{}, {}, {}] });
  expect((await refusalOf(many)).has('hard_limit_exceeded')).toBe(true);
  await client.call('workloads.bulk_create', { body: [{ name: 'a' }, { name: 'b' }] });
  await provisionAll(client);
});

test('labels are deleted together, or none of them', async () => {
  const client = pce().client();
  const [one, two] = [await makeLabel(client, 'env', 'One'), await makeLabel(client, 'env', 'Two')];
  const used = await makeLabel(client, 'env', 'Used');
  await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'Holds it', key: 'env', labels: [refOf(used)] },
  });
  const hrefs = [one.href, two.href];
  const half = client.call('labels.delete_many', { body: { hrefs: [...hrefs, used.href] } });
  expect((await refusalOf(half)).has('label_referenced_by_label_group')).toBe(true);
  const wrong = client.call('labels.delete_many', { body: { hrefs: ['/orgs/1/vens/1'] } });
  expect((await refusalOf(wrong)).has('invalid_uri')).toBe(true);
  await client.call('labels.delete_many', { body: { hrefs } });
  const left = await client.call('labels.list', { query: { key: 'env' } });
  expect(left.items.map(({ value }) => value)).toEqual(['Used']);
});
