import { expect, test } from 'vitest';
import { withTestPce } from '../testing/test-pce.ts';

const LIMIT = 70;
let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now }, requestsPerMinute: LIMIT });

async function statuses(count: number, auth: string, path = '/noop', method = 'GET') {
  const found: number[] = [];
  for (let index = 0; index < count; index += 1)
    found.push(
      (
        await pce().send(method, `/api/v2${path}`, {
          auth,
          ...(method === 'GET' ? {} : { body: { vens: [{ href: '/orgs/1/vens/none' }] } }),
        })
      ).status,
    );
  return found;
}

test('a key that asks too often waits, and hinders no other', async () => {
  const [hasty, other] = [await pce().userWith('read_only'), await pce().userWith('read_only')];
  expect(new Set(await statuses(LIMIT, hasty.auth))).toEqual(new Set([200]));
  now = new Date(now.getTime() + 20_000);
  const refused = await pce().send('GET', '/api/v2/noop', { auth: hasty.auth });
  expect([refused.status, refused.headers['retry-after'], refused.json]).toMatchObject([
    429,
    '40',
    [{ token: 'too_many_requests_error' }],
  ]);
  expect(await statuses(1, other.auth)).toEqual([200]);
  now = new Date(now.getTime() + 40_000);
  expect(await statuses(1, hasty.auth)).toEqual([200]);
});

test('unpairing has a limit of its own', async () => {
  const { auth } = await pce().userWith('admin');
  const path = `/orgs/${pce().orgId}/vens/unpair`;
  const found = await statuses(61, auth, path, 'PUT');
  expect([new Set(found.slice(0, 60)), found[60]]).toEqual([new Set([200]), 429]);
  expect(await statuses(1, auth)).toEqual([200]);
});
