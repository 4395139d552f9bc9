/** Forward-only migrations. A released one is never edited; a static map keeps them in the bundle. */
import { sql } from 'kysely';
import type { Db, Tx } from './database.ts';
import { up as initial } from './migrations/0001-initial.ts';
import { up as venState } from './migrations/0002-ven-state.ts';
import { up as policyTests } from './migrations/0003-policy-tests.ts';
import { up as policyObjects } from './migrations/0004-policy-objects.ts';
import { up as versionEffects } from './migrations/0005-version-effects.ts';
import { up as access } from './migrations/0006-access.ts';
import { up as operations } from './migrations/0007-operations.ts';
import { up as events } from './migrations/0008-events.ts';
import { up as venCare } from './migrations/0009-ven-care.ts';

const MIGRATIONS: ReadonlyMap<string, (trx: Tx) => Promise<void>> = new Map([
  ['0001-initial', initial],
  ['0002-ven-state', venState],
  ['0003-policy-tests', policyTests],
  ['0004-policy-objects', policyObjects],
  ['0005-version-effects', versionEffects],
  ['0006-access', access],
  ['0007-operations', operations],
  ['0008-events', events],
  ['0009-ven-care', venCare],
]);

/** Any number that no other user of the database takes for an advisory lock. */
const MIGRATION_LOCK = 4_260_715_001;

/**
 * Brings the schema up to date, all in one transaction; nodes that start together wait for each other.
 * Refuses a database that a newer release has migrated. Answers the names applied now.
 */
export async function migrate(db: Db): Promise<string[]> {
  return db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(trx);
    await sql`CREATE TABLE IF NOT EXISTS schema_migrations (
      name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`.execute(trx);
    const rows = await trx.selectFrom('schema_migrations').select('name').execute();
    const applied = new Set(rows.map((row) => row.name));
    const unknown = [...applied].filter((name) => !MIGRATIONS.has(name));
    if (unknown.length > 0)
      throw new Error(
        `The database was migrated by a newer release (${unknown.join(', ')}); start that release or restore a backup`,
      );
    const added: string[] = [];
    for (const [name, up] of MIGRATIONS) {
      if (applied.has(name)) continue;
      await up(trx);
      await trx.insertInto('schema_migrations').values({ name }).execute();
      added.push(name);
    }
    return added;
  });
}
