/** An organization that was there before the firewall settings has them afterwards, as new ones have. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_FIREWALL_SETTINGS } from '@bulkhead/policy';
import { loadPolicyModel } from '../provisioning/policy-model.ts';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.ts';
import { migrate } from './migrate.ts';
import { up as initial } from './migrations/0001-initial.ts';
import { up as venState } from './migrations/0002-ven-state.ts';
import { up as policyTests } from './migrations/0003-policy-tests.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(null);
});
afterAll(() => database.drop());

test('firewall settings of an older organization are active and drafted, in its first version too', async () => {
  const { db } = database;
  await db.transaction().execute(async (trx) => {
    await sql`CREATE TABLE schema_migrations (
      name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`.execute(trx);
    for (const up of [initial, venState, policyTests]) await up(trx);
    for (const name of ['0001-initial', '0002-ven-state', '0003-policy-tests'])
      await trx.insertInto('schema_migrations').values({ name }).execute();
  });
  const { id } = await db
    .insertInto('orgs')
    .values({ display_name: 'Older' })
    .returning('id')
    .executeTakeFirstOrThrow();
  expect(await migrate(db)).toContain('0004-policy-objects');
  const rows = await db
    .selectFrom('policy_objects')
    .select(['type', 'id', 'update_type', 'active_version'])
    .where('org_id', '=', id)
    .execute();
  expect(rows).toEqual([
    { type: 'firewall_settings', id: 'default', update_type: null, active_version: 1 },
  ]);
  for (const at of ['draft', 'active', 1] as const)
    expect((await loadPolicyModel(db, id, at)).firewallSettings).toEqual(DEFAULT_FIREWALL_SETTINGS);
});
