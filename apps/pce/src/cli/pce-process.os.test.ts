/** The command as an operator runs it: real processes, real data folders. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const PASSWORD = 'correct horse battery';
const asRoot = process.getuid?.() === 0;
// each test starts whole PCEs, and the machine may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let home: string;
let data: string;
const running = new Set<ChildProcess>();

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly caFingerprint: string;
  output(): string;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without what the surroundings of this test run might set. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home };
}

function launch(
  args: readonly string[],
  options: { uid?: number; gid?: number } = {},
): { child: ChildProcess; out: () => string; err: () => string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(),
    ...options,
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const chunks: Record<'out' | 'err', string[]> = { out: [], err: [] };
  child.stdout?.on('data', (chunk: Buffer) => chunks.out.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => chunks.err.push(chunk.toString()));
  return { child, out: () => chunks.out.join(''), err: () => chunks.err.join('') };
}

function serveArgs(extra: readonly string[] = []): string[] {
  const setup = [
    '--org',
    'Acme',
    '--admin',
    'admin@example.com',
    '--password-file',
    join(home, 'password'),
  ];
  return [
    'serve',
    '--data',
    data,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--fqdn',
    'pce.test',
    ...setup,
    ...extra,
  ];
}

async function start(extra: readonly string[] = []): Promise<Started> {
  const { child, out, err } = launch(serveArgs(extra));
  await expect
    .poll(() => out().includes('\n') || child.exitCode !== null, { timeout: 20_000, interval: 20 })
    .toBe(true);
  const match = /^ready https:\/\/pce\.test:(\d+) ca-sha256=([0-9a-f]{64})\n$/.exec(out());
  if (match === null) throw new Error(`the PCE did not get ready: ${out()}${err()}`);
  return { child, port: Number(match[1]), caFingerprint: match[2] ?? '', output: err };
}

async function run(
  args: readonly string[],
  options: { uid?: number; gid?: number } = {},
): Promise<Ended> {
  const { child, out, err } = launch(args, options);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: out(), stderr: err() };
}

async function stop(
  { child }: Started,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return ended;
}

/** Processes that name the data folder: the PCE's own and its database. */
function processesOf(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(folder) && !/^\s*\d+\s+Z/.test(line));
}

async function databasePid(): Promise<number> {
  return Number(
    (await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0],
  );
}

async function get(
  port: number,
  path: string,
  auth?: string,
): Promise<{ status: number; text: string }> {
  const ca = await readFile(join(data, 'tls/ca.crt'), 'utf8');
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        servername: 'pce.test',
        ca,
        path,
        agent: false,
        headers: auth === undefined ? {} : { authorization: auth },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    call.on('error', reject);
    call.end();
  });
}

async function apiKey(): Promise<string> {
  const { code, stdout, stderr } = await run([
    'api-key',
    'create',
    '--data',
    data,
    '--name',
    'test',
    '--json',
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const key = JSON.parse(stdout) as { auth_username: string; secret: string };
  return `Basic ${Buffer.from(`${key.auth_username}:${key.secret}`).toString('base64')}`;
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'bulkhead-cli-'));
  chmodSync(home, 0o755);
  data = join(home, 'data');
  await writeFile(join(home, 'password'), `${PASSWORD}\n`);
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await vi.waitUntil(() => running.size === 0, { timeout: 30_000 });
  // A database that outlived its killed PCE.
  const pid = await databasePid().catch(() => 0);
  if (pid > 1 && processesOf(data).some((line) => line.trim().startsWith(`${pid} `)))
    process.kill(pid, 'SIGQUIT');
  await vi.waitUntil(() => processesOf(home).length === 0, { timeout: 30_000 });
  await rm(home, { recursive: true, force: true });
});

test('first start sets up, serves, and ends cleanly on SIGTERM and on SIGINT', async () => {
  const first = await start();
  const auth = await apiKey();
  expect(JSON.parse((await get(first.port, '/api/v2/users/me', auth)).text)).toMatchObject({
    username: 'admin@example.com',
    roles: ['owner', 'read_only'],
    org: { display_name: 'Acme' },
  });
  expect(await stop(first)).toBe(0);
  expect(processesOf(data)).toEqual([]);
  expect(existsSync(join(data, 'pce.lock'))).toBe(false);

  const second = await start();
  expect(second.caFingerprint).toBe(first.caFingerprint);
  expect((await get(second.port, '/api/v2/noop', auth)).status).toBe(200);
  expect(await stop(second, 'SIGINT')).toBe(0);
  expect(processesOf(data)).toEqual([]);
});

test('open streams and idle connections do not hold up the end', async () => {
  const timeToStop = async (process: Started) => {
    const begun = Date.now();
    expect(await stop(process)).toBe(0);
    return Date.now() - begun;
  };
  const usual = await timeToStop(await start());
  const pce = await start();
  const authorization = await apiKey();
  const ca = await readFile(join(data, 'tls/ca.crt'), 'utf8');
  const agent = new Agent({ keepAlive: true, ca, servername: 'pce.test' });
  const open = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', port: pce.port, path, agent, headers: { authorization } },
        resolve,
      );
      call.on('error', reject);
      call.end();
    });
  const stream = await open('/api/v2/orgs/1/live');
  (await open('/api/v2/noop')).resume();
  const streamEnded = new Promise<void>((resolve) => {
    stream.once('close', resolve);
  });
  stream.resume();
  // connections that are still open after 5 s are closed by force
  expect(await timeToStop(pce)).toBeLessThan(usual + 4000);
  await streamEnded;
  agent.destroy();
});

test('a PCE that is killed leaves its data to the next one, which ends the orphaned database', async () => {
  const first = await start();
  const auth = await apiKey();
  const orphan = await databasePid();
  await stop(first, 'SIGKILL');
  expect(processesOf(data).length).toBeGreaterThan(0);
  const second = await start();
  expect(await databasePid()).not.toBe(orphan);
  expect((await get(second.port, '/api/v2/noop', auth)).status).toBe(200);
  expect(await stop(second)).toBe(0);
  expect(processesOf(data)).toEqual([]);
});

test('a database that is killed is started again', async () => {
  const pce = await start();
  const auth = await apiKey();
  const before = await databasePid();
  process.kill(before, 'SIGKILL');
  const seen = new Set<number>();
  await expect
    .poll(
      async () => {
        const { status } = await get(pce.port, '/api/v2/users/me', auth);
        seen.add(status);
        return status === 200 && (await databasePid().catch(() => before)) !== before;
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(true);
  expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  expect(await stop(pce)).toBe(0);
}, 120_000);

test('a second PCE on the same folder is refused, the first goes on', async () => {
  const first = await start();
  const second = await run(serveArgs());
  expect(second).toEqual({
    code: 1,
    stdout: '',
    stderr: `pce: The data folder ${data} is in use by another PCE (process ${first.child.pid}); stop it, or choose another folder with --data\n`,
  });
  expect((await get(first.port, '/api/v2/node_available')).status).toBe(200);
  await stop(first);
});

test('a port that is taken: one line, and nothing stays behind', async () => {
  const other: Server = createServer();
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  try {
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await run(serveArgs(['--port', String(port), '--log-level', 'error']));
    expect(code).toBe(1);
    expect(stderr).toBe(
      `pce: Port ${port} is taken by another program; stop it, or choose another port with --port\n`,
    );
    expect(processesOf(data)).toEqual([]);
  } finally {
    other.close();
  }
});

test('a first start without a terminal and without flags says what to give: exit 2', async () => {
  const { code, stderr } = await run(['serve', '--data', data, '--port', '0']);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^pce: This PCE is not set up yet: give --org NAME --admin EMAIL --password-file FILE[^\n]*\n$/,
  );
  expect(processesOf(data)).toEqual([]);
});

test('all mistakes of the configuration at once: exit 2', async () => {
  const { code, stderr } = await run([
    'serve',
    '--data',
    data,
    '--port',
    '70000',
    '--fqdn',
    'no name',
    '--log-level',
    'loud',
    '--tls-cert',
    'x.pem',
  ]);
  expect(code).toBe(2);
  for (const word of ['--port', '--fqdn', '--log-level', '--tls-cert'])
    expect(stderr).toContain(word);
  expect(existsSync(data)).toBe(false);
});

test('setup works once, a short password and a wrong address are refused', async () => {
  const args = (admin: string): string[] => [
    'setup',
    '--data',
    data,
    '--org',
    'Acme',
    '--admin',
    admin,
    '--password-file',
    join(home, 'password'),
  ];
  expect(await run(args('not an address'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('e-mail'),
  });
  expect(await run(args('admin@example.com'))).toMatchObject({ code: 0, stderr: '' });
  expect(await run(args('admin@example.com'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('set up already'),
  });
  await writeFile(join(home, 'password'), 'short');
  expect(await run(args('b@example.com'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('8 characters'),
  });
});

test('status tells whether it serves', async () => {
  const status = async (): Promise<{ code: number | null; json: unknown }> => {
    const { code, stdout } = await run(['status', '--data', data, '--json']);
    return { code, json: JSON.parse(stdout) };
  };
  expect(await status()).toEqual({ code: 1, json: { status: 'stopped', data } });
  const pce = await start();
  expect(await status()).toMatchObject({
    code: 0,
    json: { status: 'ready', pid: pce.child.pid, ca_fingerprint: pce.caFingerprint },
  });
  await stop(pce);
  expect((await status()).code).toBe(1);
});

test.runIf(asRoot)('a full disk: one line that says so', async () => {
  await mkdir(data);
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data]).status).toBe(0);
  try {
    const { code, stderr } = await run(serveArgs());
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^pce: The disk that holds [^\n]+ is full; free some space and start again\n$/,
    );
  } finally {
    expect(spawnSync('umount', [data]).status).toBe(0);
  }
});

test.runIf(asRoot)('no permission for the data folder: one line that says so', async () => {
  const { code, stderr } = await run(serveArgs(), { uid: 65534, gid: 65534 });
  expect(code).toBe(1);
  expect(stderr).toBe(
    `pce: No permission to write to ${data}; run as a user who may, or choose another folder with --data\n`,
  );
});

test.runIf(asRoot)(
  'a data folder that the database’s user cannot reach: one line that says where',
  async () => {
    chmodSync(home, 0o700);
    const { code, stderr } = await run(serveArgs());
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot enter ${home}; choose a folder`);
  },
);
