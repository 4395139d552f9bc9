import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Db, Database } from './database.ts';

export interface Connection {
  readonly pool: pg.Pool;
  readonly db: Db;
}

/** bigint columns hold ids, sequences and counts far below 2^53: numbers serve. */
const INT8_OID = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === INT8_OID) return Number;
    // pg's overloads take the literal formats one by one
    return format === 'binary'
      ? pg.types.getTypeParser(oid, 'binary')
      : pg.types.getTypeParser(oid, 'text');
  },
};

/** Nothing that the PCE asks takes this long; what does holds locks that others wait for. */
const STATEMENT_MS = 120_000;

/** Options of a single client, such as the listener of the change log. */
export function clientConfig(connection: pg.ClientConfig): pg.ClientConfig {
  return {
    application_name: 'bulkhead-pce',
    types,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    ...connection,
  };
}

export function connect(
  connection: pg.ClientConfig,
  onIdleError: (error: Error) => void,
): Connection {
  const pool = new pg.Pool({
    ...clientConfig(connection),
    max: 16,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
  });
  // Without a listener a connection that breaks while idle would end the process.
  pool.on('error', onIdleError);
  // The same holds between two queries of a transaction, when the pool does not listen; the next query then fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return { pool, db: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }) };
}
