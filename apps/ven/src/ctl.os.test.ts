/** The daemon and illumio-ven-ctl as processes on a host of their own: a network namespace with a PCE beyond its only link. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { renderInitScript, renderUnit } from './platform/linux/service-files.ts';
import { createNamespacePair, enterNamespace, type NamespacePair } from './testing/namespaces.ts';
import { aHostPolicy, anExplanation, aPolicyContent, RULE_HREF } from './testing/policies.ts';
import { startTestPce, TEST_CODE, TEST_FINGERPRINT, type TestPce } from './testing/test-pce.ts';
import { until } from './testing/until.ts';

const CTL = fileURLToPath(new URL('ctl.ts', import.meta.url));
/** What a neighbour that is there, but has no PCE, does with what is meant for it. */
const PCE_AWAY =
  'table inet away { chain input { type filter hook input priority 0; tcp dport 8443 drop; }; }';
const PCE_BACK = 'table inet away {}\ndelete table inet away';
// each command is a process of its own, and the machine may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let pair: NamespacePair;
let pce: TestPce;
let folder: string;
let data: string;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function onHost(command: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(
      'ip',
      ['netns', 'exec', pair.ours, ...command],
      { encoding: 'utf8' },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

function ctl(...args: readonly string[]): Promise<Result> {
  return onHost([process.execPath, CTL, '--data-dir', data, ...args]);
}

function table(): string {
  try {
    return pair.run(pair.ours, 'nft', ['list', 'table', 'inet', 'bulkhead']);
  } catch {
    return '';
  }
}

/** The table without the connections that are being cut, which are forgotten after minutes. */
function policyTable(): string {
  return table().replaceAll(/(set cut[46] \{[^}]*?)\s*elements = \{[^}]*\}/g, '$1');
}

function tracked(): string {
  return pair.run(pair.ours, 'conntrack', ['-L']);
}

async function pid(): Promise<number> {
  return Number(await readFile(join(data, 'run', 'ven.pid'), 'utf8'));
}

/** Whether a TCP connection from the peer to port 443 of the host is let in: refused by the host counts, silence does not. */
function reaches(from: string): boolean {
  const script = `const s = require('node:net').connect({ host: '203.0.113.2', port: 443, localAddress: '${from}' });
    s.on('error', (e) => { console.log(e.code); process.exit(); }); s.on('connect', () => { console.log('open'); process.exit(); });
    setTimeout(() => { console.log('silence'); process.exit(); }, 400);`;
  return ['ECONNREFUSED', 'open'].includes(
    pair.run(pair.peer, process.execPath, ['-e', script]).trim(),
  );
}

beforeAll(async () => {
  pair = createNamespacePair();
  folder = await mkdtemp(join(tmpdir(), 'ven-ctl-'));
  data = join(folder, 'illumio_ven_data');
  const leave = enterNamespace(pair.peer);
  try {
    pce = await startTestPce(8443, '203.0.113.1');
  } finally {
    leave();
  }
  pce.policy = aPolicyContent();
});

afterAll(async () => {
  if (existsSync(data)) await ctl('unpair', 'saved');
  await pce.close();
  pair.dispose();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  pce.messages.length = 0;
});

const applied = (version: number): boolean =>
  pce.messages.some((message) => message.type === 'applied' && message.version === version);

test('says what is wrong before it is activated, by exit code', async () => {
  expect(await ctl('status')).toMatchObject({
    code: 3,
    err: expect.stringContaining('not activated'),
  });
  const codes = await Promise.all(
    [
      ['activate', '-m', '203.0.113.1'],
      ['no-such-command'],
      ['unpair', 'somehow'],
      ['explain', '10.0.0.1', 'self', '99999'],
      ['help'],
    ].map(async (args) => (await ctl(...args)).code),
  );
  expect(codes).toEqual([2, 2, 2, 2, 0]);
  expect((await ctl('version')).out).toMatch(/^\d+\.\d+\.\d+-\d+\n$/);
  const refused = await ctl(
    'activate',
    '-m',
    '203.0.113.1:8443',
    '-a',
    'wrong',
    '--ca-fingerprint',
    TEST_FINGERPRINT,
  );
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('The activation code is unknown'),
  });
  expect((await ctl('status')).code).toBe(3);
});

test('activates as the guide shows, and enforces (R-VEN-1)', async () => {
  const result = await ctl(
    'activate',
    '-management-server',
    '203.0.113.1:8443',
    '-activation-code',
    TEST_CODE,
    '-endpoint',
    'true',
    '--ca-fingerprint',
    TEST_FINGERPRINT,
    '--flow-report-seconds',
    '1',
    '--reconnect-seconds',
    '1',
  );
  expect(result).toMatchObject({ code: 0, err: '' });
  await until('the acknowledgement', () => applied(1));
  await until('corporate', () => table().includes('"eth0"'));
  expect(pce.detections.at(-1)).toEqual({ interface: 'eth0', from: '203.0.113.2' });
  expect([reaches('10.0.0.1'), reaches('203.0.113.1')]).toEqual([true, false]);
  expect(await readFile(join(data, 'config', 'runtime_env.yml'), 'utf8')).toContain(
    'endpoint: true',
  );
  const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter(
    (entry) => !entry.isDirectory(),
  );
  const modes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).mode & 0o077),
  );
  expect(modes.every((mode) => mode === 0)).toBe(true);
});

test('status and show-policy tell what is enforced, with the rule behind each line', async () => {
  const status: unknown = JSON.parse((await ctl('status', '--json')).out);
  expect(status).toMatchObject({
    running: true,
    ven_type: 'endpoint',
    channel: 'open',
    policy: { version: 1, mode: 'full' },
  });
  const shown = await ctl('show-policy');
  expect(shown.out).toContain('443/TCP from 10.0.0.1, 10.0.0.2');
  expect(shown.out).toContain(`Web from the office (${RULE_HREF}, version 1)`);
  expect((await ctl('start')).out).toContain('runs already');
});

test('explain answers by the PCE, and without it by what is enforced here, and says so', async () => {
  expect((await ctl('explain', '10.0.0.5', '10.9.9.9', '443')).err).toContain(
    'No end is this host',
  );
  pce.explanation = anExplanation();
  const byPce = await ctl('explain', '10.0.0.5', 'self', '443/tcp');
  expect(byPce).toMatchObject({ code: 0, out: expect.stringContaining('blocked at db') });
  expect(pce.questions.at(-1)).toMatchObject({ src_ip: '10.0.0.5', dst_ip: '203.0.113.2' });
  pair.run(pair.peer, 'nft', ['-f', '-'], PCE_AWAY);
  const alone = await ctl('explain', '10.0.0.1', 'self', '443', '--json');
  pair.run(pair.peer, 'nft', ['-f', '-'], PCE_BACK);
  expect(alone.code).toBe(0);
  const answer: unknown = JSON.parse(alone.out);
  expect(answer).toMatchObject({
    answered_by: 'ven',
    ends: [{ decision: 'allowed', rules: [{ href: RULE_HREF, name: 'Web from the office' }] }],
  });
});

test('flows come with the rule or the default that decided (R-VEN-3)', async () => {
  reaches('10.0.0.1');
  reaches('203.0.113.1');
  const inbound = () =>
    pce.flows.filter((flow) => flow.dst_port === 443 && flow.direction === 'inbound');
  await until('both flows', () => new Set(inbound().map((flow) => flow.src_ip)).size === 2);
  expect(inbound().find((flow) => flow.src_ip === '10.0.0.1')).toMatchObject({
    decision: 'allowed',
    rules: [RULE_HREF],
    interface: 'eth0',
  });
  expect(inbound().find((flow) => flow.src_ip === '203.0.113.1')).toMatchObject({
    decision: 'blocked',
    reason: 'default',
    rules: [],
  });
});

test('an established connection is cut when its peer is allowed no more', async () => {
  const inside = async <Result>(
    namespace: string,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    const leave = enterNamespace(namespace);
    try {
      return await work();
    } finally {
      leave();
    }
  };
  const server = await inside(pair.ours, async () => {
    const echo = createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket));
    await once(echo.listen(443, '203.0.113.2'), 'listening');
    return echo;
  });
  const client = await inside(pair.peer, async () => {
    const socket = connect({ host: '203.0.113.2', port: 443, localAddress: '10.0.0.1' });
    await once(socket, 'connect');
    return socket;
  });
  try {
    let echoed = '';
    client.on('data', (data) => (echoed += data.toString())).on('error', () => undefined);
    client.write('a');
    await until('the echo', () => echoed === 'a');
    const move = { id: 's_web', addHosts: [], removeHosts: [], addRanges: [], removeRanges: [] };
    const delta = { policy_version: 1, policy: null, dropped_sets: [], rule_names: {} };
    pce.policy = aPolicyContent({ version: 3 });
    pce.sendDelta({ ...delta, from: 1, to: 2, sets: [{ ...move, removeHosts: ['10.0.0.1'] }] });
    await until('state 2', () => applied(2));
    await until('the cut', () => !tracked().includes('src=10.0.0.1 dst=203.0.113.2'));
    client.write('b');
    expect(reaches('10.0.0.1')).toBe(false);
    expect(echoed).toBe('a');
    pce.sendDelta({ ...delta, from: 2, to: 3, sets: [{ ...move, addHosts: ['10.0.0.1'] }] });
    await until('state 3', () => applied(3));
    expect(reaches('10.0.0.1')).toBe(true);
    expect(echoed).toBe('a');
  } finally {
    client.destroy();
    server.close();
  }
});

test('a table that is removed or changed is back by itself, and the PCE is told', async () => {
  const told = () => pce.messages.filter(({ type }) => type === 'tampering');
  pair.run(pair.ours, 'nft', ['delete', 'table', 'inet', 'bulkhead']);
  await until('the table is back', () => table() !== '');
  await until('the message', () => told().length === 1);
  pair.run(pair.ours, 'nft', ['flush', 'chain', 'inet', 'bulkhead', 'input']);
  await until('the chain is back', () => /chain input \{[^}]*accept/.test(table()));
  await until('the second message', () => told().length === 2);
  expect(told()).toMatchObject([
    { reverted: true, detail: expect.stringContaining('changed by nft') },
    { reverted: true, detail: expect.stringContaining('chain input') },
  ]);
});

test('killed, it starts again with its last policy, also without its PCE and its table', async () => {
  const killed = await pid();
  process.kill(killed, 'SIGKILL');
  pair.run(pair.ours, 'nft', ['delete', 'table', 'inet', 'bulkhead']);
  pair.run(pair.peer, 'ip', ['link', 'set', 'eth0', 'down']);
  expect((await ctl('status')).code).toBe(1);
  expect((await ctl('start')).code).toBe(0);
  expect(table()).toContain('10.0.0.1');
  pair.run(pair.peer, 'ip', ['link', 'set', 'eth0', 'up']);
  await until(
    'the channel',
    () => pce.messages.some((message) => message.type === 'hello' && message.policy_version === 3),
    15_000,
  );
});

test('after a reboot the boot service has the last policy in force before the PCE is reached', async () => {
  // an installation as the service finds it, which runs these sources
  const folders = { install: join(folder, 'illumio_ven'), data };
  const program = join(folders.install, 'illumio-ven-ctl');
  await mkdir(folders.install);
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${CTL}" "$@"\n`, {
    mode: 0o755,
  });
  const script = join(folder, 'init-script');
  await writeFile(script, renderInitScript(folders));
  const unit = /^ExecStart=(.*)$/m.exec(renderUnit(folders))?.[1]?.split(' ') ?? [];
  try {
    for (const command of [unit, ['sh', script, 'start']]) {
      await until('corporate', () => /set corporate \{[^}]*"eth0"/.test(table()), 15_000);
      const before = policyTable();
      process.kill(await pid(), 'SIGKILL');
      pair.run(pair.ours, 'nft', ['delete', 'table', 'inet', 'bulkhead']);
      pair.run(pair.peer, 'nft', ['-f', '-'], PCE_AWAY);
      pce.messages.length = 0;
      const started = await onHost(command);
      expect(started).toMatchObject({ code: 0, err: '' });
      expect(started.out).toMatch(/^VEN started \(process \d+\)\.\n$/);
      expect(before).toContain('10.0.0.1');
      expect(policyTable()).toBe(before);
      // what the killed one had sent may still come in; only a new one says hello
      expect(pce.messages.filter(({ type }) => type === 'hello')).toEqual([]);
      pair.run(pair.peer, 'nft', ['-f', '-'], PCE_BACK);
      await until('the channel', () => pce.messages.some(({ type }) => type === 'hello'), 15_000);
    }
    expect((await onHost(unit)).out).toContain('runs already');
  } finally {
    pair.run(pair.peer, 'nft', ['-f', '-'], PCE_BACK);
    await rm(folders.install, { recursive: true, force: true });
    await rm(script, { force: true });
  }
});

test('killed while it applies, it comes up with a whole policy and catches up', async () => {
  const next = aPolicyContent({ version: 4, policy: aHostPolicy({ visibility: 'flow_drops' }) });
  pce.policy = next;
  pce.send({ type: 'policy', document: pce.signed(next) });
  process.kill(await pid(), 'SIGKILL');
  expect((await ctl('start')).code).toBe(0);
  expect(table()).toContain('10.0.0.1');
  await until('the new policy', () => applied(4), 15_000);
});

test('stop leaves the policy in force and tells the PCE; restart says what it did', async () => {
  const stopped = await ctl('stop');
  expect(stopped).toMatchObject({ code: 0, out: expect.stringContaining('stays in force') });
  expect(pce.goodbyes).toEqual([JSON.stringify({ reason: 'stop' })]);
  expect(table()).not.toBe('');
  expect((await ctl('stop')).out).toContain('was not running');
  const restarted = await ctl('restart');
  expect(restarted.code).toBe(0);
  expect(restarted.out).toMatch(/was not running\.\nVEN started \(process \d+\)\.\n/);
});

test('unpair leaves no table, no process and no file but the report it names (R-VEN-4)', async () => {
  const running = await pid();
  const result = await ctl('unpair', 'saved');
  expect(result).toMatchObject({ code: 0, err: '' });
  expect(table()).toBe('');
  expect(pce.goodbyes.at(-1)).toBe(JSON.stringify({ reason: 'unpair' }));
  expect(existsSync(`/proc/${running}`)).toBe(false);
  const [left, ...more] = await readdir(folder);
  expect(more).toEqual([]);
  expect(result.out).toContain(join(folder, left ?? ''));
  const report = await readFile(join(folder, left ?? ''), 'utf8');
  expect(report).toContain('Web from the office');
  expect(report).not.toContain('token-of-the-test-ven');
  expect((await ctl('status')).code).toBe(3);
});
