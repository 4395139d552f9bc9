import { expect, test } from 'vitest';
import { OWNER, basic, withTestPce } from '../testing/test-pce.ts';

let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now } });
const AUTHENTICATE = '/api/v2/login_users/authenticate?pce_fqdn=pce.test';

function later(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000);
}

async function token(password: string = OWNER.password): Promise<string> {
  const answer = await pce().send('POST', AUTHENTICATE, { auth: basic(OWNER.username, password) });
  expect(answer.status).toBe(201);
  return (answer.json as { auth_token: string }).auth_token;
}

async function session(): Promise<{ auth: string; json: Record<string, unknown> }> {
  const answer = await pce().send('GET', '/api/v2/users/login', {
    auth: `Token token=${await token()}`,
  });
  expect(answer.status).toBe(200);
  const json = answer.json as Record<string, unknown>;
  return { auth: basic(String(json['auth_username']), String(json['session_token'])), json };
}

test('signing in takes two steps and the session then serves every call', async () => {
  const { auth, json } = await session();
  expect(json).toMatchObject({
    href: '/users/1',
    auth_username: 'user_1',
    type: 'local',
    orgs: [{ org_id: 1, display_name: 'Test' }],
  });
  const me = await pce().send('GET', '/api/v2/users/me', { auth });
  expect(me.json).toMatchObject({
    username: OWNER.username,
    roles: ['owner'],
    org: { display_name: 'Test' },
  });
});

test('a token serves once, and not after 30 seconds', async () => {
  const first = await token();
  const auth = `Token token=${first}`;
  expect((await pce().send('GET', '/api/v2/users/login', { auth })).status).toBe(200);
  expect((await pce().send('GET', '/api/v2/users/login', { auth })).status).toBe(401);
  const old = await token();
  later(31);
  expect(
    (await pce().send('GET', '/api/v2/users/login', { auth: `Token token=${old}` })).status,
  ).toBe(401);
});

test('a session ends at logout', async () => {
  const { auth } = await session();
  expect((await pce().send('PUT', '/api/v2/users/1/logout', { auth })).status).toBe(204);
  const after = await pce().send('GET', '/api/v2/noop', { auth });
  expect(after.status).toBe(401);
  expect(after.json).toMatchObject([{ token: 'authentication_failed' }]);
});

test('a session ends after 30 minutes without use, and not while it is used', async () => {
  const { auth } = await session();
  for (let round = 0; round < 3; round += 1) {
    later(20 * 60);
    expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(200);
  }
  later(31 * 60);
  expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(401);
});

test('e-mail and password serve for signing in only', async () => {
  expect(
    (await pce().send('GET', '/api/v2/noop', { auth: basic(OWNER.username, OWNER.password) }))
      .status,
  ).toBe(401);
});

test('wrong passwords are refused, then slowed down, also for the right one; unknown accounts look the same', async () => {
  later(3600);
  for (const username of [OWNER.username, 'nobody@example.com']) {
    const answers = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      answers.push(
        await pce().send('POST', AUTHENTICATE, { auth: basic(username, `wrong ${attempt}`) }),
      );
    }
    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(answers[0]?.json).toEqual([
      { token: 'authentication_failed', message: 'E-mail address or password is wrong' },
    ]);
    const blocked = answers[6];
    expect(blocked?.json).toMatchObject([{ token: 'too_many_requests_error' }]);
    expect(Number(blocked?.headers['retry-after'])).toBeGreaterThan(0);
  }
  const right = await pce().send('POST', AUTHENTICATE, {
    auth: basic(OWNER.username, OWNER.password),
  });
  expect(right.status).toBe(429);
  later(Number(right.headers['retry-after']) + 1);
  await token();
});

test('an address that guesses is slowed down, whatever it guesses at', async () => {
  later(3600);
  const statuses = [];
  for (let attempt = 0; attempt < 31; attempt += 1) {
    const auth = basic(`api_${attempt}`, 'guess');
    statuses.push((await pce().send('GET', '/api/v2/noop', { auth })).status);
  }
  expect(statuses).toEqual([...Array.from({ length: 30 }, () => 401), 429]);
  const signIn = await pce().send('POST', AUTHENTICATE, {
    auth: basic(OWNER.username, OWNER.password),
  });
  expect(signIn.status).toBe(429);
  expect((await pce().send('GET', '/api/v2/noop')).status).toBe(200);
  later(3600);
});

test('failed and successful sign-ins are events; no secret is in them', async () => {
  later(3600);
  await pce().send('POST', AUTHENTICATE, { auth: basic(OWNER.username, 'a wrong secret') });
  const { json } = await session();
  const events = await pce().send('GET', '/api/v2/orgs/1/events?max_results=3');
  expect(events.json).toMatchObject([
    {
      event_type: 'user.login',
      status: 'success',
      created_by: { user: { href: '/users/1', username: OWNER.username } },
    },
    { event_type: 'user.authenticate', status: 'success' },
    {
      event_type: 'request.authentication_failed',
      status: 'failure',
      severity: 'warning',
      action: { src_ip: '127.0.0.1', http_status_code: 401 },
    },
  ]);
  expect(events.text).not.toContain('a wrong secret');
  expect(events.text).not.toContain(String(json['session_token']));
});
