/** Writes a restored draft. */
import { randomUUID } from 'node:crypto';
import { json, type PolicyContent, type Tx } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { nounOf } from './nouns.ts';
import type { RestoredBy, RestoreStep } from './restore-plan.ts';
import { contentOf } from './stored-content.ts';

/** The caller holds the policy lock. Throws when a name is still held by what goes only when that is provisioned. */
export async function writeSteps(
  trx: Tx,
  steps: readonly RestoreStep[],
  by: RestoredBy,
): Promise<void> {
  for (const step of steps) if (step.draft === null) await remove(trx, step, by);
  const written = steps.filter((step) => step.draft !== null);
  // Names change hands in any order: first every one is given up, then each is taken.
  for (const step of written) if (step.row !== null) await giveUpName(trx, step, step.row.draft);
  for (const step of written) await put(trx, step, by);
}

function rowOf(trx: Tx, { orgId, type, id }: RestoreStep) {
  return trx
    .updateTable('policy_objects')
    .where('org_id', '=', orgId)
    .where('type', '=', type)
    .where('id', '=', id);
}

async function remove(trx: Tx, step: RestoreStep, { href, now }: RestoredBy): Promise<void> {
  if (step.row?.active != null) {
    await rowOf(trx, step)
      .set({
        update_type: 'delete',
        deleted_at: now,
        deleted_by: href,
        updated_at: now,
        updated_by: href,
      })
      .execute();
    return;
  }
  await trx
    .deleteFrom('policy_objects')
    .where('org_id', '=', step.orgId)
    .where('type', '=', step.type)
    .where('id', '=', step.id)
    .execute();
}

async function giveUpName(trx: Tx, step: RestoreStep, draft: PolicyContent): Promise<void> {
  const nameless = {
    ...draft,
    name: randomUUID(),
    external_data_set: null,
    external_data_reference: null,
  };
  await rowOf(trx, step)
    .set({ draft: json(nameless) })
    .execute();
}

async function put(trx: Tx, step: RestoreStep, by: RestoredBy): Promise<void> {
  const { orgId, type, id, draft, row, created } = step;
  if (draft === null) return;
  const members = {
    draft: json(draft),
    update_type: step.updateType,
    deleted_at: null,
    deleted_by: null,
    ...timesOf(step, by),
  };
  try {
    if (row !== null) await rowOf(trx, step).set(members).execute();
    else
      await trx
        .insertInto('policy_objects')
        .values({
          ...members,
          org_id: orgId,
          type,
          id,
          created_at: created.at,
          created_by: created.by,
        })
        .execute();
  } catch (error) {
    throw nameTaken(step, draft, error);
  }
}

/** What is active again has the times of that. */
function timesOf({ updateType, row }: RestoreStep, { href, now }: RestoredBy) {
  if (updateType !== null || row === null) return { updated_at: now, updated_by: href };
  return {
    updated_at: row.active_updated_at ?? row.updated_at,
    updated_by: row.active_updated_by ?? row.updated_by,
  };
}

function nameTaken({ type, href }: RestoreStep, draft: PolicyContent, error: unknown): unknown {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined;
  if (constraint !== 'policy_objects_name' && constraint !== 'policy_objects_external')
    return error;
  const what = constraint === 'policy_objects_name' ? 'name' : 'external data';
  return new DomainError(
    'name_must_be_unique',
    `The ${nounOf(type)} "${contentOf(type, draft).name}" cannot have its ${what} back, because another ${nounOf(type)} has it in active policy still; give that another one, or delete it, provision that, and restore then`,
    { href },
  );
}
