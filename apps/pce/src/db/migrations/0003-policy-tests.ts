/** Policy tests beside the policy, and provisions that passed over them. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const STATEMENTS = [
  `CREATE TABLE policy_tests (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id),
    name text NOT NULL, description text,
    enabled boolean NOT NULL DEFAULT true,
    content jsonb NOT NULL,
    result_state text NOT NULL DEFAULT 'not_run' CHECK (result_state IN ('passed', 'failed', 'no_hosts', 'not_run')),
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL)`,
  'CREATE UNIQUE INDEX policy_tests_name ON policy_tests (org_id, name)',
  'ALTER TABLE policy_versions ADD COLUMN policy_test_override jsonb',
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
