/** Roles of the product and the groups of them that endpoints name. Source: public REST API, roles and permissions. */

export const ROLES = [
  'owner',
  'admin',
  'read_only',
  'global_object_provisioner',
  'ruleset_manager',
  'limited_ruleset_manager',
  'ruleset_provisioner',
  'ruleset_viewer',
  'workload_manager',
] as const;
export type Role = (typeof ROLES)[number];

/**
 * Who may call an endpoint. `public`: nobody has to sign in. `ven`: an activated VEN with its own token. `self`: the signed-in user, on
 * objects of their own, with or without a role. `self_or_own`: that, or an owner on anybody's. The others are sets of roles.
 */
export const PERMISSIONS = {
  public: [],
  ven: [],
  self: ROLES,
  self_or_own: ROLES,
  any: ROLES,
  pol: ROLES.filter((role) => role !== 'workload_manager'),
  glob: ['owner', 'admin', 'read_only', 'global_object_provisioner'],
  edit: ['owner', 'admin'],
  own: ['owner'],
  wl: ['owner', 'admin', 'workload_manager'],
  pairing: ['owner', 'admin', 'read_only', 'global_object_provisioner', 'workload_manager'],
  rs: ['owner', 'admin', 'ruleset_manager', 'limited_ruleset_manager'],
  iptables: ['owner', 'admin', 'ruleset_manager'],
  provision: ['owner', 'admin', 'global_object_provisioner', 'ruleset_provisioner'],
  /** To provision although a policy test fails. */
  override_tests: ['owner', 'admin'],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof PERMISSIONS;

/** Roles that a permission may limit to a scope; the others hold everywhere. */
export const SCOPED_ROLES = [
  'ruleset_manager',
  'limited_ruleset_manager',
  'ruleset_provisioner',
  'ruleset_viewer',
  'workload_manager',
] as const satisfies readonly Role[];

/** The console's name of a role. */
export const ROLE_NAMES: Record<Role, string> = {
  owner: 'Global Organization Owner',
  admin: 'Global Administrator',
  read_only: 'Global Read Only',
  global_object_provisioner: 'Global Policy Object Provisioner',
  ruleset_manager: 'Full Ruleset Manager',
  limited_ruleset_manager: 'Limited Ruleset Manager',
  ruleset_provisioner: 'Ruleset Provisioner',
  ruleset_viewer: 'Ruleset Viewer',
  workload_manager: 'Workload Manager',
};

/** True when any of the roles is in the permission's group. Says nothing for `public` and `ven`. */
export function rolesAllow(permission: Permission, roles: readonly Role[]): boolean {
  const allowed: readonly Role[] = PERMISSIONS[permission];
  return roles.some((role) => allowed.includes(role));
}
