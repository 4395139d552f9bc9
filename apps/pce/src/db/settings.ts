/** Settings of an organization, kept as JSON by name; what is not set has its default. */
import type { z } from 'zod';
import { json, type Db } from './database.ts';

export interface Setting<T extends object> {
  readonly key: string;
  readonly schema: z.ZodType<T>;
  readonly defaults: T;
}

export async function readSetting<T extends object>(
  db: Db,
  orgId: number,
  setting: Setting<T>,
): Promise<T> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('org_id', '=', orgId)
    .where('key', '=', setting.key)
    .executeTakeFirst();
  return row === undefined ? setting.defaults : parsed(setting, row.value);
}

/** Of every organization that has set it. */
export async function readSettings<T extends object>(
  db: Db,
  setting: Setting<T>,
): Promise<Map<number, T>> {
  const rows = await db
    .selectFrom('settings')
    .select(['org_id', 'value'])
    .where('key', '=', setting.key)
    .execute();
  return new Map(rows.map((row) => [row.org_id, parsed(setting, row.value)]));
}

export interface SettingWrite<T extends object> {
  readonly setting: Setting<T>;
  readonly value: T;
  /** Href of who sets it. */
  readonly by: string;
  readonly now: Date;
}

export async function writeSetting<T extends object>(
  db: Db,
  orgId: number,
  { setting, value, by, now }: SettingWrite<T>,
): Promise<void> {
  const stored = { value: json<unknown>(value), updated_at: now, updated_by: by };
  await db
    .insertInto('settings')
    .values({ org_id: orgId, key: setting.key, ...stored })
    .onConflict((conflict) => conflict.columns(['org_id', 'key']).doUpdateSet(stored))
    .execute();
}

/** What a later release added has its default. */
function parsed<T extends object>({ schema, defaults }: Setting<T>, value: unknown): T {
  return schema.parse({ ...defaults, ...Object(value) });
}
