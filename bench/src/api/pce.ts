/** A PCE of its own on a loopback port, and clients of it. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../apps/pce/src/main.ts', import.meta.url));
const USER = 'bench@bulkhead.example';
const PASSWORD = 'bench password 2026';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
/** `path` is below `/api/v2`. */
export type Send = (
  method: string,
  path: string,
  options?: {
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    /** False: the answer is read and dropped, so that its size does not matter to this process. */
    readonly keep?: boolean;
  },
) => Promise<Answer>;

export interface BenchPce {
  /** Of the PCE's own process, without its stores. */
  readonly pid: number;
  readonly org: string;
  readonly send: Send;
  /** A client with an API key and a connection of its own. */
  readonly newClient: () => Promise<Send>;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function clientOf(port: number, ca: string, authorization: string): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  return (method, path, { body, headers = {}, keep = true } = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const sent = request(
        {
          host: '127.0.0.1',
          servername: 'localhost',
          port,
          agent,
          method,
          path: `/api/v2${path}`,
          headers: {
            authorization,
            accept: 'application/json',
            ...(text === undefined
              ? {}
              : {
                  'content-type': 'application/json',
                  'content-length': Buffer.byteLength(text),
                }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => {
            if (keep) chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
}

function parsed<T>(answer: Answer): T {
  if (answer.status >= 300) throw new Error(`the PCE answered ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text) as T;
}

async function connected(port: number, ca: string, pid: number): Promise<BenchPce> {
  const ticket = parsed<{ auth_token: string }>(
    await clientOf(port, ca, basic(USER, PASSWORD))('POST', '/login_users/authenticate', {
      body: {},
    }),
  );
  const login = parsed<{
    href: string;
    auth_username: string;
    session_token: string;
    orgs: readonly { org_href: string }[];
  }>(await clientOf(port, ca, `Token token=${ticket.auth_token}`)('GET', '/users/login'));
  const send = clientOf(port, ca, basic(login.auth_username, login.session_token));
  return {
    pid,
    org: login.orgs[0]?.org_href ?? '/orgs/1',
    send,
    newClient: async () => {
      const key = parsed<{ auth_username: string; secret: string }>(
        await send('POST', `${login.href}/api_keys`, { body: { name: 'bench' } }),
      );
      return clientOf(port, ca, basic(key.auth_username, key.secret));
    },
  };
}

/** Runs `work` on a new PCE and removes it however it ends. */
export async function onPce<T>(work: (pce: BenchPce) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-'));
  const [data, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
  // The stores run as another user and have to pass through.
  await chmod(folder, 0o711);
  await writeFile(passwordFile, PASSWORD, { mode: 0o600 });
  const setup = ['--org=Bench', `--admin=${USER}`, `--password-file=${passwordFile}`];
  const child = spawn(
    process.execPath,
    [MAIN, 'serve', `--data=${data}`, '--port=0', '--host=127.0.0.1', '--fqdn=localhost', ...setup],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('ready')) resolve();
      });
      child.on('close', () => reject(new Error('the PCE ended before it was ready')));
    });
    const { port } = JSON.parse(await readFile(join(data, 'pce.json'), 'utf8')) as { port: number };
    const ca = await readFile(join(data, 'tls', 'ca.crt'), 'utf8');
    return await work(await connected(port, ca, child.pid ?? 0));
  } finally {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
