/** The policy store of a PCE: the server that DATABASE_URL names, or the embedded one in the data folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { OperationalError, errorText } from '../operational-error.ts';
import { startEmbeddedPostgres } from './embedded/postgres.ts';
import { migrate } from './migrate.ts';
import { connect, type Connection } from './pool.ts';

export interface OpenDatabase extends Connection {
  readonly connection: pg.ClientConfig;
  /** Process of the embedded server. */
  readonly pid: () => number | undefined;
  close(): Promise<void>;
}

const CONNECTION_FILE = 'postgres.connection.json';
const connectionSchema = z.object({
  host: z.string(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
});

/** Starts what has to be started and brings the schema up to date. The caller holds the lock of the data folder. */
export async function openDatabase(
  config: Config,
  logger: Logger,
  settings: Readonly<Record<string, string>> = {},
): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined) {
    const opened = opening({ connectionString: config.databaseUrl }, logger);
    return ready(opened, config.databaseUrl);
  }
  const server = await startEmbeddedPostgres({ folder: config.data, logger, settings });
  const opened = opening(server.connection, logger);
  try {
    return await ready(
      {
        ...opened,
        pid: () => server.pid,
        close: async () => {
          await opened.close();
          await server.stop();
        },
      },
      undefined,
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Joins the database of the PCE that runs on this data folder, as its command line does. */
export async function joinDatabase(config: Config, logger: Logger): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined)
    return opening({ connectionString: config.databaseUrl }, logger);
  const text = await readFile(connectionFile(config), 'utf8');
  return opening(connectionSchema.parse(JSON.parse(text)), logger);
}

/** Where `joinDatabase` of another process finds the embedded server; the file holds its password. */
export function connectionFile(config: Config): string {
  return join(config.data, CONNECTION_FILE);
}

function opening(connection: pg.ClientConfig, logger: Logger): OpenDatabase {
  const { pool, db } = connect(connection, (error) =>
    logger.warn({ err: error }, 'a database connection broke'),
  );
  return { connection, pool, db, pid: () => undefined, close: () => db.destroy() };
}

async function ready(opened: OpenDatabase, url: string | undefined): Promise<OpenDatabase> {
  try {
    await opened.pool.query('SELECT 1');
  } catch (error) {
    await opened.close();
    const host = url === undefined ? 'embedded' : new URL(url).host;
    throw new OperationalError(
      `Cannot reach the database (${host}): ${errorText(error)}; check DATABASE_URL and that the server runs`,
    );
  }
  try {
    await migrate(opened.db);
  } catch (error) {
    await opened.close();
    throw new OperationalError(errorText(error));
  }
  return opened;
}
