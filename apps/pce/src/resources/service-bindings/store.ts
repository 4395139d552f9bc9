/** Which workloads are bound to which virtual services. Not versioned: effective at once, in draft and active policy. */
import type { Selectable } from 'kysely';
import {
  objectHref,
  parseHref,
  policyHref,
  type endpoints,
  type serviceBindingWriteSchema,
} from '@bulkhead/contract';
import type { z } from 'zod';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Db, ServiceBindingsTable, Tx } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { guardExternal, lockPolicy, type WriteContext } from '../../provisioning/drafts.ts';
import type { ObjectView } from '../../provisioning/objects.ts';
import { describeUsers, identityOf, UUID } from '../../provisioning/references.ts';

type Query = z.output<(typeof endpoints)['service_bindings.list']['query']>;
type BindingWrite = z.output<typeof serviceBindingWriteSchema>;
export type BindingRow = Selectable<ServiceBindingsTable> & {
  readonly workload_name: string | null;
  readonly workload_hostname: string | null;
  readonly workload_deleted: boolean;
};

export function bindingHref(row: { readonly org_id: number; readonly id: string }): string {
  return objectHref(row.org_id, 'service_bindings', row.id);
}

function selection(db: Db, orgId: number) {
  return db
    .selectFrom('service_bindings')
    .innerJoin('workloads', 'workloads.id', 'service_bindings.workload_id')
    .where('service_bindings.org_id', '=', orgId);
}

/** The id in an href of one type; undefined when it is another's, which no row has. */
function idIn(orgId: number, href: string, type: string): string | undefined {
  const parsed = parseHref(href);
  const [found, id] = parsed?.path[0] ?? [];
  return parsed?.orgId === orgId && found === type && UUID.test(id ?? '') ? id : undefined;
}

export async function findBindings(
  db: Db,
  orgId: number,
  query: Query,
): Promise<{ rows: BindingRow[]; total: number }> {
  let matching = selection(db, orgId);
  for (const [member, type, column] of [
    ['virtual_service', 'virtual_services', 'service_bindings.virtual_service_id'],
    ['workload', 'workloads', 'service_bindings.workload_id'],
  ] as const) {
    const href = query[member];
    if (href === undefined) continue;
    const id = idIn(orgId, href, type);
    if (id === undefined) return { rows: [], total: 0 };
    matching = matching.where(column, '=', id);
  }
  for (const member of ['external_data_set', 'external_data_reference'] as const) {
    const value = query[member];
    if (value !== undefined) matching = matching.where(`service_bindings.${member}`, '=', value);
  }
  const { total } = await matching
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await matching
    .selectAll('service_bindings')
    .select([
      'workloads.name as workload_name',
      'workloads.hostname as workload_hostname',
      'workloads.deleted as workload_deleted',
    ])
    .orderBy('service_bindings.created_at')
    .orderBy('service_bindings.id')
    .limit(query.max_results ?? 500)
    .offset(query.offset ?? 0)
    .execute();
  return { rows, total };
}

export async function findBinding(db: Db, orgId: number, id: string): Promise<BindingRow> {
  const row = UUID.test(id)
    ? await selection(db, orgId)
        .where('service_bindings.id', '=', id)
        .selectAll('service_bindings')
        .select([
          'workloads.name as workload_name',
          'workloads.hostname as workload_hostname',
          'workloads.deleted as workload_deleted',
        ])
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(objectHref(orgId, 'service_bindings', id));
  return row;
}

/** A virtual service that workloads are bound to stays; the refusal names them. */
export async function refuseBound(db: Db, view: ObjectView<'virtual_services'>): Promise<void> {
  const rows = await selection(db, view.orgId)
    .where('service_bindings.virtual_service_id', '=', view.id)
    .where('workloads.deleted', '=', false)
    .select(['workloads.id', 'workloads.name', 'workloads.hostname'])
    .orderBy('workloads.name')
    .execute();
  if (rows.length === 0) return;
  const users = rows.map((row) => ({
    type: 'workloads',
    name: row.name ?? row.hostname ?? row.id,
  }));
  throw new DomainError(
    'virtual_service_referenced',
    `The virtual service "${view.content.name}" is bound to ${describeUsers(users)}; delete the bindings first`,
  );
}

/** Binds one workload to one virtual service. Answers the href of the binding. */
export async function bind(
  deps: Deps,
  context: WriteContext,
  write: BindingWrite,
): Promise<string> {
  const { db, orgId, caller } = context;
  // Held until the end, so that neither a deletion of the service nor another binding of the same pair comes in between.
  await lockPolicy(db, orgId);
  const service = await provisionedService(db, orgId, write.virtual_service.href);
  const workload = await livingWorkload(db, orgId, write.workload.href);
  const twin = await db
    .selectFrom('service_bindings')
    .select(['id', 'org_id'])
    .where('virtual_service_id', '=', service.id)
    .where('workload_id', '=', workload.id)
    .executeTakeFirst();
  if (twin !== undefined)
    throw new DomainError(
      'input_validation_error',
      `workload: "${workload.name}" is bound to "${service.name}" already, by ${bindingHref(twin)}`,
    );
  const now = deps.clock.now();
  const row = await guardExternal(() =>
    db
      .insertInto('service_bindings')
      .values({
        org_id: orgId,
        virtual_service_id: service.id,
        workload_id: workload.id,
        external_data_set: write.external_data_set ?? null,
        external_data_reference: write.external_data_reference ?? null,
        created_at: now,
        created_by: caller.href,
        updated_at: now,
        updated_by: caller.href,
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  await note(deps, context, { row, verb: 'create', status: 201 });
  return bindingHref(row);
}

async function provisionedService(
  db: Db,
  orgId: number,
  href: string,
): Promise<{ id: string; name: string }> {
  const id = idIn(orgId, identityOf(href), 'virtual_services');
  const row =
    id === undefined
      ? undefined
      : await db
          .selectFrom('policy_objects')
          .select(['id', 'active', 'draft', 'update_type'])
          .where('org_id', '=', orgId)
          .where('type', '=', 'virtual_services')
          .where('id', '=', id)
          .executeTakeFirst();
  if (row === undefined)
    throw new DomainError('invalid_uri', `virtual_service: there is no virtual service ${href}`);
  const name = String(row.draft['name']);
  if (row.active === null)
    throw new DomainError(
      'dependency_required',
      `virtual_service: "${name}" exists in draft only; provision it, then bind workloads to it`,
      { href: policyHref(orgId, 'draft', 'virtual_services', row.id) },
    );
  if (row.update_type === 'delete')
    throw new DomainError(
      'object_not_editable',
      `virtual_service: "${name}" is deleted in draft; revert its deletion to bind workloads to it`,
    );
  return { id: row.id, name };
}

async function livingWorkload(
  db: Db,
  orgId: number,
  href: string,
): Promise<{ id: string; name: string }> {
  const id = idIn(orgId, identityOf(href), 'workloads');
  const row =
    id === undefined
      ? undefined
      : await db
          .selectFrom('workloads')
          .select(['id', 'name', 'hostname'])
          .where('org_id', '=', orgId)
          .where('id', '=', id)
          .where('deleted', '=', false)
          // So that one that is deleted meanwhile keeps no binding.
          .forShare()
          .executeTakeFirst();
  if (row === undefined)
    throw new DomainError('invalid_uri', `workload: there is no workload ${href}`);
  return { id: row.id, name: row.name ?? row.hostname ?? row.id };
}

/** A workload that goes takes its bindings along. */
export async function dropBindings(
  trx: Tx,
  place: { readonly orgId: number; readonly workloadId: string },
): Promise<void> {
  const { orgId } = place;
  const gone = await trx
    .deleteFrom('service_bindings')
    .where('org_id', '=', orgId)
    .where('workload_id', '=', place.workloadId)
    .returning('virtual_service_id')
    .execute();
  for (const { virtual_service_id: id } of gone) {
    const href = policyHref(orgId, 'draft', 'virtual_services', id);
    appendChange(trx, { orgId, kind: 'service_binding', href });
  }
}

/** Takes a workload off its virtual service. */
export async function unbind(deps: Deps, context: WriteContext, id: string): Promise<void> {
  const { db, orgId } = context;
  await lockPolicy(db, orgId);
  const row = await findBinding(db, orgId, id);
  await db.deleteFrom('service_bindings').where('id', '=', row.id).execute();
  await note(deps, context, { row, verb: 'delete', status: 204 });
}

async function note(
  deps: Deps,
  context: WriteContext,
  {
    row,
    verb,
    status,
  }: { row: Selectable<ServiceBindingsTable>; verb: 'create' | 'delete'; status: number },
): Promise<void> {
  const { org_id: orgId } = row;
  const service = policyHref(orgId, 'draft', 'virtual_services', row.virtual_service_id);
  appendChange(context.db, { orgId, kind: 'service_binding', href: service });
  const members = {
    virtual_service: { href: service },
    workload: { href: objectHref(orgId, 'workloads', row.workload_id) },
  };
  await recordEvent(deps, context.db, {
    orgId,
    eventType: `service_binding.${verb}`,
    actor: context,
    httpStatus: status,
    resourceChanges: [
      {
        type: 'service_binding',
        href: bindingHref(row),
        naming: members,
        changeType: verb,
        changes: describeChanges(
          verb === 'create' ? null : members,
          verb === 'create' ? members : null,
        ),
      },
    ],
  });
}
