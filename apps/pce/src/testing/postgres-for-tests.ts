/** One embedded PostgreSQL for a whole test run, with a migrated database that each test file clones. Vitest's global set-up. */
import { chmodSync, existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import pino from 'pino';
import type { TestProject } from 'vitest/node';
import { lockDataFolder, runningPce } from '../data-folder.ts';
import { startEmbeddedPostgres, stopOrphan } from '../db/embedded/postgres.ts';
import { migrate } from '../db/migrate.ts';
import { connect } from '../db/pool.ts';

const PREFIX = 'bulkhead-tests-';
export const TEMPLATE = 'bulkhead_template';

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { host: string; user: string; password: string };
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  chmodSync(folder, 0o711);
  await lockDataFolder(folder);
  const server = await startEmbeddedPostgres({
    folder,
    logger: pino({ level: 'silent' }),
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
    },
  });
  const { connection } = server;
  await inDatabase({ ...connection, database: 'postgres' }, (pool) =>
    pool.query(`CREATE DATABASE ${TEMPLATE}`),
  );
  const template = connect({ ...connection, database: TEMPLATE }, () => undefined);
  await migrate(template.db);
  await template.db.destroy();
  project.provide('postgres', {
    host: text(connection.host),
    user: text(connection.user),
    password: text(connection.password),
  });
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** What a test run left behind that was killed. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (
      !name.startsWith(PREFIX) ||
      !existsSync(join(folder, 'pce.lock')) ||
      (await runningPce(folder)) !== undefined
    )
      continue;
    await stopOrphan(join(folder, 'postgres/data'), pino({ level: 'silent' }));
    await rm(folder, { recursive: true, force: true });
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string')
    throw new TypeError('the embedded server is reached by text options');
  return value;
}

async function inDatabase(
  config: pg.ClientConfig,
  work: (pool: pg.Pool) => Promise<unknown>,
): Promise<void> {
  const { pool } = connect(config, () => undefined);
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}
