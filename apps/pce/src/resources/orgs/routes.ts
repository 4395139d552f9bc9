import { ROLES } from '@bulkhead/contract';
import { recordChange } from '../../audit/record-change.ts';
import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';

export function orgRoutes(deps: Deps): Routes {
  return {
    'orgs.get': async ({ db, orgId }) => {
      const org = await db
        .selectFrom('orgs')
        .selectAll()
        .where('id', '=', orgId)
        .executeTakeFirst();
      if (org === undefined) throw notFound(`The organization ${orgId}`);
      return {
        href: `/orgs/${org.id}`,
        display_name: org.display_name,
        created_at: org.created_at.toISOString(),
      };
    },
    'orgs.update': async (context) => {
      const { db, orgId, body } = context;
      const before = await db
        .selectFrom('orgs')
        .selectAll()
        .where('id', '=', orgId)
        .forUpdate()
        .executeTakeFirstOrThrow();
      const { display_name: name = before.display_name } = body;
      await db.updateTable('orgs').set({ display_name: name }).where('id', '=', orgId).execute();
      await recordChange(deps, context, {
        type: 'org',
        href: `/orgs/${orgId}`,
        before: { display_name: before.display_name },
        after: { display_name: name },
      });
    },
    'roles.get': ({ orgId, params }) => {
      const role = ROLES.find((known) => known === params.id);
      if (role === undefined) throw notFound(`The role ${params.id}`);
      return { href: `/orgs/${orgId}/roles/${role}` };
    },
    'roles.list': ({ orgId, query }) => {
      const items = ROLES.map((role) => ({ href: `/orgs/${orgId}/roles/${role}` }));
      return { items: items.slice(0, query.max_results ?? 500), total: items.length };
    },
  };
}
