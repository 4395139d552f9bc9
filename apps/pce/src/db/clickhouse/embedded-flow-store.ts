/** The embedded engine, in a child process that starts with the first call, is started again when it dies, and ends with the PCE. */
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { OperationalError } from '../../operational-error.ts';
import type { FlowStoreClient } from './flow-store-client.ts';

const PROGRAM = fileURLToPath(new URL('engine.ts', import.meta.url));
const START_MS = 30_000;
const STOP_MS = 10_000;
const SOCKET_LIMIT = 107;

interface Engine {
  readonly child: ChildProcess;
  readonly agent: Agent;
  readonly socketPath: string;
}

export class EmbeddedFlowStore implements FlowStoreClient {
  readonly #folder: string;
  readonly #logger: Logger;
  #engine: Promise<Engine> | undefined;
  #running = false;
  #closed = false;

  /** `folder`: of the engine, created when needed. */
  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  get running(): boolean {
    return this.#running;
  }

  async command(sql: string): Promise<void> {
    await this.#call('/command', sql);
  }

  async insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void> {
    if (rows.length > 0)
      await this.#call(`/insert?table=${encodeURIComponent(table)}`, JSON.stringify(rows));
  }

  async query<T>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const text = await this.#call('/query', JSON.stringify({ sql, params }));
    // The caller names the row type of its own SELECT.
    return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as T[]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const engine = await this.#engine?.catch(() => undefined);
    if (engine === undefined || engine.child.exitCode !== null || engine.child.signalCode !== null)
      return;
    engine.agent.destroy();
    const ended = new Promise<void>((resolve) => {
      engine.child.once('exit', () => resolve());
    });
    engine.child.kill('SIGTERM');
    const timer = setTimeout(() => engine.child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  #start(): Promise<Engine> {
    if (this.#closed) throw new OperationalError('The flow engine is closed');
    this.#engine ??= this.#launch().catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  async #launch(): Promise<Engine> {
    const data = join(this.#folder, 'data');
    await mkdir(data, { recursive: true, mode: 0o700 });
    const socket = await this.#socketPath();
    const child = fork(PROGRAM, [data, socket], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: { PATH: process.env['PATH'] },
    });
    const log = createWriteStream(join(this.#folder, 'engine.log'), { flags: 'a', mode: 0o640 });
    log.on('error', (error) =>
      this.#logger.warn({ err: error }, 'cannot write the log of the flow engine'),
    );
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('exit', (code, signal) => {
      log.end();
      this.#running = false;
      this.#engine = undefined;
      if (!this.#closed)
        this.#logger.error(
          { code, signal },
          'the flow engine ended; the next call starts it again',
        );
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void =>
        reject(
          new OperationalError(
            `The flow engine does not start (${why}); see ${join(this.#folder, 'engine.log')}`,
          ),
        );
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail('no answer in time');
      }, START_MS);
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code, signal) => fail(`exit ${code ?? signal}`));
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
      child.once('close', () => clearTimeout(timer));
    });
    this.#running = true;
    // Neither the child nor its channel keeps a PCE alive that is done.
    child.unref();
    child.channel?.unref();
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    return { child, agent, socketPath: socket };
  }

  async #socketPath(): Promise<string> {
    let path = join(this.#folder, 'engine.sock');
    if (Buffer.byteLength(path) > SOCKET_LIMIT) {
      const folder = `/tmp/bulkhead-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      path = join(folder, 'engine.sock');
    }
    await rm(path, { force: true });
    return path;
  }

  async #call(path: string, body: string): Promise<string> {
    const { agent, socketPath } = await this.#start();
    return new Promise((resolve, reject) => {
      const call = request(
        {
          agent,
          socketPath,
          path,
          method: 'POST',
          headers: { 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`The flow engine refused: ${text}`));
          });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }
}
