/** Suspended and back (R-VEN-9): the VEN says so itself; an operator may mark one that cannot be reached. */
import { recordEvent } from '../audit/record-event.ts';
import type { Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { Actor, ContextOf } from '../http/routes.ts';
import { refuseUnpaired } from './refuse-unpaired.ts';
import { venHref, workloadHref } from './ven-access.ts';

export interface VenStatusChange {
  readonly orgId: number;
  readonly venId: string;
  readonly status: 'active' | 'suspended';
  readonly by: Actor;
}

export async function takeVenStatus(deps: Deps, context: ContextOf<'ven.status'>): Promise<void> {
  const { db, caller, body } = context;
  await markVen(deps, db, {
    orgId: caller.orgId,
    venId: caller.venId,
    status: body.status,
    by: context,
  });
}

/** The host stays among the peers of others either way; its own policy is not computed while it is suspended. */
export async function markVen(
  deps: Deps,
  trx: Tx,
  { orgId, venId, status, by }: VenStatusChange,
): Promise<void> {
  const ven = await trx
    .selectFrom('vens')
    .select(['status', 'hostname'])
    .where('id', '=', venId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (ven.status === 'uninstalled') refuseUnpaired();
  if (ven.status === status || (status === 'active' && ven.status !== 'suspended')) return;
  await trx
    .updateTable('vens')
    .set({ status, last_heartbeat_at: deps.clock.now() })
    .where('id', '=', venId)
    .execute();
  const href = workloadHref(orgId, venId);
  appendChange(trx, { orgId, kind: 'workload', href });
  appendChange(trx, { orgId, kind: 'vens', href: venHref(orgId, venId) });
  await recordEvent(deps, trx, {
    orgId,
    eventType: status === 'suspended' ? 'agent.suspend' : 'agent.unsuspend',
    actor: by,
    httpStatus: 204,
    ...(status === 'suspended' ? { severity: 'warning' as const } : {}),
    resourceChanges: [
      {
        type: 'workload',
        href,
        naming: { hostname: ven.hostname },
        changeType: 'update',
        changes: { status: { before: ven.status, after: status } },
      },
    ],
  });
}
