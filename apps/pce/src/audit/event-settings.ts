/** What an organization has set for its events. */
import { z } from 'zod';
import type { Db } from '../db/database.ts';

export const EVENT_FORMATS = ['JSON', 'CEF', 'LEEF'] as const;

const stored = z.object({
  audit_event_retention_seconds: z.number().default(30 * 86_400),
  format: z.enum(EVENT_FORMATS).default('JSON'),
});
type EventSettings = z.infer<typeof stored>;

/** Of an organization that has set nothing. */
export const DEFAULT_EVENT_SETTINGS: EventSettings = stored.parse({});

export async function eventSettings(db: Db, orgId: number): Promise<EventSettings> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('org_id', '=', orgId)
    .where('key', '=', 'events')
    .executeTakeFirst();
  return row === undefined ? DEFAULT_EVENT_SETTINGS : stored.parse(row.value);
}
