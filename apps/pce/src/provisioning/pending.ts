/** Draft changes that are not provisioned: which there are, and which of them somebody chose. */
import type { Selectable } from 'kysely';
import { parseHref, policyHref, type ChangeSubset } from '@bulkhead/contract';
import type { Db, PolicyObjectsTable } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { identityOf } from './references.ts';
import { contentOf, isStoredType, type StoredType } from './stored-content.ts';

type PolicyRow = Selectable<PolicyObjectsTable>;
/** A row whose draft differs from what hosts enforce. */
export type PendingRow = Omit<PolicyRow, 'type' | 'update_type'> & {
  readonly type: StoredType;
  readonly update_type: 'create' | 'update' | 'delete';
};

/** Oldest id first, by type. */
export async function pendingRows(db: Db, orgId: number): Promise<PendingRow[]> {
  const rows = await db
    .selectFrom('policy_objects')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('update_type', 'is not', null)
    .orderBy('type')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.flatMap((row): PendingRow[] => {
    const { type, update_type: updateType } = row;
    if (updateType === null || !isStoredType(type)) return [];
    return [{ ...row, type, update_type: updateType }];
  });
}

export function identityOfRow(row: { org_id: number; type: StoredType; id: string }): string {
  return policyHref(row.org_id, 'draft', row.type, row.id);
}

export function nameOfRow(row: PendingRow): string {
  return contentOf(row.type, row.draft).name;
}

/** The pending rows of a subset. Absent or empty: all of them. Hrefs without a pending change are passed over, as clients expect. */
export function chosenRows(
  orgId: number,
  pending: readonly PendingRow[],
  subset: ChangeSubset | undefined,
): PendingRow[] {
  const hrefs = Object.entries(subset ?? {}).flatMap(([type, refs]) =>
    (refs ?? []).map((ref) => ({ type, href: ref.href })),
  );
  if (hrefs.length === 0) return [...pending];
  for (const { type, href } of hrefs) {
    const parsed = parseHref(href);
    if (parsed === undefined || parsed.orgId !== orgId || parsed.path[0]?.[0] !== type)
      throw new DomainError(
        'invalid_uri',
        `change_subset.${type}: "${href}" is no href of that type; write one such as ${policyHref(orgId, 'draft', type, '1')}`,
      );
  }
  const wanted = new Set(hrefs.map(({ href }) => identityOf(href)));
  return pending.filter((row) => wanted.has(identityOfRow(row)));
}
