/** The way back: the draft becomes what a version was. */
import type { RestoredWire } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import type { Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { membersInOrder } from './compare.ts';
import { lockPolicy } from './drafts.ts';
import { refuseLoops } from './group-loops.ts';
import { nounOf } from './nouns.ts';
import { SINGULAR } from './objects.ts';
import { planRestore, type RestoreStep } from './restore-plan.ts';
import { writeSteps } from './restore-write.ts';
import { contentOf } from './stored-content.ts';
import { findVersion } from './versions.ts';

export async function restore(
  deps: Deps,
  context: ContextOf<'sec_policy.restore'>,
): Promise<RestoredWire> {
  const { db, orgId, params, caller } = context;
  if (params.pversion === 'draft')
    throw notFound('The policy version "draft" (active or a number)');
  await lockPolicy(db, orgId);
  const { version } = await findVersion(db, orgId, params.pversion);
  const by = { href: caller.href, now: deps.clock.now() };
  const { steps, leftOut } = await planRestore(db, orgId, { version, by });
  await refuseBound(db, orgId, steps);
  await writeSteps(db, steps, by);
  await refuseLoops(db, orgId);
  for (const step of steps) appendChange(db, { orgId, kind: 'draft', href: step.href });
  await recordEvent(deps, db, {
    orgId,
    eventType: 'sec_policy.restore',
    actor: context,
    httpStatus: 200,
    info: { version, left_out: leftOut.map(({ href, message }) => ({ href, message })) },
    resourceChanges: steps.map((step) => ({
      type: SINGULAR[step.type],
      href: step.href,
      naming: { name: nameOf(step) },
      changeType: step.draft === null ? ('delete' as const) : ('update' as const),
      changes: describeChanges(membersInOrder(step.before), membersInOrder(step.draft)),
    })),
  });
  return {
    version,
    restored: steps.map((step) => ({
      href: step.href,
      name: nameOf(step),
      update_type: step.updateType,
    })),
    left_out: [...leftOut],
  };
}

function nameOf({ type, draft, before }: RestoreStep): string {
  const content = draft ?? before;
  return content === null ? '' : contentOf(type, content).name;
}

/** Workloads that are bound to a virtual service hold it. */
async function refuseBound(trx: Tx, orgId: number, steps: readonly RestoreStep[]): Promise<void> {
  const going = steps.filter((step) => step.type === 'virtual_services' && step.draft === null);
  if (going.length === 0) return;
  const bound = await trx
    .selectFrom('service_bindings')
    .select('virtual_service_id')
    .where('org_id', '=', orgId)
    .where(
      'virtual_service_id',
      'in',
      going.map(({ id }) => id),
    )
    .limit(1)
    .executeTakeFirst();
  const step = going.find(({ id }) => id === bound?.virtual_service_id);
  if (step === undefined) return;
  throw new DomainError(
    'virtual_service_referenced',
    `The ${nounOf(step.type)} "${nameOf(step)}" is not in that version and would be deleted, but workloads are bound to it; delete its bindings first`,
    { href: step.href },
  );
}
