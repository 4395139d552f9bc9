/** Facts and interfaces of a host, whole. One report is one transaction, and so one change of policy at most. */
import { json } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { sameInterfaces, storedInterfaces } from './interfaces.ts';
import { refuseUnpaired } from './refuse-unpaired.ts';
import { workloadHref } from './ven-access.ts';

export async function report(deps: Deps, context: ContextOf<'ven.report'>): Promise<void> {
  const { db: trx, caller, body } = context;
  const { facts } = body;
  const { venId, orgId } = caller;
  const now = deps.clock.now();
  const ven = await trx
    .selectFrom('vens')
    .select(['ven_type', 'version', 'status', 'hostname', 'os_id', 'os_detail'])
    .where('id', '=', venId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (ven.status === 'uninstalled') refuseUnpaired();
  const workload = await trx
    .selectFrom('workloads')
    .select(['interfaces', 'hostname', 'os_id', 'os_detail', 'name'])
    .where('id', '=', venId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const interfaces = storedInterfaces(
    body.interfaces,
    ven.ven_type === 'endpoint' ? 'endpoint' : 'server',
    facts.version,
  );
  const interfacesMoved = !sameInterfaces(workload.interfaces, interfaces);
  const factsMoved =
    workload.hostname !== facts.hostname ||
    workload.os_id !== facts.os_id ||
    workload.os_detail !== facts.os_detail ||
    ven.version !== facts.version;
  await trx
    .updateTable('vens')
    .set({
      last_heartbeat_at: now,
      last_remote_address: context.ip,
      uptime_seconds: Math.round(facts.uptime_seconds),
      ...(factsMoved
        ? {
            version: facts.version,
            hostname: facts.hostname,
            os_id: facts.os_id,
            os_detail: facts.os_detail,
            os_platform: facts.os_platform,
            facts: json({ ...facts }),
          }
        : {}),
    })
    .where('id', '=', venId)
    .execute();
  if (!interfacesMoved && !factsMoved) return;
  await trx
    .updateTable('workloads')
    .set({
      interfaces: json(interfaces),
      hostname: facts.hostname,
      os_id: facts.os_id,
      os_detail: facts.os_detail,
      os_type: facts.os_platform,
    })
    .where('id', '=', venId)
    .execute();
  const href = workloadHref(orgId, venId);
  appendChange(trx, { orgId, kind: 'workload', href });
  await recordEvent(deps, trx, {
    orgId,
    eventType: interfacesMoved ? 'workload_interfaces.update' : 'agent.update',
    actor: context,
    httpStatus: 204,
    resourceChanges: [
      {
        type: 'workload',
        href,
        naming: { name: workload.name, hostname: facts.hostname },
        changeType: 'update',
        changes: describeChanges(
          {
            interfaces: workload.interfaces.map(inWords),
            hostname: workload.hostname,
            os_id: workload.os_id,
            os_detail: workload.os_detail,
            version: ven.version,
          },
          {
            interfaces: interfaces.map(inWords),
            hostname: facts.hostname,
            os_id: facts.os_id,
            os_detail: facts.os_detail,
            version: facts.version,
          },
        ),
      },
    ],
  });
}

function inWords(item: {
  name: string;
  address: string;
  cidr_block: number | null;
  network: string;
}): string {
  return `${item.name}: ${item.address}/${item.cidr_block ?? ''} (${item.network === 'corporate' ? 'Corporate' : 'External'})`;
}
