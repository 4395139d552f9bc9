/** When workloads count as offline. */
import type { OfflineTimer } from '@bulkhead/contract';
import type { Tx } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { Routes } from '../../http/routes.ts';
import { OFFLINE_TIMERS, type OfflineTimers } from '../../gateway/offline-timers.ts';
import { defined } from '../../provisioning/present.ts';
import { labelResolver } from '../workloads/labels.ts';
import { changeSetting } from './change-setting.ts';
import { readSetting } from '../../db/settings.ts';

const KINDS = [
  'workload_disconnected_timeout_seconds',
  'workload_goodbye_timeout_seconds',
] as const;

export function workloadSettingsRoutes(deps: Deps): Routes {
  return {
    'workload_settings.get': async ({ db, orgId }) => ({
      href: `/orgs/${orgId}/settings/${OFFLINE_TIMERS.key}`,
      ...(await readSetting(db, orgId, OFFLINE_TIMERS)),
    }),
    'workload_settings.update': async (context) => {
      const { db, orgId, body } = context;
      const given: Partial<OfflineTimers> = {};
      for (const kind of KINDS) {
        const timers = body[kind];
        if (timers !== undefined) given[kind] = await storedTimers(db, orgId, timers);
      }
      await changeSetting(deps, context, {
        setting: OFFLINE_TIMERS,
        eventType: 'workload_settings.update',
        value: { ...(await readSetting(db, orgId, OFFLINE_TIMERS)), ...defined(given) },
      });
    },
  };
}

async function storedTimers(
  trx: Tx,
  orgId: number,
  timers: readonly OfflineTimer[],
): Promise<OfflineTimers['workload_goodbye_timeout_seconds']> {
  const labels = await labelResolver(
    trx,
    orgId,
    timers.flatMap(({ scope }) => scope),
  );
  return timers.map(({ scope, value, ven_type: type }) => ({
    scope: labels(scope).map((href) => ({ href })),
    value,
    ven_type: type ?? 'server',
  }));
}
