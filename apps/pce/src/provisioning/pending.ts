/** Draft changes that are not provisioned: which there are, which of them somebody chose, and what they need. */
import type { Selectable } from 'kysely';
import { parseHref, policyHref, type ApiError, type ChangeSubset } from '@bulkhead/contract';
import type { Db, PolicyObjectsTable } from '../db/database.ts';
import { domainErrors, DomainError } from '../http/domain-error.ts';
import { nounOf } from './nouns.ts';
import { identityOf } from './references.ts';
import { contentOf, isStoredType, referencesOf, type StoredType } from './stored-content.ts';

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

function draftReferences(row: PendingRow): Set<string> {
  return referencesOf(row.type, contentOf(row.type, row.draft));
}

/**
 * Refuses to provision a part of the draft that refers to objects which exist in draft only. (What active policy refers to cannot be
 * deleted in draft, so a deletion needs nothing.)
 */
export function requireDependencies(
  chosen: readonly PendingRow[],
  pending: readonly PendingRow[],
): void {
  const taken = new Set(chosen.map(identityOfRow));
  const left = new Map(
    pending.flatMap((row) => {
      const href = identityOfRow(row);
      return taken.has(href) ? [] : [[href, row] as const];
    }),
  );
  const [first, ...more] = neededCreations(chosen, left);
  if (first !== undefined) throw domainErrors([first, ...more]);
}

type DependencyError = ApiError & { token: 'dependency_required' };

function described(row: PendingRow): string {
  return `${nounOf(row.type)} "${nameOfRow(row)}"`;
}

function neededCreations(
  chosen: readonly PendingRow[],
  left: ReadonlyMap<string, PendingRow>,
): DependencyError[] {
  const errors = new Map<string, DependencyError>();
  for (const row of chosen) {
    if (row.update_type === 'delete') continue;
    for (const href of draftReferences(row)) {
      const needed = left.get(href);
      if (needed?.update_type !== 'create' || errors.has(href)) continue;
      errors.set(href, {
        token: 'dependency_required',
        message: `${described(row)} refers to the ${described(needed)}, which exists in draft only; provision ${href} with it`,
        href,
      });
    }
  }
  return [...errors.values()];
}

/** Refuses to revert the creation of what other drafts refer to. */
export function requireRevertible(
  chosen: readonly PendingRow[],
  pending: readonly PendingRow[],
): void {
  const taken = new Set(chosen.map(identityOfRow));
  const created = new Map(
    chosen.flatMap((row) =>
      row.update_type === 'create' ? [[identityOfRow(row), row] as const] : [],
    ),
  );
  const errors: DependencyError[] = [];
  for (const row of pending) {
    const href = identityOfRow(row);
    if (taken.has(href) || row.update_type === 'delete') continue;
    const used = [...draftReferences(row)].find((reference) => created.has(reference));
    const target = used === undefined ? undefined : created.get(used);
    if (target === undefined) continue;
    errors.push({
      token: 'dependency_required',
      message: `The draft of the ${described(row)} refers to the ${described(target)}, which would be gone; revert ${href} with it`,
      href,
    });
  }
  const [first, ...more] = errors;
  if (first !== undefined) throw domainErrors([first, ...more]);
}
