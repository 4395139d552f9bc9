import { mkdir, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withTestPce } from '../testing/test-pce.ts';
import { checkOffline } from './offline.ts';
import { VenClient, pairingCode, until } from './testing/ven-client.ts';

let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now } });

function later(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000);
}

async function online(ven: VenClient): Promise<boolean> {
  const row = await pce()
    .database.db.selectFrom('workloads')
    .select('online')
    .where('id', '=', ven.identity.ven_uuid)
    .executeTakeFirstOrThrow();
  return row.online;
}

function check(): Promise<number> {
  return checkOffline(pce().pce.deps, () => false);
}

test('a host without heartbeat goes offline after an hour and not before, and its first sign brings it back (R-VEN-9, PS-84)', async () => {
  const ven = await VenClient.activate(pce());
  later(3500);
  await check();
  expect(await online(ven)).toBe(true);
  later(200);
  await check();
  expect(await online(ven)).toBe(false);
  const events = await pce().send(
    'GET',
    `/api/v2/orgs/${pce().orgId}/events?event_type=system_task.agent_offline_check`,
  );
  expect(events.text).toContain(ven.workload);
  await ven.connect();
  await until('online again', () => online(ven));
  ven.disconnect();
});

test('after a goodbye the host stays in the policy of others for 15 minutes (R-VEN-9, PS-84)', async () => {
  const ven = await VenClient.activate(pce());
  expect((await ven.send('PUT', 'goodbye', { reason: 'stop' })).status).toBe(204);
  const status = async () =>
    (
      await pce()
        .database.db.selectFrom('vens')
        .select('status')
        .where('id', '=', ven.identity.ven_uuid)
        .executeTakeFirstOrThrow()
    ).status;
  expect(await status()).toBe('stopped');
  later(600);
  await check();
  expect(await online(ven)).toBe(true);
  later(400);
  await check();
  expect(await online(ven)).toBe(false);
  await ven.connect();
  await until('active again', async () => (await online(ven)) && (await status()) === 'active');
  ven.disconnect();
});

test('detection answers from the address that the request comes from, and asks again when the corporate public IPs change', async () => {
  const ven = await VenClient.activate(pce(), { ven_type: 'endpoint' });
  await ven.connect();
  await ven.waitFor('policy');
  const detect = () => ven.send('POST', 'detect', { interface: 'eth0', address: '192.0.2.10' });
  expect((await detect()).json).toEqual({ network_profile: 'external', public_ip: '127.0.0.1' });
  await pce()
    .client()
    .call('corporate_ips.update', { body: { name: 'Default', ip_addresses: ['127.0.0.0/8'] } });
  await ven.waitFor('redetect');
  expect((await detect()).json).toEqual({ network_profile: 'corporate', public_ip: '127.0.0.1' });
  ven.disconnect();
});

test('the pairing script and the package come without login; without a package that is said', async () => {
  const { profileId } = await pairingCode(pce());
  const script = `/api/v18/software/ven/image?pair_script=pair.sh&profile_id=${profileId}`;
  const missing = await pce().send('GET', script, { auth: null });
  expect(missing).toMatchObject({ status: 503, text: expect.stringContaining('--ven-package') });
  const content = Buffer.from('a package');
  await mkdir(join(pce().folder, 'software'));
  await writeFile(join(pce().folder, 'software', 'ven-linux-x64.tar.gz'), content);
  const answer = await pce().send('GET', script, { auth: null });
  expect(answer.status).toBe(200);
  expect(answer.text).toMatch(/^#!\/bin\/sh/);
  expect(answer.text).toContain(createHash('sha256').update(content).digest('hex'));
  expect(answer.text).toContain(pce().pce.deps.identity.caFingerprint);
  const image = await pce().send('GET', '/api/v18/software/ven/image?os=linux&arch=x64', {
    auth: null,
  });
  expect(image).toMatchObject({
    status: 200,
    text: 'a package',
    headers: { 'content-length': '9' },
  });
  expect(
    (await pce().send('GET', '/api/v18/software/ven/image?os=linux&arch=arm64', { auth: null }))
      .status,
  ).toBe(404);
  expect(
    (
      await pce().send('GET', '/api/v18/software/ven/image?pair_script=pair.sh&profile_id=99999', {
        auth: null,
      })
    ).status,
  ).toBe(404);
});
