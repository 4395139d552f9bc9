/** Two people who edit one object: the later save is told what changed under it, and nothing is overwritten in silence. */
import { expect, test } from 'vitest';
import type { IpListWire } from '@bulkhead/contract';
import { withTestPce, type TestAnswer } from '../testing/test-pce.ts';
import {
  DRAFT,
  idOf,
  makeIpList,
  makeRule,
  makeRuleSet,
  provisionAll,
} from '../testing/policy-client.ts';

const pce = withTestPce();
const ALL = [{ actors: 'ams' as const }];

function saveAs(auth: string, object: { href: string; updated_at: string }, body: unknown) {
  const path = `/api/v2${object.href}?if_updated_at=${encodeURIComponent(object.updated_at)}`;
  return pce().send('PUT', path, { auth, body });
}

function messageOf(answer: TestAnswer): string {
  expect(answer.status, answer.text).toBe(406);
  expect(answer.json).toMatchObject([{ token: 'object_changed' }]);
  return answer.text;
}

function read(list: { href: string }): Promise<IpListWire> {
  return pce()
    .client()
    .call('ip_lists.get', { params: { ...DRAFT, id: idOf(list) } });
}

test('of two saves of one state one is done, and the other told who saved what', async () => {
  const list = await makeIpList(pce().client(), 'Edited twice', '192.0.2.0/24');
  const [one, two] = await Promise.all(
    ['one', 'two'].map(async (description) => {
      const { auth } = await pce().userWith('admin');
      return saveAs(auth, list, { description });
    }),
  );
  if (one === undefined || two === undefined) throw new Error('both were answered');
  expect([one.status, two.status].toSorted((a, b) => a - b)).toEqual([204, 406]);
  const refused = one.status === 406 ? one : two;
  expect(messageOf(refused)).toMatch(
    /\\"Edited twice\\" was saved with another description by user-\d+@example\.com at \d{4}-/,
  );
  expect((await read(list)).description).toBe(one.status === 204 ? 'one' : 'two');
});

test('everybody who saved since is named with what they changed; who opened after that sees no more of it', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Edited by three', '192.0.2.0/24');
  const [ann, ben] = [await pce().userWith('admin'), await pce().userWith('admin')];
  expect((await saveAs(ann.auth, list, { description: 'first' })).status).toBe(204);
  const second = await read(list);
  expect((await saveAs(ben.auth, second, { fqdns: [{ fqdn: 'a.example.com' }] })).status).toBe(204);
  const both = messageOf(await saveAs(ann.auth, list, { name: 'Mine' }));
  expect(both).toMatch(/another description by .* and saved with another fqdns by /);
  const last = messageOf(await saveAs(ann.auth, second, { name: 'Mine' }));
  expect(last).toContain('another fqdns');
  expect(last).not.toContain('description');
  expect((await saveAs(ann.auth, await read(list), { name: 'Mine' })).status).toBe(204);
});

test('a GET says in ETag what If-Match takes, for deletions too; what was deleted meanwhile is told as deleted', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Tagged', '192.0.2.0/24');
  await provisionAll(client);
  const { headers } = await pce().send('GET', `/api/v2${list.href}`);
  const tag = headers.etag ?? '';
  expect(tag).toBe(`"${(await read(list)).updated_at}"`);
  const put = (name: string) =>
    pce().send('PUT', `/api/v2${list.href}`, { body: { name }, headers: { 'if-match': tag } });
  expect((await put('Tagged and saved')).status).toBe(204);
  const removal = await pce().send('DELETE', `/api/v2${list.href}`, {
    headers: { 'if-match': tag },
  });
  expect(messageOf(removal)).toContain('another name');
  expect((await read(list)).update_type).toBe('update');
  const now = await read(list);
  await client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(list) } });
  expect(messageOf(await saveAs((await pce().userWith('admin')).auth, now, { name: 'x' }))).toMatch(
    /was deleted by owner@example\.com at /,
  );
});

test('rules are held by themselves; clients that send nothing write as ever', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Shared');
  const [one, two] = [
    await makeRule(client, ruleSet, { providers: ALL, consumers: ALL }),
    await makeRule(client, ruleSet, { providers: ALL, consumers: ALL }),
  ];
  const { auth } = await pce().userWith('ruleset_manager');
  expect((await saveAs(auth, one, { description: 'one' })).status).toBe(204);
  expect((await saveAs(auth, two, { description: 'two' })).status).toBe(204);
  const stale = messageOf(await saveAs(auth, one, { enabled: false }));
  expect(stale).toContain('another description');
  const whole = messageOf(await saveAs(auth, ruleSet, { name: 'Mine' }));
  expect(whole).toContain('another rules');
  for (const description of ['three', 'four'])
    expect((await pce().send('PUT', `/api/v2${one.href}`, { body: { description } })).status).toBe(
      204,
    );
});
