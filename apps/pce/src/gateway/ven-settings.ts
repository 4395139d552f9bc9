/** What an organization asks of its VENs. */
import { venSettingsSchema, type VenSettings } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { json, type Db } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';

const KEY = 'vens';
const DEFAULTS: VenSettings = { maintenance_token_required: false, reactivate_clones: false };

export function venSettingsHref(orgId: number): string {
  return `/orgs/${orgId}/settings/vens`;
}

export async function venSettings(db: Db, orgId: number): Promise<VenSettings> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('org_id', '=', orgId)
    .where('key', '=', KEY)
    .executeTakeFirst();
  const stored = venSettingsSchema.partial().parse(row?.value ?? {});
  return venSettingsSchema.parse({ ...DEFAULTS, ...stored });
}

export async function updateVenSettings(
  deps: Deps,
  context: ContextOf<'ven_settings.update'>,
): Promise<void> {
  const { db: trx, orgId, caller, body } = context;
  const before = await venSettings(trx, orgId);
  const after = { ...before, ...body };
  const changes = describeChanges(before, after);
  if (Object.keys(changes).length === 0) return;
  const audited = { updated_at: deps.clock.now(), updated_by: caller.href };
  await trx
    .insertInto('settings')
    .values({ org_id: orgId, key: KEY, value: json(after), ...audited })
    .onConflict((conflict) =>
      conflict.columns(['org_id', 'key']).doUpdateSet({ value: json(after), ...audited }),
    )
    .execute();
  const href = venSettingsHref(orgId);
  appendChange(trx, { orgId, kind: 'settings', href });
  await recordEvent(deps, trx, {
    orgId,
    eventType: 'ven_settings.update',
    actor: context,
    httpStatus: 204,
    resourceChanges: [{ type: 'ven_settings', href, changeType: 'update', changes }],
  });
}
