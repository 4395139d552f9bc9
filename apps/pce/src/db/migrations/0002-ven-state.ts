/** What the VEN gateway and traffic queries keep beside the first tables. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const STATEMENTS = [
  `ALTER TABLE vens
    ADD COLUMN policy_messages bigint NOT NULL DEFAULT 0,
    ADD COLUMN boot_id text,
    ADD COLUMN flow_sequence bigint,
    ADD COLUMN flows_dropped bigint NOT NULL DEFAULT 0`,
  `CREATE TABLE async_query_results (
    query_id uuid NOT NULL REFERENCES async_queries (id) ON DELETE CASCADE,
    part integer NOT NULL,
    rows jsonb NOT NULL,
    PRIMARY KEY (query_id, part))`,
  'CREATE INDEX async_queries_expiry ON async_queries (expires_at)',
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
