import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiClient } from '@bulkhead/contract';
import { first, refOf, refusalOf } from '../testing/policy-client.ts';
import { basic, OWNER, withTestPce, type TestAnswer } from '../testing/test-pce.ts';
import {
  CLIENT,
  signInAtProvider,
  startIdentityProvider,
  type IdentityProvider,
} from './testing/identity-provider.ts';

let now = new Date();
const pce = withTestPce({ clock: { now: () => now } });
const SSO = '/api/v2/login_users/single_sign_on';

let provider: IdentityProvider;
let redirectUri: string;
beforeAll(async () => {
  redirectUri = `${pce().pce.url}/`;
  provider = await startIdentityProvider(redirectUri);
  provider.people.set('ann', {
    email: 'Ann@Example.com',
    email_verified: true,
    name: 'Ann Example',
    groups: ['cn=admins,dc=example', 'staff'],
  });
});
afterAll(() => provider.close());

function owner(): ApiClient {
  return pce().client();
}

function configure(change: Record<string, unknown> = {}): Promise<TestAnswer> {
  return pce().send('PUT', '/api/v2/authentication_settings', {
    body: {
      oidc: {
        issuer: provider.issuer,
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        scopes: 'openid email profile groups',
        ...change,
      },
    },
  });
}

/** To the provider and back; answers what the browser comes back with. */
async function roundTrip(login: string): Promise<{ state: string; code: string; iss: string }> {
  const begun = await pce().send('POST', SSO, { auth: null });
  expect(begun.status, begun.text).toBe(201);
  const { authorization_uri, state } = begun.json as Record<string, string>;
  const url = await signInAtProvider(String(authorization_uri), login, redirectUri);
  expect(url.searchParams.get('state')).toBe(state);
  const of = (name: string): string => url.searchParams.get(name) ?? '';
  return { state: of('state'), code: of('code'), iss: of('iss') };
}

function complete(body: Record<string, string>): Promise<TestAnswer> {
  return pce().send('POST', `${SSO}/complete`, { auth: null, body });
}

async function signIn(login: string): Promise<ApiClient> {
  const answer = await complete(await roundTrip(login));
  expect(answer.status, answer.text).toBe(201);
  const { auth_token } = answer.json as { auth_token: string };
  const session = await pce().send('GET', '/api/v2/users/login', {
    auth: `Token token=${auth_token}`,
  });
  const { auth_username, session_token } = session.json as Record<string, string>;
  return pce().client(basic(String(auth_username), String(session_token)));
}

test('without settings nobody is offered single sign-on', async () => {
  expect(await owner().call('authentication_settings.get')).toEqual({ oidc: null });
  expect((await pce().send('GET', SSO, { auth: null })).json).toEqual({ enabled: false });
  expect((await pce().send('POST', SSO, { auth: null })).status).toBe(404);
});

test('the client secret is kept wrapped and never shown, also not by events', async () => {
  expect((await configure()).status).toBe(204);
  const shown = await pce().send('GET', '/api/v2/authentication_settings');
  expect(shown.json).toEqual({
    oidc: {
      enabled: true,
      issuer: provider.issuer,
      client_id: CLIENT.id,
      client_secret_set: true,
      scopes: 'openid email profile groups',
      groups_claim: 'groups',
      redirect_uri: redirectUri,
    },
  });
  const stored = await pce().database.db.selectFrom('settings').select('value').execute();
  const event = await owner().call('events.list', {
    query: { event_type: 'authentication_settings.update' },
  });
  expect(event.items).toHaveLength(1);
  for (const text of [shown.text, JSON.stringify(stored), JSON.stringify(event)])
    expect(text).not.toContain(CLIENT.secret);
  // Written back as it was read, the secret stays.
  const { oidc } = shown.json as { oidc: Record<string, unknown> };
  const again = await pce().send('PUT', '/api/v2/authentication_settings', { body: { oidc } });
  expect(again.status, again.text).toBe(204);
  expect((await pce().send('GET', SSO, { auth: null })).json).toEqual({ enabled: true });
});

test('who signs in at the provider is a user with the permissions of the groups that it says', async () => {
  const group = await owner().call('auth_security_principals.create', {
    body: { type: 'group', name: 'cn=admins,dc=example' },
  });
  await owner().call('permissions.create', {
    body: {
      role: { href: '/orgs/1/roles/admin' },
      scope: [],
      auth_security_principal: refOf(group),
    },
  });
  const ann = await signIn('ann');
  const me = await ann.call('users.me');
  expect(me).toMatchObject({
    username: 'ann@example.com',
    full_name: 'Ann Example',
    type: 'external',
    local_profile: null,
    roles: ['admin'],
    effective_groups: ['cn=admins,dc=example', 'staff'],
  });
  const types = (await owner().call('events.list', { query: { created_by: me.href } })).items;
  expect(types.map((event) => event.event_type)).toEqual(
    expect.arrayContaining(['user.authenticate', 'user.login']),
  );

  // Groups are those of the last sign-in.
  provider.people.set('ann', { ...first([...provider.people.values()]), groups: ['staff'] });
  const later = await signIn('ann');
  expect((await refusalOf(later.call('labels.list'))).status).toBe(403);
  expect((await owner().call('users.list', { query: { type: 'external' } })).total).toBe(1);
});

test('a state serves once, not after ten minutes, and no other code goes with it', async () => {
  const used = await roundTrip('ann');
  expect((await complete(used)).status).toBe(201);
  expect((await complete(used)).status).toBe(401);
  const mixed = await roundTrip('ann');
  const other = await roundTrip('ann');
  // The code of one sign-in with the state of another: its PKCE verifier does not fit.
  expect((await complete({ ...mixed, code: other.code })).status).toBe(401);
  expect((await complete({ ...other, iss: 'https://evil.example.com' })).status).toBe(401);
  const old = await roundTrip('ann');
  now = new Date(now.getTime() + 11 * 60_000);
  expect((await complete(old)).status).toBe(401);
  const event = first(
    (
      await owner().call('events.list', {
        query: { event_type: 'request.authentication_failed', max_results: 1 },
      })
    ).items,
  );
  expect(event).toMatchObject({ status: 'failure', action: { src_ip: '127.0.0.1' } });
});

test('a local user is not taken over, a locked one stays out, an unverified address says nothing', async () => {
  const person = first([...provider.people.values()]);
  provider.people.set('mallory', { ...person, email: OWNER.username });
  expect((await complete(await roundTrip('mallory'))).status).toBe(401);
  provider.people.set('unsure', { ...person, email: 'unsure@example.com', email_verified: false });
  expect((await complete(await roundTrip('unsure'))).status).toBe(401);
  const { items } = await owner().call('users.list', { query: { type: 'external' } });
  expect(items.map(({ username }) => username)).toEqual(['ann@example.com']);
  const params = { user_id: first(items).href.split('/').at(-1) ?? '' };
  await owner().call('users.update', { params, body: { locked: true } });
  expect((await complete(await roundTrip('ann'))).status).toBe(401);
});

test.each([
  ['an issuer without TLS elsewhere', { issuer: 'http://login.example.com' }, /https/],
  ['an issuer that is none', { issuer: 'http://127.0.0.1:1' }, /discovery document/],
  ['scopes without openid', { scopes: 'email' }, /openid/],
])('refused, and the settings stay: %s', async (_, change, message) => {
  const answer = await configure(change);
  expect(answer.status).toBe(406);
  expect(answer.text).toMatch(message);
  expect((await owner().call('authentication_settings.get')).oidc?.issuer).toBe(provider.issuer);
});

test('taken away, it is offered no more', async () => {
  expect((await configure({ enabled: false })).status).toBe(204);
  expect((await pce().send('GET', SSO, { auth: null })).json).toEqual({ enabled: false });
  await owner().call('authentication_settings.update', { body: { oidc: null } });
  expect(await owner().call('authentication_settings.get')).toEqual({ oidc: null });
});
