/** Users and groups that permissions are given to, by the names that sign-in knows them by. */
import type { Selectable } from 'kysely';
import type { AuthSecurityPrincipalWire } from '@bulkhead/contract';
import { auditedBy, presentAudited } from '../../access/audited.ts';
import { keepingAnOwner } from '../../access/owners.ts';
import { recordChange } from '../../audit/record-change.ts';
import type { AuthSecurityPrincipalsTable } from '../../db/access-tables.ts';
import type { Db, Tx } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { lockPolicy, refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { matchesCommon, pageOf } from '../../provisioning/objects.ts';
import { UUID } from '../../provisioning/references.ts';
import { restrictionHref, restrictionId } from '../access-restrictions/store.ts';

type Row = Selectable<AuthSecurityPrincipalsTable> & { readonly type: 'user' | 'group' };

function hrefOf(row: Pick<Row, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/auth_security_principals/${row.id}`;
}

function refOf(row: Row): { href: string } | null {
  return row.access_restriction_id === null
    ? null
    : { href: restrictionHref(row.org_id, row.access_restriction_id) };
}

function present(row: Row): AuthSecurityPrincipalWire {
  return {
    href: hrefOf(row),
    type: row.type,
    name: row.name,
    display_name: row.display_name,
    access_restriction: refOf(row),
    ...presentAudited(row),
  };
}

function members(row: Row | null): Record<string, unknown> | null {
  if (row === null) return null;
  const { type, name, display_name } = row;
  return { type, name, display_name, access_restriction: refOf(row) };
}

async function rowsOf(db: Db, orgId: number): Promise<Row[]> {
  const rows = await db
    .selectFrom('auth_security_principals')
    .selectAll()
    .where('org_id', '=', orgId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.flatMap(({ type, ...row }): Row[] =>
    type === 'service_account' ? [] : [{ ...row, type }],
  );
}

async function find(db: Db, orgId: number, id: string): Promise<Row> {
  const row = UUID.test(id)
    ? (await rowsOf(db, orgId)).find((one) => one.id === id.toLowerCase())
    : undefined;
  if (row === undefined) throw notFound(`The auth_security_principal ${id}`);
  return row;
}

/** Logins are kept in lower case, as users have them; groups as they are written. */
function storedName(type: 'user' | 'group', name: string): string {
  return type === 'user' ? name.toLowerCase() : name;
}

async function refuseTwin(trx: Tx, row: Pick<Row, 'org_id' | 'type' | 'name'> & { id?: string }) {
  const twin = (await rowsOf(trx, row.org_id)).find(
    (one) => one.type === row.type && one.name === row.name && one.id !== row.id,
  );
  if (twin === undefined) return;
  throw new DomainError(
    'name_must_be_unique',
    `There is a principal for the ${row.type} "${String(row.name)}" already; give permissions to that one`,
    { href: hrefOf(twin) },
  );
}

/** The principal that stands for every user is there for its permissions alone. */
function refuseDefault(row: Row): void {
  if (row.name !== null) return;
  throw new DomainError(
    'object_not_editable',
    'This principal stands for every user and stays as it is; delete its permission to take the default access away',
    { href: hrefOf(row) },
  );
}

export function authSecurityPrincipalRoutes(deps: Deps): Routes {
  function note(context: WriteContext, before: Row | null, after: Row | null): Promise<void> {
    const row = after ?? before;
    if (row === null) return Promise.resolve();
    return recordChange(deps, context, {
      type: 'auth_security_principal',
      href: hrefOf(row),
      naming: { name: row.name },
      before: members(before),
      after: members(after),
    });
  }

  return {
    'auth_security_principals.list': async ({ db, orgId, query }) => {
      const rows = (await rowsOf(db, orgId)).filter(
        (row) =>
          matchesCommon({ name: row.name ?? '' }, { name: query.name }) &&
          (query.type === undefined || row.type === query.type),
      );
      return { items: pageOf(rows, query).map(present), total: rows.length };
    },
    'auth_security_principals.get': async ({ db, orgId, params }) =>
      present(await find(db, orgId, params.id)),
    'auth_security_principals.create': async (context) => {
      const { db, orgId, body, caller } = context;
      await lockPolicy(db, orgId);
      const name = storedName(body.type, body.name);
      await refuseTwin(db, { org_id: orgId, type: body.type, name });
      const { id } = await db
        .insertInto('auth_security_principals')
        .values({
          org_id: orgId,
          type: body.type,
          name,
          display_name: body.display_name ?? null,
          access_restriction_id: await restrictionId(db, orgId, body.access_restriction ?? null),
          ...auditedBy(caller.href, deps.clock.now()),
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      const row = await find(db, orgId, id);
      await note(context, null, row);
      return present(row);
    },
    'auth_security_principals.update': (context) => {
      const { db, orgId, body, params, caller } = context;
      return keepingAnOwner(db, orgId, async () => {
        const before = await find(db, orgId, params.id);
        refuseDefault(before);
        await refuseStale(context, {
          name: before.name ?? '',
          updatedAt: before.updated_at,
          updatedBy: before.updated_by,
        });
        const name = body.name === undefined ? before.name : storedName(before.type, body.name);
        await refuseTwin(db, { ...before, name });
        const restriction = body.access_restriction;
        await db
          .updateTable('auth_security_principals')
          .set({
            name,
            display_name: body.display_name === undefined ? before.display_name : body.display_name,
            access_restriction_id:
              restriction === undefined
                ? before.access_restriction_id
                : await restrictionId(db, orgId, restriction),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .execute();
        await note(context, before, await find(db, orgId, before.id));
      });
    },
    'auth_security_principals.delete': (context) => {
      const { db, orgId, params } = context;
      return keepingAnOwner(db, orgId, async () => {
        const before = await find(db, orgId, params.id);
        refuseDefault(before);
        await db.deleteFrom('auth_security_principals').where('id', '=', before.id).execute();
        await note(context, before, null);
      });
    },
  };
}
