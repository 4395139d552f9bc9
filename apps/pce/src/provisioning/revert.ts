/** Draft goes back to what is active. */
import { sql } from 'kysely';
import { recordEvent, describeChanges } from '../audit/record-event.ts';
import type { Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { membersInOrder } from './compare.ts';
import { requireDependencies } from './dependencies.ts';
import { lockPolicy } from './drafts.ts';
import { SINGULAR } from './objects.ts';
import { chosenRows, identityOfRow, nameOfRow, pendingRows, type PendingRow } from './pending.ts';
import { contentOf } from './stored-content.ts';

type RevertContext = ContextOf<'sec_policy.revert'> | ContextOf<'sec_policy.revert_all'>;

/** Takes back draft changes; `subset` undefined: all. */
export async function revert(
  deps: Deps,
  context: RevertContext,
  subset: Parameters<typeof chosenRows>[2],
): Promise<void> {
  const { db, orgId } = context;
  await lockPolicy(db, orgId);
  const pending = await pendingRows(db, orgId);
  const chosen = chosenRows(orgId, pending, subset);
  requireDependencies('revert', chosen, pending);
  if (chosen.length === 0) return;
  // Names move first out of the way: an object that comes back may have had the name of one that goes.
  for (const row of chosen.toSorted(creationsFirst)) await revertRow(db, row);
  await recordEvent(deps, db, {
    orgId,
    eventType: 'sec_policy_pending.delete',
    actor: context,
    httpStatus: 204,
    resourceChanges: chosen.map((row) => ({
      type: SINGULAR[row.type],
      href: identityOfRow(row),
      naming: { name: nameOfRow(row) },
      changeType: row.update_type === 'create' ? ('delete' as const) : ('update' as const),
      changes: describeChanges(
        row.update_type === 'delete' ? null : membersInOrder(row.draft),
        membersInOrder(row.active),
      ),
    })),
  });
}

function creationsFirst(left: PendingRow, right: PendingRow): number {
  return Number(right.update_type === 'create') - Number(left.update_type === 'create');
}

async function revertRow(trx: Tx, row: PendingRow): Promise<void> {
  appendChange(trx, { orgId: row.org_id, kind: 'draft', href: identityOfRow(row) });
  if (row.active === null) {
    await trx
      .deleteFrom('policy_objects')
      .where('org_id', '=', row.org_id)
      .where('type', '=', row.type)
      .where('id', '=', row.id)
      .execute();
    return;
  }
  try {
    await trx
      .updateTable('policy_objects')
      .set({
        draft: sql`active`,
        update_type: null,
        deleted_at: null,
        deleted_by: null,
        updated_at: row.active_updated_at ?? row.updated_at,
        updated_by: row.active_updated_by ?? row.updated_by,
      })
      .where('org_id', '=', row.org_id)
      .where('type', '=', row.type)
      .where('id', '=', row.id)
      .execute();
  } catch (error) {
    const constraint =
      error instanceof Error && 'constraint' in error ? error.constraint : undefined;
    if (constraint !== 'policy_objects_name' && constraint !== 'policy_objects_external')
      throw error;
    throw new DomainError(
      'name_must_be_unique',
      `"${contentOf(row.type, row.active).name}" cannot have its active name back, because another draft has it; rename or revert that one too`,
      { href: identityOfRow(row) },
    );
  }
}
