/** Writing the draft of policy objects, one organization's writes one after the other. */
import { sql } from 'kysely';
import { policyHref, type ErrorToken } from '@bulkhead/contract';
import { changesSince, describeSince } from '../audit/changes-since.ts';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { json, type PolicyContent, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { UserCaller } from '../http/caller.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Actor } from '../http/routes.ts';
import { holdLimit } from './limits.ts';
import { membersInOrder, sameContent } from './compare.ts';
import { nounOf } from './nouns.ts';
import { draftView, SINGULAR, type ObjectView } from './objects.ts';
import { presentVersioned, SYSTEM } from './present.ts';
import { describeUsers, usersOf } from './references.ts';
import { asContent, type StoredByType, type StoredType } from './stored-content.ts';

const NAME_TOKENS: Record<StoredType, ErrorToken> = {
  ip_lists: 'ip_list_name_not_unique',
  services: 'name_must_be_unique',
  label_groups: 'name_must_be_unique',
  virtual_services: 'name_must_be_unique',
  firewall_settings: 'name_must_be_unique',
  rule_sets: 'rule_set_name_in_use',
  enforcement_boundaries: 'name_must_be_unique',
};

export function mustBeDraft(word: string): void {
  if (word === 'draft') return;
  throw new DomainError(
    'method_not_allowed_error',
    'Only draft policy is writable; use the href with the word draft',
  );
}

export type WriteContext = Actor & {
  readonly db: Tx;
  readonly orgId: number;
  readonly caller: UserCaller;
  readonly ifUpdatedAt: string | null;
};

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
  if (view.createdBy === SYSTEM && place.type !== 'firewall_settings') {
    throw new DomainError(
      'object_not_editable',
      `"${view.content.name}" comes with the product and cannot be changed; make one of your own`,
    );
  }
  await refuseStale(context, {
    name: view.content.name,
    updatedAt: view.updatedAt,
    updatedBy: view.updatedBy,
    href: policyHref(orgId, 'draft', place.type, place.id),
  });
  return view;
}

/** 406 `object_changed` when the state that was edited is no longer the newest. With its href the answer tells what changed under it. */
export async function refuseStale(
  context: Pick<WriteContext, 'db' | 'ifUpdatedAt' | 'orgId'>,
  current: {
    readonly name: string;
    readonly updatedAt: Date;
    readonly updatedBy: string;
    readonly href?: string;
  },
): Promise<void> {
  const { ifUpdatedAt, db, orgId } = context;
  const { name, href, updatedAt, updatedBy } = current;
  if (ifUpdatedAt === null || ifUpdatedAt === updatedAt.toISOString()) return;
  const changes =
    href === undefined ? [] : await changesSince(db, orgId, { href, updatedAt: ifUpdatedAt });
  const what =
    changes.length > 0
      ? describeSince(changes)
      : `saved by ${await nameOfUser(db, updatedBy)} at ${updatedAt.toISOString()}`;
  throw new DomainError(
    'object_changed',
    `"${name}" was ${what}, after you opened it; load it again and repeat your change`,
    { href },
  );
}

async function nameOfUser(db: Tx, href: string): Promise<string> {
  const id = Number(/^\/users\/(\d+)$/.exec(href)?.[1] ?? Number.NaN);
  const user = Number.isNaN(id)
    ? undefined
    : await db.selectFrom('users').select('username').where('id', '=', id).executeTakeFirst();
  return user?.username ?? href;
}

/** Later than the state before, so that no two states of an object have one `updated_at`. */
export function laterThan(before: Date, now: Date): Date {
  return new Date(Math.max(now.getTime(), before.getTime() + 1));
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

export async function newRuleId(
  db: Tx,
  kind: 'sec_rules' | 'ip_tables_rules' = 'sec_rules',
): Promise<number> {
  const { rows } = await sql<{
    id: number;
  }>`SELECT nextval(${`id_${kind}`}::regclass) AS id`.execute(db);
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

export function duplicateExternal(): DomainError {
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
  if (type !== 'firewall_settings') await holdLimit(deps, context, { type });
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
        updated_at: laterThan(view.updatedAt, deps.clock.now()),
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
    const now = laterThan(view.updatedAt, deps.clock.now());
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
        changes: describeChanges(membersInOrder(change.before), membersInOrder(change.after)),
      },
    ],
  });
}

/** Deletes in draft what nothing refers to; the refusal names who does. */
export async function deleteUnused(
  deps: Deps,
  context: WriteContext,
  place: {
    readonly type: StoredType;
    readonly id: string;
    readonly refusal: ErrorToken;
  },
): Promise<void> {
  const view = await lockDraft(context, place);
  const users = await usersOf(context.db, context.orgId, presentVersioned(view).href);
  if (users.length > 0) {
    throw new DomainError(
      place.refusal,
      `The ${nounOf(place.type)} "${view.content.name}" is used by ${describeUsers(users)}; take it off there first`,
    );
  }
  await deleteDraft(deps, context, view);
}
