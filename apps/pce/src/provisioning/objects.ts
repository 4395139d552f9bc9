/** The draft overlay: reading a policy object in any state, and writing its draft. Shared by every kind of policy object. */
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { policyHref, type ErrorToken } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { json, type Db, type PolicyContent, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { UserCaller } from '../http/caller.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Actor } from '../http/routes.ts';
import { nounOf } from './nouns.ts';
import { asContent, contentOf, type StoredByType, type StoredType } from './stored-content.ts';

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
  rule_sets: 'rule_set',
  enforcement_boundaries: 'enforcement_boundary',
};
const NAME_TOKENS: Record<StoredType, ErrorToken> = {
  ip_lists: 'ip_list_name_not_unique',
  services: 'name_must_be_unique',
  label_groups: 'name_must_be_unique',
  rule_sets: 'rule_set_name_in_use',
  enforcement_boundaries: 'name_must_be_unique',
};

/** `draft`, `active` or a number; anything else is no policy version. */
export function parseWord(word: string): 'draft' | 'active' | number {
  if (word === 'draft' || word === 'active') return word;
  if (/^\d{1,9}$/.test(word)) return Number(word);
  throw notFound(`The policy version "${word}" (draft, active or a number)`);
}

export function mustBeDraft(word: string): void {
  if (word === 'draft') return;
  throw new DomainError(
    'method_not_allowed_error',
    'Only draft policy is writable; use the href with the word draft',
  );
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

function draftView<T extends StoredType>(type: T, row: DraftRow): ObjectView<T> {
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

// --- writing ---

export type WriteContext = Actor & {
  readonly db: Tx;
  readonly orgId: number;
  readonly caller: UserCaller;
  readonly ifUpdatedAt: string | null;
};

/** Whether two contents say the same; the database hands members back in an order of its own. */
export function sameContent(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(plain(left), plain(right));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Members in one order at every depth, for what compares text. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, inOrder(member)]),
  );
}

function inOrderOrNull(content: PolicyContent | null): Record<string, unknown> | null {
  return content === null
    ? null
    : Object.fromEntries(Object.entries(content).map(([key, member]) => [key, inOrder(member)]));
}

/**
 * Policy writes of one organization go one after the other, so that what a check saw (references, users, names) still holds when the
 * write is done.
 */
export async function lockPolicy(trx: Tx, orgId: number): Promise<void> {
  await trx.selectFrom('orgs').select('id').where('id', '=', orgId).forNoKeyUpdate().execute();
}

/** Locks the draft of an object and holds the edit against what somebody else may have saved since. */
export async function lockDraft<T extends StoredType>(
  context: WriteContext,
  place: { readonly type: T; readonly id: string },
): Promise<ObjectView<T>> {
  const { db, orgId } = context;
  await lockPolicy(db, orgId);
  const row = await db
    .selectFrom('policy_objects')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('type', '=', place.type)
    .where('id', '=', place.id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound(policyHref(orgId, 'draft', place.type, place.id));
  const view = draftView(place.type, row);
  if (view.createdBy === '/users/0') {
    throw new DomainError(
      'object_not_editable',
      `"${view.content.name}" comes with the product and cannot be changed; make one of your own`,
    );
  }
  await refuseStale(context, {
    name: view.content.name,
    updatedAt: view.updatedAt,
    updatedBy: view.updatedBy,
  });
  return view;
}

/** 406 `object_changed` when the state that was edited is no longer the newest. */
export async function refuseStale(
  context: Pick<WriteContext, 'db' | 'ifUpdatedAt'>,
  current: { readonly name: string; readonly updatedAt: Date; readonly updatedBy: string },
): Promise<void> {
  const { ifUpdatedAt, db } = context;
  if (ifUpdatedAt === null || ifUpdatedAt === current.updatedAt.toISOString()) return;
  const id = Number(/^\/users\/(\d+)$/.exec(current.updatedBy)?.[1] ?? Number.NaN);
  const user = Number.isNaN(id)
    ? undefined
    : await db.selectFrom('users').select('username').where('id', '=', id).executeTakeFirst();
  throw new DomainError(
    'object_changed',
    `"${current.name}" was saved by ${user?.username ?? current.updatedBy} at ${current.updatedAt.toISOString()}, after you opened it; load it again and repeat your change`,
  );
}

const INTEGER_IDS = ['ip_lists', 'services', 'rule_sets', 'enforcement_boundaries'] as const;

export async function newObjectId(db: Tx, type: StoredType): Promise<string> {
  const sequence = INTEGER_IDS.find((known) => known === type);
  const text =
    sequence === undefined
      ? sql<{ id: string }>`SELECT gen_random_uuid()::text AS id`
      : sql<{ id: string }>`SELECT nextval(${`id_${sequence}`}::regclass)::text AS id`;
  const { rows } = await text.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error(`The sequence of ${type} ids gave nothing`);
  return row.id;
}

export async function newRuleId(db: Tx): Promise<number> {
  const { rows } = await sql<{ id: number }>`SELECT nextval('id_sec_rules') AS id`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('The sequence of rule ids gave nothing');
  return row.id;
}

/** Runs a write and turns the unique constraints of policy objects into the API's errors. */
async function guarded<R>(type: StoredType, name: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const constraint =
      error instanceof Error && 'constraint' in error ? error.constraint : undefined;
    if (constraint === 'policy_objects_name') {
      throw new DomainError(
        NAME_TOKENS[type],
        `The name "${name}" is taken by another ${nounOf(type)}; choose another one`,
      );
    }
    if (constraint === 'policy_objects_external') throw duplicateExternal();
    throw error;
  }
}

function duplicateExternal(): DomainError {
  return new DomainError(
    'duplicate_external_data_reference',
    'Another object has this external_data_set and external_data_reference; they are unique together',
  );
}

/** Runs a write of what is not a policy object; a second object with the same external data is refused. */
export async function guardExternal<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const constraint =
      error instanceof Error && 'constraint' in error ? error.constraint : undefined;
    if (typeof constraint === 'string' && constraint.endsWith('_external'))
      throw duplicateExternal();
    throw error;
  }
}

/** Creates an object in draft. */
export async function createDraft<T extends StoredType>(
  deps: Deps,
  context: WriteContext,
  object: { readonly type: T; readonly content: StoredByType[T] },
): Promise<ObjectView<T>> {
  const { db, orgId, caller } = context;
  const { type, content } = object;
  const id = await newObjectId(db, type);
  const now = deps.clock.now();
  const row = await guarded(type, content.name, () =>
    db
      .insertInto('policy_objects')
      .values({
        org_id: orgId,
        type,
        id,
        draft: json(asContent(content)),
        update_type: 'create',
        created_at: now,
        created_by: caller.href,
        updated_at: now,
        updated_by: caller.href,
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  const view = draftView(type, row);
  await note(deps, context, {
    view,
    verb: 'create',
    before: null,
    after: asContent(content),
    status: 201,
  });
  return view;
}

/** Replaces the draft content. A change of nothing leaves the object as it is. */
export async function updateDraft<T extends StoredType>(
  deps: Deps,
  context: WriteContext,
  change: { readonly view: ObjectView<T>; readonly content: StoredByType[T] },
): Promise<void> {
  const { view, content } = change;
  if (sameContent(view.content, content)) return;
  await guarded(view.type, content.name, () =>
    context.db
      .updateTable('policy_objects')
      .set({
        draft: json(asContent(content)),
        update_type: view.updateType ?? 'update',
        updated_at: deps.clock.now(),
        updated_by: context.caller.href,
      })
      .where('org_id', '=', view.orgId)
      .where('type', '=', view.type)
      .where('id', '=', view.id)
      .execute(),
  );
  await note(deps, context, {
    view,
    verb: 'update',
    before: asContent(view.content),
    after: asContent(content),
    status: 204,
  });
}

/** Deletes in draft: gone at once when it was never active, else until the deletion is provisioned. */
export async function deleteDraft(
  deps: Deps,
  context: WriteContext,
  view: ObjectView,
): Promise<void> {
  const { db, caller } = context;
  if (view.updateType === 'delete') return;
  if (view.updateType === 'create') {
    await db
      .deleteFrom('policy_objects')
      .where('org_id', '=', view.orgId)
      .where('type', '=', view.type)
      .where('id', '=', view.id)
      .execute();
  } else {
    const now = deps.clock.now();
    await db
      .updateTable('policy_objects')
      .set({
        update_type: 'delete',
        deleted_at: now,
        deleted_by: caller.href,
        updated_at: now,
        updated_by: caller.href,
      })
      .where('org_id', '=', view.orgId)
      .where('type', '=', view.type)
      .where('id', '=', view.id)
      .execute();
  }
  await note(deps, context, {
    view,
    verb: 'delete',
    before: asContent(view.content),
    after: null,
    status: 204,
  });
}

async function note(
  deps: Deps,
  context: WriteContext,
  change: {
    readonly view: ObjectView;
    readonly verb: 'create' | 'update' | 'delete';
    readonly before: PolicyContent | null;
    readonly after: PolicyContent | null;
    readonly status: number;
  },
): Promise<void> {
  const { view, verb } = change;
  const href = policyHref(view.orgId, 'draft', view.type, view.id);
  appendChange(context.db, { orgId: view.orgId, kind: 'draft', href });
  await recordEvent(deps, context.db, {
    orgId: view.orgId,
    eventType: `${SINGULAR[view.type]}.${verb}`,
    actor: context,
    httpStatus: change.status,
    resourceChanges: [
      {
        type: SINGULAR[view.type],
        href,
        naming: { name: view.content.name },
        changeType: verb,
        changes: describeChanges(inOrderOrNull(change.before), inOrderOrNull(change.after)),
      },
    ],
  });
}
