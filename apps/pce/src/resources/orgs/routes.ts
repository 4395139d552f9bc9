import { ROLES } from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';

export function orgRoutes(_deps: Deps): Routes {
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
    'roles.list': ({ orgId, query }) => {
      const items = ROLES.map((role) => ({ href: `/orgs/${orgId}/roles/${role}` }));
      return { items: items.slice(0, query.max_results ?? 500), total: items.length };
    },
  };
}
