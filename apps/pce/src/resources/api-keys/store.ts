import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import type { ApiKey, expirySchema } from '@bulkhead/contract';
import { ORG_SETTINGS } from '../../access/settings.ts';
import { readSetting } from '../../db/settings.ts';
import type { ApiKeysTable } from '../../db/access-tables.ts';
import type { Db, Tx } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import { hashSecret, newSecret } from '../../http/secrets.ts';

export type ApiKeyRow = Selectable<ApiKeysTable>;
/** Whose key it is. */
export type KeyOwner =
  | { readonly userId: number }
  | { readonly serviceAccountId: string; readonly orgId: number };

export function apiKeyHref(owner: KeyOwner, keyId: string): string {
  return 'userId' in owner
    ? `/users/${owner.userId}/api_keys/${keyId}`
    : `/orgs/${owner.orgId}/service_accounts/${owner.serviceAccountId}/api_keys/${keyId}`;
}

export function presentApiKey(owner: KeyOwner, row: ApiKeyRow, now: Date): ApiKey {
  const left =
    row.expires_at === null
      ? -1
      : Math.max(0, Math.ceil((row.expires_at.getTime() - now.getTime()) / 1000));
  return {
    href: apiKeyHref(owner, row.key_id),
    key_id: row.key_id,
    auth_username: `api_${row.key_id}`,
    name: row.name,
    description: row.description,
    created_at: row.created_at.toISOString(),
    last_login_on: row.last_login_on?.toISOString() ?? null,
    state: left === 0 ? 'expired' : 'active',
    expires_in_seconds: left,
  };
}

/**
 * When a key that is made now ends; null: never. A key that names no life has the longest that the organization allows. Throws 406 for
 * a longer one.
 */
export async function expiryOf(
  db: Db,
  orgId: number,
  {
    wanted,
    now,
  }: { readonly wanted: z.output<typeof expirySchema> | undefined; readonly now: Date },
): Promise<Date | null> {
  const settings = await readSetting(db, orgId, ORG_SETTINGS);
  const longest = settings.max_api_key_expiration_in_seconds;
  const seconds = wanted === undefined || wanted === 'default' ? longest : wanted;
  if (longest !== -1 && (seconds === -1 || seconds > longest))
    throw new DomainError(
      'input_validation_error',
      `expires_in_seconds: this organization allows ${longest} at most (max_api_key_expiration_in_seconds of its settings)`,
    );
  return seconds === -1 ? null : new Date(now.getTime() + seconds * 1000);
}

/** The secret is in this answer and nowhere else. */
export async function createApiKey(
  trx: Tx,
  key: {
    readonly owner: KeyOwner;
    readonly name: string;
    readonly description: string | null;
    readonly now: Date;
    /** Null: never. */
    readonly expiresAt: Date | null;
  },
): Promise<{ row: ApiKeyRow; secret: string }> {
  const secret = newSecret();
  const { owner } = key;
  const row = await trx
    .insertInto('api_keys')
    .values({
      key_id: randomBytes(10).toString('hex'),
      ...('userId' in owner
        ? { user_id: owner.userId }
        : { service_account_id: owner.serviceAccountId }),
      name: key.name,
      description: key.description,
      secret_hash: hashSecret(secret),
      created_at: key.now,
      expires_at: key.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { row, secret };
}

/** As audit events show it. */
export function apiKeyMembers(row: ApiKeyRow): Record<string, unknown> {
  return {
    name: row.name,
    description: row.description,
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}
