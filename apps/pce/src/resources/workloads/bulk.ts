/** Many workloads in one call. */
import { randomUUID } from 'node:crypto';
import { endpoints, parseHref, type BulkResult } from '@bulkhead/contract';
import { reachOf, refuseBeyond } from '../../access/reach.ts';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import { parseBody } from '../../http/request-parsing.ts';
import type { ContextOf } from '../../http/routes.ts';
import { duplicateExternal, type WriteContext } from '../../provisioning/drafts.ts';
import { holdLimit } from '../../provisioning/limits.ts';
import { eachItem, failureOf, membersOf } from '../bulk.ts';
import { changed, columns, NOTHING, type WorkloadBody, type Writable } from './content.ts';
import { labelResolver } from './labels.ts';
import { workloadHref } from './presenter.ts';
import { deleteWorkload, noteWorkload, updateWorkload } from './service.ts';

/** A row has about 25 columns, and a statement at most 65535 values. */
const ROWS_AT_ONCE = 500;

/** Throws 406 like a request of its own. */
function bodyOf(item: unknown): WorkloadBody {
  const spec = endpoints['workloads.create'];
  return spec.body.parse(parseBody(spec, item));
}

/** What of an item can be made, or why it cannot. */
function attempt<T>(item: unknown, work: () => T): { readonly value: T } | BulkResult {
  try {
    return { value: work() };
  } catch (error) {
    return failureOf(item, error);
  }
}

interface NewWorkload {
  readonly id: string;
  readonly values: Writable;
}

/** Makes what can be made in the transaction of the call; an item that fails is answered and hinders no other. */
export async function bulkCreate(
  deps: Deps,
  context: ContextOf<'workloads.bulk_create'>,
): Promise<BulkResult[]> {
  const { db, orgId, body: items } = context;
  await holdLimit(deps, context, { type: 'workloads', adding: items.length });
  const bodies = items.map((item) => attempt(item, () => bodyOf(item)));
  const refs = bodies.flatMap((body) => ('value' in body ? (body.value.labels ?? []) : []));
  const labels = await labelResolver(db, orgId, refs);
  const reach = reachOf(context.caller, endpoints['workloads.bulk_create'].permission);
  const made = bodies.map((body, index) =>
    'value' in body
      ? attempt(items[index], () => {
          const values = changed(NOTHING, body.value, { managed: false, labels });
          refuseBeyond(reach, values.labels);
          return { id: randomUUID(), values };
        })
      : body,
  );
  const inserted = await insert(
    deps,
    context,
    made.flatMap((item) => ('value' in item ? [item.value] : [])),
  );
  const results: BulkResult[] = [];
  for (const [index, item] of made.entries()) {
    if (!('value' in item)) results.push(item);
    else if (!inserted.has(item.value.id))
      results.push(failureOf(items[index], duplicateExternal()));
    else {
      const { id, values } = item.value;
      const row = { org_id: orgId, id, name: values.name, hostname: values.hostname };
      await noteWorkload(deps, context, { row, before: null, after: values, status: 200 });
      results.push({ href: workloadHref(row), status: 'created' });
    }
  }
  return results;
}

/** Answers the ids of those that could be: not a second one with the same external data. */
async function insert(
  deps: Deps,
  { db, orgId, caller }: WriteContext,
  workloads: readonly NewWorkload[],
): Promise<Set<string>> {
  const now = deps.clock.now();
  const audited = {
    created_at: now,
    created_by: caller.href,
    updated_at: now,
    updated_by: caller.href,
  };
  const inserted = new Set<string>();
  for (let start = 0; start < workloads.length; start += ROWS_AT_ONCE) {
    const rows = await db
      .insertInto('workloads')
      .values(
        workloads
          .slice(start, start + ROWS_AT_ONCE)
          .map(({ id, values }) => ({ id, org_id: orgId, ...columns(values), ...audited })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .execute();
    for (const { id } of rows) inserted.add(id);
  }
  return inserted;
}

/** An item names its workload by href, or by external data. */
export function bulkUpdate(
  deps: Deps,
  context: ContextOf<'workloads.bulk_update'>,
): Promise<BulkResult[]> {
  return eachItem(context, async (own, item) => {
    const { href, ...members } = membersOf(item);
    const id = await idOf(own, href, members);
    await updateWorkload(deps, own, { id, body: bodyOf(members) });
    return { href: workloadHref({ org_id: own.orgId, id }), status: 'updated' };
  });
}

export async function bulkDelete(
  deps: Deps,
  context: ContextOf<'workloads.bulk_delete'>,
): Promise<BulkResult[]> {
  const results = await eachItem(context, async (own, item) => {
    const { href, ...members } = membersOf(item);
    const id = await idOf(own, href, members);
    await deleteWorkload(deps, own, id);
    return { href: workloadHref({ org_id: own.orgId, id }), errors: [] };
  });
  // In this call the reason stands in a list.
  return results.map(({ href, token, message, errors }) => ({
    ...(href === undefined ? {} : { href }),
    errors: errors ?? [{ token, message }],
  }));
}

/** Of an href of this organization's workloads. Throws 406. */
export function workloadIdOf(orgId: number, href: string): string {
  const parsed = parseHref(href);
  const [type, id] = parsed?.path[0] ?? [];
  if (
    parsed?.orgId === orgId &&
    parsed.path.length === 1 &&
    type === 'workloads' &&
    id !== undefined
  )
    return id;
  throw new DomainError('invalid_uri', `"${href}" is no href of a workload`);
}

async function idOf(
  context: WriteContext,
  href: unknown,
  members: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (typeof href === 'string') return workloadIdOf(context.orgId, href);
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
