/** Offline and goodbye timers (R-VEN-9): a host that is silent for so long leaves the peers of others and keeps its own policy. */
import { recordEvent } from '../audit/record-event.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { readSettings } from '../db/settings.ts';
import { OFFLINE_TIMERS, shortestTimeout, timeoutOf } from './offline-timers.ts';
import { setOnline } from './ven-records.ts';
import { workloadHref } from './ven-access.ts';

/** Takes those whose timer has ended offline; `isConnected` spares those whose channel is open. Answers their number. */
export async function checkOffline(
  deps: Deps,
  isConnected: (workload: string) => boolean,
): Promise<number> {
  const now = deps.clock.now().getTime();
  const timers = await readSettings(deps.db, OFFLINE_TIMERS);
  const silentSince = new Date(now - shortestTimeout(timers.values()));
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
      'workloads.labels',
      'vens.ven_type',
    ])
    .where('workloads.online', '=', true)
    .where('workloads.deleted', '=', false)
    .where('vens.status', 'in', ['active', 'stopped'])
    .where((where) =>
      where.or([
        where('vens.last_heartbeat_at', '<=', silentSince),
        where('vens.last_goodbye_at', '<=', silentSince),
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
    const timeout = timeoutOf(
      timers.get(row.org_id) ?? OFFLINE_TIMERS.defaults,
      saidGoodbye ? 'workload_goodbye_timeout_seconds' : 'workload_disconnected_timeout_seconds',
      row,
    );
    if (now - (saidGoodbye ? leave : lastSign) < timeout) continue;
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
