/** Draft, active, versions (rest-api 4.2), and what provisioning refuses. */
import { expect, test } from 'vitest';
import { withTestPce } from '../testing/test-pce.ts';
import {
  ACTIVE,
  activeHref,
  DRAFT,
  first,
  idOf,
  makeBoundary,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  provisionAll,
  refOf,
  refusalOf,
} from '../testing/policy-client.ts';

const pce = withTestPce();
const ALL = [{ actors: 'ams' as const }];

test('a new organization has Any and All Services in draft and active, and they stay as they are (PS-19)', async () => {
  const client = pce().client();
  for (const params of [DRAFT, ACTIVE]) {
    const list = first((await client.call('ip_lists.list', { params })).items);
    expect(list).toMatchObject({
      name: 'Any (0.0.0.0/0 and ::/0)',
      ip_ranges: [
        { from_ip: '0.0.0.0/0', exclusion: false },
        { from_ip: '::/0', exclusion: false },
      ],
      created_by: { href: '/users/0' },
      updated_by: { href: '/users/0' },
      update_type: null,
      caps: [],
    });
    const service = first((await client.call('services.list', { params })).items);
    expect(service).toMatchObject({ name: 'All Services', service_ports: [{ proto: -1 }] });
  }
  const any = first((await client.call('ip_lists.list', { params: DRAFT })).items);
  const params = { ...DRAFT, id: idOf(any) };
  const change = await refusalOf(client.call('ip_lists.update', { params, body: { name: 'x' } }));
  expect(change.errors[0]).toMatchObject({
    token: 'object_not_editable',
    message: expect.stringContaining('comes with the product') as unknown,
  });
  const removal = await refusalOf(client.call('ip_lists.delete', { params }));
  expect(removal.has('object_not_editable')).toBe(true);
});

test('a draft is pending until it is provisioned, and active keeps the old content until then', async () => {
  const client = pce().client();
  const created = await makeIpList(client, 'Life of a list', '192.0.2.0/24');
  expect(created.update_type).toBe('create');
  const params = { id: idOf(created) };
  const active = { ...ACTIVE, ...params };
  const draft = { ...DRAFT, ...params };
  expect((await refusalOf(client.call('ip_lists.get', { params: active }))).status).toBe(404);

  const { version } = await provisionAll(client);
  expect(await client.call('ip_lists.get', { params: draft })).toMatchObject({ update_type: null });
  const provisioned = await client.call('ip_lists.get', { params: active });
  expect(provisioned).toMatchObject({
    href: activeHref(created),
    name: 'Life of a list',
    update_type: null,
    caps: [],
  });

  await client.call('ip_lists.update', {
    params: draft,
    body: { ip_ranges: [{ from_ip: '198.51.100.0/24' }] },
  });
  expect(await client.call('ip_lists.get', { params: draft })).toMatchObject({
    update_type: 'update',
    ip_ranges: [{ from_ip: '198.51.100.0/24' }],
  });
  expect(await client.call('ip_lists.get', { params: active })).toMatchObject({
    ip_ranges: [{ from_ip: '192.0.2.0/24' }],
  });

  const next = await provisionAll(client);
  expect(next.version).toBe(version + 1);
  expect(await client.call('ip_lists.get', { params: active })).toMatchObject({
    ip_ranges: [{ from_ip: '198.51.100.0/24' }],
  });
  const old = await client.call('ip_lists.get', { params: { ...params, pversion: `${version}` } });
  expect(old).toMatchObject({
    href: created.href.replace('draft', String(version)),
    ip_ranges: [{ from_ip: '192.0.2.0/24' }],
  });
});

test('a PUT that changes nothing leaves nothing pending', async () => {
  const client = pce().client();
  const created = await makeIpList(client, 'Unchanged', '192.0.2.0/24');
  await provisionAll(client);
  const before = await client.call('ip_lists.get', { params: { ...DRAFT, id: idOf(created) } });
  const answer = await pce().send('PUT', `/api/v2${created.href}`, { body: before });
  expect(answer.status).toBe(204);
  expect(await client.call('ip_lists.get', { params: { ...DRAFT, id: idOf(created) } })).toEqual(
    before,
  );
  expect(await client.call('sec_policy.pending')).toEqual({});
});

test('deletion: at once in draft only, else when it is provisioned; a PUT in between leaves it deleted', async () => {
  const client = pce().client();
  const passing = await makeService(client, 'Passing', 1111);
  await client.call('services.delete', { params: { ...DRAFT, id: idOf(passing) } });
  const gone = client.call('services.get', { params: { ...DRAFT, id: idOf(passing) } });
  expect((await refusalOf(gone)).status).toBe(404);

  const lasting = await makeService(client, 'Lasting', 2222);
  const params = { ...DRAFT, id: idOf(lasting) };
  await provisionAll(client);
  await client.call('services.delete', { params });
  const deleted = await client.call('services.get', { params });
  expect(deleted.update_type).toBe('delete');
  expect(deleted.deleted_at).not.toBeNull();
  const listed = await client.call('services.list', { params: DRAFT, query: { name: 'Lasting' } });
  expect(listed.total).toBe(1);
  await client.call('services.get', { params: { ...ACTIVE, id: params.id } });

  await client.call('services.update', { params, body: { description: 'too late' } });
  expect((await client.call('services.get', { params })).update_type).toBe('delete');
  await provisionAll(client);
  for (const word of [DRAFT, ACTIVE]) {
    const answer = client.call('services.get', { params: { ...word, id: params.id } });
    expect((await refusalOf(answer)).status).toBe(404);
  }
});

test('only draft is written to: 405 on an active href', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Only in draft', '192.0.2.0/24');
  await provisionAll(client);
  const put = await pce().send('PUT', `/api/v2${activeHref(list)}`, { body: { name: 'x' } });
  expect([put.status, put.json]).toMatchObject([405, [{ token: 'method_not_allowed_error' }]]);
  const post = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy/active/ip_lists`, {
    body: { name: 'x' },
  });
  expect(post.status).toBe(405);
});

test('nothing to provision is refused', async () => {
  const client = pce().client();
  await client.call('sec_policy.revert_all');
  const refused = await refusalOf(client.call('sec_policy.provision', { body: {} }));
  expect(refused.errors).toEqual([
    { token: 'nothing_to_provision', message: 'There is no draft change to provision' },
  ]);
  const list = await makeIpList(client, 'Elsewhere', '192.0.2.0/24');
  await provisionAll(client);
  await makeIpList(client, 'Pending', '192.0.2.0/24');
  const subset = client.call('sec_policy.provision', {
    body: { change_subset: { ip_lists: [refOf(list)] } },
  });
  expect((await refusalOf(subset)).has('nothing_to_provision')).toBe(true);
  await client.call('sec_policy.revert_all');
});

test('a subset with a type that is none is refused: it would be empty, and so everything', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Not chosen', '192.0.2.0/24');
  const answer = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy`, {
    body: { change_subset: { ip_list: [refOf(list)] } },
  });
  expect([answer.status, answer.text]).toEqual([
    406,
    expect.stringContaining('change_subset: unknown member ip_list') as unknown,
  ]);
  expect((await client.call('sec_policy.pending')).ip_lists).toHaveLength(1);
  await client.call('sec_policy.revert_all');
});

test('a subset must bring along what exists in draft only, and then provisions just that', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Needed list', '192.0.2.0/24');
  const service = await makeService(client, 'Needed service', 8443);
  const ruleSet = await makeRuleSet(client, 'Needs both');
  await makeRule(client, ruleSet, {
    providers: ALL,
    consumers: [{ ip_list: refOf(list) }],
    ingress_services: [refOf(service)],
  });
  const other = await makeIpList(client, 'Not needed', '198.51.100.0/24');
  const alone = await refusalOf(
    client.call('sec_policy.provision', {
      body: { change_subset: { rule_sets: [refOf(ruleSet)] } },
    }),
  );
  expect(alone.errors.map(({ token, href }) => ({ token, href })).toSorted(byHref)).toEqual(
    [list, service].map(({ href }) => ({ token: 'dependency_required', href })).toSorted(byHref),
  );

  const version = await client.call('sec_policy.provision', {
    body: {
      update_description: 'just these',
      // active hrefs name the same objects
      change_subset: {
        rule_sets: [{ href: activeHref(ruleSet) }],
        ip_lists: [refOf(list)],
        services: [refOf(service)],
      },
    },
  });
  expect(version.commit_message).toBe('just these');
  expect(await client.call('sec_policy.pending')).toEqual({
    ip_lists: [expect.objectContaining({ href: other.href, update_type: 'create' }) as unknown],
  });
  const changed = await client.call('sec_policy.modified_objects', {
    params: { pversion: String(version.version) },
  });
  expect(changed.items.map(({ name }) => name).toSorted()).toEqual([
    'Needed list',
    'Needed service',
    'Needs both',
  ]);
  const missing = await refusalOf(
    client.call('ip_lists.get', { params: { ...ACTIVE, id: idOf(other) } }),
  );
  expect(missing.status).toBe(404);
  await client.call('sec_policy.revert_all');
});

function byHref(left: { href?: string | undefined }, right: { href?: string | undefined }): number {
  return (left.href ?? '') < (right.href ?? '') ? -1 : 1;
}

test('reverting takes back creations, changes and deletions', async () => {
  const client = pce().client();
  const kept = await makeIpList(client, 'Kept', '192.0.2.0/24');
  const removed = await makeIpList(client, 'Removed', '192.0.2.0/24');
  await provisionAll(client);
  const before = await client.call('ip_lists.get', { params: { ...DRAFT, id: idOf(kept) } });
  await client.call('ip_lists.update', {
    params: { ...DRAFT, id: idOf(kept) },
    body: { name: 'Renamed', ip_ranges: [] },
  });
  await client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(removed) } });
  const created = await makeIpList(client, 'Created', '192.0.2.0/24');

  await client.call('sec_policy.revert', {
    body: { change_subset: { ip_lists: [refOf(removed)] } },
  });
  expect(
    await client.call('ip_lists.get', { params: { ...DRAFT, id: idOf(removed) } }),
  ).toMatchObject({ update_type: null, deleted_at: null });
  expect((await client.call('sec_policy.pending')).ip_lists).toHaveLength(2);

  await client.call('sec_policy.revert_all');
  expect(await client.call('ip_lists.get', { params: { ...DRAFT, id: idOf(kept) } })).toEqual(
    before,
  );
  const gone = client.call('ip_lists.get', { params: { ...DRAFT, id: idOf(created) } });
  expect((await refusalOf(gone)).status).toBe(404);
});

test('the creation of what another draft uses is not reverted alone', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Used by a draft', '192.0.2.0/24');
  const ruleSet = await makeRuleSet(client, 'Uses the draft');
  await makeRule(client, ruleSet, { providers: ALL, consumers: [{ ip_list: refOf(list) }] });
  const refused = await refusalOf(
    client.call('sec_policy.revert', { body: { change_subset: { ip_lists: [refOf(list)] } } }),
  );
  expect(refused.errors).toMatchObject([{ token: 'dependency_required', href: ruleSet.href }]);
  await client.call('sec_policy.revert_all');
});

test('versions are listed newest first, and each says what it holds', async () => {
  const client = pce().client();
  await makeIpList(client, 'One more version', '192.0.2.0/24');
  const newest = await provisionAll(client);
  const { items, total } = await client.call('sec_policy.list', { query: { max_results: 2 } });
  expect(items.map(({ version }) => version)).toEqual([newest.version, newest.version - 1]);
  expect(total).toBe(newest.version);
  // how many hosts it reached may become known in between
  const active = await client.call('sec_policy.get', { params: ACTIVE });
  expect({ ...active, workloads_affected: null }).toEqual({
    ...items[0],
    workloads_affected: null,
  });
  const unknown = client.call('sec_policy.get', { params: { pversion: '99999' } });
  expect((await refusalOf(unknown)).status).toBe(404);
});

test('roles: a policy object provisioner provisions lists and no rulesets; a viewer nothing', async () => {
  const client = pce().client();
  await client.call('sec_policy.revert_all');
  const { auth } = await pce().userWith('global_object_provisioner');
  const provisioner = pce().client(auth);
  const ruleSet = await makeRuleSet(client, 'Not for provisioners');
  const refused = await refusalOf(provisioner.call('sec_policy.provision', { body: {} }));
  expect(refused.errors).toMatchObject([{ token: 'forbidden', href: ruleSet.href }]);
  const list = await makeIpList(client, 'For provisioners', '192.0.2.0/24');
  await provisioner.call('sec_policy.provision', {
    body: { change_subset: { ip_lists: [refOf(list)] } },
  });
  const viewer = pce().client((await pce().userWith('read_only')).auth);
  expect((await refusalOf(viewer.call('sec_policy.provision', { body: {} }))).status).toBe(403);
  await client.call('sec_policy.revert_all');
});

test('provisioning leaves an event with before and after, and one row for compute', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Audited', '192.0.2.0/24');
  const { db, changeLog } = pce().pce.deps;
  const start = await changeLog.latest();
  const { version, href } = await provisionAll(client);
  const rows = await changeLog.after(start);
  expect(rows.filter((row) => row.kind === 'provision')).toMatchObject([{ href }]);
  const event = await db
    .selectFrom('events')
    .selectAll()
    .where('event_type', '=', 'sec_policy.create')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  expect(event.resource_changes).toMatchObject([
    {
      resource: { sec_policy: { href } },
      changes: { version: { before: version - 1, after: version } },
    },
    {
      resource: { ip_list: { href: activeHref(list), name: 'Audited' } },
      change_type: 'create',
      changes: { name: { before: null, after: 'Audited' } },
    },
  ]);
});

test('provisioning is all or nothing: what fails late leaves draft, active and versions as they were', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const list = await makeIpList(client, 'All or nothing', '192.0.2.0/24');
  const before = (await client.call('sec_policy.list')).total;
  // The last statement of a provision writes its event; without that table it cannot end.
  await db.schema.alterTable('events').renameTo('events_away').execute();
  try {
    const failed = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy`, { body: {} });
    expect(failed.status).toBe(500);
  } finally {
    await db.schema.alterTable('events_away').renameTo('events').execute();
  }
  expect((await client.call('sec_policy.list')).total).toBe(before);
  expect(await client.call('sec_policy.pending')).toMatchObject({
    ip_lists: [{ href: list.href, update_type: 'create' }],
  });
  const { version } = await provisionAll(client);
  expect(version).toBe(before + 1);
});

test('provisions at the same time give versions one after the other', async () => {
  const client = pce().client();
  const lists = await Promise.all(
    [1, 2, 3, 4].map((n) => makeIpList(client, `Concurrent ${n}`, '192.0.2.0/24')),
  );
  const versions = await Promise.all(
    lists.map((list) =>
      client.call('sec_policy.provision', {
        body: { change_subset: { ip_lists: [refOf(list)] } },
      }),
    ),
  );
  const numbers = versions.map(({ version }) => version).toSorted((a, b) => a - b);
  expect(numbers).toEqual([0, 1, 2, 3].map((n) => (numbers[0] ?? 0) + n));
});

test('objects in a boundary, a rule and a scope are all held', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Held');
  const list = await makeIpList(client, 'Held list', '192.0.2.0/24');
  const boundary = await makeBoundary(client, 'Holds', {
    providers: [{ label: refOf(app) }],
    consumers: [{ ip_list: refOf(list) }],
  });
  await provisionAll(client);
  await client.call('enforcement_boundaries.delete', {
    params: { ...DRAFT, id: idOf(boundary) },
  });
  // Active policy still uses it.
  const refused = await refusalOf(
    client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(list) } }),
  );
  expect(refused.errors[0]).toMatchObject({
    token: 'ip_list_referenced',
    message: expect.stringContaining('enforcement boundary "Holds"') as unknown,
  });
  await provisionAll(client);
  await client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(list) } });
  await client.call('labels.delete', { params: { id: idOf(app) } });
  await provisionAll(client);
});
