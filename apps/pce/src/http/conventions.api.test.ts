import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { describe, expect, test } from 'vitest';
import { ROLES } from '@bulkhead/contract';
import { basic, withTestPce } from '../testing/test-pce.ts';

const pce = withTestPce();

describe('paths', () => {
  test.each([
    '/api/v1/noop',
    '/api/v2/noop',
    '/api/v18/noop',
    '/api/v99/noop',
    '/api/v2//noop',
    '//api/v2///noop/',
    '/api/v2/noop/',
    '/api/v2/noop/?a=b',
  ])('%s is the same call', async (path) => {
    const answer = await pce().send('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('{}');
  });

  test.each([
    '/api/v0/noop',
    '/api/v100/noop',
    '/api/v2/no_such_thing',
    '/api/v2/orgs/1/no_such_thing',
    '/api/noop',
  ])('%s is nothing', async (path) => {
    const answer = await pce().send('GET', path);
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject([{ token: 'not_found_error' }]);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])(
    '%s where only GET is offered: 405, and what is offered',
    async (method) => {
      const answer = await pce().send(method, '/api/v2/noop');
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('GET');
      expect(answer.json).toMatchObject([{ token: 'method_not_allowed_error' }]);
    },
  );

  test.each(['0', '2', '999999999', 'x'])(
    'organization %s is not the caller’s: 403',
    async (org) => {
      const answer = await pce().send('GET', `/api/v2/orgs/${org}/roles`);
      expect(answer.status).toBe(403);
      expect(answer.json).toMatchObject([{ token: 'forbidden' }]);
    },
  );
});

describe('malformed URLs', () => {
  test.each([
    ['/api/v2/%zz', 406],
    ['/api/v2/users/%ff', 406],
    ['/api/v2/users/%00', 406],
    ['/api/v2/orgs/1/events?created_by=%00', 406],
    [`/api/v2/users/${'9'.repeat(600)}`, 404],
    ['/api/v2/users/99999999999999999999', 404],
  ])('%s', async (path, status) => {
    const answer = await pce().send('GET', path);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json).toMatchObject([{ token: expect.any(String), message: expect.any(String) }]);
  });
});

describe('answers', () => {
  test('content type is exactly application/json, every answer has a request id and security headers', async () => {
    for (const path of ['/api/v2/product_version', '/api/v2/nothing', '/api/v2/orgs/9/roles']) {
      const { headers } = await pce().send('GET', path);
      expect(headers['content-type']).toBe('application/json');
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['strict-transport-security']).toContain('max-age=');
    }
  });

  test('an empty answer has no content type', async () => {
    const answer = await pce().send('GET', '/api/v2/node_available', { auth: null });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers['content-type']).toBeUndefined();
  });

  test('collections are arrays with the count of all matches, max_results limits or is refused (FR-45), unknown parameters are ignored', async () => {
    const all = await pce().send('GET', '/api/v2/orgs/1/roles?no_such_parameter=1');
    expect(all.headers['x-total-count']).toBe(String(ROLES.length));
    expect(all.json).toHaveLength(ROLES.length);
    const none = await pce().send('GET', '/api/v2/orgs/1/roles?max_results=0');
    expect(none.headers['x-total-count']).toBe(String(ROLES.length));
    expect(none.json).toEqual([]);
    const few = await pce().send('GET', '/api/v2/orgs/1/roles?max_results=5');
    expect(few.headers['x-total-count']).toBe(String(ROLES.length));
    expect(few.json).toHaveLength(5);
    const plenty = await pce().send('GET', '/api/v2/orgs/1/roles?max_results=100000');
    expect(plenty.json).toEqual(all.json);
    for (const wrong of ['-1', 'abc', '1.5', '']) {
      const bad = await pce().send('GET', `/api/v2/orgs/1/roles?max_results=${wrong}`);
      expect(bad.status, wrong).toBe(406);
      expect(bad.json).toMatchObject([
        { token: 'input_validation_error', message: expect.stringContaining('max_results') },
      ]);
    }
  });

  test('the product version is what clients gate on', async () => {
    expect((await pce().send('GET', '/api/v2/product_version')).json).toMatchObject({
      version: '23.2.0',
      build: 161,
      long_display: '23.2.0-161',
      short_display: '23.2.0',
    });
  });

  test('health shows the real node', async () => {
    const { json } = await pce().send('GET', '/api/v2/health');
    expect(json).toMatchObject([
      {
        fqdn: 'pce.test',
        type: 'standalone',
        nodes: [
          {
            runlevel: 5,
            disk: [{ location: pce().folder }],
            services: { status: 'running', not_running: [] },
          },
        ],
      },
    ]);
  });
});

describe('bodies', () => {
  const keys = '/api/v2/users/1/api_keys';

  test.each([
    ['text', 'not json', /not JSON/],
    ['half of it', '{"name": "x"', /not JSON/],
    ['a member twice', '{"name": "a", "name": "b"}', /name twice/],
    ['a member twice, once escaped', String.raw`{"name": "a", "n\u0061me": "b"}`, /name twice/],
    ['__proto__', '{"name": "a", "__proto__": {"admin": true}}', /__proto__/],
    ['too deep', `{"name": ${'['.repeat(100)}${']'.repeat(100)}}`, /deep/],
    ['a depth bomb', '['.repeat(1_000_000), /deep/],
    ['a NUL', String.raw`{"name": "a\u0000"}`, /NUL/],
    ['half a surrogate pair', String.raw`{"name": "\ud800"}`, /surrogate/],
    ['an array', '[]', /body/],
    ['null', 'null', /missing/],
    ['an unknown member', '{"name": "a", "nmae": "b"}', /unknown member nmae/],
    ['a wrong type', '{"name": 5}', /name/],
  ])('%s: 406 with the reason', async (_, body, message) => {
    const answer = await pce().send('POST', keys, { body });
    expect(answer.status).toBe(406);
    expect(answer.json).toMatchObject([
      { token: 'input_validation_error', message: expect.stringMatching(message) },
    ]);
  });

  test('no body where one is needed: 406', async () => {
    expect((await pce().send('POST', keys)).status).toBe(406);
  });

  test('read-only members of what was read are accepted and ignored', async () => {
    const created = await pce()
      .client()
      .call('api_keys.create', { params: { user_id: '1' }, body: { name: 'first' } });
    const { secret: _secret, ...read } = created;
    const answer = await pce().send('PUT', `/api/v2${created.href}`, {
      body: { ...read, name: 'second' },
    });
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect((await pce().send('GET', `/api/v2${created.href}`)).json).toMatchObject({
      name: 'second',
      key_id: created.key_id,
    });
  });

  test('GET and DELETE may name a content type and have no body', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await pce().send('GET', '/api/v2/noop', { headers })).status).toBe(200);
    expect((await pce().send('DELETE', `${keys}/00`, { headers })).status).toBe(404);
  });

  test('more than 10 MB: 413, and the server goes on', async () => {
    const answer = await pce().send('POST', keys, {
      body: `{"name": "${'x'.repeat(11 * 1024 * 1024)}"}`,
    });
    expect(answer.status).toBe(413);
    expect((await pce().send('GET', '/api/v2/noop')).status).toBe(200);
  });
});

test('a refusal is an event', async () => {
  const { auth, userId } = await pce().userWith('workload_manager');
  await pce().send('GET', '/api/v2/health', { auth });
  const { items } = await pce()
    .client()
    .call('events.list', {
      query: { event_type: 'request.authorization_failed', created_by: `/users/${userId}` },
    });
  expect(items).toMatchObject([
    { status: 'failure', action: { api_endpoint: '/api/v2/health', http_status_code: 403 } },
  ]);
});

describe('API keys', () => {
  const params = { user_id: '1' };

  test('a key serves until it is revoked; the secret is shown once', async () => {
    const client = pce().client();
    const key = await client.call('api_keys.create', {
      params,
      body: { name: 'automation', description: 'for a script' },
    });
    const auth = basic(key.auth_username, key.secret);
    expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(200);
    const read = await pce().send('GET', `/api/v2${key.href}`);
    expect(read.json).toMatchObject({
      name: 'automation',
      state: 'active',
      last_login_on: expect.any(String),
    });
    expect(read.text).not.toContain(key.secret);
    const login = await pce().send('GET', '/api/v2/users/login', { auth });
    expect(login.json).toMatchObject({ auth_username: 'user_1' });
    await client.call('api_keys.delete', { params: { ...params, key_id: key.key_id } });
    expect((await pce().send('GET', '/api/v2/noop', { auth })).status).toBe(401);
  });

  test('the secret is stored hashed, and a wrong one is refused', async () => {
    const key = await pce()
      .client()
      .call('api_keys.create', { params, body: { name: 'hashed' } });
    const row = await pce()
      .database.db.selectFrom('api_keys')
      .selectAll()
      .where('key_id', '=', key.key_id)
      .executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(key.secret);
    expect(
      (
        await pce().send('GET', '/api/v2/noop', {
          auth: basic(key.auth_username, `${key.secret}0`),
        })
      ).status,
    ).toBe(401);
    expect(
      (await pce().send('GET', '/api/v2/noop', { auth: basic('api_00', key.secret) })).status,
    ).toBe(401);
  });

  test('changes of keys are events with before and after', async () => {
    const client = pce().client();
    const key = await client.call('api_keys.create', { params, body: { name: 'before' } });
    await client.call('api_keys.update', {
      params: { ...params, key_id: key.key_id },
      body: { name: 'after' },
    });
    const { items } = await client.call('events.list', {
      query: { event_type: 'api_key.update', max_results: 1 },
    });
    expect(items).toMatchObject([
      {
        resource_changes: [
          {
            resource: { api_key: { href: key.href } },
            changes: { name: { before: 'before', after: 'after' } },
            change_type: 'update',
          },
        ],
      },
    ]);
    const one = await client.get(String(items[0]?.href));
    expect(one).toEqual(items[0]);
  });
});

test('metrics serve this machine, and through a proxy only who may read everything', async () => {
  const answer = await pce().send('GET', '/metrics', { auth: null });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('pce_http_requests_total');
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  expect((await pce().send('GET', '/metrics', { auth: null, headers })).status).toBe(401);
  const { auth } = await pce().userWith('workload_manager');
  expect((await pce().send('GET', '/metrics', { auth, headers })).status).toBe(403);
  expect((await pce().send('GET', '/metrics', { headers })).status).toBe(200);
});

test('the live stream tells what changed, to this organization only', async () => {
  const { pce: running } = pce();
  const { auth } = await pce().userWith('read_only');
  const received: string[] = [];
  const call = request({
    host: '127.0.0.1',
    port: running.deps.address.port,
    servername: 'pce.test',
    ca: running.deps.identity.ca,
    path: '/api/v2/orgs/1/live',
    headers: { authorization: auth },
    agent: false,
  });
  call.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve);
    call.on('error', reject);
  });
  try {
    expect(response.headers['content-type']).toBe('text/event-stream');
    response.on('data', (chunk: Buffer) => received.push(chunk.toString()));
    await expect.poll(() => received.join('')).toContain('"sequence"');
    const key = await pce()
      .client()
      .call('api_keys.create', { params: { user_id: '1' }, body: { name: 'live' } });
    expect(key.name).toBe('live');
    await expect.poll(() => received.join(''), { timeout: 5000 }).toContain('"topics":["events"]');
  } finally {
    call.on('error', () => undefined);
    call.destroy();
  }
});
