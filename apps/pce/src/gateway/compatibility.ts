/** Compatibility reports (R-VEN-7): what a VEN found of its host. */
import { worstStatus, type VenCompatibilityWire } from '@bulkhead/contract';
import { json } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { notFound } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { UUID } from '../provisioning/references.ts';
import { requirePaired } from './refuse-unpaired.ts';

export async function takeCompatibility(
  deps: Deps,
  { db: trx, caller, body }: ContextOf<'ven.compatibility_report'>,
): Promise<void> {
  await requirePaired(trx, caller.venId);
  await trx
    .updateTable('vens')
    .set({ compatibility: json(body.checks), compatibility_at: deps.clock.now() })
    .where('id', '=', caller.venId)
    .execute();
  appendChange(trx, { orgId: caller.orgId, kind: 'vens', href: caller.href });
}

export async function compatibilityOf({
  db,
  orgId,
  params,
}: ContextOf<'vens.compatibility_report'>): Promise<VenCompatibilityWire> {
  const row = UUID.test(params.id)
    ? await db
        .selectFrom('vens')
        .select(['compatibility', 'compatibility_at'])
        .where('org_id', '=', orgId)
        .where('id', '=', params.id)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The VEN ${params.id}`);
  const { compatibility, compatibility_at: at } = row;
  if (compatibility === null || at === null) return {};
  return {
    last_updated_at: at.toISOString(),
    qualify_status: worstStatus(compatibility),
    results: {
      qualify_tests: compatibility.map(({ name, status, detail }) => ({ status, [name]: detail })),
    },
  };
}
