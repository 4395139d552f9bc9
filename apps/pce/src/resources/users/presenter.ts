import type { Selectable } from 'kysely';
import type { User } from '@bulkhead/contract';
import type { UsersTable } from '../../db/database.ts';

export function presentUser(row: Omit<Selectable<UsersTable>, 'password_hash'>): User {
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
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
