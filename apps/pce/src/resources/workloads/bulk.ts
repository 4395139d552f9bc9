/** Many workloads in one call. */
import { endpoints, parseHref, type BulkResult } from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import { parseBody } from '../../http/request-parsing.ts';
import type { ContextOf } from '../../http/routes.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { eachItem, membersOf } from '../bulk.ts';
import { workloadHref } from './presenter.ts';
import { createWorkload, updateWorkload, type WorkloadBody } from './service.ts';

/** Throws 406 like a request of its own. */
function bodyOf(item: unknown): WorkloadBody {
  const spec = endpoints['workloads.create'];
  return spec.body.parse(parseBody(spec, item));
}

export function bulkCreate(
  deps: Deps,
  context: ContextOf<'workloads.bulk_create'>,
): Promise<BulkResult[]> {
  return eachItem(deps, context, async (own, item) => {
    const row = await createWorkload(deps, own, bodyOf(item));
    return { href: workloadHref(row), status: 'created' };
  });
}

/** An item names its workload by href, or by external data. */
export function bulkUpdate(
  deps: Deps,
  context: ContextOf<'workloads.bulk_update'>,
): Promise<BulkResult[]> {
  return eachItem(deps, context, async (own, item) => {
    const { href, ...members } = membersOf(item);
    const id = await idOf(own, href, members);
    await updateWorkload(deps, own, { id, body: bodyOf(members) });
    return { href: workloadHref({ org_id: own.orgId, id }), status: 'updated' };
  });
}

async function idOf(
  context: WriteContext,
  href: unknown,
  members: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (typeof href === 'string') {
    const parsed = parseHref(href);
    const [type, id] = parsed?.path[0] ?? [];
    if (parsed?.orgId === context.orgId && type === 'workloads' && id !== undefined) return id;
    throw new DomainError('invalid_uri', `"${href}" is no href of a workload`);
  }
  const { external_data_set: set, external_data_reference: reference } = members;
  const row =
    typeof set === 'string' && typeof reference === 'string'
      ? await context.db
          .selectFrom('workloads')
          .select('id')
          .where('org_id', '=', context.orgId)
          .where('external_data_set', '=', set)
          .where('external_data_reference', '=', reference)
          .where('deleted', '=', false)
          .executeTakeFirst()
      : undefined;
  if (row !== undefined) return row.id;
  throw new DomainError(
    'invalid_uri',
    'the item names no workload that exists; give its href, or its external_data_set and external_data_reference',
  );
}
