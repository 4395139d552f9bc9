import type { Db } from '../../db/database.ts';
import { json } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import {
  guardExternal,
  lockPolicy,
  refuseStale,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { pageOf } from '../../provisioning/objects.ts';
import { defined } from '../../provisioning/present.ts';
import { holdLimit } from '../../provisioning/limits.ts';
import {
  dimensionHref,
  displayInfoOf,
  findDimension,
  isBuiltIn,
  listDimensions,
  presentDimension,
  usedKeys,
  type DimensionRow,
  type DisplayInfo,
} from './store.ts';

function members(row: DimensionRow): Record<string, unknown> {
  const { key, display_name, external_data_set, external_data_reference } = row;
  return {
    key,
    display_name,
    display_info: displayInfoOf(row),
    external_data_set,
    external_data_reference,
  };
}

/** What a new dimension looks like unless it says otherwise. */
function defaultInfo(name: string, ordinal: number): DisplayInfo {
  return {
    initial: String.fromCodePoint(name.codePointAt(0) ?? 0x3f).toUpperCase(),
    background_color: '#e9edf2',
    foreground_color: '#3a4a5c',
    sort_ordinal: ordinal,
    display_name_plural: name,
  };
}

/** Locked; one that is deleted counts as none. Writes of policy go one after the other, so that no label takes the key meanwhile. */
async function lock(context: WriteContext, id: string): Promise<DimensionRow> {
  const { db, orgId } = context;
  await lockPolicy(db, orgId);
  const row = await findDimension(db, orgId, id);
  if (row.deleted) throw notFound(`The label dimension ${id}`);
  await refuseStale(context, {
    name: row.display_name,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  });
  return row;
}

async function refuseTwin(db: Db, orgId: number, key: string): Promise<void> {
  const twin = (await listDimensions(db, orgId)).find((row) => !row.deleted && row.key === key);
  if (twin === undefined) return;
  throw new DomainError(
    'name_must_be_unique',
    `There is already a label dimension ${key} ("${twin.display_name}"); use it, or choose another key`,
    { href: dimensionHref(twin) },
  );
}

export function labelDimensionRoutes(deps: Deps): Routes {
  async function note(
    context: WriteContext,
    change: { before: DimensionRow | null; after: DimensionRow | null; status: number },
  ): Promise<void> {
    const { before, after } = change;
    const row = after ?? before;
    if (row === null) return;
    const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
    appendChange(context.db, { orgId: row.org_id, kind: 'settings', href: dimensionHref(row) });
    await recordEvent(deps, context.db, {
      orgId: row.org_id,
      eventType: `label_dimension.${verb}`,
      actor: context,
      httpStatus: change.status,
      resourceChanges: [
        {
          type: 'label_dimension',
          href: dimensionHref(row),
          naming: { key: row.key, display_name: row.display_name },
          changeType: verb,
          changes: describeChanges(
            before === null ? null : members(before),
            after === null ? null : members(after),
          ),
        },
      ],
    });
  }

  async function present(db: Db, row: DimensionRow, caller: UserCaller) {
    return presentDimension(row, { used: await usedKeys(db, row.org_id), caller });
  }

  return {
    'label_dimensions.list': async ({ db, orgId, query, caller }) => {
      const wanted = query.display_name ?? query.query;
      const matching = (await listDimensions(db, orgId)).filter(
        (row) =>
          (query.include_deleted === true || !row.deleted) &&
          (query.key === undefined || row.key === query.key) &&
          (wanted === undefined || row.display_name.toLowerCase().includes(wanted.toLowerCase())) &&
          (query.external_data_set === undefined ||
            row.external_data_set === query.external_data_set) &&
          (query.external_data_reference === undefined ||
            row.external_data_reference === query.external_data_reference),
      );
      const used = await usedKeys(db, orgId);
      return {
        items: pageOf(matching, query).map((row) => presentDimension(row, { used, caller })),
        total: matching.length,
      };
    },
    'label_dimensions.get': async ({ db, orgId, params, caller }) =>
      present(db, await findDimension(db, orgId, params.id), caller),
    'label_dimensions.create': async (context) => {
      const { db, orgId, body, caller } = context;
      await lockPolicy(db, orgId);
      await refuseTwin(db, orgId, body.key);
      await holdLimit(deps, context, { type: 'label_dimensions' });
      const ordinals = (await listDimensions(db, orgId)).map(
        (row) => displayInfoOf(row).sort_ordinal,
      );
      const now = deps.clock.now();
      const row = await guardExternal(() =>
        db
          .insertInto('label_dimensions')
          .values({
            org_id: orgId,
            key: body.key,
            display_name: body.display_name,
            display_info: json({
              ...defaultInfo(body.display_name, Math.max(0, ...ordinals) + 1),
              ...defined(body.display_info ?? {}),
            }),
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
      await note(context, { before: null, after: row, status: 201 });
      return present(db, row, caller);
    },
    'label_dimensions.update': async (context) => {
      const { db, body, params, caller } = context;
      const before = await lock(context, params.id);
      const { external_data_set, external_data_reference } = body;
      const after = await guardExternal(() =>
        db
          .updateTable('label_dimensions')
          .set({
            display_name: body.display_name ?? before.display_name,
            display_info: json({ ...displayInfoOf(before), ...defined(body.display_info ?? {}) }),
            ...defined({ external_data_set, external_data_reference }),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, { before, after, status: 204 });
    },
    'label_dimensions.delete': async (context) => {
      const { db, orgId, params, caller } = context;
      const before = await lock(context, params.id);
      if (isBuiltIn(before))
        throw new DomainError(
          'object_not_editable',
          `"${before.display_name}" comes with the product and cannot be deleted`,
          { href: dimensionHref(before) },
        );
      const used = await usedKeys(db, orgId);
      const user = used.labels.has(before.key)
        ? 'labels'
        : used.labelGroups.has(before.key)
          ? 'label groups'
          : undefined;
      if (user !== undefined)
        throw new DomainError(
          'label_dimension_referenced',
          `There are ${user} of the label dimension ${before.key}; delete them first, and provision where they are active`,
          { href: dimensionHref(before) },
        );
      const now = deps.clock.now();
      await db
        .updateTable('label_dimensions')
        .set({
          deleted: true,
          deleted_at: now,
          deleted_by: caller.href,
          updated_at: now,
          updated_by: caller.href,
        })
        .where('id', '=', before.id)
        .execute();
      await note(context, { before, after: null, status: 204 });
    },
  };
}
