import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import type { apiKeySchema } from '@bulkhead/contract';
import type { ApiKeysTable, Tx } from '../../db/database.ts';
import { hashSecret, newSecret } from '../../http/secrets.ts';

type ApiKey = z.infer<typeof apiKeySchema>;
export type ApiKeyRow = Selectable<ApiKeysTable>;

export function presentApiKey(row: ApiKeyRow, now: Date): ApiKey {
  return {
    href: `/users/${row.user_id}/api_keys/${row.key_id}`,
    key_id: row.key_id,
    auth_username: `api_${row.key_id}`,
    name: row.name,
    description: row.description,
    created_at: row.created_at.toISOString(),
    last_login_on: row.last_login_on?.toISOString() ?? null,
    state: row.expires_at !== null && row.expires_at <= now ? 'expired' : 'active',
  };
}

/** The secret is in this answer and nowhere else. */
export async function createApiKey(
  trx: Tx,
  key: { userId: number; name: string; description: string | null; now: Date },
): Promise<{ row: ApiKeyRow; secret: string }> {
  const secret = newSecret();
  const row = await trx
    .insertInto('api_keys')
    .values({
      key_id: randomBytes(10).toString('hex'),
      user_id: key.userId,
      name: key.name,
      description: key.description,
      secret_hash: hashSecret(secret),
      created_at: key.now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { row, secret };
}
