/** What an organization asks of its VENs. */
import { venSettingsSchema, type VenSettings } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';
import { defined } from '../provisioning/present.ts';
import { changeSetting } from '../resources/settings/change-setting.ts';
import { readSetting, type Setting } from '../db/settings.ts';

const VEN_SETTINGS: Setting<VenSettings> = {
  key: 'vens',
  schema: venSettingsSchema,
  defaults: { maintenance_token_required: false, reactivate_clones: false },
};

export function venSettingsHref(orgId: number): string {
  return `/orgs/${orgId}/settings/${VEN_SETTINGS.key}`;
}

export function venSettings(db: Db, orgId: number): Promise<VenSettings> {
  return readSetting(db, orgId, VEN_SETTINGS);
}

/** Members that are left out stay as they are. */
export async function updateVenSettings(
  deps: Deps,
  context: ContextOf<'ven_settings.update'>,
): Promise<void> {
  const before = await venSettings(context.db, context.orgId);
  await changeSetting(deps, context, {
    setting: VEN_SETTINGS,
    value: { ...before, ...defined(context.body) },
    eventType: 'ven_settings.update',
  });
}
