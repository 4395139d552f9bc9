/** How many hosts a version reached is not known until it is computed. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const STATEMENTS = [
  'ALTER TABLE policy_versions ALTER COLUMN workloads_affected DROP NOT NULL, ALTER COLUMN workloads_affected DROP DEFAULT',
  'UPDATE policy_versions SET workloads_affected = NULL',
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
}
