import { keepingAnOwner } from '../../access/owners.ts';
import { recordChange } from '../../audit/record-change.ts';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { invite, localProfileRoutes } from './local-profile.ts';
import { loginRoutes } from './login.ts';
import { presentUsers, type UserRow } from './presenter.ts';
import { findUser, userMembers } from './store.ts';

/** Any name that the runtime knows. */
function checkTimeZone(name: string | null | undefined): void {
  if (name == null) return;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    throw new DomainError(
      'input_validation_error',
      `time_zone: "${name}" is no time zone; write an IANA name such as Europe/Berlin`,
    );
  }
}

export function userRoutes(deps: Deps): Routes {
  async function presentOne(db: Db, row: UserRow) {
    const now = deps.clock.now();
    const [wire] = await presentUsers(db, { rows: [row], orgId: row.org_id, now });
    if (wire === undefined) throw new Error('A user that was read is presented');
    return wire;
  }

  return {
    ...loginRoutes(deps),
    ...localProfileRoutes(deps),
    'users.me': async ({ db, caller, orgId }) => {
      if (caller.userId === null)
        throw notFound(`A user behind the service account "${caller.username}"`);
      const row = await findUser(db, orgId, String(caller.userId));
      const org = await db
        .selectFrom('orgs')
        .selectAll()
        .where('id', '=', caller.orgId)
        .executeTakeFirstOrThrow();
      return {
        ...(await presentOne(db, row)),
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
        .selectAll()
        .orderBy('id')
        .limit(query.max_results ?? 500)
        .execute();
      return { items: await presentUsers(db, { rows, orgId, now: deps.clock.now() }), total };
    },
    'users.get': async ({ db, orgId, params }) =>
      presentOne(db, await findUser(db, orgId, params.user_id)),
    'users.create': async (context) => {
      const { db, orgId, body } = context;
      const username = body.username.toLowerCase();
      checkTimeZone(body.time_zone);
      const now = deps.clock.now();
      const row = await db
        .insertInto('users')
        .values({
          org_id: orgId,
          username,
          full_name: body.full_name ?? null,
          time_zone: body.time_zone ?? null,
          type: 'local',
          created_at: now,
          updated_at: now,
        })
        .onConflict((conflict) => conflict.column('username').doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined)
        throw new DomainError(
          'name_must_be_unique',
          `username: there is a user ${username} already`,
        );
      await recordChange(deps, context, {
        type: 'user',
        href: `/users/${row.id}`,
        naming: { username },
        before: null,
        after: userMembers(row),
      });
      const invitation = await invite(deps, context, row);
      return { ...(await presentOne(db, row)), invitation };
    },
    'users.update': (context) => {
      const { db, orgId, body, params, caller } = context;
      const change = async (): Promise<void> => {
        const before = await findUser(db, orgId, params.user_id);
        checkTimeZone(body.time_zone);
        const locked = body.locked ?? before.locked;
        if (
          locked !== before.locked &&
          (!caller.roles.includes('owner') || before.id === caller.userId)
        )
          throw new DomainError(
            'forbidden',
            'locked: an owner locks and unlocks others, nobody themselves',
          );
        const after = await db
          .updateTable('users')
          .set({
            full_name: body.full_name === undefined ? before.full_name : body.full_name,
            time_zone: body.time_zone === undefined ? before.time_zone : body.time_zone,
            locked,
            updated_at: deps.clock.now(),
          })
          .where('id', '=', before.id)
          .returningAll()
          .executeTakeFirstOrThrow();
        if (locked) await db.deleteFrom('sessions').where('user_id', '=', before.id).execute();
        await recordChange(deps, context, {
          type: 'user',
          href: `/users/${after.id}`,
          naming: { username: after.username },
          before: userMembers(before),
          after: userMembers(after),
        });
      };
      return body.locked === true ? keepingAnOwner(db, orgId, change) : change();
    },
    'users.orgs': async ({ db, orgId, params, query }) => {
      await findUser(db, orgId, params.user_id);
      const rows = await db.selectFrom('orgs').selectAll().where('id', '=', orgId).execute();
      const items = rows.map((org) => ({
        href: `/orgs/${org.id}`,
        display_name: org.display_name,
        created_at: org.created_at.toISOString(),
      }));
      return { items: items.slice(0, query.max_results ?? 500), total: items.length };
    },
  };
}
