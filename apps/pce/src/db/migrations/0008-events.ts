/** Audit events are appended and never altered; sinks carry them out of the PCE. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const STATEMENTS = [
  'CREATE UNIQUE INDEX events_by_position ON events (position)',
  // Whoever deletes says so for the transaction; only the retention does.
  `CREATE FUNCTION keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND current_setting('bulkhead.event_retention', true) = 'on' THEN RETURN NULL; END IF;
      RAISE EXCEPTION 'audit events are append-only: % refused', TG_OP;
    END $$`,
  `CREATE TRIGGER events_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION keep_events()`,
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
