/** Permissions as they are stored and shown: a role of the product, a scope of labels and label groups, a principal. */
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import {
  parseHref,
  ROLE_NAMES,
  ROLES,
  SCOPED_ROLES,
  type grantWriteSchema,
  type PermissionWire,
  type Ref,
  type Role,
} from '@bulkhead/contract';
import type {
  AuthSecurityPrincipalsTable,
  PermissionsTable,
  StoredScopeRef,
} from '../db/access-tables.ts';
import type { Db, Tx } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { checkScopes, presentScopeEntry, wantedActors } from '../provisioning/actors.ts';
import { checkReferences, hrefsIn, identityOf, loadNames } from '../provisioning/references.ts';
import { presentAudited } from './audited.ts';

export interface PermissionRow extends Selectable<PermissionsTable> {
  readonly principal_type: AuthSecurityPrincipalsTable['type'];
}
type GrantWrite = z.output<typeof grantWriteSchema>;

/** Rows with the type of their principal, oldest first. */
export function permissionRows(db: Db, orgId: number) {
  return db
    .selectFrom('permissions')
    .innerJoin('auth_security_principals as principal', 'principal.id', 'permissions.principal_id')
    .selectAll('permissions')
    .select('principal.type as principal_type')
    .where('permissions.org_id', '=', orgId)
    .orderBy('permissions.created_at')
    .orderBy('permissions.id');
}

export function roleHref(orgId: number, role: Role): string {
  return `/orgs/${orgId}/roles/${role}`;
}

export function permissionHref(row: Pick<PermissionRow, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/permissions/${row.id}`;
}

function principalHref(row: PermissionRow): string {
  const type =
    row.principal_type === 'service_account' ? 'service_accounts' : 'auth_security_principals';
  return `/orgs/${row.org_id}/${type}/${row.principal_id}`;
}

export async function presentPermissions(
  db: Db,
  orgId: number,
  rows: readonly PermissionRow[],
): Promise<PermissionWire[]> {
  const hrefs = hrefsIn(rows.map((row) => row.scope));
  const names = await loadNames(db, orgId, { hrefs, word: 'active' });
  return rows.map((row) => ({
    href: permissionHref(row),
    role: { href: roleHref(orgId, row.role) },
    scope: row.scope.map((entry) => presentScopeEntry(entry, names, 'active')),
    auth_security_principal: { href: principalHref(row) },
    ...presentAudited(row),
  }));
}

/** As audit events show it. */
export function permissionMembers(row: PermissionRow): Record<string, unknown> {
  return {
    role: roleHref(row.org_id, row.role),
    scope: row.scope,
    auth_security_principal: principalHref(row),
  };
}

export function parseRole(orgId: number, ref: Ref, member = 'role'): Role {
  const [type, name] = parseHref(ref.href)?.path[0] ?? [];
  const role = ROLES.find((known) => known === name);
  if (role !== undefined && type === 'roles' && parseHref(ref.href)?.orgId === orgId) return role;
  throw new DomainError(
    'invalid_uri',
    `${member}: "${ref.href}" is no role; one is ${roleHref(orgId, 'read_only')}, GET roles lists them`,
  );
}

/** Role and scope as they are stored. Throws 406 for what does not exist or does not go together; `at` is the place in the request. */
export async function storedGrant(
  trx: Tx,
  orgId: number,
  { grant, at = '' }: { readonly grant: GrantWrite; readonly at?: string },
): Promise<{ role: Role; scope: StoredScopeRef[] }> {
  const role = parseRole(orgId, grant.role, `${at}role`);
  const scope = grant.scope.map((entry): StoredScopeRef =>
    'label' in entry
      ? { label: { href: identityOf(entry.label.href) } }
      : { label_group: { href: identityOf(entry.label_group.href) } },
  );
  const isScoped = SCOPED_ROLES.some((scoped) => scoped === role);
  if (scope.length > 0 && !isScoped)
    throw new DomainError(
      'input_validation_error',
      `${at}scope: ${ROLE_NAMES[role]} holds everywhere and takes no scope; leave it empty, or choose a scoped role such as ${ROLE_NAMES.workload_manager}`,
    );
  const names = await checkReferences(trx, orgId, wantedActors(scope, `${at}scope`));
  checkScopes([scope], names, `${at}scope`);
  return { role, scope };
}
