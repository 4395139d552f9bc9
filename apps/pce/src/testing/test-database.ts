/** A database of its own for a test file: a clone of the migrated template, dropped at the end. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { connect, type Connection } from '../db/pool.ts';
import { TEMPLATE } from './postgres-for-tests.ts';

export interface TestDatabase extends Connection {
  readonly connection: pg.ClientConfig;
  drop(): Promise<void>;
}

/** Creates a database; `from` null gives an empty one. */
export async function createTestDatabase(from: string | null = TEMPLATE): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const administration = connect({ ...server, database: 'postgres' }, () => undefined);
  await administration.pool.query(
    `CREATE DATABASE ${name}${from === null ? '' : ` TEMPLATE ${from}`}`,
  );
  const connection = { ...server, database: name };
  const own = connect(connection, () => undefined);
  return {
    ...own,
    connection,
    drop: async () => {
      await own.db.destroy();
      await administration.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await administration.pool.end();
    },
  };
}

/** For the whole file: created before its tests, dropped after them. */
export function withTestDatabase(): () => TestDatabase {
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());
  return () => {
    if (database === undefined)
      throw new Error('the database exists in tests only, not while they are collected');
    return database;
  };
}
