/** Jobs that collect a collection, and what they collected. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const STATEMENTS = [
  `CREATE TABLE jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id),
    requested_by text NOT NULL, user_id integer NOT NULL,
    operation text NOT NULL, description text NOT NULL, params jsonb NOT NULL, query jsonb NOT NULL,
    request_id text NOT NULL, ip_address text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0, lease_until timestamptz, item_count bigint, message text,
    requested_at timestamptz NOT NULL, terminated_at timestamptz, expires_at timestamptz NOT NULL)`,
  'CREATE INDEX jobs_of_user ON jobs (org_id, requested_by, requested_at)',
  `CREATE INDEX jobs_to_do ON jobs (requested_at) WHERE status IN ('pending', 'running')`,
  'CREATE INDEX jobs_expiry ON jobs (expires_at)',
  // Compressed already: the database need not try again.
  `CREATE TABLE datafile_parts (
    job_id uuid NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    part integer NOT NULL, content bytea NOT NULL,
    PRIMARY KEY (job_id, part))`,
  'ALTER TABLE datafile_parts ALTER COLUMN content SET STORAGE EXTERNAL',
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
