/** An organization always has somebody who can give back what was taken away. */
import type { Tx } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { lockPolicy } from '../provisioning/drafts.ts';

/**
 * Runs a change of access, one at a time in an organization. Refuses it when no owner is left who can sign in at the PCE itself from
 * anywhere: an unlocked user with a password, owner by a permission of their own, without an access restriction. Owners by a group do
 * not count: whether somebody is in it is for the identity provider to say, which may be away.
 */
export async function keepingAnOwner<T>(
  trx: Tx,
  orgId: number,
  change: () => Promise<T>,
): Promise<T> {
  await lockPolicy(trx, orgId);
  const result = await change();
  const owner = await trx
    .selectFrom('permissions')
    .innerJoin('auth_security_principals as principal', 'principal.id', 'permissions.principal_id')
    .innerJoin('users', (join) =>
      join
        .onRef('users.username', '=', 'principal.name')
        .onRef('users.org_id', '=', 'principal.org_id'),
    )
    .select('users.id')
    .where('permissions.org_id', '=', orgId)
    .where('permissions.role', '=', 'owner')
    .where('principal.type', '=', 'user')
    .where('principal.access_restriction_id', 'is', null)
    .where('users.locked', '=', false)
    .where('users.password_hash', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  if (owner !== undefined) return result;
  throw new DomainError(
    'owner_required',
    'This would leave no owner who can sign in: one has to be unlocked, with a password, and free of access restrictions; make another user an owner first',
  );
}
