/** Offline and goodbye timers (R-VEN-9): a host that is silent for so long leaves the peers of others and keeps its own policy. */
import { recordEvent } from '../audit/record-event.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { setOnline } from './ven-records.ts';
import { workloadHref } from './ven-access.ts';

export const OFFLINE_SECONDS = 3600;
export const GOODBYE_SECONDS = 900;

/** Takes those whose timer has ended offline; `isConnected` spares those whose channel is open. Answers their number. */
export async function checkOffline(
  deps: Deps,
  isConnected: (workload: string) => boolean,
): Promise<number> {
  const now = deps.clock.now().getTime();
  const silentSince = new Date(now - OFFLINE_SECONDS * 1000);
  const goodbyeSince = new Date(now - GOODBYE_SECONDS * 1000);
  const candidates = await deps.db
    .selectFrom('vens')
    .innerJoin('workloads', 'workloads.id', 'vens.id')
    .select([
      'vens.id',
      'vens.org_id',
      'vens.last_heartbeat_at',
      'vens.last_goodbye_at',
      'workloads.name',
      'workloads.hostname',
    ])
    .where('workloads.online', '=', true)
    .where('workloads.deleted', '=', false)
    .where('vens.status', 'in', ['active', 'stopped'])
    .where((where) =>
      where.or([
        where('vens.last_heartbeat_at', '<=', silentSince),
        where('vens.last_goodbye_at', '<=', goodbyeSince),
      ]),
    )
    .execute();
  let count = 0;
  for (const row of candidates) {
    const href = workloadHref(row.org_id, row.id);
    if (isConnected(href)) continue;
    const lastSign = row.last_heartbeat_at?.getTime() ?? 0;
    const leave = row.last_goodbye_at?.getTime() ?? -1;
    const saidGoodbye = leave >= lastSign;
    if (saidGoodbye ? leave > goodbyeSince.getTime() : lastSign > silentSince.getTime()) continue;
    await writeTransaction(deps.db, async (trx) => {
      if (!(await setOnline(deps, trx, { venId: row.id, orgId: row.org_id }, false))) return;
      count += 1;
      await recordEvent(deps, trx, {
        orgId: row.org_id,
        eventType: 'system_task.agent_offline_check',
        severity: 'warning',
        resourceChanges: [
          {
            type: 'workload',
            href,
            naming: { name: row.name, hostname: row.hostname },
            changeType: 'update',
            changes: { online: { before: true, after: false } },
          },
        ],
        notifications: [
          {
            type: saidGoodbye ? 'workload.offline_after_ven_goodbye' : 'agent.missed_heartbeats',
            info: { ven: { hostname: row.hostname } },
          },
        ],
      });
    });
  }
  return count;
}
