import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hashSecret } from '../../http/secrets.ts';
import { withTestPce } from '../../testing/test-pce.ts';
import { first, idOf, makeLabel, refOf, refusalOf } from '../../testing/policy-client.ts';

const run = promisify(execFile);
const pce = withTestPce();

test('every organization has a default profile that stays', async () => {
  const client = pce().client();
  const { items } = await client.call('pairing_profiles.list');
  const profile = first(items);
  expect(profile).toMatchObject({ is_default: true, enabled: true, role_label_lock: true });
  const refused = client.call('pairing_profiles.delete', { params: { id: idOf(profile) } });
  expect((await refusalOf(refused)).has('object_not_editable')).toBe(true);
});

test('a profile reads back, changes in part, and can be written back', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Endpoints');
  const created = await client.call('pairing_profiles.create', {
    body: {
      name: 'Laptops',
      enabled: true,
      ven_type: 'endpoint',
      enforcement_mode: 'full',
      labels: [refOf(app)],
      loc_label_lock: false,
      allowed_uses_per_key: 5,
      key_lifespan: 3600,
    },
  });
  expect(created).toMatchObject({
    ven_type: 'endpoint',
    labels: [{ href: app.href, key: 'app', value: 'Endpoints' }],
    loc_label_lock: false,
    app_label_lock: true,
    allowed_uses_per_key: 5,
    key_lifespan: 3600,
    total_use_count: 0,
    last_pairing_key_generated_at: null,
  });
  const params = { id: idOf(created) };
  await client.call('pairing_profiles.update', {
    params,
    body: { key_lifespan: 'unlimited', labels: [] },
  });
  const changed = await client.call('pairing_profiles.get', { params });
  expect(changed).toMatchObject({ name: 'Laptops', key_lifespan: 'unlimited', labels: [] });
  const back = await pce().send('PUT', `/api/v2${created.href}`, { body: changed });
  expect(back.status).toBe(204);
});

test('a key is shown once, stored hashed, with what the profile allows; it can be revoked', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const profile = await client.call('pairing_profiles.create', {
    body: { name: 'Keys', enabled: true, allowed_uses_per_key: 2, key_lifespan: 600 },
  });
  const params = { id: idOf(profile) };
  const before = Date.now();
  const { activation_code: code } = await client.call('pairing_keys.create', { params });
  expect(code).toMatch(/^[0-9a-f]{64}$/);
  const stored = await db
    .selectFrom('pairing_keys')
    .selectAll()
    .where('code_hash', '=', hashSecret(code))
    .executeTakeFirstOrThrow();
  expect(stored.uses_left).toBe(2);
  expect(stored.expires_at?.getTime()).toBeGreaterThanOrEqual(before + 600_000);
  expect(JSON.stringify(await db.selectFrom('events').selectAll().execute())).not.toContain(code);
  const after = await client.call('pairing_profiles.get', { params });
  expect(after.last_pairing_key_generated_by?.href).toMatch(/^\/users\/\d+$/);

  await client.call('pairing_keys.delete', { params });
  const revoked = await db
    .selectFrom('pairing_keys')
    .select('revoked_at')
    .where('id', '=', stored.id)
    .executeTakeFirstOrThrow();
  expect(revoked.revoked_at).not.toBeNull();
});

test('a disabled profile gives no key', async () => {
  const client = pce().client();
  const profile = await client.call('pairing_profiles.create', {
    body: { name: 'Off', enabled: false },
  });
  const refused = client.call('pairing_keys.create', { params: { id: idOf(profile) } });
  expect((await refusalOf(refused)).has('object_not_editable')).toBe(true);
});

test('one line for each kind of VEN that the profile takes, ready to run', async () => {
  const client = pce().client();
  const lines = async (venType: 'server' | 'endpoint' | 'specified_during_activation') => {
    const profile = await client.call('pairing_profiles.create', {
      body: { name: `Lines ${venType}`, enabled: true, ven_type: venType },
    });
    return client.call('pairing_keys.create', { params: { id: idOf(profile) } });
  };
  const { activation_code: code, scripts } = await lines('specified_during_activation');
  expect(scripts.map(({ ven_type }) => ven_type)).toEqual(['server', 'endpoint']);
  const [server, endpoint] = scripts.map(({ script }) => script);
  const port = pce().pce.deps.address.port;
  expect(server).toContain(`-management-server pce.test:${port} -activation-code ${code}`);
  expect(server).not.toContain('-endpoint');
  expect(endpoint?.endsWith(`-activation-code ${code} -endpoint true`)).toBe(true);
  expect((await lines('endpoint')).scripts.map(({ ven_type }) => ven_type)).toEqual(['endpoint']);
});

test('the line trusts this PCE’s key and no other', async () => {
  const client = pce().client();
  const profile = await client.call('pairing_profiles.create', {
    body: { name: 'Pinned', enabled: true },
  });
  const { scripts } = await client.call('pairing_keys.create', { params: { id: idOf(profile) } });
  const pin = /--pinnedpubkey '(sha256\/\/[^']+)'/.exec(first(scripts).script)?.[1] ?? '';
  const { port } = pce().pce.deps.address;
  const fetchWith = (key: string) =>
    run('curl', [
      '--silent',
      '--insecure',
      '--pinnedpubkey',
      key,
      '--output',
      '/dev/null',
      '--write-out',
      '%{http_code}',
      '--resolve',
      `pce.test:${port}:127.0.0.1`,
      `https://pce.test:${port}/api/v2/node_available`,
    ]);
  expect((await fetchWith(pin)).stdout).toBe('200');
  const other = `sha256//${Buffer.alloc(32, 7).toString('base64')}`;
  // 90: the pinned key does not match
  await expect(fetchWith(other)).rejects.toMatchObject({ code: 90 });
});

test('a profile with keys is deleted with them', async () => {
  const client = pce().client();
  const profile = await client.call('pairing_profiles.create', {
    body: { name: 'Gone', enabled: true },
  });
  const params = { id: idOf(profile) };
  await client.call('pairing_keys.create', { params });
  await client.call('pairing_profiles.delete', { params });
  expect((await refusalOf(client.call('pairing_profiles.get', { params }))).status).toBe(404);
});

test('the words of older clients are understood, and yield to those of today', async () => {
  const client = pce().client();
  const old = await client.call('pairing_profiles.create', {
    body: {
      name: 'old words',
      enabled: true,
      mode: 'enforced',
      mode_lock: false,
      log_traffic: false,
      log_traffic_lock: false,
    },
  });
  expect(old).toMatchObject({
    enforcement_mode: 'full',
    enforcement_mode_lock: false,
    mode: 'enforced',
    mode_lock: false,
    visibility_level: 'flow_drops',
    visibility_level_lock: false,
    log_traffic: false,
    status_lock: true,
  });
  // What was read is written back with one change.
  const written = await pce().send('PUT', `/api/v2${old.href}`, {
    body: { ...old, enforcement_mode: 'selective' },
  });
  expect(written.status).toBe(204);
  const { items } = await client.call('pairing_profiles.list', {
    query: {
      name: 'old words',
      ven_type: 'server',
      agent_software_release: old.agent_software_release,
    },
  });
  expect(items).toMatchObject([{ enforcement_mode: 'selective', mode: 'selective' }]);
});

test('pairing profiles are deleted together, or none of them', async () => {
  const client = pce().client();
  const make = (name: string) =>
    client.call('pairing_profiles.create', { body: { name, enabled: true } });
  const hrefs = [(await make('together 1')).href, (await make('together 2')).href];
  const { items } = await client.call('pairing_profiles.list');
  const standard = items.find((profile) => profile.is_default)?.href ?? '';
  const half = await pce().send('PUT', `/api/v2/orgs/${pce().orgId}/pairing_profiles/delete`, {
    body: { hrefs: [...hrefs, standard] },
  });
  expect([half.status, half.json]).toMatchObject([406, [{ token: 'object_not_editable' }]]);
  await client.call('pairing_profiles.delete_many', { body: { hrefs } });
  const left = await client.call('pairing_profiles.list', { query: { name: 'together' } });
  expect(left.items).toEqual([]);
});
