import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { withTestPce } from '../testing/test-pce.ts';
import { checkOffline } from './offline.ts';
import { activation, VenClient, until } from './testing/ven-client.ts';

let now = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => now } });
const vens = (): string => `/api/v2/orgs/${pce().orgId}/vens`;

function later(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000);
}

async function eventTypes(): Promise<string> {
  return (await pce().send('GET', `/api/v2/orgs/${pce().orgId}/events`)).text;
}

test('a suspended VEN is shown so, stays a peer of others for good, and goes on when it says so (R-VEN-9)', async () => {
  const ven = await VenClient.activate(pce());
  await ven.connect();
  await ven.waitFor('policy');
  expect((await ven.send('PUT', 'status', { status: 'suspended' })).status).toBe(204);
  ven.disconnect();
  const workload = async () => (await pce().send('GET', `/api/v2${ven.workload}`)).json;
  expect(await workload()).toMatchObject({ online: true, ven: { status: 'suspended' } });
  later(100_000);
  await checkOffline(pce().pce.deps, () => false);
  expect(await workload()).toMatchObject({ online: true });
  const unpair = await pce().send('PUT', `${vens()}/unpair`, {
    body: { vens: [{ href: ven.href }] },
  });
  expect(unpair.text).toContain('ven_suspended');

  await ven.connect();
  expect((await ven.send('PUT', 'status', { status: 'active' })).status).toBe(204);
  expect(await workload()).toMatchObject({ ven: { status: 'active' } });
  const events = await eventTypes();
  expect(events).toContain('agent.suspend');
  expect(events).toContain('agent.unsuspend');
  ven.disconnect();
});

test('an operator marks a VEN that cannot be reached as suspended (R-VEN-9)', async () => {
  const ven = await VenClient.activate(pce());
  const url = `/api/v2${ven.href}`;
  expect((await pce().send('PUT', url, { body: { status: 'suspended' } })).status).toBe(204);
  expect((await pce().send('GET', url)).json).toMatchObject({ status: 'suspended' });
  expect((await pce().send('PUT', url, { body: { status: 'stopped' } })).status).toBe(406);
});

test('the compatibility report is kept whole, with the worst of its checks (R-VEN-7)', async () => {
  const ven = await VenClient.activate(pce());
  const url = `/api/v2${ven.href}/compatibility_report`;
  expect((await pce().send('GET', url)).json).toEqual({});
  const sent = await ven.send('PUT', 'compatibility_report', {
    checks: [
      { name: 'kernel', status: 'green', detail: 'Linux 6.1' },
      { name: 'conntrack_tools', status: 'red', detail: 'not installed' },
    ],
  });
  expect(sent.status).toBe(204);
  expect((await pce().send('GET', url)).json).toEqual({
    last_updated_at: now.toISOString(),
    qualify_status: 'red',
    results: {
      qualify_tests: [
        { status: 'green', kernel: 'Linux 6.1' },
        { status: 'red', conntrack_tools: 'not installed' },
      ],
    },
  });
  const { auth } = await pce().userWith('ruleset_viewer');
  expect((await pce().send('GET', url, { auth })).status).toBe(200);
});

test('a renewed token and the one before are both good for a day, an older one is not (FR-23)', async () => {
  const ven = await VenClient.activate(pce());
  const report = (token: string) =>
    pce().send('PUT', '/api/v2/ven/report', {
      auth: `Bearer ${token}`,
      body: { facts: ven.request.facts, interfaces: [] },
    });
  const renew = async (token: string): Promise<string> => {
    const answer = await pce().send('POST', '/api/v2/ven/token', { auth: `Bearer ${token}` });
    expect(answer.status).toBe(201);
    return (answer.json as { token: string }).token;
  };
  const first = ven.identity.token;
  const second = await renew(first);
  expect([(await report(first)).status, (await report(second)).status]).toEqual([204, 204]);
  // the answer was lost: asking again with the old one is as good
  const third = await renew(first);
  expect((await report(second)).status).toBe(401);
  expect((await report(third)).status).toBe(204);
  const fourth = await renew(third);
  expect((await report(first)).status).toBe(401);
  later(86_401);
  expect([(await report(third)).status, (await report(fourth)).status]).toEqual([401, 204]);
  expect(await eventTypes()).toContain('agent.refresh_token');
});

test('a maintenance token is signed for its VEN; what is no VEN is named (R-VEN-6)', async () => {
  const ven = await VenClient.activate(pce());
  const unknown = `/orgs/${pce().orgId}/vens/00000000-0000-4000-8000-000000000001`;
  const answer = await pce().send('POST', `${vens()}/generate_maintenance_token`, {
    body: { vens: [{ href: ven.href }, { href: unknown }], valid_seconds: 600 },
  });
  expect(answer.status).toBe(200);
  const { tokens, errors } = answer.json as {
    tokens: { token: string; expires_at: string }[];
    errors: unknown[];
  };
  expect(errors).toMatchObject([{ token: 'not_found_error', hrefs: [unknown] }]);
  const [content = '', signature = ''] = (tokens[0]?.token ?? '').split('.');
  const bytes = Buffer.from(content, 'base64url');
  const key = createPublicKey(ven.identity.policy_public_key);
  expect(verify(null, bytes, key, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(JSON.parse(bytes.toString())).toEqual({
    purpose: 'ven_maintenance',
    ven_uuid: ven.identity.ven_uuid,
    expires_at: new Date(now.getTime() + 600_000).toISOString(),
  });
  const { auth } = await pce().userWith('read_only');
  const refused = await pce().send('POST', `${vens()}/generate_maintenance_token`, {
    auth,
    body: { vens: [{ href: ven.href }] },
  });
  expect(refused.status).toBe(403);
});

test('what the organization asks of its VENs reaches those that are connected at once (R-VEN-6)', async () => {
  const ven = await VenClient.activate(pce());
  await ven.connect();
  expect(await ven.waitFor('settings')).toMatchObject({ maintenance_token_required: false });
  const url = `/api/v2/orgs/${pce().orgId}/settings/vens`;
  const body = { maintenance_token_required: true };
  expect((await pce().send('PUT', url, { body })).status).toBe(204);
  expect(await ven.waitFor('settings', 2)).toMatchObject(body);
  expect((await pce().send('GET', url)).json).toEqual({ ...body, reactivate_clones: false });
  const { auth } = await pce().userWith('admin');
  expect((await pce().send('PUT', url, { auth, body })).status).toBe(403);
  const restart = await pce().send('PUT', `${vens()}/remote_action`, {
    body: { action: 'restart', vens: [{ href: ven.href }] },
  });
  expect(restart.json).toEqual({ errors: [] });
  await ven.waitFor('restart');
  ven.disconnect();
  await until('the end of the channel', async () => {
    const again = await pce().send('PUT', `${vens()}/remote_action`, {
      body: { action: 'restart', vens: [{ href: ven.href }] },
    });
    return again.text.includes('ven_not_connected');
  });
});

test('what a VEN warns of is on the workload until it is over (FR-53)', async () => {
  const ven = await VenClient.activate(pce());
  await ven.connect();
  await ven.waitFor('policy');
  const warning = { token: 'connection_table_full', message: '950 of 1000' };
  const shown = async () =>
    JSON.stringify((await pce().send('GET', `/api/v2${ven.workload}`)).json).includes(
      '950 of 1000',
    );
  const heartbeat = (warnings: (typeof warning)[]) =>
    ven.say({ type: 'heartbeat', uptime_seconds: 1, policy_version: ven.version, warnings });
  heartbeat([warning]);
  await until('the warning', shown);
  // an acknowledgement says nothing about it
  ven.say({
    type: 'applied',
    version: ven.version,
    hash: ven.policy?.hash ?? '',
    applied_at: now.toISOString(),
    rule_count: 0,
  });
  heartbeat([]);
  await until('no warning', async () => !(await shown()));
  ven.disconnect();
});

test('a failure of before the connection does not hide the policy that was sent after it', async () => {
  const ven = await VenClient.activate(pce());
  await ven.connect();
  await ven.waitFor('policy');
  ven.say({ type: 'apply_failed', version: 0, message: 'the policy on disk is damaged' });
  ven.say({
    type: 'applied',
    version: ven.version,
    hash: ven.policy?.hash ?? '',
    applied_at: now.toISOString(),
    rule_count: 0,
  });
  await until('applied', async () => {
    const { text } = await pce().send('GET', `/api/v2${ven.workload}`);
    return text.includes('"security_policy_sync_state":"applied"');
  });
  ven.disconnect();
});

function onMachine(machine: string) {
  const facts = { ...activation('').facts, machine_id: machine };
  return VenClient.activate(pce(), { facts });
}

async function countOf(eventType: string): Promise<number> {
  const { json } = await pce().send(
    'GET',
    `/api/v2/orgs/${pce().orgId}/events?event_type=${eventType}`,
  );
  return (json as unknown[]).length;
}

test('a copy on another machine is refused although the original is away; a golden image raises no event (R-VEN-8, FR-21)', async () => {
  const ven = await onMachine('machine-1');
  const url = `/api/v2${ven.href}`;
  expect((await pce().send('PUT', url, { body: { golden_image: true } })).status).toBe(204);
  expect((await pce().send('GET', url)).json).toMatchObject({ golden_image: true });
  const before = await countOf('agent.clone_detected');
  ven.machineId = 'machine-2';
  await ven.connect();
  expect(await ven.waitFor('error')).toMatchObject({
    message: expect.stringContaining('activate it with a new code'),
  });
  await until('the end', () => ven.closed === 4409);
  expect(await countOf('agent.clone_detected')).toBe(before);

  const other = await onMachine('machine-3');
  other.machineId = 'machine-4';
  await other.connect();
  await until('the end', () => other.closed === 4409);
  expect(await countOf('agent.clone_detected')).toBe(before + 1);
  other.machineId = 'machine-3';
  await other.connect();
  await other.waitFor('policy');
  other.disconnect();
});

test('machines that name themselves alike and have codes of their own are as many workloads, all online (FR-20)', async () => {
  const vens = [await onMachine('of the image'), await onMachine('of the image')];
  expect(new Set(vens.map(({ workload }) => workload)).size).toBe(2);
  for (const ven of vens) ven.machineId = 'of the image';
  for (const ven of vens) {
    await ven.connect();
    await ven.waitFor('policy');
  }
  for (const ven of vens) {
    const seen = await pce().send('GET', `/api/v2${ven.href}`);
    expect(seen.json).toMatchObject({ connected: true });
  }
  for (const ven of vens) ven.disconnect();
});

test('where the organization says so, a copy becomes a workload of its own (R-VEN-8)', async () => {
  const url = `/api/v2/orgs/${pce().orgId}/settings/vens`;
  await pce().send('PUT', url, { body: { reactivate_clones: true } });
  const ven = await onMachine('machine-1');
  ven.machineId = 'machine-2';
  await ven.connect();
  const message = await ven.waitFor('reactivated');
  await pce().send('PUT', url, { body: { reactivate_clones: false } });
  if (message.type !== 'reactivated') throw new Error('not reactivated');
  expect(message.ven_uuid).not.toBe(ven.identity.ven_uuid);
  const copy = new VenClient(pce(), ven.request, { ...ven.identity, ...message });
  copy.machineId = 'machine-2';
  await copy.connect();
  await copy.waitFor('policy');
  const [one, two] = await Promise.all(
    [ven, copy].map(async ({ workload }) => (await pce().send('GET', `/api/v2${workload}`)).json),
  );
  const shared = { hostname: 'host.test', enforcement_mode: 'full', online: true };
  expect([one, two]).toMatchObject([shared, shared]);
  expect(await countOf('agent.activate_clone')).toBe(1);
  copy.disconnect();
});
