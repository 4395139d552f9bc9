import { expect, test } from 'vitest';
import type { ApiClient, PermissionWire } from '@bulkhead/contract';
import { first, idOf, makeLabel, refOf, refusalOf } from '../testing/policy-client.ts';
import { basic, OWNER, withTestPce } from '../testing/test-pce.ts';

let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now }, defaultReadOnly: true });
const READ_ONLY = { href: '/orgs/1/roles/read_only' };
const OWNER_ROLE = { href: '/orgs/1/roles/owner' };
const MANAGER = { href: '/orgs/1/roles/workload_manager' };

function owner(): ApiClient {
  return pce().client();
}

async function status(auth: string, path = '/api/v2/orgs/1/labels'): Promise<number> {
  return (await pce().send('GET', path, { auth })).status;
}

async function ownersPermission(): Promise<PermissionWire> {
  const { items } = await owner().call('permissions.list', { query: { role: OWNER_ROLE.href } });
  return first(items);
}

/** Newest event of a type. */
async function lastEvent(type: string) {
  const { items } = await owner().call('events.list', {
    query: { event_type: type, max_results: 1 },
  });
  return first(items);
}

test('a new organization has two principals: its first owner, and the one without a name that lets everybody read', async () => {
  const { items } = await owner().call('auth_security_principals.list');
  expect(items.map(({ type, name }) => ({ type, name }))).toEqual(
    expect.arrayContaining([
      { type: 'user', name: OWNER.username },
      { type: 'group', name: null },
    ]),
  );
  expect(items).toHaveLength(2);
  const { items: permissions, total } = await owner().call('permissions.list');
  expect(total).toBe(2);
  expect(permissions.map(({ role, scope }) => [role.href, scope])).toEqual(
    expect.arrayContaining([
      [OWNER_ROLE.href, []],
      [READ_ONLY.href, []],
    ]),
  );
});

test('deleting the default permission takes away that everybody reads; giving it back returns it', async () => {
  const { auth } = await pce().userWith(null);
  expect(await status(auth)).toBe(200);
  const granted = first(
    (await owner().call('permissions.list', { query: { role: READ_ONLY.href } })).items,
  );
  await owner().call('permissions.delete', { params: { id: idOf(granted) } });
  expect(await status(auth)).toBe(403);
  await owner().call('permissions.create', {
    body: {
      role: READ_ONLY,
      scope: [],
      auth_security_principal: granted.auth_security_principal,
    },
  });
  expect(await status(auth)).toBe(200);
  const refused = await refusalOf(
    owner().call('auth_security_principals.delete', {
      params: { id: idOf(granted.auth_security_principal) },
    }),
  );
  expect(refused.errors[0]?.token).toBe('object_not_editable');
});

test('permissions of a user add up, and count at once', async () => {
  const { auth, userId } = await pce().userWith(null);
  const user = await owner().call('users.get', { params: { user_id: String(userId) } });
  const principal = await owner().call('auth_security_principals.create', {
    body: { type: 'user', name: user.username.toUpperCase(), display_name: 'Somebody' },
  });
  expect(principal).toMatchObject({ name: user.username, display_name: 'Somebody' });
  const label = await makeLabel(owner(), 'env', 'permissions');
  const create = (role: { href: string }, scope: { label: { href: string } }[]) =>
    owner().call('permissions.create', {
      body: { role, scope, auth_security_principal: refOf(principal) },
    });
  const managing = await create(MANAGER, [{ label: refOf(label) }]);
  expect(managing.scope).toEqual([
    { label: { href: label.href, key: 'env', value: 'permissions' } },
  ]);
  await create({ href: '/orgs/1/roles/ruleset_viewer' }, []);
  const me = await pce().client(auth).call('users.me');
  expect(me.roles).toEqual(['read_only', 'ruleset_viewer', 'workload_manager']);
  const scope = JSON.stringify([{ label: { href: label.href } }]);
  const found = await owner().call('permissions.list', { query: { scope } });
  expect(found.items.map(({ href }) => href)).toEqual([managing.href]);
  const old = await owner().call('permissions.list', {
    query: { scope: JSON.stringify([label.href]) },
  });
  expect(old.total).toBe(1);
  expect(
    (await owner().call('labels.get', { params: { id: idOf(label) }, query: { usage: true } }))
      .usage?.permission,
  ).toBe(true);
  const kept = await refusalOf(owner().call('labels.delete', { params: { id: idOf(label) } }));
  expect(kept.errors[0]?.token).toBe('label_still_has_associated_permission');
  await owner().call('permissions.update', {
    params: { id: idOf(managing) },
    body: { scope: [] },
  });
  expect(await owner().call('permissions.get', { params: { id: idOf(managing) } })).toMatchObject({
    role: MANAGER,
    scope: [],
  });
  expect(await lastEvent('permission.update')).toMatchObject({
    resource_changes: [{ resource: { permission: { href: managing.href } } }],
  });
  await owner().call('auth_security_principals.delete', { params: { id: idOf(principal) } });
  expect((await pce().client(auth).call('users.me')).roles).toEqual(['read_only']);
});

test.each([
  ['a role that there is not', { role: { href: '/orgs/1/roles/king' } }, 'invalid_uri', /role/],
  ['another organization', { role: { href: '/orgs/2/roles/owner' } }, 'invalid_uri', /role/],
  [
    'a scope on a role that holds everywhere',
    { scope: [{ label: { href: '/orgs/1/labels/1' } }] },
    'input_validation_error',
    /scope/,
  ],
  [
    'a label that there is not',
    { role: MANAGER, scope: [{ label: { href: '/orgs/1/labels/99999' } }] },
    'invalid_uri',
    /scope\[0\]/,
  ],
  [
    'a principal that there is not',
    { auth_security_principal: { href: '/orgs/1/users/1' } },
    'invalid_uri',
    /auth_security_principal/,
  ],
])('refused: %s', async (_, change, token, message) => {
  const principal = first((await owner().call('auth_security_principals.list')).items);
  const refused = await refusalOf(
    owner().call('permissions.create', {
      body: { role: READ_ONLY, scope: [], auth_security_principal: refOf(principal), ...change },
    }),
  );
  expect(refused.errors).toMatchObject([
    { token, message: expect.stringMatching(message) as unknown },
  ]);
});

test('the last owner cannot be removed, demoted, locked, restricted or left without a password', async () => {
  const permission = await ownersPermission();
  const principal = { id: idOf(permission.auth_security_principal) };
  const nowhere = await owner().call('access_restrictions.create', {
    body: { name: 'Nowhere', ips: ['192.0.2.1'] },
  });
  const { auth: second, userId } = await pce().userWith('owner');
  const attempts = [
    () => owner().call('permissions.delete', { params: { id: idOf(permission) } }),
    () =>
      owner().call('permissions.update', {
        params: { id: idOf(permission) },
        body: { role: READ_ONLY },
      }),
    () => owner().call('auth_security_principals.delete', { params: principal }),
    () =>
      owner().call('auth_security_principals.update', {
        params: principal,
        body: { name: 'else@example.com' },
      }),
    () =>
      owner().call('auth_security_principals.update', {
        params: principal,
        body: { access_restriction: refOf(nowhere) },
      }),
    () => owner().call('local_profile.delete', { params: { user_id: '1' } }),
    // an owner who never set a password is none that can sign in
    () =>
      pce()
        .client(second)
        .call('users.update', { params: { user_id: '1' }, body: { locked: true } }),
  ];
  for (const attempt of attempts)
    expect((await refusalOf(attempt())).errors[0]?.token).toBe('owner_required');
  expect(await status(second)).toBe(200);
  expect((await owner().call('users.me')).roles).toContain('owner');
  const self = await refusalOf(
    owner().call('users.update', { params: { user_id: '1' }, body: { locked: true } }),
  );
  expect(self.status).toBe(403);
  await owner().call('users.update', {
    params: { user_id: String(userId) },
    body: { locked: true },
  });
  expect(await status(second)).toBe(401);
});

test('credentials are accepted from where an access restriction says, and the refusal is an event', async () => {
  const elsewhere = await owner().call('access_restrictions.create', {
    body: { name: 'Office', ips: ['198.51.100.0/24', '2001:DB8::/32', '2001:db8::/32'] },
  });
  expect(elsewhere.ips).toEqual(['198.51.100.0/24', '2001:db8::/32']);
  const { auth, userId } = await pce().userWith('admin');
  const user = await owner().call('users.get', { params: { user_id: String(userId) } });
  const principal = first(
    (await owner().call('auth_security_principals.list', { query: { name: user.username } })).items,
  );
  const params = { id: idOf(principal) };
  await owner().call('auth_security_principals.update', {
    params,
    body: { access_restriction: refOf(elsewhere) },
  });
  expect(await status(auth)).toBe(403);
  // A header that no trusted proxy sent changes nothing.
  const forged = await pce().send('GET', '/api/v2/noop', {
    auth,
    headers: { 'x-forwarded-for': '198.51.100.7' },
  });
  expect(forged.status).toBe(403);
  const events = await owner().call('events.list', {
    query: { event_type: 'request.authorization_failed', created_by: `/users/${userId}` },
  });
  expect(events.items[0]).toMatchObject({ action: { src_ip: '127.0.0.1' } });
  const used = await refusalOf(
    owner().call('access_restrictions.delete', { params: { id: idOf(elsewhere) } }),
  );
  expect(used.errors[0]?.token).toBe('access_restriction_referenced');
  await owner().call('access_restrictions.update', {
    params: { id: idOf(elsewhere) },
    body: { ips: ['127.0.0.0/8'] },
  });
  expect(await status(auth)).toBe(200);
  expect(await lastEvent('access_restriction.update')).toMatchObject({
    resource_changes: [{ changes: { ips: { after: ['127.0.0.0/8'] } } }],
  });
});

test.each([
  ['host bits', '198.51.100.7/24', /198\.51\.100\.0\/24/],
  ['a range', '192.0.2.1-192.0.2.9', /CIDR/],
  ['a name', 'office.example.com', /not an address/],
])('an access restriction refuses %s', async (_, text, message) => {
  const refused = await refusalOf(
    owner().call('access_restrictions.create', { body: { name: 'Bad', ips: [text] } }),
  );
  expect(refused.errors).toMatchObject([
    { token: 'invalid_ip_address', message: expect.stringMatching(message) as unknown },
  ]);
});

test('a service account works with its key, within its permissions, and is the creator of what it makes', async () => {
  const account = await owner().call('service_accounts.create', {
    body: {
      name: 'deploy',
      permissions: [{ role: { href: '/orgs/1/roles/admin' }, scope: [] }],
      api_key: { expires_in_seconds: 'default' },
    },
  });
  const key = account.api_key;
  expect(key).toMatchObject({ state: 'active', expires_in_seconds: 90 * 86_400 });
  const auth = basic(key.auth_username, key.secret);
  const program = pce().client(auth);
  const label = await makeLabel(program, 'app', 'by a program');
  expect(label.created_by).toEqual({ href: account.href });
  const event = await lastEvent('label.create');
  expect(event.created_by).toEqual({ service_account: { href: account.href, name: 'deploy' } });
  expect(await status(auth, '/api/v2/orgs/1/permissions')).toBe(403);
  expect(await status(auth, '/api/v2/users/null/api_keys')).toBe(403);
  const read = await owner().call('service_accounts.get', { params: { id: idOf(account) } });
  expect(read.permissions).toMatchObject([{ role: { href: '/orgs/1/roles/admin' }, scope: [] }]);
  expect(JSON.stringify(read)).not.toContain(key.secret);
  const all = await owner().call('permissions.list', {
    query: { auth_security_principal: account.href },
  });
  expect(all.items.map(({ href }) => href)).toEqual(read.permissions.map(({ href }) => href));

  // Another key, then the first is revoked: no gap.
  const next = await owner().call('service_account_keys.create', {
    params: { id: idOf(account) },
    body: { expires_in_seconds: 60 },
  });
  const nextAuth = basic(next.auth_username, next.secret);
  await owner().call('service_account_keys.delete', {
    params: { id: idOf(account), key_id: key.key_id },
  });
  expect([await status(auth), await status(nextAuth)]).toEqual([401, 200]);
  await owner().call('service_accounts.update', {
    params: { id: idOf(account) },
    body: { permissions: [{ role: READ_ONLY, scope: [] }] },
  });
  expect(
    (
      await pce().send('POST', '/api/v2/orgs/1/labels', {
        auth: nextAuth,
        body: { key: 'app', value: 'x' },
      })
    ).status,
  ).toBe(403);
  now = new Date(now.getTime() + 61_000);
  expect(await status(nextAuth)).toBe(401);
  const keys = await owner().call('org_api_keys.list', {
    query: { type: 'service_account', state: 'expired' },
  });
  expect(keys.items).toMatchObject([
    { key_id: next.key_id, account: { href: account.href, name: 'deploy' } },
  ]);
  await owner().call('service_accounts.delete', { params: { id: idOf(account) } });
  expect(await lastEvent('service_account.delete')).toMatchObject({ status: 'success' });
  expect(
    (await owner().call('org_api_keys.list', { query: { type: 'service_account' } })).total,
  ).toBe(0);
});

test('a service account with an access restriction is accepted from there alone', async () => {
  const office = await owner().call('access_restrictions.create', {
    body: { name: 'Build hosts', ips: ['203.0.113.0/24'] },
  });
  const { api_key: key, ...account } = await owner().call('service_accounts.create', {
    body: {
      name: 'restricted',
      access_restriction: refOf(office),
      permissions: [{ role: READ_ONLY, scope: [] }],
      api_key: { expires_in_seconds: 3600 },
    },
  });
  const auth = basic(key.auth_username, key.secret);
  expect(await status(auth)).toBe(403);
  await owner().call('service_accounts.update', {
    params: { id: idOf(account) },
    body: { access_restriction: null },
  });
  expect(await status(auth)).toBe(200);
});

test('API keys live as long as the organization allows', async () => {
  const params = { user_id: '1' };
  const create = (expires?: number | 'default') =>
    owner().call('api_keys.create', {
      params,
      body: { name: 'short', ...(expires === undefined ? {} : { expires_in_seconds: expires }) },
    });
  await owner().call('org_settings.update', {
    body: { max_api_key_expiration_in_seconds: 3600 },
  });
  expect(await owner().call('org_settings.get')).toEqual({
    max_api_key_expiration_in_seconds: 3600,
    expired_api_keys_retention_in_seconds: 86_400,
  });
  expect((await create()).expires_in_seconds).toBe(3600);
  expect((await create(60)).expires_in_seconds).toBe(60);
  for (const tooLong of [3601, -1])
    expect((await refusalOf(create(tooLong))).errors[0]?.message).toContain('3600');
  await owner().call('org_settings.update', { body: { max_api_key_expiration_in_seconds: -1 } });
  const forever = await create(-1);
  expect(forever.expires_in_seconds).toBe(-1);
  expect(await lastEvent('settings.update')).toMatchObject({
    resource_changes: [
      { changes: { max_api_key_expiration_in_seconds: { before: 3600, after: -1 } } },
    ],
  });
  await owner().call('org_api_keys.delete', { params: { id: forever.key_id } });
  expect(await status(basic(forever.auth_username, forever.secret))).toBe(401);
});

test('a rejected API key is an event of its organization, without the secret', async () => {
  const key = await owner().call('api_keys.create', {
    params: { user_id: '1' },
    body: { name: 'known' },
  });
  expect(await status(basic(key.auth_username, 'wrong-secret'))).toBe(401);
  const event = await lastEvent('request.authentication_failed');
  expect(event).toMatchObject({
    status: 'failure',
    action: { src_ip: '127.0.0.1', http_status_code: 401 },
    notifications: [{ notification_type: 'request.authentication_failed' }],
  });
  expect(JSON.stringify(event)).not.toContain('wrong-secret');
});
