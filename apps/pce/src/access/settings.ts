/** Settings of an organization that say how people and programs sign in. Kept as JSON by name; what is not set has its default. */
import type { z } from 'zod';
import {
  orgSettingsSchema,
  passwordPolicySchema,
  type OrgSettings,
  type PasswordPolicy,
} from '@bulkhead/contract';
import { json, type Db, type Tx } from '../db/database.ts';

interface Setting<T extends Readonly<Record<string, unknown>>> {
  readonly key: string;
  readonly schema: z.ZodType<T>;
  readonly defaults: T;
}

export const PASSWORD_POLICY: Setting<PasswordPolicy> = {
  key: 'password_policy',
  schema: passwordPolicySchema,
  defaults: {
    require_type_number: false,
    require_type_lowercase: false,
    require_type_uppercase: false,
    require_type_symbol: false,
    min_characters_per_type: 1,
    min_length: 8,
    min_changed_characters: 1,
    history_count: 1,
    expire_time_days: 0,
    session_timeout_minutes: 30,
  },
};

export const ORG_SETTINGS: Setting<OrgSettings> = {
  key: 'org',
  schema: orgSettingsSchema,
  defaults: {
    max_api_key_expiration_in_seconds: 90 * 86_400,
    expired_api_keys_retention_in_seconds: 86_400,
  },
};

/** No session lives longer without use, whatever a password policy says. */
export const LONGEST_SESSION_MINUTES = 1440;

export async function readSetting<T extends Readonly<Record<string, unknown>>>(
  db: Db,
  orgId: number,
  { key, schema, defaults }: Setting<T>,
): Promise<T> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('org_id', '=', orgId)
    .where('key', '=', key)
    .executeTakeFirst();
  // What a later release added has its default.
  return row === undefined ? defaults : schema.parse({ ...defaults, ...Object(row.value) });
}

export async function writeSetting<T extends Readonly<Record<string, unknown>>>(
  trx: Tx,
  orgId: number,
  {
    setting,
    value,
    by,
    now,
  }: {
    readonly setting: Setting<T>;
    readonly value: T;
    readonly by: string;
    readonly now: Date;
  },
): Promise<void> {
  const stored = { value: json<unknown>(value), updated_at: now, updated_by: by };
  await trx
    .insertInto('settings')
    .values({ org_id: orgId, key: setting.key, ...stored })
    .onConflict((conflict) => conflict.columns(['org_id', 'key']).doUpdateSet(stored))
    .execute();
}
