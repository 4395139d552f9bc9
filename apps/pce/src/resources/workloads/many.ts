/** One change of many workloads, in one transaction: all of them or none. */
import type { LabelRef, Ref } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { ContextOf } from '../../http/routes.ts';
import { sameContent } from '../../provisioning/compare.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { identityOf, loadNames, type Names } from '../../provisioning/references.ts';
import { columns, writableOf, type Writable } from './content.ts';
import { workloadIdOf } from './bulk.ts';
import { checkedLabels } from './labels.ts';
import { workloadHref } from './presenter.ts';
import { lockWorkloads } from './query.ts';

type ManyContext = WriteContext & { readonly body: { readonly workloads: readonly Ref[] } };

/** Throws 406 when one of them does not exist; then nothing is changed. */
async function changeMany(
  deps: Deps,
  context: ManyContext,
  { eventType, change }: { eventType: string; change: (before: Writable) => Writable },
): Promise<void> {
  const { db, orgId, caller, body } = context;
  const ids = new Set(body.workloads.map(({ href }) => workloadIdOf(orgId, href)));
  const rows = await lockWorkloads(db, orgId, [...ids]);
  const found = new Set(rows.map((row) => row.id));
  const missing = [...ids].find((id) => !found.has(id));
  if (missing !== undefined)
    throw new DomainError(
      'invalid_uri',
      `workloads: there is no workload ${workloadHref({ org_id: orgId, id: missing })}; leave it out`,
    );
  const audited = { updated_at: deps.clock.now(), updated_by: caller.href };
  const changes = rows.flatMap((row) => {
    const before = writableOf(row);
    const after = change(before);
    return sameContent(before, after) ? [] : [{ row, before, after }];
  });
  for (const { row, after } of changes) {
    await db
      .updateTable('workloads')
      .set({ ...columns(after), ...audited })
      .where('id', '=', row.id)
      .execute();
    appendChange(db, { orgId, kind: 'workload', href: workloadHref(row) });
  }
  if (changes.length === 0) return;
  await recordEvent(deps, db, {
    orgId,
    eventType,
    actor: context,
    httpStatus: 204,
    resourceChanges: changes.map(({ row, before, after }) => ({
      type: 'workload',
      href: workloadHref(row),
      naming: { name: row.name, hostname: row.hostname },
      changeType: 'update' as const,
      changes: describeChanges({ ...before }, { ...after }),
    })),
  });
}

/** Keys of all labels that these workloads have, so that they can be told apart by key. */
async function namesOfLabels(context: ManyContext): Promise<Names> {
  const { db, orgId, body } = context;
  const ids = body.workloads.map(({ href }) => workloadIdOf(orgId, href));
  const rows = await lockWorkloads(db, orgId, ids);
  return loadNames(db, orgId, { hrefs: new Set(rows.flatMap((row) => row.labels)), word: 'draft' });
}

function withoutKeys(labels: readonly string[], keys: ReadonlySet<string>, names: Names): string[] {
  return labels.filter((href) => !keys.has(names.get(href)?.key ?? ''));
}

export async function setLabels(
  deps: Deps,
  context: ContextOf<'workloads.set_labels'>,
): Promise<void> {
  const { db, orgId, body } = context;
  const given = await checkedLabels(db, orgId, body.labels);
  const names = new Map([
    ...(await namesOfLabels(context)),
    ...(await loadNames(db, orgId, { hrefs: given, word: 'draft' })),
  ]);
  const keyOf = (href: string): LabelRef['key'] => names.get(href)?.key ?? '';
  const replaced = new Set([...given.map(keyOf), ...(body.delete_existing_keys ?? [])]);
  await changeMany(deps, context, {
    eventType: 'workloads.set_labels',
    change: (before) => ({
      ...before,
      labels: [...withoutKeys(before.labels, replaced, names), ...given.map(identityOf)].toSorted(
        (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1),
      ),
    }),
  });
}

export async function removeLabels(
  deps: Deps,
  context: ContextOf<'workloads.remove_labels'>,
): Promise<void> {
  const names = await namesOfLabels(context);
  const keys = new Set(context.body.keys);
  await changeMany(deps, context, {
    eventType: 'workloads.remove_labels',
    change: (before) => ({ ...before, labels: withoutKeys(before.labels, keys, names) }),
  });
}

export function updateMany(deps: Deps, context: ContextOf<'workloads.update_many'>): Promise<void> {
  const { enforcement_mode: mode, visibility_level: level } = context.body;
  return changeMany(deps, context, {
    eventType: 'workloads.update',
    change: (before) => ({
      ...before,
      enforcement_mode: mode ?? before.enforcement_mode,
      visibility_level: level ?? before.visibility_level,
    }),
  });
}
