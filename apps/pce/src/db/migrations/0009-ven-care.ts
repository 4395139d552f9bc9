/** Compatibility reports and golden images. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

export async function up(trx: Tx): Promise<void> {
  await sql`ALTER TABLE vens
    ADD COLUMN compatibility jsonb,
    ADD COLUMN compatibility_at timestamptz,
    ADD COLUMN golden_image boolean NOT NULL DEFAULT false`.execute(trx);
}
