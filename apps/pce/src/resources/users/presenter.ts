import type { Selectable } from 'kysely';
import type { User } from '@bulkhead/contract';
import { PASSWORD_POLICY } from '../../access/settings.ts';
import { readSetting } from '../../db/settings.ts';
import type { UsersTable } from '../../db/access-tables.ts';
import type { Db } from '../../db/database.ts';

export type UserRow = Selectable<UsersTable>;

function present(row: UserRow, online: ReadonlySet<number>): User {
  return {
    href: `/users/${row.id}`,
    username: row.username,
    full_name: row.full_name,
    time_zone: row.time_zone,
    type: row.type,
    locked: row.locked,
    last_login_on: row.last_login_on?.toISOString() ?? null,
    last_login_ip_address: row.last_login_ip_address,
    login_count: row.login_count,
    effective_groups: row.effective_groups,
    local_profile: row.type === 'local' ? { pending_invitation: row.password_hash === null } : null,
    presence_status: online.has(row.id) ? 'online' : 'offline',
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export async function presentUsers(
  db: Db,
  {
    rows,
    orgId,
    now,
  }: { readonly rows: readonly UserRow[]; readonly orgId: number; readonly now: Date },
): Promise<User[]> {
  const { session_timeout_minutes: minutes } = await readSetting(db, orgId, PASSWORD_POLICY);
  const sessions = await db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.user_id')
    .distinct()
    .where('users.org_id', '=', orgId)
    .where('sessions.last_used_at', '>', new Date(now.getTime() - minutes * 60_000))
    .execute();
  const online = new Set(sessions.map((session) => session.user_id));
  return rows.map((row) => present(row, online));
}
