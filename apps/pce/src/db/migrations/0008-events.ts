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

  `CREATE TABLE event_sinks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id),
    kind text NOT NULL CHECK (kind IN ('syslog', 'webhook')),
    settings jsonb NOT NULL, secret bytea,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL)`,
  'CREATE INDEX event_sinks_of_org ON event_sinks (org_id, kind, created_at)',
  // Apart from the settings: it moves with every batch, and nobody who edits them waits for that.
  `CREATE TABLE event_sink_states (
    sink_id uuid PRIMARY KEY REFERENCES event_sinks (id) ON DELETE CASCADE,
    position bigint NOT NULL,
    connected boolean,
    last_error text, last_error_at timestamptz, last_delivered_at timestamptz,
    events_delivered bigint NOT NULL DEFAULT 0, events_lost bigint NOT NULL DEFAULT 0,
    flows_sent bigint NOT NULL DEFAULT 0, flows_lost bigint NOT NULL DEFAULT 0)`,
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
