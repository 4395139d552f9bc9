/** Accounts of programs: permissions and API keys of their own, nobody signs in as one. */
import type { Selectable } from 'kysely';
import type { ServiceAccountWire } from '@bulkhead/contract';
import { auditedBy, presentAudited } from '../../access/audited.ts';
import { permissionRows, presentPermissions, storedGrant } from '../../access/permissions.ts';
import { recordChange } from '../../audit/record-change.ts';
import type { AuthSecurityPrincipalsTable } from '../../db/access-tables.ts';
import { json, type Db, type Tx } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { ContextOf, Routes } from '../../http/routes.ts';
import { lockPolicy, refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { matchesCommon, pageOf } from '../../provisioning/objects.ts';
import { UUID } from '../../provisioning/references.ts';
import { restrictionHref, restrictionId } from '../access-restrictions/store.ts';
import {
  apiKeyHref,
  apiKeyMembers,
  createApiKey,
  expiryOf,
  presentApiKey,
  type ApiKeyRow,
} from '../api-keys/store.ts';

type Row = Selectable<AuthSecurityPrincipalsTable>;
type Grants = ContextOf<'service_accounts.create'>['body']['permissions'];

function hrefOf(row: Pick<Row, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/service_accounts/${row.id}`;
}

async function rowsOf(db: Db, orgId: number): Promise<Row[]> {
  return db
    .selectFrom('auth_security_principals')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('type', '=', 'service_account')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

async function find(db: Db, orgId: number, id: string): Promise<Row> {
  const row = UUID.test(id)
    ? (await rowsOf(db, orgId)).find((one) => one.id === id.toLowerCase())
    : undefined;
  if (row === undefined) throw notFound(`The service account ${id}`);
  return row;
}

async function presentAll(
  db: Db,
  orgId: number,
  { rows, now }: { readonly rows: readonly Row[]; readonly now: Date },
): Promise<ServiceAccountWire[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const held = await permissionRows(db, orgId).where('principal.id', 'in', ids).execute();
  const grants = await presentPermissions(db, orgId, held);
  const keys = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('service_account_id', 'in', ids)
    .orderBy('created_at')
    .orderBy('key_id')
    .execute();
  return rows.map((row) => ({
    href: hrefOf(row),
    name: row.name ?? '',
    description: row.description,
    access_restriction:
      row.access_restriction_id === null
        ? null
        : { href: restrictionHref(orgId, row.access_restriction_id) },
    permissions: grants
      .filter((grant) => grant.auth_security_principal.href === hrefOf(row))
      .map(({ href, role, scope }) => ({ href, role, scope })),
    api_keys: keys
      .filter((key) => key.service_account_id === row.id)
      .map((key) => presentApiKey({ serviceAccountId: row.id, orgId }, key, now)),
    ...presentAudited(row),
  }));
}

async function refuseTwin(trx: Tx, row: { org_id: number; name: string; id?: string }) {
  const twin = (await rowsOf(trx, row.org_id)).find(
    (one) => one.name === row.name && one.id !== row.id,
  );
  if (twin === undefined) return;
  throw new DomainError(
    'name_must_be_unique',
    `The name "${row.name}" is taken by another service account; choose another one`,
    { href: hrefOf(twin) },
  );
}

export function serviceAccountRoutes(deps: Deps): Routes {
  async function members(db: Db, row: Row): Promise<Record<string, unknown>> {
    const [wire] = await presentAll(db, row.org_id, { rows: [row], now: deps.clock.now() });
    return {
      name: row.name,
      description: row.description,
      access_restriction: wire?.access_restriction ?? null,
      permissions: wire?.permissions.map(({ role, scope }) => ({ role, scope })) ?? [],
    };
  }

  function note(
    context: WriteContext,
    row: Row,
    change: {
      readonly before: Record<string, unknown> | null;
      readonly after: Record<string, unknown> | null;
    },
  ): Promise<void> {
    const naming = { name: row.name };
    return recordChange(deps, context, {
      type: 'service_account',
      href: hrefOf(row),
      naming,
      ...change,
    });
  }

  async function giveKey(
    context: WriteContext,
    row: Row,
    wanted: ContextOf<'service_account_keys.create'>['body']['expires_in_seconds'],
  ) {
    const { db, orgId } = context;
    const now = deps.clock.now();
    const owner = { serviceAccountId: row.id, orgId };
    const { row: key, secret } = await createApiKey(db, {
      owner,
      name: row.name ?? row.id,
      description: null,
      now,
      expiresAt: await expiryOf(db, orgId, { wanted, now }),
    });
    await noteKey(context, key, 'create');
    return { ...presentApiKey(owner, key, now), secret };
  }

  function noteKey(context: WriteContext, key: ApiKeyRow, verb: 'create' | 'delete') {
    const members = apiKeyMembers(key);
    const { orgId } = context;
    return recordChange(deps, context, {
      type: 'api_key',
      href: apiKeyHref({ serviceAccountId: key.service_account_id ?? '', orgId }, key.key_id),
      naming: { name: key.name },
      before: verb === 'create' ? null : members,
      after: verb === 'create' ? members : null,
    });
  }

  /** Replaces what it may do. */
  async function setGrants(context: WriteContext, row: Row, grants: Grants): Promise<void> {
    const { db, orgId, caller } = context;
    await db.deleteFrom('permissions').where('principal_id', '=', row.id).execute();
    for (const [index, grant] of grants.entries()) {
      const { role, scope } = await storedGrant(db, orgId, { grant, at: `permissions[${index}].` });
      await db
        .insertInto('permissions')
        .values({
          org_id: orgId,
          principal_id: row.id,
          role,
          scope: json(scope),
          ...auditedBy(caller.href, deps.clock.now()),
        })
        .execute();
    }
  }

  async function presentOne(db: Db, row: Row): Promise<ServiceAccountWire> {
    const [wire] = await presentAll(db, row.org_id, { rows: [row], now: deps.clock.now() });
    if (wire === undefined) throw new Error('A service account that was read is presented');
    return wire;
  }

  return {
    'service_accounts.list': async ({ db, orgId, query }) => {
      const rows = (await rowsOf(db, orgId)).filter((row) =>
        matchesCommon({ name: row.name ?? '' }, { name: query.name }),
      );
      const page = { rows: pageOf(rows, query), now: deps.clock.now() };
      return { items: await presentAll(db, orgId, page), total: rows.length };
    },
    'service_accounts.get': async ({ db, orgId, params }) =>
      presentOne(db, await find(db, orgId, params.id)),
    'service_accounts.create': async (context) => {
      const { db, orgId, body, caller } = context;
      await lockPolicy(db, orgId);
      await refuseTwin(db, { org_id: orgId, name: body.name });
      const row = await db
        .insertInto('auth_security_principals')
        .values({
          org_id: orgId,
          type: 'service_account',
          name: body.name,
          description: body.description ?? null,
          access_restriction_id: await restrictionId(db, orgId, body.access_restriction ?? null),
          ...auditedBy(caller.href, deps.clock.now()),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await setGrants(context, row, body.permissions);
      await note(context, row, { before: null, after: await members(db, row) });
      const key = await giveKey(context, row, body.api_key.expires_in_seconds);
      return { ...(await presentOne(db, row)), api_key: key };
    },
    'service_accounts.update': async (context) => {
      const { db, orgId, body, params, caller } = context;
      await lockPolicy(db, orgId);
      const row = await find(db, orgId, params.id);
      await refuseStale(context, {
        name: row.name ?? '',
        updatedAt: row.updated_at,
        updatedBy: row.updated_by,
      });
      const before = await members(db, row);
      const name = body.name ?? row.name;
      if (name !== null) await refuseTwin(db, { org_id: orgId, name, id: row.id });
      const restriction = body.access_restriction;
      const after = await db
        .updateTable('auth_security_principals')
        .set({
          name,
          description: body.description === undefined ? row.description : body.description,
          access_restriction_id:
            restriction === undefined
              ? row.access_restriction_id
              : await restrictionId(db, orgId, restriction),
          updated_at: deps.clock.now(),
          updated_by: caller.href,
        })
        .where('id', '=', row.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      if (body.permissions !== undefined) await setGrants(context, after, body.permissions);
      await note(context, after, { before, after: await members(db, after) });
    },
    'service_accounts.delete': async (context) => {
      const { db, orgId, params } = context;
      await lockPolicy(db, orgId);
      const row = await find(db, orgId, params.id);
      const before = await members(db, row);
      await db.deleteFrom('auth_security_principals').where('id', '=', row.id).execute();
      await note(context, row, { before, after: null });
    },
    'service_account_keys.create': async (context) => {
      const { db, orgId, params, body } = context;
      await lockPolicy(db, orgId);
      return giveKey(context, await find(db, orgId, params.id), body.expires_in_seconds);
    },
    'service_account_keys.delete': async (context) => {
      const { db, orgId, params } = context;
      const row = await find(db, orgId, params.id);
      const key = await db
        .deleteFrom('api_keys')
        .where('service_account_id', '=', row.id)
        .where('key_id', '=', params.key_id)
        .returningAll()
        .executeTakeFirst();
      if (key === undefined) throw notFound(`The API key ${params.key_id}`);
      await noteKey(context, key, 'delete');
    },
  };
}
