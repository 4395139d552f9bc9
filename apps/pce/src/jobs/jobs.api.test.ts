import { expect, test } from 'vitest';
import { z } from 'zod';
import type { TestAnswer } from '../testing/test-pce.ts';
import { withTestPce } from '../testing/test-pce.ts';
import { json } from '../db/database.ts';

const pce = withTestPce();
const ASYNC = { prefer: 'respond-async' };
const items = z.array(z.object({ href: z.string() }));
const job = z.looseObject({
  href: z.string(),
  status: z.string(),
  result: z.object({ href: z.string().optional(), message: z.string().optional() }),
});

type Send = (path: string, headers?: Record<string, string>) => Promise<TestAnswer>;
const send: Send = (path, headers = {}) => pce().send('GET', `/api/v2${path}`, { headers });

function orgPath(rest: string): string {
  return `/orgs/${pce().orgId}/${rest}`;
}

/** Polls as clients do: the href of Location behind the base URL, until the job has ended. */
async function ended(answer: TestAnswer, ask: Send = send): Promise<z.infer<typeof job>> {
  expect([answer.status, answer.text]).toEqual([202, '']);
  for (;;) {
    const poll = await ask(String(answer.headers.location));
    expect(poll.status).toBe(200);
    const state = job.parse(poll.json);
    const runs = state.status === 'pending' || state.status === 'running';
    expect(poll.headers['retry-after']).toBe(runs ? '1' : undefined);
    if (!runs) return state;
  }
}

async function insertWorkloads(count: number, prefix: string): Promise<void> {
  const { orgId } = pce();
  const by = { created_by: '/users/0', updated_by: '/users/0' };
  await pce()
    .pce.deps.db.insertInto('workloads')
    .values(
      Array.from({ length: count }, (_, index) => ({
        ...by,
        org_id: orgId,
        name: `${prefix}-${index}`,
        labels: json([]),
      })),
    )
    .execute();
}

test('a collection is collected later, whole, with its filters, as it would be answered at once (FR-44)', async () => {
  await insertWorkloads(1201, 'many');
  await insertWorkloads(1, 'other');
  const path = orgPath('workloads?name=many');
  const page = await send(path);
  expect(page.headers['x-total-count']).toBe('1201');
  expect(items.parse(page.json)).toHaveLength(500);
  const answer = await send(path, ASYNC);
  expect(answer.headers.location).toMatch(/^\/orgs\/\d+\/jobs\/[0-9a-f-]{36}$/);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.headers['content-type']).toBeUndefined();
  const done = await ended(answer);
  expect(done).toMatchObject({
    href: answer.headers.location,
    job_type: ':illumio/async_requests',
    description: orgPath('workloads'),
    status: 'done',
  });
  const file = await send(done.result.href ?? '');
  expect([file.status, file.headers['content-type']]).toEqual([200, 'application/json']);
  expect(file.headers['x-total-count']).toBe('1201');
  const atOnce = await send(`${path}&max_results=5000`);
  expect(items.parse(file.json)).toHaveLength(1201);
  expect(file.json).toEqual(atOnce.json);
  const named = await send(`${done.result.href}?filename=list%20of%0d%0ahosts.json`);
  expect(named.headers['content-disposition']).toBe(
    "attachment; filename*=UTF-8''list%20of%0D%0Ahosts.json",
  );
});

test.each([
  'labels',
  'label_dimensions',
  'networks',
  'events',
  'sec_policy/draft/services',
  'vens',
])('any collection is collected later: %s', async (collection) => {
  const done = await ended(await send(orgPath(collection), { prefer: 'wait=5, Respond-Async' }));
  const file = await send(done.result.href ?? '');
  expect(Number(file.headers['x-total-count'])).toBe(items.parse(file.json).length);
  const atOnce = await send(`${orgPath(collection)}?max_results=5000`);
  expect(file.json).toEqual(atOnce.json);
});

test('what is no collection, and what is wrong, is answered at once', async () => {
  expect((await send('/noop', ASYNC)).status).toBe(200);
  const bad = await send(orgPath('workloads?max_results=many'), ASYNC);
  expect([bad.status, bad.json]).toMatchObject([406, [{ token: 'input_validation_error' }]]);
  expect((await send('/orgs/99/workloads', ASYNC)).status).toBe(403);
});

test('an empty collection is an empty array', async () => {
  const done = await ended(await send(orgPath('workloads?name=nobody'), ASYNC));
  const file = await send(done.result.href ?? '');
  expect([file.text, file.headers['x-total-count']]).toEqual(['[]', '0']);
});

test('job and data file belong to their user', async () => {
  const answer = await send(orgPath('labels'), ASYNC);
  const done = await ended(answer);
  const { auth } = await pce().userWith('read_only');
  for (const href of [done.href, done.result.href ?? '']) {
    const other = await pce().send('GET', `/api/v2${href}`, { auth });
    expect([other.status, other.json]).toMatchObject([404, [{ token: 'not_found_error' }]]);
  }
  expect((await pce().send('DELETE', `/api/v2${done.href}`, { auth })).status).toBe(404);
  const own = await pce().send('GET', `/api/v2${orgPath('jobs')}`, { auth });
  expect(own.json).toEqual([]);
  const mine = await pce()
    .client()
    .call('jobs.list', { query: { max_results: 0 } });
  expect(mine.items).toEqual([]);
  expect(mine.total).toBeGreaterThan(0);
  expect((await pce().send('DELETE', `/api/v2${done.href}`)).status).toBe(204);
  expect((await send(done.href)).status).toBe(404);
  expect((await send(done.result.href ?? '')).status).toBe(404);
});

interface Left {
  readonly operation?: string;
  readonly attempts?: number;
  readonly userId: number;
}

/** A job as a node that died leaves it; the next job wakes this node, which finds it. */
async function leftBehind({ operation = 'labels.list', attempts = 1, userId }: Left) {
  const { orgId } = pce();
  const past = new Date(Date.now() - 3_600_000);
  const row = await pce()
    .pce.deps.db.insertInto('jobs')
    .values({
      org_id: orgId,
      requested_by: `/users/${userId}`,
      operation,
      description: orgPath('labels'),
      params: json({ org_id: String(orgId) }),
      query: json({}),
      request_id: 'before',
      ip_address: '127.0.0.1',
      status: 'running',
      attempts,
      lease_until: past,
      requested_at: past,
      expires_at: new Date(Date.now() + 3_600_000),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return {
    id: row.id,
    answer: {
      status: 202,
      text: '',
      json: undefined,
      headers: { location: orgPath(`jobs/${row.id}`) },
    },
  };
}

test('a job that was running when its PCE ended is run again, and after three times given up', async () => {
  const { auth, userId } = await pce().userWith('read_only');
  const ask: Send = (path, headers = {}) => pce().send('GET', `/api/v2${path}`, { headers, auth });
  const { id, answer } = await leftBehind({ userId });
  const hopeless = await leftBehind({ userId, attempts: 3 });
  // Half of what the dead node had collected is no part of the file.
  await pce()
    .pce.deps.db.insertInto('datafile_parts')
    .values({ job_id: id, part: 7, content: Buffer.from('half') })
    .execute();
  await ended(await ask(orgPath('networks'), ASYNC), ask);
  const done = await ended(answer, ask);
  expect(done.status).toBe('done');
  expect((await ask(done.result.href ?? '')).json).toEqual((await ask(orgPath('labels'))).json);
  expect(await ended(hopeless.answer, ask)).toMatchObject({
    status: 'failed',
    result: { message: expect.stringContaining('3 times') as unknown },
  });
});

test('who lost their role since they asked gets nothing: the job fails and says why', async () => {
  const { auth, userId } = await pce().userWith('workload_manager');
  const ask: Send = (path, headers = {}) => pce().send('GET', `/api/v2${path}`, { headers, auth });
  const { answer } = await leftBehind({ userId, operation: 'corporate_ips.list' });
  await ended(await ask(orgPath('networks'), ASYNC), ask);
  expect(await ended(answer, ask)).toMatchObject({
    status: 'failed',
    result: { message: expect.stringContaining('no longer read') as unknown },
  });
});
