/** What every policy object shows besides its own members. */
import { policyHref, rolesAllow } from '@bulkhead/contract';
import type { UserCaller } from '../http/caller.ts';
import type { ObjectView } from './objects.ts';

/** Creator of what comes with the product. */
export const SYSTEM = '/users/0';

export function capsFor(
  caller: UserCaller,
  permission: 'edit' | 'rs' = 'edit',
): ('write' | 'provision')[] {
  const write = rolesAllow(permission, caller.roles);
  const provision = rolesAllow('provision', caller.roles);
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
export function plainCaps(caller: UserCaller, permission: 'edit' | 'wl'): 'write'[] {
  return rolesAllow(permission, caller.roles) ? ['write'] : [];
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
