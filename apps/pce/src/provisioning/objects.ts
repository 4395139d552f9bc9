/** Reading policy objects in any state: draft, active, or a version. Shared by every kind of them. */
import { sql } from 'kysely';
import { policyHref } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import { notFound } from '../http/domain-error.ts';
import { contentOf, type StoredByType, type StoredType } from './stored-content.ts';

/** A policy object in one state. */
export interface ObjectView<T extends StoredType = StoredType> {
  readonly orgId: number;
  readonly type: T;
  readonly id: string;
  /** `draft`, `active` or a version number. */
  readonly word: string;
  readonly content: StoredByType[T];
  /** Content that hosts enforce; null when there is none. Drafts only. */
  readonly active: StoredByType[T] | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  readonly deletedAt: Date | null;
  readonly deletedBy: string | null;
  readonly updateType: 'create' | 'update' | 'delete' | null;
}

export const SINGULAR: Record<StoredType, string> = {
  ip_lists: 'ip_list',
  services: 'service',
  label_groups: 'label_group',
  virtual_services: 'virtual_service',
  firewall_settings: 'firewall_settings',
  rule_sets: 'rule_set',
  enforcement_boundaries: 'enforcement_boundary',
};
/** `draft`, `active` or a number; anything else is no policy version. */
export function parseWord(word: string): 'draft' | 'active' | number {
  if (word === 'draft' || word === 'active') return word;
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw notFound(`The policy version "${word}" (draft, active or a number)`);
}

type DraftRow = Awaited<ReturnType<typeof draftRows>>[number];

function draftRows(db: Db, orgId: number, type: StoredType, ids?: readonly string[]) {
  let query = db
    .selectFrom('policy_objects')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('type', '=', type);
  if (ids !== undefined) query = query.where('id', 'in', ids);
  return query
    .orderBy('created_at')
    .orderBy(sql`length(id)`)
    .orderBy('id')
    .execute();
}

export function draftView<T extends StoredType>(type: T, row: DraftRow): ObjectView<T> {
  return {
    orgId: row.org_id,
    type,
    id: row.id,
    word: 'draft',
    content: contentOf(type, row.draft),
    active: row.active === null ? null : contentOf(type, row.active),
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    deletedAt: row.deleted_at,
    deletedBy: row.deleted_by,
    updateType: row.update_type,
  };
}

function activeView<T extends StoredType>(type: T, row: DraftRow): ObjectView<T>[] {
  if (row.active === null) return [];
  return [
    {
      ...draftView(type, row),
      word: 'active',
      content: contentOf(type, row.active),
      updatedAt: row.active_updated_at ?? row.updated_at,
      updatedBy: row.active_updated_by ?? row.updated_by,
      deletedAt: null,
      deletedBy: null,
      updateType: null,
    },
  ];
}

async function versionViews<T extends StoredType>(
  db: Db,
  orgId: number,
  place: { readonly type: T; readonly version: number },
): Promise<ObjectView<T>[]> {
  const { type, version } = place;
  const rows = await db
    .selectFrom('policy_object_versions')
    .selectAll()
    .distinctOn('id')
    .where('org_id', '=', orgId)
    .where('type', '=', type)
    .where('version', '<=', version)
    .orderBy('id')
    .orderBy('version', 'desc')
    .execute();
  const views = rows.flatMap((row): ObjectView<T>[] => {
    if (row.content === null) return [];
    return [
      {
        orgId,
        type,
        id: row.id,
        word: String(version),
        content: contentOf(type, row.content),
        active: null,
        createdAt: row.created_at,
        createdBy: row.created_by,
        updatedAt: row.updated_at,
        updatedBy: row.updated_by,
        deletedAt: null,
        deletedBy: null,
        updateType: null,
      },
    ];
  });
  return views.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}

/** All objects of a type in one state, oldest first. */
export async function viewsOf<T extends StoredType>(
  db: Db,
  orgId: number,
  place: { readonly type: T; readonly word: string },
): Promise<ObjectView<T>[]> {
  const { type } = place;
  const word = parseWord(place.word);
  if (typeof word === 'number') return versionViews(db, orgId, { type, version: word });
  const rows = await draftRows(db, orgId, type);
  return word === 'draft'
    ? rows.map((row) => draftView(type, row))
    : rows.flatMap((row) => activeView(type, row));
}

/** One object in one state; 404 when it is not there. */
export async function viewOf<T extends StoredType>(
  db: Db,
  orgId: number,
  place: { readonly type: T; readonly word: string; readonly id: string },
): Promise<ObjectView<T>> {
  const { type, id } = place;
  const word = parseWord(place.word);
  const views =
    typeof word === 'number'
      ? await versionViews(db, orgId, { type, version: word })
      : (await draftRows(db, orgId, type, [id])).flatMap((row) =>
          word === 'draft' ? [draftView(type, row)] : activeView(type, row),
        );
  const view = views.find((item) => item.id === id);
  if (view === undefined) throw notFound(policyHref(orgId, place.word, type, id));
  return view;
}

/** What the filters that all policy objects share leave over, then the page of it. */
export function pageOf<T>(
  items: readonly T[],
  query: { max_results?: number | undefined; offset?: number | undefined },
): T[] {
  const start = query.offset ?? 0;
  return items.slice(start, start + (query.max_results ?? 500));
}

export interface CommonFilters {
  readonly name?: string | undefined;
  readonly query?: string | undefined;
  readonly description?: string | undefined;
  readonly external_data_set?: string | undefined;
  readonly external_data_reference?: string | undefined;
}

export function matchesCommon(
  content: {
    readonly name: string;
    readonly description?: string | null;
    readonly external_data_set?: string | null;
    readonly external_data_reference?: string | null;
  },
  filters: CommonFilters,
): boolean {
  const part = (text: string | null | undefined, wanted: string | undefined) =>
    wanted === undefined || (text ?? '').toLowerCase().includes(wanted.toLowerCase());
  const exact = (text: string | null | undefined, wanted: string | undefined) =>
    wanted === undefined || text === wanted;
  return (
    part(content.name, filters.name) &&
    part(content.name, filters.query) &&
    part(content.description, filters.description) &&
    exact(content.external_data_set, filters.external_data_set) &&
    exact(content.external_data_reference, filters.external_data_reference)
  );
}
