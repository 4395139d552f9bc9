/** Unpairing from either side, and taking leave. */
import { recordEvent } from '../audit/record-event.ts';
import { json, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';
import type { Ref } from '@bulkhead/contract';
import type { WriteContext } from '../provisioning/drafts.ts';
import { dropBindings } from '../resources/service-bindings/store.ts';
import { venHref, workloadHref } from './ven-access.ts';
import type { FirewallRestore } from './ven-records.ts';
import { collectErrors, findVen } from './ven-refs.ts';

interface UnpairOutcome {
  readonly unpaired: readonly string[];
  readonly errors: { token: string; message: string; hrefs: string[] }[];
}

/** Answers the workloads that went, and what could not be unpaired by reason. The VENs are told by the caller after the commit. */
export async function unpairVens(
  deps: Deps,
  context: WriteContext,
  wanted: {
    readonly vens: readonly Ref[];
    readonly restore: FirewallRestore;
    readonly eventType: 'agents.unpair' | 'workloads.unpair';
  },
): Promise<UnpairOutcome> {
  const { db: trx, orgId, caller } = context;
  const { restore } = wanted;
  const errors = collectErrors();
  const unpaired: { readonly id: string; readonly hostname: string }[] = [];
  const hrefs = [...new Set(wanted.vens.map((ref) => ref.href))];
  for (const href of hrefs) {
    const row = await findVen(trx, orgId, href);
    if (row === undefined) errors.add('not_found_error', 'There is no such VEN', href);
    else if (row.status === 'suspended')
      errors.add('ven_suspended', 'A suspended VEN cannot be unpaired; unsuspend it first', href);
    else {
      await removeWorkload(deps, trx, { orgId, id: row.id, by: caller.href, restore });
      unpaired.push({ id: row.id, hostname: row.hostname });
    }
  }
  if (unpaired.length > 0)
    await recordEvent(deps, trx, {
      orgId,
      eventType: wanted.eventType,
      actor: context,
      httpStatus: 200,
      info: { firewall_restore: restore },
      resourceChanges: unpaired.map(({ id, hostname }) => ({
        type: 'workload',
        href: workloadHref(orgId, id),
        naming: { hostname },
        changeType: 'delete' as const,
        changes: {
          managed: { before: true, after: null },
          hostname: { before: hostname, after: null },
        },
      })),
    });
  return { unpaired: unpaired.map(({ id }) => id), errors: errors.all() };
}

/** The host leaves the policy of others at once. `restore` null: the VEN did it itself and needs no telling. */
async function removeWorkload(
  deps: Deps,
  trx: Tx,
  {
    orgId,
    id,
    by,
    restore,
  }: { orgId: number; id: string; by: string; restore: FirewallRestore | null },
): Promise<void> {
  const now = deps.clock.now();
  await trx
    .updateTable('workloads')
    .set({
      deleted: true,
      deleted_at: now,
      deleted_by: by,
      online: false,
      updated_at: now,
      updated_by: by,
    })
    .where('id', '=', id)
    .execute();
  await dropBindings(trx, { orgId, workloadId: id });
  await trx
    .updateTable('vens')
    .set({
      status: 'uninstalled',
      pending_command:
        restore === null ? null : json({ type: 'unpair', firewall_restore: restore }),
      ...(restore === null
        ? { token_hash: null, previous_token_hash: null, connected_at: null }
        : {}),
      updated_at: now,
      updated_by: by,
    })
    .where('id', '=', id)
    .execute();
  appendChange(trx, { orgId, kind: 'workload', href: workloadHref(orgId, id) });
  appendChange(trx, { orgId, kind: 'vens', href: venHref(orgId, id) });
}

/** Answers whether the VEN is gone for good. */
export async function goodbye(deps: Deps, context: ContextOf<'ven.goodbye'>): Promise<boolean> {
  const { db: trx, caller, body } = context;
  const { orgId, venId } = caller;
  const now = deps.clock.now();
  const ven = await trx
    .selectFrom('vens')
    .select('status')
    .where('id', '=', venId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (body.reason !== 'unpair') {
    if (ven.status === 'uninstalled') return false;
    await trx
      .updateTable('vens')
      .set({
        last_goodbye_at: now,
        ...(body.reason === 'stop' ? { status: 'stopped' as const } : {}),
      })
      .where('id', '=', venId)
      .execute();
    appendChange(trx, { orgId, kind: 'vens', href: caller.href });
    await recordEvent(deps, trx, {
      orgId,
      eventType: 'agent.goodbye',
      actor: context,
      httpStatus: 204,
      info: { reason: body.reason },
    });
    return false;
  }
  if (ven.status === 'uninstalled') {
    await trx
      .updateTable('vens')
      .set({
        token_hash: null,
        previous_token_hash: null,
        pending_command: null,
        connected_at: null,
        last_goodbye_at: now,
      })
      .where('id', '=', venId)
      .execute();
  } else {
    await removeWorkload(deps, trx, { orgId, id: venId, by: caller.href, restore: null });
    await trx.updateTable('vens').set({ last_goodbye_at: now }).where('id', '=', venId).execute();
  }
  await recordEvent(deps, trx, {
    orgId,
    eventType: 'agent.deactivate',
    actor: context,
    httpStatus: 204,
    resourceChanges: [
      {
        type: 'workload',
        href: workloadHref(orgId, venId),
        naming: { hostname: caller.hostname },
        changeType: 'delete',
        changes: {
          managed: { before: true, after: null },
          hostname: { before: caller.hostname, after: null },
        },
      },
    ],
  });
  return true;
}
