/** Settings of an organization, kept as JSON by name; what is not set has its default. */
import type { z } from 'zod';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { json, type Db } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';

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
  return row === undefined ? setting.defaults : setting.schema.parse(row.value);
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
  return new Map(rows.map((row) => [row.org_id, setting.schema.parse(row.value)]));
}

/** A change of nothing leaves it as it is. */
export async function changeSetting<T extends object>(
  deps: Deps,
  context: WriteContext,
  { setting, value, eventType }: { setting: Setting<T>; value: T; eventType: string },
): Promise<void> {
  const { db, orgId, caller } = context;
  const before = await readSetting(db, orgId, setting);
  const changes = describeChanges(
    Object.fromEntries(Object.entries(before)),
    Object.fromEntries(Object.entries(value)),
  );
  if (Object.keys(changes).length === 0) return;
  const stored = {
    value: json<unknown>(value),
    updated_at: deps.clock.now(),
    updated_by: caller.href,
  };
  await db
    .insertInto('settings')
    .values({ org_id: orgId, key: setting.key, ...stored })
    .onConflict((conflict) => conflict.columns(['org_id', 'key']).doUpdateSet(stored))
    .execute();
  const href = `/orgs/${orgId}/settings/${setting.key}`;
  appendChange(db, { orgId, kind: 'settings', href });
  await recordEvent(deps, db, {
    orgId,
    eventType,
    actor: context,
    httpStatus: 204,
    resourceChanges: [
      { type: eventType.replace(/\.update$/, ''), href, changeType: 'update', changes },
    ],
  });
}
