/** References between objects: what a content refers to, whether it exists, and what it is called. */
import { objectHref, parseHref, policyHref, withVersion } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { nounOf } from './nouns.ts';
import { isStoredType, type StoredType } from './stored-content.ts';

/** Kinds that a reference may be of. */
export type ReferenceKind = 'labels' | 'workloads' | 'security_principals' | StoredType;

export interface Wanted {
  readonly href: string;
  readonly kind: ReferenceKind;
  /** Member of the request that holds it, for the message. */
  readonly member: string;
}

/** What a referenced object is called. */
export interface Naming {
  readonly name: string | null;
  readonly key: string | null;
  readonly value: string | null;
  readonly hostname: string | null;
  readonly deleted: boolean;
}
export type Names = ReadonlyMap<string, Naming>;

/** The form in which references are stored: the draft href of policy objects. */
export function identityOf(href: string): string {
  return withVersion(href.replace(/^\/api\/v\d+/, ''), 'draft');
}

/** Every `{href}` inside a content, by identity. */
export function hrefsIn(content: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(content)) {
    for (const item of content) hrefsIn(item, found);
  } else if (typeof content === 'object' && content !== null) {
    for (const [key, value] of Object.entries(content)) {
      if (key === 'href' && typeof value === 'string') found.add(identityOf(value));
      else hrefsIn(value, found);
    }
  }
  return found;
}

const NOTHING: Naming = { name: null, key: null, value: null, hostname: null, deleted: false };

/** Names of the objects behind hrefs (by identity), in the state that is read. Objects that do not exist are absent. */
export async function loadNames(
  db: Db,
  orgId: number,
  query: { readonly hrefs: Iterable<string>; readonly word: string },
): Promise<Names> {
  const ids = new Map<string, Set<string>>();
  for (const href of query.hrefs) {
    const parsed = parseHref(href);
    const [type, id] = parsed?.path[0] ?? [];
    if (parsed?.orgId !== orgId || type === undefined || id === undefined) continue;
    ids.set(type, (ids.get(type) ?? new Set()).add(id));
  }
  const names = new Map<string, Naming>();
  const labels = [...(ids.get('labels') ?? [])].filter((id) => /^\d{1,15}$/.test(id)).map(Number);
  if (labels.length > 0) {
    const rows = await db
      .selectFrom('labels')
      .select(['id', 'key', 'value', 'deleted'])
      .where('org_id', '=', orgId)
      .where('id', 'in', labels)
      .execute();
    for (const { id, key, value, deleted } of rows) {
      names.set(`/orgs/${orgId}/labels/${id}`, { ...NOTHING, key, value, deleted });
    }
  }
  const workloads = [...(ids.get('workloads') ?? [])].filter((id) => UUID.test(id));
  if (workloads.length > 0) {
    const rows = await db
      .selectFrom('workloads')
      .select(['id', 'name', 'hostname', 'deleted'])
      .where('org_id', '=', orgId)
      .where('id', 'in', workloads)
      .execute();
    for (const { id, name, hostname, deleted } of rows) {
      names.set(`/orgs/${orgId}/workloads/${id}`, { ...NOTHING, name, hostname, deleted });
    }
  }
  const sids = [...(ids.get('security_principals') ?? [])];
  if (sids.length > 0) {
    const rows = await db
      .selectFrom('security_principals')
      .select(['sid', 'name'])
      .where('org_id', '=', orgId)
      .where('sid', 'in', sids)
      .execute();
    for (const { sid, name } of rows)
      names.set(objectHref(orgId, 'security_principals', sid), { ...NOTHING, name });
  }
  for (const [type, wanted] of ids) {
    if (!isStoredType(type)) continue;
    const rows = await db
      .selectFrom('policy_objects')
      .select(['id', 'draft', 'active', 'update_type'])
      .where('org_id', '=', orgId)
      .where('type', '=', type)
      .where('id', 'in', [...wanted])
      .execute();
    for (const row of rows) {
      const content = query.word === 'draft' ? row.draft : (row.active ?? row.draft);
      const text = (member: string) => {
        const value = content[member];
        return typeof value === 'string' ? value : null;
      };
      names.set(policyHref(orgId, 'draft', type, row.id), {
        ...NOTHING,
        name: text('name'),
        key: text('key'),
        deleted: row.update_type === 'delete',
      });
    }
  }
  return names;
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Refuses references that are malformed, of the wrong type, of another organization, or of nothing. Answers the names. */
export async function checkReferences(
  db: Db,
  orgId: number,
  wanted: readonly Wanted[],
): Promise<Names> {
  const names = await loadNames(db, orgId, {
    hrefs: wanted.map(({ href }) => identityOf(href)),
    word: 'draft',
  });
  refuseUnknown(names, wanted);
  return names;
}

/** The same for names that were loaded before, for many requests at once. */
export function refuseUnknown(names: Names, wanted: readonly Wanted[]): void {
  for (const { href, kind, member } of wanted) {
    const [type] = parseHref(href)?.path[0] ?? [];
    const what = nounOf(kind);
    if (type !== kind) {
      throw new DomainError('invalid_uri', `${member}: "${href}" is no href of a ${what}`);
    }
    const found = names.get(identityOf(href));
    if (found === undefined || found.deleted) {
      throw new DomainError('invalid_uri', `${member}: there is no ${what} ${href}`);
    }
  }
}

export interface Usage {
  readonly type: StoredType;
  readonly href: string;
  readonly name: string;
}

/** Policy objects whose draft (unless it is deleted there) or active content refers to an href. */
export async function usersOf(db: Db, orgId: number, href: string): Promise<Usage[]> {
  const quoted = `%${JSON.stringify(identityOf(href))}%`;
  const rows = await db
    .selectFrom('policy_objects')
    .select(['type', 'id', 'draft'])
    .where('org_id', '=', orgId)
    .where((where) =>
      where.or([
        where.and([
          where(where.cast<string>('draft', 'text'), 'like', quoted),
          where.or([where('update_type', 'is', null), where('update_type', '<>', 'delete')]),
        ]),
        where(where.cast<string>('active', 'text'), 'like', quoted),
      ]),
    )
    .execute();
  return rows.flatMap(({ type, id, draft: { name } }): Usage[] => {
    if (!isStoredType(type)) return [];
    const own = policyHref(orgId, 'draft', type, id);
    return [{ type, href: own, name: typeof name === 'string' ? name : id }];
  });
}

/** In a sentence: by whom an object is used. */
export function describeUsers(
  users: readonly { readonly type: string; readonly name: string }[],
): string {
  const shown = users.slice(0, 5).map(({ type, name }) => `${nounOf(type)} "${name}"`);
  const rest = users.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
