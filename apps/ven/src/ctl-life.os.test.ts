/** The life of a VEN by its commands, on a host of its own with a real kernel. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startCtlHost, type CtlHost } from './testing/ctl-host.ts';
import { aPolicyContent } from './testing/policies.ts';
import { until } from './testing/until.ts';

// each command is a process of its own, and the machine may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let host: CtlHost;

beforeAll(async () => {
  host = await startCtlHost();
  host.pce.policy = aPolicyContent();
});
afterAll(() => host.dispose());

const readJson = (text: string): unknown => JSON.parse(text);

test('check-env works before activation and names what is there (R-VEN-7)', async () => {
  const { out } = await host.ctl('check-env', '--json');
  const report = readJson(out);
  expect(report).toMatchObject({ sent_to_pce: false });
  const checks = expect.arrayContaining([
    expect.objectContaining({ name: 'root', status: 'green' }),
    expect.objectContaining({ name: 'nftables', status: 'green' }),
    expect.objectContaining({ name: 'kernel', status: 'green' }),
  ]) as unknown;
  expect(report).toMatchObject({ checks });
});

test('a clock that is off by a day is named with both times, and the code is not spent (FR-50)', async () => {
  host.pce.time = new Date(Date.now() + 86_400_000);
  const refused = await host.activate();
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringMatching(/clock of this host is wrong: it says \S+, the PCE’s says \S+/),
  });
  expect(host.pce.activations).toEqual([]);
  host.pce.time = null;
  expect((await host.activate('--json')).code).toBe(0);
  await until('the policy', () => host.table() !== '');
});

test('the way to the PCE is tested step by step, and the first that fails has its reason', async () => {
  const good = await host.ctl('connectivity-test', '--json');
  expect(readJson(good.out)).toMatchObject({
    ok: true,
    steps: [{ name: 'name' }, { name: 'tcp' }, { name: 'tls' }, { name: 'identity' }],
  });
  const closed = await host.ctl('connectivity-test', '-m', '203.0.113.1:9');
  expect(closed).toMatchObject({ code: 1, out: expect.stringContaining('FAILED tcp') });
  const foreign = await host.ctl('connectivity-test', '-m', '203.0.113.1:8443');
  expect(foreign).toMatchObject({ code: 1, out: expect.stringContaining('FAILED tls') });
});

test('check-env of a paired host is sent to the PCE (R-VEN-7)', async () => {
  expect((await host.ctl('check-env')).out).toContain('The PCE has the report.');
  expect(host.pce.compatibility.at(-1)?.checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['kernel', 'clock', 'pce_connection']),
  );
});

test('suspended, the firewall is handed back, also over a restart, until it is unsuspended (R-VEN-9)', async () => {
  const suspended = await host.ctl('suspend');
  expect(suspended).toMatchObject({ code: 0, out: expect.stringContaining('VEN suspended.') });
  expect(host.table()).toBe('');
  expect(host.pce.statuses).toEqual(['suspended']);
  await until('the channel is closed', () => !host.pce.connected());
  expect((await host.ctl('restart')).code).toBe(0);
  expect(host.table()).toBe('');
  expect(readJson((await host.ctl('status', '--json')).out)).toMatchObject({
    suspended: true,
    policy: null,
  });
  expect((await host.ctl('show-policy')).err).toContain('suspended');
  expect((await host.ctl('suspend')).out).toContain('suspended already');
  expect(host.pce.connected()).toBe(false);

  const on = await host.ctl('unsuspend', '--json');
  expect(readJson(on.out)).toMatchObject({ suspended: false });
  expect(host.table()).toContain('10.0.0.1');
  await until('the PCE knows', () => host.pce.statuses.at(-1) === 'active');
  expect(host.pce.goodbyes).toEqual([]);
});

test('a PCE that is away when the VEN is suspended is told when it is back', async () => {
  host.pair.run(host.pair.peer, 'ip', ['link', 'set', 'eth0', 'down']);
  expect((await host.ctl('suspend')).out).toContain('could not be told yet');
  expect(host.table()).toBe('');
  host.pair.run(host.pair.peer, 'ip', ['link', 'set', 'eth0', 'up']);
  const before = host.pce.statuses.length;
  expect((await host.ctl('restart')).code).toBe(0);
  await until('the PCE knows', () => host.pce.statuses.length > before, 20_000);
  expect(host.pce.statuses.at(-1)).toBe('suspended');
  expect((await host.ctl('unsuspend')).code).toBe(0);
  await until('the PCE knows', () => host.pce.statuses.at(-1) === 'active', 20_000);
});

test('where the organization asks for it, root too needs a maintenance token (R-VEN-6)', async () => {
  const organization = join(host.data, 'state', 'organization.json');
  host.pce.send({ type: 'settings', maintenance_token_required: true });
  await until('the setting', async () =>
    existsSync(organization) ? (await readFile(organization, 'utf8')).includes('true') : false,
  );
  const claim = {
    purpose: 'ven_maintenance' as const,
    ven_uuid: '11111111-2222-4333-8444-555555555555',
    expires_at: new Date(Date.now() + 60_000).toISOString(),
  };
  for (const command of [['stop'], ['unpair', 'saved']]) {
    const refused = await host.ctl(...command);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('maintenance token') });
  }
  // verified without a connection
  host.pair.run(host.pair.peer, 'ip', ['link', 'set', 'eth0', 'down']);
  const stopped = await host.ctl('stop', '--maintenance-token', host.pce.seal(claim));
  expect(stopped).toMatchObject({ code: 0, out: expect.stringContaining('VEN stopped') });
  host.pair.run(host.pair.peer, 'ip', ['link', 'set', 'eth0', 'up']);
  expect((await host.ctl('start')).code).toBe(0);
  await until('the channel', () => host.pce.connected(), 20_000);
  host.pce.send({ type: 'settings', maintenance_token_required: false });
  await until('the setting', async () => (await readFile(organization, 'utf8')).includes('false'));
});

test('a damaged policy file is never enforced: the host is closed until the PCE has sent it anew', async () => {
  const file = join(host.data, 'state', 'policy.json');
  process.kill(await host.pid(), 'SIGKILL');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('10.0.0.1', '10.0.0.9'));
  host.pair.run(host.pair.peer, 'ip', ['link', 'set', 'eth0', 'down']);
  expect((await host.ctl('start')).code).toBe(0);
  expect(host.table()).not.toContain('10.0.0.');
  expect(host.table()).toMatch(/chain input \{/);
  expect((await host.ctl('status')).out).toContain('the policy on disk is damaged');
  host.pair.run(host.pair.peer, 'ip', ['link', 'set', 'eth0', 'up']);
  await until('the policy', () => host.table().includes('10.0.0.1'), 20_000);
  expect(
    host.pce.messages.some(
      (message) => message.type === 'apply_failed' && message.message.includes('damaged'),
    ),
  ).toBe(true);
});

test('a support report holds what happened and no secret', async () => {
  const { out } = await host.ctl('gen-supportreport', '--json');
  const { path } = readJson(out) as { path: string };
  const report = await readFile(path, 'utf8');
  expect(report).toContain('"environment"');
  expect(report).not.toContain('token-of-the-test-ven');
});

test('deactivated, the host is free for another activation, and the program stays', async () => {
  const reports = (await readdir(host.folder)).length;
  const result = await host.ctl('deactivate');
  expect(result).toMatchObject({ code: 0, err: '' });
  expect(host.table()).toBe('');
  expect(host.pce.goodbyes.at(-1)).toBe(JSON.stringify({ reason: 'unpair' }));
  expect((await host.ctl('status')).code).toBe(3);
  expect((await readdir(host.folder)).length).toBe(reports);
  expect((await host.activate()).code).toBe(0);
});
