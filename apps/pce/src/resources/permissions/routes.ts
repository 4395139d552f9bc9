/** Who has which role where. */
import { parseHref } from '@bulkhead/contract';
import { auditedBy } from '../../access/audited.ts';
import { keepingAnOwner } from '../../access/owners.ts';
import {
  parseRole,
  permissionHref,
  permissionMembers,
  permissionRows,
  presentPermissions,
  storedGrant,
  type PermissionRow,
} from '../../access/permissions.ts';
import { recordChange } from '../../audit/record-change.ts';
import { json, type Db, type Tx } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { pageOf } from '../../provisioning/objects.ts';
import { hrefsIn, identityOf, UUID } from '../../provisioning/references.ts';

/** Id of an auth_security_principal or service account that a request refers to. */
async function principalId(trx: Tx, orgId: number, href: string): Promise<string> {
  const parsed = parseHref(href);
  const [type, id = ''] = parsed?.path[0] ?? [];
  const isService = type === 'service_accounts';
  const row =
    parsed?.orgId === orgId && UUID.test(id) && (isService || type === 'auth_security_principals')
      ? await trx
          .selectFrom('auth_security_principals')
          .select('id')
          .where('org_id', '=', orgId)
          .where('id', '=', id)
          .where('type', isService ? '=' : '<>', 'service_account')
          .executeTakeFirst()
      : undefined;
  if (row !== undefined) return row.id;
  throw new DomainError(
    'invalid_uri',
    `auth_security_principal: there is no auth_security_principal or service account ${href}`,
  );
}

async function find(db: Db, orgId: number, id: string): Promise<PermissionRow> {
  const row = UUID.test(id)
    ? await permissionRows(db, orgId).where('permissions.id', '=', id).executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The permission ${id}`);
  return row;
}

export function permissionRoutes(deps: Deps): Routes {
  function note(
    context: WriteContext,
    before: PermissionRow | null,
    after: PermissionRow | null,
  ): Promise<void> {
    const row = after ?? before;
    if (row === null) return Promise.resolve();
    return recordChange(deps, context, {
      type: 'permission',
      href: permissionHref(row),
      before: before === null ? null : permissionMembers(before),
      after: after === null ? null : permissionMembers(after),
    });
  }

  return {
    'permissions.list': async ({ db, orgId, query }) => {
      const role = query.role === undefined ? null : parseRole(orgId, { href: query.role });
      const wanted = query.scope?.map(identityOf);
      const all = await permissionRows(db, orgId).execute();
      const matching = all.filter((row) => {
        const within = hrefsIn(row.scope);
        return (
          (role === null || row.role === role) &&
          (query.auth_security_principal === undefined ||
            query.auth_security_principal.endsWith(`/${row.principal_id}`)) &&
          (wanted === undefined ||
            (wanted.length === within.size && wanted.every((href) => within.has(href))))
        );
      });
      const items = await presentPermissions(db, orgId, pageOf(matching, query));
      return { items, total: matching.length };
    },
    'permissions.get': async ({ db, orgId, params }) => {
      const [wire] = await presentPermissions(db, orgId, [await find(db, orgId, params.id)]);
      if (wire === undefined) throw notFound(`The permission ${params.id}`);
      return wire;
    },
    'permissions.create': async (context) => {
      const { db, orgId, body, caller } = context;
      const grant = await storedGrant(db, orgId, { grant: body });
      const { id } = await db
        .insertInto('permissions')
        .values({
          org_id: orgId,
          principal_id: await principalId(db, orgId, body.auth_security_principal.href),
          role: grant.role,
          scope: json(grant.scope),
          ...auditedBy(caller.href, deps.clock.now()),
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      const row = await find(db, orgId, id);
      await note(context, null, row);
      const [wire] = await presentPermissions(db, orgId, [row]);
      if (wire === undefined) throw new Error('A permission that was made is presented');
      return wire;
    },
    'permissions.update': (context) => {
      const { db, orgId, body, params, caller } = context;
      return keepingAnOwner(db, orgId, async () => {
        const before = await find(db, orgId, params.id);
        await refuseStale(context, {
          name: 'This permission',
          updatedAt: before.updated_at,
          updatedBy: before.updated_by,
        });
        const grant = await storedGrant(db, orgId, {
          grant: {
            role: body.role ?? { href: `/orgs/${orgId}/roles/${before.role}` },
            scope: body.scope ?? before.scope,
          },
        });
        const principal = body.auth_security_principal;
        await db
          .updateTable('permissions')
          .set({
            principal_id:
              principal === undefined
                ? before.principal_id
                : await principalId(db, orgId, principal.href),
            role: grant.role,
            scope: json(grant.scope),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .execute();
        await note(context, before, await find(db, orgId, before.id));
      });
    },
    'permissions.delete': (context) => {
      const { db, orgId, params } = context;
      return keepingAnOwner(db, orgId, async () => {
        const before = await find(db, orgId, params.id);
        await db.deleteFrom('permissions').where('id', '=', before.id).execute();
        await note(context, before, null);
      });
    },
  };
}
