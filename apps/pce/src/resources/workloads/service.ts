/** Writes of workloads, one by one and in bulk. */
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { sameContent } from '../../provisioning/compare.ts';
import {
  guardExternal,
  lockPolicy,
  refuseStale,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { describeUsers, usersOf, UUID } from '../../provisioning/references.ts';
import { holdLimit } from '../../provisioning/limits.ts';
import {
  changed,
  columns,
  NOTHING,
  writableOf,
  type WorkloadBody,
  type Writable,
} from './content.ts';
import { dropBindings } from '../service-bindings/store.ts';
import { labelResolver } from './labels.ts';
import { workloadHref } from './presenter.ts';
import { findWorkload, type WorkloadRow } from './query.ts';

export async function noteWorkload(
  deps: Deps,
  context: WriteContext,
  change: {
    readonly row: Pick<WorkloadRow, 'org_id' | 'id' | 'name' | 'hostname'>;
    readonly before: Writable | null;
    readonly after: Writable | null;
    readonly status: number;
  },
): Promise<void> {
  const { row, before, after } = change;
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  const href = workloadHref(row);
  appendChange(context.db, { orgId: row.org_id, kind: 'workload', href });
  await recordEvent(deps, context.db, {
    orgId: row.org_id,
    eventType: `workload.${verb}`,
    actor: context,
    httpStatus: change.status,
    resourceChanges: [
      {
        type: 'workload',
        href,
        naming: { name: row.name, hostname: row.hostname },
        changeType: verb,
        changes: describeChanges(
          before === null ? null : { ...before },
          after === null ? null : { ...after },
        ),
      },
    ],
  });
}

/** Makes an unmanaged workload. */
export async function createWorkload(
  deps: Deps,
  context: WriteContext,
  body: WorkloadBody,
): Promise<WorkloadRow> {
  const { db, orgId, caller } = context;
  await holdLimit(deps, context, { type: 'workloads' });
  const labels = await labelResolver(db, orgId, body.labels ?? []);
  const values = changed(NOTHING, body, { managed: false, labels });
  const now = deps.clock.now();
  const row = await guardExternal(() =>
    db
      .insertInto('workloads')
      .values({
        org_id: orgId,
        ...columns(values),
        created_at: now,
        created_by: caller.href,
        updated_at: now,
        updated_by: caller.href,
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  await noteWorkload(deps, context, { row, before: null, after: values, status: 201 });
  return { ...row, ven: null };
}

export async function lockWorkload(context: WriteContext, id: string): Promise<WorkloadRow> {
  const { db, orgId } = context;
  const missing = notFound(`The workload ${id}`);
  if (!UUID.test(id)) throw missing;
  const locked = await db
    .selectFrom('workloads')
    .select('id')
    .where('org_id', '=', orgId)
    .where('id', '=', id)
    .where('deleted', '=', false)
    .forUpdate()
    .executeTakeFirst();
  const row = locked === undefined ? undefined : await findWorkload(db, orgId, id);
  if (row === undefined) throw missing;
  await refuseStale(context, {
    name: row.name ?? row.hostname ?? row.id,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  });
  return row;
}

export async function updateWorkload(
  deps: Deps,
  context: WriteContext,
  change: { readonly id: string; readonly body: WorkloadBody },
): Promise<void> {
  const { db, orgId } = context;
  const row = await lockWorkload(context, change.id);
  const before = writableOf(row);
  const labels = await labelResolver(db, orgId, change.body.labels ?? []);
  const after = changed(before, change.body, { managed: row.managed, labels });
  await save(deps, context, { row, before, after });
}

/** Sets members of a workload that is locked. */
export async function changeWorkload(
  deps: Deps,
  context: WriteContext,
  { row, members }: { readonly row: WorkloadRow; readonly members: Partial<Writable> },
): Promise<void> {
  const before = writableOf(row);
  await save(deps, context, { row, before, after: { ...before, ...members } });
}

/** A change of nothing leaves it as it is. */
async function save(
  deps: Deps,
  context: WriteContext,
  { row, before, after }: { row: WorkloadRow; before: Writable; after: Writable },
): Promise<void> {
  if (sameContent(before, after)) return;
  const audited = { updated_at: deps.clock.now(), updated_by: context.caller.href };
  await guardExternal(() =>
    context.db
      .updateTable('workloads')
      .set({ ...columns(after), ...audited })
      .where('id', '=', row.id)
      .execute(),
  );
  await noteWorkload(deps, context, {
    row: { ...row, name: after.name, hostname: after.hostname },
    before,
    after,
    status: 204,
  });
}

/** Deletes an unmanaged workload that no rule or boundary names. */
export async function deleteWorkload(deps: Deps, context: WriteContext, id: string): Promise<void> {
  const { db, orgId, caller } = context;
  await lockPolicy(db, orgId);
  const row = await lockWorkload(context, id);
  const href = workloadHref(row);
  const name = row.name ?? row.hostname ?? row.id;
  if (row.managed)
    throw new DomainError(
      'method_not_allowed_error',
      `"${name}" has a VEN and cannot be deleted; unpair it (PUT vens/unpair)`,
      { href },
    );
  const users = await usersOf(db, orgId, href);
  if (users.length > 0)
    throw new DomainError(
      'workload_referenced',
      `The workload "${name}" is used by ${describeUsers(users)}; take it off there first`,
      { href },
    );
  const now = deps.clock.now();
  await db
    .updateTable('workloads')
    .set({
      deleted: true,
      deleted_at: now,
      deleted_by: caller.href,
      online: false,
      updated_at: now,
      updated_by: caller.href,
    })
    .where('id', '=', row.id)
    .execute();
  await dropBindings(db, { orgId, workloadId: row.id });
  await noteWorkload(deps, context, { row, before: writableOf(row), after: null, status: 204 });
}
