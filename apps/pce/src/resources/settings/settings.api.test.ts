import { expect, test } from 'vitest';
import { activateResponseSchema, outOfScopeEndpoints } from '@bulkhead/contract';
import { checkOffline } from '../../gateway/offline.ts';
import { activation, pairingCode, until } from '../../gateway/testing/ven-client.ts';
import { idOf, makeLabel, refOf, refusalOf } from '../../testing/policy-client.ts';
import { makeHost } from '../../testing/policy-hosts.ts';
import { withTestPce } from '../../testing/test-pce.ts';

let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now } });

const MINUTE = 60;
const HOUR = 3600;

async function lastEvent(type: string) {
  return pce()
    .pce.deps.db.selectFrom('events')
    .selectAll()
    .where('event_type', '=', type)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
}

/** Whether each host is still online when it was heard of so many seconds ago. */
async function onlineAfter(seconds: number, ...hosts: readonly { href: string }[]) {
  const { db } = pce().pce.deps;
  const ids = hosts.map(idOf);
  await db
    .updateTable('vens')
    .set({ last_heartbeat_at: new Date(now.getTime() - seconds * 1000) })
    .where('id', 'in', ids)
    .execute();
  await db.updateTable('workloads').set({ online: true }).where('id', 'in', ids).execute();
  await checkOffline(pce().pce.deps, () => false);
  const rows = await db
    .selectFrom('workloads')
    .select(['id', 'online'])
    .where('id', 'in', ids)
    .execute();
  return ids.map((id) => rows.find((row) => row.id === id)?.online);
}

test('offline timers hold by label and type of VEN; the timer that asks for most labels counts (R-VEN-9)', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const [web, prod] = [
    await makeLabel(client, 'role', 'Web'),
    await makeLabel(client, 'env', 'Prod'),
  ];
  const plain = await makeHost(pce(), '192.0.2.1');
  const labelled = await makeHost(pce(), '192.0.2.2', { labels: [web, prod] });
  const laptop = await makeHost(pce(), '192.0.2.3');
  await db
    .updateTable('vens')
    .set({ ven_type: 'endpoint' })
    .where('id', '=', idOf(laptop))
    .execute();
  const hosts = [plain, labelled, laptop] as const;
  expect(await client.call('workload_settings.get')).toMatchObject({
    workload_disconnected_timeout_seconds: [
      { scope: [], value: HOUR, ven_type: 'server' },
      { scope: [], value: 24 * HOUR, ven_type: 'endpoint' },
    ],
  });
  expect(await onlineAfter(59 * MINUTE, ...hosts)).toEqual([true, true, true]);
  expect(await onlineAfter(61 * MINUTE, ...hosts)).toEqual([false, false, true]);
  expect(await onlineAfter(25 * HOUR, ...hosts)).toEqual([false, false, false]);
  await client.call('workload_settings.update', {
    body: {
      workload_disconnected_timeout_seconds: [
        { scope: [], value: 600 },
        { scope: [refOf(web)], value: 2 * HOUR, ven_type: null },
        { scope: [refOf(web), refOf(prod)], value: -1, ven_type: 'server' },
      ],
    },
  });
  expect(await onlineAfter(11 * MINUTE, ...hosts)).toEqual([false, true, true]);
  expect(await onlineAfter(500 * HOUR, ...hosts)).toEqual([false, true, false]);
  expect((await lastEvent('workload_settings.update')).resource_changes).toMatchObject([
    {
      changes: {
        workload_disconnected_timeout_seconds: { after: [{ value: 600 }, {}, { value: -1 }] },
      },
    },
  ]);
  for (const timers of [
    [{ scope: [], value: 299 }],
    [{ scope: [], value: -2 }],
    [{ value: 600 }],
  ]) {
    const answer = await pce().send('PUT', `/api/v2/orgs/${pce().orgId}/settings/workloads`, {
      body: { workload_goodbye_timeout_seconds: timers },
    });
    expect([answer.status, answer.json]).toMatchObject([
      406,
      [{ token: 'input_validation_error' }],
    ]);
  }
  const unknown = client.call('workload_settings.update', {
    body: {
      workload_goodbye_timeout_seconds: [
        { scope: [{ href: `/orgs/${pce().orgId}/labels/99999` }], value: 600 },
      ],
    },
  });
  expect((await refusalOf(unknown)).has('invalid_uri')).toBe(true);
});

test('what was read is written back and changes nothing', async () => {
  const path = `/api/v2/orgs/${pce().orgId}/settings/workloads`;
  const before = await pce().send('GET', path);
  expect((await pce().send('PUT', path, { body: before.json })).status).toBe(204);
  expect((await pce().send('GET', path)).json).toEqual(before.json);
});

test('X-Forwarded-For is believed from a proxy that is set, and from nobody else; what is no address there is external (FR-48)', async () => {
  const client = pce().client();
  const forwarded = { headers: { 'x-forwarded-for': '203.0.113.77' } };
  const nobody = { ...forwarded, auth: 'Basic YXBpXzAwOm5v' };
  const seen = async (): Promise<unknown> => {
    await pce().send('POST', `/api/v2/orgs/${pce().orgId}/labels`, {
      ...forwarded,
      body: { key: 'app', value: `Seen ${(now = new Date(now.getTime() + 1)).getTime()}` },
    });
    return (await lastEvent('label.create')).action?.['src_ip'];
  };
  expect(await seen()).toBe('127.0.0.1');
  await client.call('trusted_proxy_ips.update', {
    body: { trusted_proxy_ips: [{ pce_fqdn: 'pce.test', ip: '127.0.0.1' }] },
  });
  await until('the proxy is believed', async () => (await seen()) === '203.0.113.77');
  expect((await pce().send('GET', '/api/v2/noop', nobody)).status).toBe(401);
  expect(await client.call('trusted_proxy_ips.get')).toEqual({
    max_trusted_proxy_ips_per_region: 8,
    trusted_proxy_ips: [{ pce_fqdn: 'pce.test', ip: '127.0.0.1' }],
  });
  for (const header of ['10.1.2.23, 5.4.3.2.9', '5.4.3.2.9', 'unknown', '', ','.repeat(4096)]) {
    const headers = { 'x-forwarded-for': header };
    const { code } = await pairingCode(pce());
    const paired = await pce().send('POST', '/api/v2/ven/activate', {
      auth: null,
      headers,
      body: activation(code, { ven_type: 'endpoint' }),
    });
    expect(paired.status, `${header.slice(0, 30)}: ${paired.text}`).toBe(201);
    const detected = await pce().send('POST', '/api/v2/ven/detect', {
      auth: `Bearer ${activateResponseSchema.parse(paired.json).token}`,
      headers,
      body: { interface: 'eth0', address: '192.0.2.10' },
    });
    expect(detected.json).toMatchObject({ network_profile: 'external' });
  }
  const wrong = client.call('trusted_proxy_ips.update', {
    body: { trusted_proxy_ips: [{ ip: '10.0.0.0/8' }] },
  });
  expect((await refusalOf(wrong)).has('invalid_ip_address')).toBe(true);
  await client.call('trusted_proxy_ips.update', { body: { trusted_proxy_ips: [] } });
  await until('nobody is believed', async () => (await seen()) === '127.0.0.1');
});

test('a user keeps JSON values under keys, for nobody else', async () => {
  const { auth, userId } = await pce().userWith('read_only');
  const path = (key: string) => `/api/v2/users/${userId}/kvpair/${key}`;
  const call = (method: string, key: string, body?: unknown) =>
    pce().send(method, path(key), { auth, ...(body === undefined ? {} : { body }) });
  expect((await call('GET', 'theme')).status).toBe(404);
  const value = { dark: true, columns: ['name', 'ü𝒳'] };
  expect((await call('PUT', 'theme', value)).status).toBe(204);
  expect((await call('PUT', 'theme', value)).status).toBe(204);
  expect((await call('GET', 'theme')).json).toEqual(value);
  expect((await call('PUT', 'theme', 'a'.repeat(70_000))).status).toBe(406);
  expect((await call('PUT', 'no%20key', 1)).status).toBe(404);
  const foreign = await pce().send('GET', path('theme'));
  expect(foreign.status).toBe(403);
  expect((await call('DELETE', 'theme')).status).toBe(204);
  expect((await call('DELETE', 'theme')).status).toBe(404);
});

test('networks are found by their hrefs', async () => {
  const client = pce().client();
  const { items } = await client.call('networks.list');
  for (const network of items)
    expect(await client.call('networks.get', { params: { id: idOf(network) } })).toEqual(network);
  expect((await refusalOf(client.call('networks.get', { params: { id: 'x' } }))).status).toBe(404);
});

test.each(Object.entries(outOfScopeEndpoints))(
  'clients find %s empty, and cannot write it',
  async (_, { path }) => {
    const place = path
      .replace(':org_id', String(pce().orgId))
      .replace(':pversion', 'active')
      .replace(':id', '4d1f8bc2-1111-4222-8333-444455556666');
    const answer = await pce().send('GET', `/api/v2${place}?max_results=10`);
    expect([answer.status, answer.json, answer.headers['x-total-count']]).toEqual([200, [], '0']);
    expect((await pce().send('POST', `/api/v2${place}`, { body: {} })).status).toBe(405);
  },
);

test('stubs that clients look at when they start', async () => {
  const json = async (path: string) => (await pce().send('GET', `/api/v2${path}`)).json;
  expect(await json('/components_version')).toEqual({});
  expect(await json('/supercluster/leader')).toEqual({ fqdn: 'pce.test' });
  expect(await json(`/orgs/${pce().orgId}/reports/risk_summary`)).toEqual({});
});
