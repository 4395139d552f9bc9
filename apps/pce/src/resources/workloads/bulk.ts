/** Many workloads in one call: each item is its own transaction, and one that fails never fails the call. */
import { z } from 'zod';
import { endpoints, parseHref } from '@bulkhead/contract';
import { writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import { parseBody } from '../../http/request-parsing.ts';
import type { ContextOf } from '../../http/routes.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { workloadHref } from './presenter.ts';
import { createWorkload, updateWorkload, type WorkloadBody } from './service.ts';

interface BulkResult {
  href?: string;
  status: string;
  token?: string;
  message?: string;
}
type BulkContext = ContextOf<'workloads.bulk_create'> | ContextOf<'workloads.bulk_update'>;

const record = z.record(z.string(), z.unknown());

/** Throws 406 like a request of its own. */
function bodyOf(item: unknown): WorkloadBody {
  const spec = endpoints['workloads.create'];
  return spec.body.parse(parseBody(spec, item));
}

async function each(
  deps: Deps,
  context: BulkContext,
  work: (own: WriteContext, item: unknown) => Promise<BulkResult>,
): Promise<BulkResult[]> {
  const results: BulkResult[] = [];
  for (const item of context.body) {
    try {
      results.push(
        await writeTransaction(deps.db, (trx) =>
          work({ ...context, db: trx, ifUpdatedAt: null }, item),
        ),
      );
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const { token, message } = error;
      const href = hrefOf(item);
      results.push({
        ...(href === undefined ? {} : { href }),
        status: token === 'input_validation_error' ? 'validation_failure' : 'error',
        token,
        message,
      });
    }
  }
  return results;
}

function hrefOf(item: unknown): string | undefined {
  const parsed = z.object({ href: z.string() }).safeParse(item);
  return parsed.success ? parsed.data.href : undefined;
}

export function bulkCreate(
  deps: Deps,
  context: ContextOf<'workloads.bulk_create'>,
): Promise<BulkResult[]> {
  return each(deps, context, async (own, item) => {
    const row = await createWorkload(deps, own, bodyOf(item));
    return { href: workloadHref(row), status: 'created' };
  });
}

/** An item names its workload by href, or by external data. */
export function bulkUpdate(
  deps: Deps,
  context: ContextOf<'workloads.bulk_update'>,
): Promise<BulkResult[]> {
  return each(deps, context, async (own, item) => {
    const { href, ...members } = record.parse(recordOrRefuse(item));
    const id = await idOf(own, href, members);
    await updateWorkload(deps, own, { id, body: bodyOf(members) });
    return { href: workloadHref({ org_id: own.orgId, id }), status: 'updated' };
  });
}

function recordOrRefuse(item: unknown): unknown {
  if (record.safeParse(item).success) return item;
  throw new DomainError(
    'input_validation_error',
    'an item of a bulk update is an object with href and the members to change',
  );
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
