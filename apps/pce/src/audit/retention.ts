/** Events go when their time is over, and only then. */
import { sql } from 'kysely';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DEFAULT_EVENT_SETTINGS, eventSettings } from './event-settings.ts';
import { recordEvent } from './record-event.ts';
import { countLost } from '../sinks/outbox.ts';

type RetentionDeps = Pick<Deps, 'db' | 'clock' | 'config'>;

/** Deletes what is older than each organization's retention, and says so by an event. */
export async function pruneEvents(deps: RetentionDeps): Promise<void> {
  const orgs = await deps.db.selectFrom('orgs').select('id').execute();
  for (const { id } of orgs) {
    const settings = await eventSettings(deps.db, id);
    await pruneOf(deps, id, settings.audit_event_retention_seconds);
  }
  await pruneOf(deps, null, DEFAULT_EVENT_SETTINGS.audit_event_retention_seconds);
}

async function pruneOf(deps: RetentionDeps, orgId: number | null, seconds: number): Promise<void> {
  const before = new Date(deps.clock.now().getTime() - seconds * 1000);
  await writeTransaction(deps.db, async (trx) => {
    await sql`SELECT set_config('bulkhead.event_retention', 'on', true)`.execute(trx);
    await countLost(trx, orgId, before);
    const { numDeletedRows } = await trx
      .deleteFrom('events')
      .where('org_id', orgId === null ? 'is' : '=', orgId)
      .where('at', '<', before)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return;
    await recordEvent(deps, trx, {
      orgId,
      eventType: 'system_task.prune_old_log_events',
      notifications: [
        {
          type: 'system_task.prune_old_log_events',
          info: { deleted: Number(numDeletedRows), older_than: before.toISOString() },
        },
      ],
    });
  });
}
