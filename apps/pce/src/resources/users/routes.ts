import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { loginRoutes } from './login.ts';
import { presentUser } from './presenter.ts';

const COLUMNS = [
  'id',
  'org_id',
  'username',
  'full_name',
  'time_zone',
  'type',
  'locked',
  'last_login_on',
  'last_login_ip_address',
  'login_count',
  'created_at',
  'updated_at',
] as const;

export function userRoutes(deps: Deps): Routes {
  return {
    ...loginRoutes(deps),
    'users.me': async ({ db, caller }) => {
      const row = await db
        .selectFrom('users')
        .select(COLUMNS)
        .where('id', '=', caller.userId)
        .executeTakeFirstOrThrow();
      const org = await db
        .selectFrom('orgs')
        .selectAll()
        .where('id', '=', caller.orgId)
        .executeTakeFirstOrThrow();
      return {
        ...presentUser(row),
        roles: [...caller.roles],
        org: { href: `/orgs/${org.id}`, org_id: org.id, display_name: org.display_name },
      };
    },
    'users.list': async ({ db, orgId, query }) => {
      let matching = db.selectFrom('users').where('org_id', '=', orgId);
      if (query.type !== undefined) matching = matching.where('type', '=', query.type);
      const { total } = await matching
        .select((q) => q.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = await matching
        .select(COLUMNS)
        .orderBy('id')
        .limit(query.max_results ?? 500)
        .execute();
      return { items: rows.map(presentUser), total };
    },
    'users.get': async ({ db, orgId, params }) => {
      const id = Number(params.user_id);
      const row =
        Number.isSafeInteger(id) && id < 2 ** 31
          ? await db
              .selectFrom('users')
              .select(COLUMNS)
              .where('org_id', '=', orgId)
              .where('id', '=', id)
              .executeTakeFirst()
          : undefined;
      if (row === undefined) throw notFound(`The user ${params.user_id}`);
      return presentUser(row);
    },
  };
}
