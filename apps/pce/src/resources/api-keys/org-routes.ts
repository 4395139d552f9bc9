/** All API keys of an organization, for its owners: whose they are, and revoking them. */
import { sql } from 'kysely';
import type { OrgApiKeyWire, Role } from '@bulkhead/contract';
import { recordChange } from '../../audit/record-change.ts';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { matchesCommon, pageOf } from '../../provisioning/objects.ts';
import { apiKeyHref, apiKeyMembers, presentApiKey, type KeyOwner } from './store.ts';

/** Keys with their accounts, oldest first. */
async function keysOf(db: Db, orgId: number) {
  return db
    .selectFrom('api_keys')
    .leftJoin('users', 'users.id', 'api_keys.user_id')
    .leftJoin('auth_security_principals as account', 'account.id', 'api_keys.service_account_id')
    .selectAll('api_keys')
    .select(sql<string>`coalesce(users.username, account.name)`.as('account_name'))
    .where((where) =>
      where.or([where('users.org_id', '=', orgId), where('account.org_id', '=', orgId)]),
    )
    .orderBy('api_keys.created_at')
    .orderBy('api_keys.key_id')
    .execute();
}
type KeyRow = Awaited<ReturnType<typeof keysOf>>[number];

function ownerOf(row: KeyRow, orgId: number): KeyOwner {
  return row.service_account_id === null
    ? { userId: row.user_id ?? 0 } // one of the two is there, by a constraint
    : { serviceAccountId: row.service_account_id, orgId };
}

function present(row: KeyRow, orgId: number, now: Date): OrgApiKeyWire {
  const owner = ownerOf(row, orgId);
  const isUser = 'userId' in owner;
  return {
    ...presentApiKey(owner, row, now),
    account: {
      href: isUser
        ? `/users/${owner.userId}`
        : `/orgs/${orgId}/service_accounts/${owner.serviceAccountId}`,
      type: isUser ? 'user' : 'service_account',
      name: row.account_name,
    },
  };
}

/** Logins and ids of accounts that have a role by a permission of their own. */
async function holdersOf(db: Db, orgId: number, role: Role): Promise<Set<string>> {
  const rows = await db
    .selectFrom('permissions')
    .innerJoin('auth_security_principals as principal', 'principal.id', 'permissions.principal_id')
    .select(['principal.id', 'principal.name', 'principal.type'])
    .where('permissions.org_id', '=', orgId)
    .where('permissions.role', '=', role)
    .where('principal.type', '<>', 'group')
    .execute();
  return new Set(rows.map(({ id, name, type }) => (type === 'user' ? (name ?? id) : id)));
}

async function find(db: Db, orgId: number, keyId: string): Promise<KeyRow> {
  const row = (await keysOf(db, orgId)).find((one) => one.key_id === keyId);
  if (row === undefined) throw notFound(`The API key ${keyId}`);
  return row;
}

export function orgApiKeyRoutes(deps: Deps): Routes {
  return {
    'org_api_keys.list': async ({ db, orgId, query }) => {
      const now = deps.clock.now();
      const holders = query.role === undefined ? null : await holdersOf(db, orgId, query.role);
      const matching = (await keysOf(db, orgId))
        .filter(
          (row) => holders === null || holders.has(row.service_account_id ?? row.account_name),
        )
        .map((row) => present(row, orgId, now))
        .filter(
          (key) =>
            (query.type === undefined || key.account.type === query.type) &&
            (query.state === undefined || key.state === query.state) &&
            matchesCommon({ name: key.name }, { name: query.name }) &&
            matchesCommon({ name: key.account.name }, { name: query.username }),
        );
      return { items: pageOf(matching, query), total: matching.length };
    },
    'org_api_keys.get': async ({ db, orgId, params }) =>
      present(await find(db, orgId, params.id), orgId, deps.clock.now()),
    'org_api_keys.delete': async (context) => {
      const { db, orgId, params } = context;
      const row = await find(db, orgId, params.id);
      await db.deleteFrom('api_keys').where('key_id', '=', row.key_id).execute();
      await recordChange(deps, context, {
        type: 'api_key',
        href: apiKeyHref(ownerOf(row, orgId), row.key_id),
        naming: { name: row.name },
        before: apiKeyMembers(row),
        after: null,
      });
    },
  };
}
