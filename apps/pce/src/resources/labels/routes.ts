import { sql, type ExpressionBuilder, type Selectable } from 'kysely';
import { parseHref, type LabelWire } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Database, Db, LabelsTable, Tx } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { ContextOf, Routes } from '../../http/routes.ts';
import {
  guardExternal,
  lockPolicy,
  refuseStale,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { defined, plainCaps } from '../../provisioning/present.ts';
import { refuseDimension } from '../label-dimensions/store.ts';
import { holdLimit } from '../../provisioning/limits.ts';
import { labelUsage, refuseLabelInUse } from './usage.ts';

type LabelRow = Selectable<LabelsTable>;
/** Words of the product's console that would be mistaken for labels. */
const RESERVED = ['All Applications', 'All Environments', 'All Locations', 'All Roles'];

export function labelHref(row: Pick<LabelRow, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/labels/${row.id}`;
}

function present(row: LabelRow, caller: UserCaller, usage?: LabelWire['usage']): LabelWire {
  return {
    href: labelHref(row),
    key: row.key,
    value: row.value,
    deleted: row.deleted,
    external_data_set: row.external_data_set,
    external_data_reference: row.external_data_reference,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    ...(usage === undefined ? {} : { usage }),
    caps: plainCaps(caller),
  };
}

function members(row: LabelRow): Record<string, unknown> {
  const { key, value, external_data_set, external_data_reference } = row;
  return { key, value, external_data_set, external_data_reference };
}

async function find(db: Db, orgId: number, id: string): Promise<LabelRow> {
  const row = /^\d{1,15}$/.test(id)
    ? await db
        .selectFrom('labels')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', Number(id))
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The label ${id}`);
  return row;
}

async function lock(db: Tx, orgId: number, id: string): Promise<LabelRow> {
  const { id: found } = await find(db, orgId, id);
  return db
    .selectFrom('labels')
    .selectAll()
    .where('id', '=', found)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

/** Exact for uniqueness, and labels that differ only in letter case are refused too: no filter would tell them apart (FR-47). */
async function refuseTwin(
  db: Tx,
  orgId: number,
  label: { readonly key: string; readonly value: string; readonly id?: number },
): Promise<void> {
  if (RESERVED.includes(label.value)) {
    throw new DomainError(
      'input_validation_error',
      `value: "${label.value}" is a word of the product; choose another value`,
    );
  }
  const twin = await db
    .selectFrom('labels')
    .select(['id', 'org_id', 'value'])
    .where('org_id', '=', orgId)
    .where('key', '=', label.key)
    .where(sql`lower(value)`, '=', sql`lower(${label.value})`)
    .where('deleted', '=', false)
    .executeTakeFirst();
  if (twin === undefined || twin.id === label.id) return;
  throw new DomainError(
    'label_key_and_value_must_be_unique',
    `There is already a label ${label.key}=${twin.value}; use it, or choose another value`,
    { href: labelHref(twin) },
  );
}

function filtered(context: ContextOf<'labels.list'>) {
  const { query, orgId } = context;
  return (where: ExpressionBuilder<Database, 'labels'>) =>
    where.and([
      where('org_id', '=', orgId),
      ...(query.include_deleted === true ? [] : [where('deleted', '=', false)]),
      ...(query.key === undefined ? [] : [where('key', '=', query.key)]),
      ...[query.value, query.query].flatMap((part) =>
        part === undefined
          ? []
          : [where('value', 'ilike', `%${part.replaceAll(/[\\%_]/g, '\\$&')}%`)],
      ),
      ...(query.external_data_set === undefined
        ? []
        : [where('external_data_set', '=', query.external_data_set)]),
      ...(query.external_data_reference === undefined
        ? []
        : [where('external_data_reference', '=', query.external_data_reference)]),
    ]);
}

export function labelRoutes(deps: Deps): Routes {
  async function note(
    context: WriteContext,
    change: {
      verb: 'create' | 'update' | 'delete';
      row: LabelRow;
      before: LabelRow | null;
      status: number;
    },
  ): Promise<void> {
    const { verb, row, before, status } = change;
    appendChange(context.db, { orgId: context.orgId, kind: 'label', href: labelHref(row) });
    const after = verb === 'delete' ? null : members(row);
    await recordEvent(deps, context.db, {
      orgId: context.orgId,
      eventType: `label.${verb}`,
      actor: context,
      httpStatus: status,
      resourceChanges: [
        {
          type: 'label',
          href: labelHref(row),
          naming: { key: row.key, value: row.value },
          changeType: verb,
          changes: describeChanges(before === null ? null : members(before), after),
        },
      ],
    });
  }
  return {
    'labels.list': async (context) => {
      const { db, query, orgId, caller } = context;
      const matching = db.selectFrom('labels').where(filtered(context));
      const { total } = await matching
        .select((select) => select.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = await matching
        .selectAll()
        .orderBy('id')
        .limit(query.max_results ?? 500)
        .offset(query.offset ?? 0)
        .execute();
      const usage =
        query.usage === true ? await labelUsage(db, orgId, rows.map(labelHref)) : undefined;
      return { items: rows.map((row) => present(row, caller, usage?.get(labelHref(row)))), total };
    },
    'labels.get': async ({ db, params, orgId, caller, query }) => {
      const row = await find(db, orgId, params.id);
      const usage =
        query.usage === true ? await labelUsage(db, orgId, [labelHref(row)]) : undefined;
      return present(row, caller, usage?.get(labelHref(row)));
    },
    'labels.create': async (context) => {
      const { db, body, orgId, caller } = context;
      await lockPolicy(db, orgId);
      await refuseDimension(db, orgId, body.key);
      await refuseTwin(db, orgId, body);
      await holdLimit(deps, context, { type: 'labels' });
      const now = deps.clock.now();
      const row = await guardExternal(() =>
        db
          .insertInto('labels')
          .values({
            org_id: orgId,
            key: body.key,
            value: body.value,
            external_data_set: body.external_data_set ?? null,
            external_data_reference: body.external_data_reference ?? null,
            created_at: now,
            created_by: caller.href,
            updated_at: now,
            updated_by: caller.href,
          })
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, { verb: 'create', row, before: null, status: 201 });
      return present(row, caller);
    },
    'labels.update': async (context) => {
      const { db, body, orgId, caller, params } = context;
      await lockPolicy(db, orgId);
      const before = await lock(db, orgId, params.id);
      await refuseStale(context, {
        name: before.value,
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      if (body.value !== undefined) await refuseTwin(db, orgId, { ...before, value: body.value });
      const { external_data_set, external_data_reference } = body;
      const row = await guardExternal(() =>
        db
          .updateTable('labels')
          .set({
            value: body.value ?? before.value,
            ...defined({ external_data_set, external_data_reference }),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, { verb: 'update', row, before, status: 204 });
    },
    'labels.delete': async (context) => {
      await lockPolicy(context.db, context.orgId);
      await remove(context, context.params.id);
    },
    'labels.delete_many': async (context) => {
      await lockPolicy(context.db, context.orgId);
      for (const href of new Set(context.body.hrefs))
        await remove(context, labelIdOf(context.orgId, href));
    },
  };

  async function remove(context: WriteContext, id: string): Promise<void> {
    const { db, orgId, caller } = context;
    const before = await lock(db, orgId, id);
    if (before.deleted) {
      throw new DomainError(
        'label_already_deleted',
        `The label ${before.key}=${before.value} is deleted already`,
      );
    }
    await refuseLabelInUse(db, orgId, {
      href: labelHref(before),
      text: `${before.key}=${before.value}`,
    });
    const now = deps.clock.now();
    const row = await db
      .updateTable('labels')
      .set({
        deleted: true,
        deleted_at: now,
        deleted_by: caller.href,
        updated_at: now,
        updated_by: caller.href,
      })
      .where('id', '=', before.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await note(context, { verb: 'delete', row, before, status: 204 });
  }
}

/** Of an href of this organization's labels. Throws 406. */
function labelIdOf(orgId: number, href: string): string {
  const parsed = parseHref(href);
  const [type, id] = parsed?.path[0] ?? [];
  if (parsed?.orgId === orgId && parsed.path.length === 1 && type === 'labels' && id !== undefined)
    return id;
  throw new DomainError('invalid_uri', `hrefs: "${href}" is no href of a label`);
}
