import type { Db } from '../../db/database.ts';
import { notFound } from '../../http/domain-error.ts';
import type { UserRow } from './presenter.ts';

/** A user of an organization; 404 when there is none of that number. */
export async function findUser(db: Db, orgId: number, id: string): Promise<UserRow> {
  const row = /^\d{1,9}$/.test(id)
    ? await db
        .selectFrom('users')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', Number(id))
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The user ${id}`);
  return row;
}

/** As audit events show it. */
export function userMembers(row: UserRow): Record<string, unknown> {
  const { username, full_name, time_zone, type, locked } = row;
  return { username, full_name, time_zone, type, locked };
}
