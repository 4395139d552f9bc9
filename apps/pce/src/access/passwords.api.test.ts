import { expect, test, vi } from 'vitest';
import type { ApiClient } from '@bulkhead/contract';
import { first, refusalOf } from '../testing/policy-client.ts';
import { basic, OWNER, withTestPce } from '../testing/test-pce.ts';

let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now }, defaultReadOnly: true });
const DAY = 86_400;
// Each password is hashed at its real cost, many times in a test.
vi.setConfig({ testTimeout: 120_000 });

function later(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000);
}

function owner(): ApiClient {
  return pce().client();
}

function authenticate(username: string, password: string) {
  return pce().send('POST', '/api/v2/login_users/authenticate', {
    auth: basic(username, password),
  });
}

/** Signs in; answers the value of the header for calls in the session. */
async function signIn(username: string, password: string): Promise<string> {
  const answer = await authenticate(username, password);
  expect(answer.status).toBe(201);
  const { auth_token } = answer.json as { auth_token: string };
  const login = await pce().send('GET', '/api/v2/users/login', {
    auth: `Token token=${auth_token}`,
  });
  const { auth_username, session_token } = login.json as Record<string, string>;
  return basic(String(auth_username), String(session_token));
}

function accept(href: string, password: string) {
  return pce().send('PUT', `/api/v2${href}`, { auth: null, body: { password } });
}

function idIn(user: { readonly href: string }): { user_id: string } {
  return { user_id: user.href.split('/').at(-1) ?? '' };
}

/** A user with a password. */
async function userWithPassword(name: string, password: string) {
  const username = `${name}@example.com`;
  const user = await owner().call('users.create', { body: { username, type: 'local' } });
  expect((await accept(user.invitation.href, password)).status).toBe(204);
  return { username, ...idIn(user) };
}

test('an invited user sets a password once and signs in; a new invitation ends the one before', async () => {
  const user = await owner().call('users.create', {
    body: {
      username: 'New.User@Example.com',
      type: 'local',
      full_name: 'New User',
      time_zone: 'Europe/Berlin',
    },
  });
  expect(user).toMatchObject({
    username: 'new.user@example.com',
    locked: false,
    local_profile: { pending_invitation: true },
    effective_groups: [],
    presence_status: 'offline',
  });
  expect(user.invitation.invitation_uri).toMatch(/^https:\/\/pce\.test:\d+\/#set_password=/);
  const next = await owner().call('local_profile.reinvite', { params: idIn(user) });
  expect((await accept(user.invitation.href, 'a first password')).status).toBe(401);
  expect((await accept(next.href, 'a first password')).status).toBe(204);
  expect((await accept(next.href, 'a second password')).status).toBe(401);
  const auth = await signIn('new.user@example.com', 'a first password');
  expect(await pce().client(auth).call('users.me')).toMatchObject({
    roles: ['read_only'],
    local_profile: { pending_invitation: false },
    presence_status: 'online',
  });
  expect((await owner().call('users.orgs', { params: idIn(user) })).items).toMatchObject([
    { href: '/orgs/1', display_name: 'Test' },
  ]);
  const { items } = await owner().call('events.list', { query: { max_results: 20 } });
  const types = items.map((event) => event.event_type);
  for (const type of ['user.create', 'user.invite', 'user.accept_invitation'])
    expect(types).toContain(type);
  expect(JSON.stringify(items)).not.toContain('a first password');
});

test('an invitation ends after a week', async () => {
  const user = await owner().call('users.create', {
    body: { username: 'late@example.com', type: 'local' },
  });
  later(7 * DAY + 1);
  expect((await accept(user.invitation.href, 'a good password')).status).toBe(401);
});

test('a second user of a name is refused, and so are bad members', async () => {
  const create = (body: Record<string, unknown>) => pce().send('POST', '/api/v2/users', { body });
  const twin = await create({ username: OWNER.username.toUpperCase(), type: 'local' });
  expect(twin.json).toMatchObject([{ token: 'name_must_be_unique' }]);
  for (const change of [{ username: 'no address' }, { type: 'external' }, { time_zone: 'Mars/1' }])
    expect(
      (await create({ username: 'x@example.com', type: 'local', ...change })).json,
    ).toMatchObject([{ token: 'input_validation_error' }]);
});

test('a user changes the own name and nobody else’s; a locked user is out at once, API keys too', async () => {
  const { username, user_id } = await userWithPassword('changing', 'a good password');
  const auth = await signIn(username, 'a good password');
  const self = pce().client(auth);
  await self.call('users.update', { params: { user_id }, body: { full_name: 'Chang' } });
  expect(await self.call('users.me')).toMatchObject({ full_name: 'Chang' });
  const others = self.call('users.update', {
    params: { user_id: '1' },
    body: { full_name: 'x' },
  });
  expect((await refusalOf(others)).status).toBe(403);
  const unlocking = self.call('users.update', { params: { user_id }, body: { locked: true } });
  expect((await refusalOf(unlocking)).status).toBe(403);
  const key = await self.call('api_keys.create', { params: { user_id }, body: { name: 'k' } });
  await owner().call('users.update', { params: { user_id }, body: { locked: true } });
  const keyAuth = basic(key.auth_username, key.secret);
  for (const one of [auth, keyAuth])
    expect((await pce().send('GET', '/api/v2/noop', { auth: one })).status).toBe(401);
  expect((await authenticate(username, 'a good password')).status).toBe(401);
  await owner().call('users.update', { params: { user_id }, body: { locked: false } });
  expect((await pce().send('GET', '/api/v2/noop', { auth: keyAuth })).status).toBe(200);
});

test('the password policy holds length, kinds of characters, change and history', async () => {
  const policy = {
    require_type_number: true,
    require_type_lowercase: true,
    require_type_uppercase: true,
    require_type_symbol: true,
    min_characters_per_type: 2,
    min_length: 12,
    min_changed_characters: 4,
    history_count: 2,
  };
  const before = await owner().call('password_policy.get');
  const { username, user_id } = await userWithPassword('policy', 'before the policy');
  const session = await signIn(username, 'before the policy');
  const key = await pce()
    .client(session)
    .call('api_keys.create', { params: { user_id }, body: { name: 'own' } });
  await owner().call('password_policy.update', { body: policy });
  expect(await owner().call('password_policy.get')).toEqual({ ...before, ...policy });
  const change = (current: string, password: string) =>
    pce().send('PUT', `/api/v2/users/${user_id}/local_profile/password`, {
      auth: basic(key.auth_username, key.secret),
      body: { current_password: current, password },
    });
  expect((await change('before the policy', 'AAbb11!!cccc')).status).toBe(204);
  expect((await pce().send('GET', '/api/v2/noop', { auth: session })).status).toBe(401);
  for (const [password, reason] of [
    ['aB1!', /12 characters.*2 numbers.*2 lower.*2 upper.*2 symbols/],
    ['xAAbb11!!cccc', /4 characters/],
    ['before the policy', /2 numbers/],
  ] as const)
    expect((await change('AAbb11!!cccc', password)).json).toMatchObject([
      { token: 'password_refused', message: expect.stringMatching(reason) as unknown },
    ]);
  expect((await change('AAbb11!!cccc', 'CCdd22??eeee')).status).toBe(204);
  expect((await change('CCdd22??eeee', 'AAbb11!!cccc')).json).toMatchObject([
    { message: expect.stringContaining('used before') as unknown },
  ]);
  await owner().call('password_policy.update', { body: before });
});

test('the own password is changed by who knows it', async () => {
  const { username, user_id } = await userWithPassword('knowing', 'a good password');
  const auth = await signIn(username, 'a good password');
  const wrong = pce()
    .client(auth)
    .call('local_profile.password', {
      params: { user_id },
      body: { current_password: 'a guess', password: 'another password' },
    });
  expect((await refusalOf(wrong)).errors[0]?.message).toContain('current_password');
  await signIn(username, 'a good password');
});

test('an expired password leads to a new one, not to a session', async () => {
  const { username } = await userWithPassword('expiring', 'a good password');
  await owner().call('password_policy.update', { body: { expire_time_days: 30 } });
  later(31 * DAY);
  const answer = await authenticate(username, 'a good password');
  expect(answer.status).toBe(401);
  const error = first(answer.json as { token: string; href: string }[]);
  expect(error.token).toBe('password_expired');
  expect((await accept(error.href, 'a good password')).json).toMatchObject([
    { token: 'password_refused' },
  ]);
  expect((await accept(error.href, 'a newer password')).status).toBe(204);
  await signIn(username, 'a newer password');
  await owner().call('password_policy.update', { body: { expire_time_days: 0 } });
});

test('sessions end after the time that the policy says', async () => {
  const { username } = await userWithPassword('idle', 'a good password');
  await owner().call('password_policy.update', { body: { session_timeout_minutes: 5 } });
  const auth = await signIn(username, 'a good password');
  later(4 * 60);
  expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(200);
  later(5 * 60 + 1);
  expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(401);
  await owner().call('password_policy.update', { body: { session_timeout_minutes: 30 } });
});

test('without a local profile nobody signs in here; a new one begins with an invitation', async () => {
  const { username, user_id } = await userWithPassword('leaving', 'a good password');
  const auth = await signIn(username, 'a good password');
  await owner().call('local_profile.delete', { params: { user_id } });
  expect(await owner().call('users.get', { params: { user_id } })).toMatchObject({
    type: 'external',
    local_profile: null,
  });
  expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(401);
  expect((await authenticate(username, 'a good password')).status).toBe(401);
  const invitation = await owner().call('local_profile.create', { params: { user_id } });
  expect((await accept(invitation.href, 'a good password')).status).toBe(204);
  await signIn(username, 'a good password');
});

test('sign-in by SAML, LDAP and RADIUS is not configured', async () => {
  for (const operation of [
    'saml_configs.list',
    'ldap_configs.list',
    'radius_configs.list',
  ] as const)
    expect(await owner().call(operation)).toEqual({ items: [], total: 0 });
});

test('the organization is renamed by its owner', async () => {
  await owner().call('orgs.update', { body: { display_name: 'Renamed' } });
  expect(await owner().call('orgs.get')).toMatchObject({ display_name: 'Renamed' });
});
