/** What an organization has set for its events. */
import { eventSettingsValueSchema, type EventSettingsValue } from '@bulkhead/contract';
import { json, type Db } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { Routes } from '../http/routes.ts';
import { refuseStale } from '../provisioning/drafts.ts';
import { SYSTEM } from '../provisioning/present.ts';
import { describeChanges, recordEvent } from './record-event.ts';

const KEY = 'events';

/** Of an organization that has set nothing. */
export const DEFAULT_EVENT_SETTINGS: EventSettingsValue = eventSettingsValueSchema.parse({});

export async function eventSettings(db: Db, orgId: number): Promise<EventSettingsValue> {
  return (await read(db, orgId)).value;
}

async function read(db: Db, orgId: number) {
  const row = await db
    .selectFrom('settings')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('key', '=', KEY)
    .executeTakeFirst();
  return {
    value: row === undefined ? DEFAULT_EVENT_SETTINGS : eventSettingsValueSchema.parse(row.value),
    updatedAt: row?.updated_at ?? null,
    updatedBy: row?.updated_by ?? SYSTEM,
  };
}

export function eventSettingsRoutes(deps: Deps): Routes {
  const hrefOf = (orgId: number): string => `/orgs/${orgId}/settings/events`;
  return {
    'event_settings.get': async ({ db, orgId }) => {
      const { value, updatedAt } = await read(db, orgId);
      return { href: hrefOf(orgId), ...value, updated_at: updatedAt?.toISOString() ?? null };
    },
    'event_settings.update': async (context) => {
      const { db, orgId, body, caller } = context;
      // Nobody else writes them meanwhile, also where there is no row yet.
      await db.selectFrom('orgs').select('id').where('id', '=', orgId).forNoKeyUpdate().execute();
      const { value: before, updatedAt, updatedBy } = await read(db, orgId);
      if (updatedAt !== null)
        await refuseStale(context, { name: 'Event settings', updatedAt, updatedBy });
      const after = eventSettingsValueSchema.parse({ ...before, ...body });
      const changes = describeChanges(before, after);
      if (Object.keys(changes).length === 0) return;
      const written = {
        value: json({ ...after }),
        updated_at: deps.clock.now(),
        updated_by: caller.href,
      };
      await db
        .insertInto('settings')
        .values({ org_id: orgId, key: KEY, ...written })
        .onConflict((conflict) => conflict.columns(['org_id', 'key']).doUpdateSet(written))
        .execute();
      appendChange(db, { orgId, kind: 'settings', href: hrefOf(orgId) });
      await recordEvent(deps, db, {
        orgId,
        eventType: 'event_settings.update',
        actor: context,
        httpStatus: 204,
        resourceChanges: [
          { type: 'event_settings', href: hrefOf(orgId), changeType: 'update', changes },
        ],
      });
    },
  };
}
