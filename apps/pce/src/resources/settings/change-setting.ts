/** Changes of settings, each with its event. */
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { readSetting, writeSetting, type Setting } from '../../db/settings.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';

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
  await writeSetting(db, orgId, { setting, value, by: caller.href, now: deps.clock.now() });
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
