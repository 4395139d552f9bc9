import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { VenClient } from '../../gateway/testing/ven-client.ts';
import { makeHost } from '../../testing/policy-hosts.ts';
import { idOf, makeLabel, refOf, refusalOf } from '../../testing/policy-client.ts';
import { withTestPce } from '../../testing/test-pce.ts';

const pce = withTestPce();

function make(name: string, members: Record<string, unknown> = {}) {
  return pce()
    .client()
    .call('workloads.create', { body: { name, ...members } });
}

function get(object: { href: string }) {
  return pce()
    .client()
    .call('workloads.get', { params: { id: idOf(object) } });
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

const nowhere = () => ({ href: `/orgs/${pce().orgId}/workloads/${randomUUID()}` });

test('bulk_delete: a result per item, in order; managed ones are refused', async () => {
  const client = pce().client();
  const [one, two] = [
    await make('gone-1'),
    await make('gone-2', { external_data_set: 'gone', external_data_reference: '2' }),
  ];
  const host = await makeHost(pce(), '192.0.2.50');
  const missing = nowhere();
  const results = await client.call('workloads.bulk_delete', {
    body: [
      refOf(one),
      { href: host.href },
      missing,
      { external_data_set: 'gone', external_data_reference: '2' },
      { href: '/orgs/1/labels/1' },
    ],
  });
  expect(results).toMatchObject([
    { href: one.href, errors: [] },
    { href: host.href, errors: [{ token: 'method_not_allowed_error' }] },
    { href: missing.href, errors: [{ token: 'not_found_error' }] },
    { href: two.href, errors: [] },
    { errors: [{ token: 'invalid_uri' }] },
  ]);
  expect((await get(one)).deleted).toBe(true);
  expect(await client.call('workloads.list', { query: { name: 'gone-' } })).toMatchObject({
    total: 0,
  });
});

test('set_labels and remove_labels change all that are named, or none', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Before');
  const other = await makeLabel(client, 'app', 'After');
  const env = await makeLabel(client, 'env', 'Kept');
  const loc = await makeLabel(client, 'loc', 'Taken off');
  const [one, two] = [
    await make('labelled-1', { labels: [refOf(app), refOf(env), refOf(loc)] }),
    await make('labelled-2'),
  ];
  const workloads = [refOf(one), refOf(two)];
  await client.call('workloads.set_labels', {
    body: { workloads, labels: [refOf(other)], delete_existing_keys: ['loc'] },
  });
  const values = async (object: { href: string }) =>
    (await get(object)).labels.map(({ key, value }) => `${key}=${value}`);
  expect([await values(one), await values(two)]).toEqual([
    ['app=After', 'env=Kept'],
    ['app=After'],
  ]);
  const event = await lastEvent('workloads.set_labels');
  expect(event.resource_changes).toMatchObject(
    [one, two]
      .toSorted((a, b) => (a.href < b.href ? -1 : 1))
      .map(({ href }) => ({ resource: { workload: { href } }, change_type: 'update' })),
  );
  const half = client.call('workloads.remove_labels', {
    body: { workloads: [...workloads, nowhere()], keys: ['app'] },
  });
  expect((await refusalOf(half)).errors[0]).toMatchObject({ token: 'invalid_uri' });
  expect(await values(two)).toEqual(['app=After']);
  await client.call('workloads.remove_labels', { body: { workloads, keys: ['app', 'role'] } });
  expect([await values(one), await values(two)]).toEqual([['env=Kept'], []]);
  const twice = client.call('workloads.set_labels', {
    body: { workloads, labels: [refOf(app), refOf(other)] },
  });
  expect((await refusalOf(twice)).errors[0]?.message).toContain('both of the key app');
});

test('update sets enforcement and visibility of many; bulk_read gives them in order', async () => {
  const client = pce().client();
  const [one, two] = [await make('many-1'), await make('many-2')];
  await client.call('workloads.update_many', {
    body: {
      workloads: [refOf(one), refOf(two)],
      enforcement_mode: 'full',
      visibility_level: 'flow_drops',
    },
  });
  const read = await client.call('workloads.bulk_read', {
    body: { workloads: [refOf(two), nowhere(), refOf(one)] },
  });
  expect(read).toMatchObject([
    { href: two.href, enforcement_mode: 'full', visibility_level: 'flow_drops' },
    { href: one.href, enforcement_mode: 'full' },
  ]);
});

test('interfaces of an unmanaged workload are added, read and taken off one by one', async () => {
  const client = pce().client();
  const workload = await make('wired', { interfaces: [{ name: 'eth0', address: '198.51.100.7' }] });
  const params = { id: idOf(workload) };
  const added = await client.call('workload_interfaces.create', {
    params,
    body: { name: 'eth1', address: '198.51.100.8', cidr_block: 24, link_state: 'up' },
  });
  expect(added).toMatchObject({
    href: `${workload.href}/interfaces/eth1`,
    cidr_block: 24,
    link_state: 'up',
  });
  const list = await client.call('workload_interfaces.list', { params });
  expect([list.total, list.items.map(({ name }) => name)]).toEqual([2, ['eth0', 'eth1']]);
  const one = { ...params, name: 'eth1' };
  expect(await client.call('workload_interfaces.get', { params: one })).toEqual(added);
  const again = client.call('workload_interfaces.create', {
    params,
    body: { name: 'eth1', address: '198.51.100.8', link_state: 'up' },
  });
  expect((await refusalOf(again)).status).toBe(406);
  await client.call('workload_interfaces.delete', { params: one });
  expect((await refusalOf(client.call('workload_interfaces.get', { params: one }))).status).toBe(
    404,
  );
  await client.call('workload_interfaces.delete_many', {
    params,
    body: { hrefs: [`${workload.href}/interfaces/eth0`] },
  });
  expect((await get(workload)).interfaces).toEqual([]);
});

test('interfaces that a VEN reports are not written, only passed over by policy', async () => {
  const client = pce().client();
  const host = await makeHost(pce(), '192.0.2.60');
  const params = { id: idOf(host) };
  const refused = await refusalOf(
    client.call('workload_interfaces.delete', { params: { ...params, name: 'eth0' } }),
  );
  expect([refused.status, refused.errors[0]?.token]).toEqual([405, 'method_not_allowed_error']);
  await client.call('ignored_interfaces.update', { params, body: ['eth0', 'eth0'] });
  expect(await client.call('ignored_interfaces.get', { params })).toEqual(['eth0']);
  expect((await get(host)).ignored_interface_names).toEqual(['eth0']);
});

test('the old words for enforcement and visibility are understood and searched for', async () => {
  const client = pce().client();
  const workload = await make('old-words', {
    agent: { config: { mode: 'enforced', log_traffic: false } },
  });
  expect(workload).toMatchObject({ enforcement_mode: 'full', visibility_level: 'flow_drops' });
  const found = async (query: Record<string, string>) =>
    (await client.call('workloads.list', { query: { name: 'old-words', ...query } })).total;
  expect(await found({ mode: 'enforced', log_traffic: 'False' })).toBe(1);
  expect(await found({ mode: 'illuminated' })).toBe(0);
  expect(await found({ enforcement_modes: '["full","selective"]' })).toBe(1);
  expect(await found({ enforcement_modes: '["idle"]' })).toBe(0);
  expect(await found({ representation: 'workload_labels', soft_deleted: 'no' })).toBe(1);
});

test('filters by address: a part of its text, a block, a range; others are refused', async () => {
  const client = pce().client();
  await make('at-1', { interfaces: [{ name: 'eth0', address: '203.0.113.9' }] });
  await make('at-2', { public_ip: '203.0.113.200' });
  await make('at-3', { interfaces: [{ name: 'eth0', address: '2001:db8:77::5' }] });
  const found = async (address: string) =>
    (
      await client.call('workloads.list', { query: { name: 'at-', ip_address: address } })
    ).items.map(({ name }) => name);
  expect(await found('203.0.113.')).toEqual(['at-1', 'at-2']);
  expect(await found('203.0.113.0/25')).toEqual(['at-1']);
  expect(await found('203.0.113.10-203.0.113.255')).toEqual(['at-2']);
  expect(await found('2001:db8:77::/48')).toEqual(['at-3']);
  await client.call('workloads.update', {
    params: { id: idOf(await make('at-4')) },
    body: { interfaces: [{ name: 'eth0', address: '203.0.113.77' }] },
  });
  expect(await found('203.0.113.64/26')).toEqual(['at-4']);
  for (const wrong of ['foo', '203.0.113.0/33', '203.0.113.9-203.0.113.1'])
    expect((await refusalOf(found(wrong))).errors[0]?.token).toBe('invalid_ip_address');
});

test('filters by what the VEN says', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const [fine, broken, silent] = [
    await makeHost(pce(), '192.0.2.71'),
    await makeHost(pce(), '192.0.2.72', { os: 'windows' }),
    await makeHost(pce(), '192.0.2.73', { status: 'suspended' }),
  ];
  const set = (host: { href: string }, values: Record<string, unknown>) =>
    db.updateTable('vens').set(values).where('id', '=', idOf(host)).execute();
  await set(fine, {
    policy_sync_state: 'applied',
    last_heartbeat_at: '2026-03-01T00:00:00Z',
    connected_at: '2026-03-01T00:00:00Z',
  });
  await set(broken, {
    policy_sync_state: 'error',
    version: '22.10.1-7',
    os_id: 'Windows Server 2022',
  });
  const condition = {
    latest_event: { notification_type: 'agent.missed_heartbeats', severity: 'warning' },
  };
  await set(silent, {
    conditions: JSON.stringify([condition]),
    last_heartbeat_at: '2026-02-01T00:00:00Z',
  });
  const workloads = async (query: Record<string, string>) =>
    (await client.call('workloads.list', { query: { hostname: '192.0.2.7', ...query } })).items.map(
      ({ hostname }) => hostname,
    );
  const vens = async (query: Record<string, string>) =>
    (await client.call('vens.list', { query: { hostname: '192.0.2.7', ...query } })).items.map(
      ({ hostname }) => hostname,
    );
  expect(await workloads({ policy_health: 'error' })).toEqual(['192.0.2.72']);
  expect(await workloads({ policy_health: 'suspended' })).toEqual(['192.0.2.73']);
  expect(await workloads({ policy_health: 'active' })).toEqual(['192.0.2.71']);
  expect(await workloads({ 'last_heartbeat_on[gte]': '2026-02-15' })).toEqual(['192.0.2.71']);
  expect(await workloads({ 'last_heartbeat_on[lte]': '2026-02-15T00:00:00Z' })).toEqual([
    '192.0.2.73',
  ]);
  expect(await workloads({ ven: fine.href.replace('workloads', 'vens') })).toEqual(['192.0.2.71']);
  expect(await workloads({ 'agent.active_pce_fqdn': 'pce.test' })).toHaveLength(3);
  expect(await workloads({ 'agent.active_pce_fqdn': 'other.test' })).toEqual([]);
  expect(
    await workloads({ 'vulnerability_summary.vulnerability_exposure_score[gte]': '0' }),
  ).toEqual([]);
  expect(await vens({ health: 'healthy' })).toEqual(['192.0.2.71']);
  expect(await vens({ health: 'unhealthy' })).toEqual(['192.0.2.72', '192.0.2.73']);
  expect(await vens({ condition: 'agent.missed_heartbeats' })).toEqual(['192.0.2.73']);
  // By numbers, not as text: 22.10 is before 23.2 and after 22.9.
  expect(await vens({ 'version[lte]': '23.1.0' })).toEqual(['192.0.2.72']);
  expect(await vens({ 'version[gte]': '22.9.9-999', os: 'server 2022' })).toEqual(['192.0.2.72']);
  expect(await vens({ disconnected_before: '2026-02-15' })).toEqual(['192.0.2.72', '192.0.2.73']);
  expect(await vens({ status: 'suspended' })).toEqual(['192.0.2.73']);
  expect(await vens({ ip_address: '192.0.2.72/31' })).toEqual(['192.0.2.72', '192.0.2.73']);
  for (const query of [
    { 'version[gte]': 'new' },
    { 'last_heartbeat_at[gte]': 'yesterday' },
    { health: 'ill' },
  ])
    expect((await refusalOf(vens(query))).errors[0]?.token).toBe('input_validation_error');
  expect((await refusalOf(workloads({ ven: fine.href }))).errors[0]?.token).toBe('invalid_uri');
});

test('the old form of unpairing goes by workloads', async () => {
  const client = pce().client();
  const host = await makeHost(pce(), '192.0.2.80');
  const missing = nowhere();
  const answer = await client.call('workloads.unpair', {
    body: { workloads: [{ href: host.href }, missing], ip_table_restore: 'saved' },
  });
  expect(answer.errors).toMatchObject([
    { token: 'not_found_error', hrefs: [missing.href.replace('workloads', 'vens')] },
  ]);
  expect(await get(host)).toMatchObject({ deleted: true, ven: { status: 'uninstalled' } });
  expect((await lastEvent('workloads.unpair')).action).toMatchObject({
    info: { firewall_restore: 'saved' },
  });
});

test('a new detection is asked of the VEN that is connected (R-NET-3); rules are recomputed', async () => {
  const client = pce().client();
  const ven = await VenClient.activate(pce());
  await ven.connect();
  await ven.waitFor('policy');
  const params = { id: ven.identity.ven_uuid };
  await client.call('workloads.redetect_network', { params });
  await ven.waitFor('redetect');
  await client.call('workloads.recalc_rules', { params });
  expect((await lastEvent('workload.recalc_rules')).action).toMatchObject({
    info: { workload: { href: ven.workload } },
  });
  ven.disconnect();
  expect(await client.call('workloads.service_report', { params })).toMatchObject({
    open_service_ports: [],
  });
  expect(await client.call('workloads.risk_details', { params })).toEqual({});
  expect((await client.call('workloads.detected_vulnerabilities', { params })).items).toEqual([]);
  const unmanaged = await make('no-ven');
  const refused = client.call('workloads.redetect_network', { params: { id: idOf(unmanaged) } });
  expect((await refusalOf(refused)).status).toBe(405);
});
