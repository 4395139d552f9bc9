/**
 * What a caller reaches: the one answer to which objects a permission lets them see and change. Requests get a database that holds
 * nothing else (`narrowed.ts`), presenters ask it for `caps`.
 */
import { PERMISSIONS, type Permission, type Role } from '@bulkhead/contract';
import type { UserCaller, VenCaller } from '../http/caller.ts';
import { DomainError } from '../http/domain-error.ts';
import type { StoredScopes } from '../provisioning/stored-content.ts';
import type { Grant } from './grants.ts';

export type Scope = Grant['scope'];
/** Null: everything. */
export type Reach = readonly Scope[] | null;

/** Of the grants with one of these roles. */
export function reachOfRoles(caller: UserCaller, roles: readonly Role[]): Reach {
  const scopes = caller.grants
    .filter((grant) => roles.includes(grant.role))
    .map((grant) => grant.scope);
  return scopes.some((scope) => scope.size === 0) ? null : scopes;
}

/** Of what a permission of the endpoint table allows. What is one's own has no scope. */
export function reachOf(caller: UserCaller | VenCaller | null, permission: Permission): Reach {
  if (caller?.kind !== 'user' || permission === 'self' || permission === 'self_or_own') return null;
  return reachOfRoles(caller, PERMISSIONS[permission]);
}

/** Whether labels of an object lie within: for each key of a scope it has a label of it. */
export function reachesLabels(reach: Reach, labels: readonly string[]): boolean {
  if (reach === null) return true;
  return reach.some((scope) =>
    [...scope.values()].every((wanted) => labels.some((label) => wanted.has(label))),
  );
}

/** Whether a ruleset lies within: each of its scopes names, for each key, what the permission's scope does or a part of it. */
export function reachesRuleSet(reach: Reach, scopes: StoredScopes): boolean {
  if (reach === null) return true;
  if (scopes.length === 0) return false;
  return reach.some((scope) =>
    scopes.every((entries) =>
      [...scope.values()].every((wanted) =>
        entries.some(
          (entry) =>
            entry.exclusion !== true &&
            wanted.has('label' in entry ? entry.label.href : entry.label_group.href),
        ),
      ),
    ),
  );
}

/** Throws 403 for labels that an object may not have where the caller's permissions end. */
export function refuseBeyond(reach: Reach, labels: readonly string[]): void {
  if (!reachesLabels(reach, labels)) throw beyondReach('An object with these labels');
}

export function beyondReach(what: string): DomainError {
  return new DomainError(
    'forbidden',
    `${what} would lie outside of the scope of your role; choose labels within it`,
  );
}
