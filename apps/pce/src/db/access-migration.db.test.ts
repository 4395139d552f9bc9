/** Whoever had a permission before there were principals has it afterwards, and everybody may read. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.ts';
import { migrate } from './migrate.ts';
import { up as initial } from './migrations/0001-initial.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(null);
});
afterAll(() => database.drop());

test('permissions of users become permissions of principals', async () => {
  const { db } = database;
  await db.transaction().execute(async (trx) => {
    await sql`CREATE TABLE schema_migrations (
      name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`.execute(trx);
    await initial(trx);
    await trx.insertInto('schema_migrations').values({ name: '0001-initial' }).execute();
    await sql`INSERT INTO orgs (display_name) VALUES ('Older')`.execute(trx);
    await sql`INSERT INTO users (org_id, username) VALUES (1, 'owner@example.com'), (1, 'none@example.com')`.execute(
      trx,
    );
    await sql`INSERT INTO permissions (org_id, user_id, role) VALUES (1, 1, 'owner')`.execute(trx);
    await sql`INSERT INTO api_keys (key_id, user_id, name, secret_hash) VALUES ('aa', 1, 'kept', '')`.execute(
      trx,
    );
  });
  expect(await migrate(db)).toContain('0006-access');
  const rows = await db
    .selectFrom('permissions')
    .innerJoin('auth_security_principals as principal', 'principal.id', 'permissions.principal_id')
    .select(['principal.type', 'principal.name', 'permissions.role', 'permissions.scope'])
    .orderBy('permissions.role')
    .execute();
  expect(rows).toEqual([
    { type: 'user', name: 'owner@example.com', role: 'owner', scope: [] },
    { type: 'group', name: null, role: 'read_only', scope: [] },
  ]);
  expect(await db.selectFrom('api_keys').select(['key_id', 'user_id']).execute()).toEqual([
    { key_id: 'aa', user_id: 1 },
  ]);
});
