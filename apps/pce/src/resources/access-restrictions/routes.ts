/** Addresses that the credentials of principals and service accounts are accepted from. */
import { auditedBy } from '../../access/audited.ts';
import { keepingAnOwner } from '../../access/owners.ts';
import { recordChange } from '../../audit/record-change.ts';
import { json, type Tx } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { lockPolicy, refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { matchesCommon, pageOf } from '../../provisioning/objects.ts';
import {
  presentRestriction,
  requireRestriction,
  restrictionAddresses,
  restrictionHref,
  type RestrictionRow,
} from './store.ts';

function members(row: RestrictionRow | null): Record<string, unknown> | null {
  return row === null ? null : { name: row.name, description: row.description, ips: row.ips };
}

async function refuseTwin(
  trx: Tx,
  { org_id: orgId, name, id }: { org_id: number; name: string; id?: string },
): Promise<void> {
  const twin = await trx
    .selectFrom('access_restrictions')
    .select('id')
    .where('org_id', '=', orgId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (twin === undefined || twin.id === id) return;
  throw new DomainError(
    'name_must_be_unique',
    `The name "${name}" is taken by another access restriction; choose another one`,
    { href: restrictionHref(orgId, twin.id) },
  );
}

export function accessRestrictionRoutes(deps: Deps): Routes {
  function note(
    context: WriteContext,
    before: RestrictionRow | null,
    after: RestrictionRow | null,
  ): Promise<void> {
    const row = after ?? before;
    if (row === null) return Promise.resolve();
    return recordChange(deps, context, {
      type: 'access_restriction',
      href: restrictionHref(row.org_id, row.id),
      naming: { name: row.name },
      before: members(before),
      after: members(after),
    });
  }

  return {
    'access_restrictions.list': async ({ db, orgId, query }) => {
      const all = await db
        .selectFrom('access_restrictions')
        .selectAll()
        .where('org_id', '=', orgId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      const rows = all.filter((row) => matchesCommon(row, query));
      return { items: pageOf(rows, query).map(presentRestriction), total: rows.length };
    },
    'access_restrictions.get': async ({ db, orgId, params }) =>
      presentRestriction(await requireRestriction(db, orgId, params.id)),
    'access_restrictions.create': async (context) => {
      const { db, orgId, body, caller } = context;
      await lockPolicy(db, orgId);
      await refuseTwin(db, { org_id: orgId, name: body.name });
      const row = await db
        .insertInto('access_restrictions')
        .values({
          org_id: orgId,
          name: body.name,
          description: body.description ?? null,
          ips: json(restrictionAddresses(body.ips)),
          ...auditedBy(caller.href, deps.clock.now()),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await note(context, null, row);
      return presentRestriction(row);
    },
    'access_restrictions.update': (context) => {
      const { db, orgId, body, params, caller } = context;
      return keepingAnOwner(db, orgId, async () => {
        const before = await requireRestriction(db, orgId, params.id);
        await refuseStale(context, {
          name: before.name,
          updatedAt: before.updated_at,
          updatedBy: before.updated_by,
        });
        const name = body.name ?? before.name;
        await refuseTwin(db, { org_id: orgId, name, id: before.id });
        const after = await db
          .updateTable('access_restrictions')
          .set({
            name,
            description: body.description === undefined ? before.description : body.description,
            ips: json(body.ips === undefined ? before.ips : restrictionAddresses(body.ips)),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await note(context, before, after);
      });
    },
    'access_restrictions.delete': async (context) => {
      const { db, orgId, params } = context;
      await lockPolicy(db, orgId);
      const row = await requireRestriction(db, orgId, params.id);
      const holder = await db
        .selectFrom('auth_security_principals')
        .select('name')
        .where('access_restriction_id', '=', row.id)
        .executeTakeFirst();
      if (holder !== undefined)
        throw new DomainError(
          'access_restriction_referenced',
          `The access restriction "${row.name}" is in use by "${String(holder.name)}"; take it off there first`,
          { href: restrictionHref(orgId, row.id) },
        );
      await db.deleteFrom('access_restrictions').where('id', '=', row.id).execute();
      await note(context, row, null);
    },
  };
}
