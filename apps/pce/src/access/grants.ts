/** What an account may do: the permissions of its principals, with their scopes as sets of labels, and where it may come from. */
import { sql } from 'kysely';
import { parseAddress, parseSpan, spansHold } from '@bulkhead/net';
import type { Role } from '@bulkhead/contract';
import type { StoredScopeRef } from '../db/access-tables.ts';
import type { Db } from '../db/database.ts';
import { loadGroups } from '../provisioning/matching.ts';

/**
 * A role, within a scope: for each key the hrefs of the labels of which an object must have one, and of the label groups (draft hrefs) that
 * hold nothing else. No keys: everything.
 */
export interface Grant {
  readonly role: Role;
  readonly scope: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Access {
  readonly grants: readonly Grant[];
  /** False: an access restriction of one of its principals does not hold the address. */
  readonly admitted: boolean;
}

/** A user with the groups that the identity provider said, or a service account. */
export type AccountRef =
  | { readonly username: string; readonly groups: readonly string[] }
  | { readonly serviceAccountId: string };

/** Groups without a name stand for every user. */
async function principalRows(db: Db, orgId: number, account: AccountRef) {
  return db
    .selectFrom('auth_security_principals as principal')
    .leftJoin('permissions', 'permissions.principal_id', 'principal.id')
    .leftJoin('access_restrictions', 'access_restrictions.id', 'principal.access_restriction_id')
    .select(['permissions.role', 'permissions.scope', 'access_restrictions.ips'])
    .where('principal.org_id', '=', orgId)
    .where((where) => {
      if ('serviceAccountId' in account)
        return where('principal.id', '=', account.serviceAccountId);
      const groups = sql<string[]>`${[...account.groups]}::text[]`;
      const group = where('principal.type', '=', 'group');
      return where.or([
        where.and([
          where('principal.type', '=', 'user'),
          where('principal.name', '=', account.username),
        ]),
        where.and([group, where('principal.name', 'is', null)]),
        where.and([group, where('principal.name', '=', where.fn.any(groups))]),
      ]);
    })
    .execute();
}

/** `ip` null: wherever it comes from. */
export async function loadAccess(
  db: Db,
  orgId: number,
  { account, ip }: { readonly account: AccountRef; readonly ip: string | null },
): Promise<Access> {
  const rows = await principalRows(db, orgId, account);
  const held = rows.flatMap(({ role, scope }) =>
    role === null ? [] : [{ role, scope: scope ?? [] }],
  );
  const labelsOf = await scopeReader(
    db,
    orgId,
    held.flatMap(({ scope }) => scope),
  );
  return {
    grants: held.map(({ role, scope }) => ({ role, scope: new Map(scope.map(labelsOf)) })),
    admitted: rows.every(({ ips }) => ips === null || ip === null || holdsAddress(ips, ip)),
  };
}

/** How an entry of a scope reads: its key, and the labels that it stands for in active policy. */
async function scopeReader(
  db: Db,
  orgId: number,
  entries: readonly StoredScopeRef[],
): Promise<(entry: StoredScopeRef) => readonly [key: string, labels: ReadonlySet<string>]> {
  const ids = entries.flatMap((entry) =>
    'label' in entry ? Number(entry.label.href.split('/').at(-1)) : [],
  );
  const labels =
    ids.length === 0
      ? []
      : await db
          .selectFrom('labels')
          .select(['id', 'key'])
          .where('org_id', '=', orgId)
          .where('id', 'in', ids)
          .execute();
  const keys = new Map(labels.map(({ id, key }) => [`/orgs/${orgId}/labels/${id}`, key]));
  const groups =
    entries.length === 0 ? new Map<string, never>() : await loadGroups(db, orgId, 'active');
  // What is not there any more keeps a key of its own, which no object has: the permission reaches nothing.
  return (entry) => {
    const href = 'label' in entry ? entry.label.href : entry.label_group.href;
    const group = groups.get(href);
    const key = 'label' in entry ? keys.get(href) : group?.key;
    const own: ReadonlySet<string> =
      'label' in entry ? new Set([href]) : (group?.labels ?? new Set());
    const within = [...groups].filter(
      ([, other]) =>
        other.key === key &&
        other.labels.size > 0 &&
        [...other.labels].every((label) => own.has(label)),
    );
    return [key ?? href, new Set([...own, ...within.map(([name]) => name)])];
  };
}

function holdsAddress(ips: readonly string[], text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  return ips.some((one) => {
    const span = parseSpan(one);
    return span.ok && spansHold([span.value], address);
  });
}
