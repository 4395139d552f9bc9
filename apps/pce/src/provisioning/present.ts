/** What every policy object shows besides its own members. */
import { policyHref, rolesAllow } from '@bulkhead/contract';
import { reachesLabels, reachesRuleSet, reachOf, reachOfRoles } from '../access/reach.ts';
import type { UserCaller } from '../http/caller.ts';
import type { ObjectView } from './objects.ts';
import type { StoredScopes } from './stored-content.ts';

/** Creator of what comes with the product. */
export const SYSTEM = '/users/0';

export function capsFor(caller: UserCaller): ('write' | 'provision')[] {
  const write = rolesAllow('edit', caller.roles);
  const provision = write || caller.grants.some(({ role }) => role === 'global_object_provisioner');
  return capsOf(write, provision);
}

/** Of a ruleset, by its scopes. */
export function ruleSetCaps(caller: UserCaller, scopes: StoredScopes): ('write' | 'provision')[] {
  return capsOf(
    reachesRuleSet(reachOf(caller, 'rs'), scopes),
    reachesRuleSet(reachOfRoles(caller, RULE_SET_PROVISIONERS), scopes),
  );
}

/** Roles that make drafts of rulesets active. */
export const RULE_SET_PROVISIONERS = ['owner', 'admin', 'ruleset_provisioner'] as const;

function capsOf(write: boolean, provision: boolean): ('write' | 'provision')[] {
  return [...(write ? (['write'] as const) : []), ...(provision ? (['provision'] as const) : [])];
}

/** Caps of an object of which some come with the product: those, and what is not the draft, nobody writes. */
export function capsOfOwn(
  { createdBy, word }: Pick<ObjectView, 'createdBy' | 'word'>,
  caller: UserCaller,
): ('write' | 'provision')[] {
  return createdBy === SYSTEM || word !== 'draft' ? [] : capsFor(caller);
}

/** Caps of what is effective at once, without provisioning. */
export function plainCaps(caller: UserCaller): 'write'[] {
  return rolesAllow('edit', caller.roles) ? ['write'] : [];
}

/** Of a workload, a VEN or a pairing profile, by its labels. */
export function workloadCaps(caller: UserCaller, labels: readonly string[]): 'write'[] {
  return reachesLabels(reachOf(caller, 'wl'), labels) ? ['write'] : [];
}

export function presentVersioned(view: ObjectView) {
  return {
    href: policyHref(view.orgId, view.word, view.type, view.id),
    created_at: view.createdAt.toISOString(),
    created_by: { href: view.createdBy },
    updated_at: view.updatedAt.toISOString(),
    updated_by: { href: view.updatedBy },
    deleted_at: view.deletedAt?.toISOString() ?? null,
    deleted_by: view.deletedBy === null ? null : { href: view.deletedBy },
    update_type: view.updateType,
  };
}

/** The members of a write that are there: those alone are changed. */
export function defined<T extends object>(
  members: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  // entries of T less those that are undefined
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
