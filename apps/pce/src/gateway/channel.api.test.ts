import { expect, test } from 'vitest';
import { withTestPce } from '../testing/test-pce.ts';
import { VenClient, until, wired } from './testing/ven-client.ts';

const pce = withTestPce();

function venRow(ven: VenClient) {
  return pce()
    .database.db.selectFrom('vens')
    .selectAll()
    .where('id', '=', ven.identity.ven_uuid)
    .executeTakeFirstOrThrow();
}

async function connected(
  change: Parameters<typeof VenClient.activate>[1] = {},
): Promise<VenClient> {
  const ven = await VenClient.activate(pce(), change);
  await ven.connect();
  await ven.waitFor('policy');
  return ven;
}

test('a VEN that connects gets its whole policy, signed; its acknowledgement shows as Policy Sync (R-VEN-9)', async () => {
  const ven = await connected();
  expect(ven.policy).toMatchObject({ mode: 'full' });
  const row = await until('acknowledged', async () => {
    const found = await venRow(ven);
    return found.policy_sync_state === 'applied' && found;
  });
  expect(row).toMatchObject({
    policy_version: ven.version,
    policy_hash: ven.policy?.hash,
    policy_messages: 1,
    status: 'active',
  });
  expect(row.policy_applied_at).toBeInstanceOf(Date);
  expect(row.connected_at).toBeInstanceOf(Date);
  ven.disconnect();
  await until('shown as not connected', async () => (await venRow(ven)).connected_at === null);
});

test('a VEN that comes back with the current policy is sent nothing', async () => {
  const ven = await connected();
  ven.disconnect();
  await until('closed', () => ven.closed !== undefined);
  await ven.connect();
  await ven.waitFor('policy_current');
  expect(ven.policyMessages).toHaveLength(1);
});

test('the whole policy by GET is the same, and deltas go on from there', async () => {
  const ven = await connected();
  const answer = await ven.send('GET', 'policy');
  expect(answer.status).toBe(200);
  const content = ven.verified(answer.json as { content: string; signature: string }) as {
    version: number;
    policy: { hash: string };
  };
  expect(content.policy.hash).toBe(ven.policy?.hash);
  expect(content.version).toBeGreaterThan(ven.version);
});

test('a second machine with the same identity is refused while the first is there, and that is an event (PS-88)', async () => {
  const ven = await connected();
  const clone = new VenClient(pce(), ven.request, ven.identity);
  clone.bootId = 'boot-2';
  await clone.connect();
  await until('the clone is refused', () => clone.closed === 4409);
  expect(clone.policyMessages).toHaveLength(0);
  expect(ven.closed).toBeUndefined();
  const events = await pce().send(
    'GET',
    `/api/v2/orgs/${pce().orgId}/events?event_type=agent.clone_detected`,
  );
  expect(events.text).toContain(ven.href);
  ven.disconnect();
  await until('the first has gone', async () => (await venRow(ven)).connected_at === null);
  await clone.connect();
  await clone.waitFor('policy');
});

test('the same VEN on a new connection takes the place of the old one', async () => {
  const ven = await connected();
  const again = new VenClient(pce(), ven.request, ven.identity);
  await again.connect();
  await again.waitFor('policy');
  await until('the old connection ends', () => ven.closed !== undefined);
  expect(again.closed).toBeUndefined();
});

test('the first message is hello, in the protocol that the PCE speaks', async () => {
  const ven = await VenClient.activate(pce());
  await ven.connect();
  ven.say({ type: 'hello', protocol: 99, boot_id: 'x', policy_version: 0, policy_hash: null });
  await until('closed', () => ven.closed !== undefined);
  expect(ven.closed).toBe(4400);
});

test('without a token, or with a foreign one, there is no channel', async () => {
  const ven = await VenClient.activate(pce());
  const stranger = new VenClient(pce(), ven.request, { ...ven.identity, token: 'f'.repeat(64) });
  await expect(stranger.connect()).rejects.toThrow('401');
});

test('a policy that the VEN could not apply shows as Error with an event, and the next change is tried', async () => {
  const ven = await VenClient.activate(pce());
  ven.refuse = 'nft: no space left';
  await ven.connect();
  await until('error shown', async () => (await venRow(ven)).policy_sync_state === 'error');
  const events = await pce().send(
    'GET',
    `/api/v2/orgs/${pce().orgId}/events?event_type=agent.refresh_policy&status=failure`,
  );
  expect(events.text).toContain('no space left');
  ven.refuse = undefined;
  ven.disconnect();
  await until('closed', () => ven.closed !== undefined);
  await ven.connect();
  await until('applied', async () => (await venRow(ven)).policy_sync_state === 'applied');
});

test('tampering that the VEN undid is an event', async () => {
  const ven = await connected();
  ven.say({ type: 'tampering', detail: 'table bulkhead: rule removed', reverted: true });
  const text = await until('event', async () => {
    const events = await pce().send(
      'GET',
      `/api/v2/orgs/${pce().orgId}/events?event_type=agent.tampering`,
    );
    return events.text.includes('rule removed') && events.text;
  });
  expect(text).toContain(ven.href);
});

test('unpair of a connected VEN is told at once; its workload goes, and after its goodbye its token is worth nothing', async () => {
  const ven = await connected();
  const answer = await pce().send('PUT', `/api/v2/orgs/${pce().orgId}/vens/unpair`, {
    body: { vens: [{ href: ven.href }], firewall_restore: 'saved' },
  });
  expect(answer).toMatchObject({ status: 200, json: { errors: [] } });
  expect(await ven.waitFor('unpair')).toMatchObject({ firewall_restore: 'saved' });
  const row = await pce()
    .database.db.selectFrom('workloads')
    .select('deleted')
    .where('id', '=', ven.identity.ven_uuid)
    .executeTakeFirstOrThrow();
  expect(row.deleted).toBe(true);
  expect((await ven.report([wired('192.0.2.77')])).status).toBe(403);
  expect((await ven.send('PUT', 'goodbye', { reason: 'unpair' })).status).toBe(204);
  expect((await ven.send('PUT', 'goodbye', { reason: 'unpair' })).status).toBe(401);
});

test('unpair of a VEN that is away is told when it comes back', async () => {
  const ven = await VenClient.activate(pce());
  await pce().send('PUT', `/api/v2/orgs/${pce().orgId}/vens/unpair`, {
    body: { vens: [{ href: ven.href }], firewall_restore: 'disable' },
  });
  await ven.connect();
  expect(await ven.waitFor('unpair')).toMatchObject({ firewall_restore: 'disable' });
  expect(ven.policyMessages).toHaveLength(0);
});

test('unpair names what it cannot do', async () => {
  const answer = await pce().send('PUT', `/api/v2/orgs/${pce().orgId}/vens/unpair`, {
    body: { vens: [{ href: `/orgs/${pce().orgId}/vens/00000000-0000-4000-8000-000000000000` }] },
  });
  expect(answer.json).toMatchObject({
    errors: [{ token: 'not_found_error', hrefs: [expect.stringContaining('/vens/0000')] }],
  });
});

test('a VEN that unpairs itself is gone without being told', async () => {
  const ven = await connected();
  expect((await ven.send('PUT', 'goodbye', { reason: 'unpair' })).status).toBe(204);
  await until('dismissed', () => ven.closed === 4410);
  expect((await venRow(ven)).status).toBe('uninstalled');
});
