/** User groups of a directory. They count as soon as they are stored, like labels; rules name them by SID. */
import type { Selectable } from 'kysely';
import {
  endpoints,
  objectHref,
  type SecurityPrincipalWire,
  type SecurityPrincipalWrite,
} from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Db, SecurityPrincipalsTable, Tx } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { parseBody } from '../../http/request-parsing.ts';
import type { Routes } from '../../http/routes.ts';
import { lockPolicy, refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { plainCaps } from '../../provisioning/present.ts';
import { describeUsers, hrefsIn, usersOf } from '../../provisioning/references.ts';
import { eachItem } from '../bulk.ts';

type Row = Selectable<SecurityPrincipalsTable>;

function hrefOf(row: Pick<Row, 'org_id' | 'sid'>): string {
  return objectHref(row.org_id, 'security_principals', row.sid);
}

function present(row: Row, used: ReadonlySet<string>, caller: UserCaller): SecurityPrincipalWire {
  return {
    href: hrefOf(row),
    sid: row.sid,
    name: row.name,
    description: row.description,
    deleted: false,
    used_by_ruleset: used.has(hrefOf(row)),
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    caps: plainCaps(caller),
  };
}

/** Hrefs in rulesets, in draft (what is not deleted there) and active. */
async function usedByRulesets(db: Db, orgId: number): Promise<Set<string>> {
  const rows = await db
    .selectFrom('policy_objects')
    .select(['draft', 'active', 'update_type'])
    .where('org_id', '=', orgId)
    .where('type', '=', 'rule_sets')
    .execute();
  return hrefsIn(rows.map((row) => [row.update_type === 'delete' ? null : row.draft, row.active]));
}

async function find(db: Db, orgId: number, sid: string): Promise<Row> {
  const row = await db
    .selectFrom('security_principals')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('sid', '=', sid)
    .executeTakeFirst();
  if (row === undefined) throw notFound(objectHref(orgId, 'security_principals', sid));
  return row;
}

async function create(
  deps: Deps,
  context: WriteContext,
  body: SecurityPrincipalWrite,
): Promise<Row> {
  const { db, orgId, caller } = context;
  await lockPolicy(db, orgId);
  const twin = await db
    .selectFrom('security_principals')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('sid', '=', body.sid)
    .executeTakeFirst();
  if (twin !== undefined)
    throw new DomainError(
      'name_must_be_unique',
      `sid: ${body.sid} is the user group "${twin.name}" already; change that one`,
      { href: hrefOf(twin) },
    );
  const now = deps.clock.now();
  const row = await db
    .insertInto('security_principals')
    .values({
      org_id: orgId,
      sid: body.sid,
      name: body.name,
      description: body.description ?? null,
      created_at: now,
      created_by: caller.href,
      updated_at: now,
      updated_by: caller.href,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await note(deps, context, { row, before: null, after: row, status: 201 });
  return row;
}

async function lock(context: WriteContext, sid: string): Promise<Row> {
  await lockPolicy(context.db, context.orgId);
  const row = await find(context.db, context.orgId, sid);
  await refuseStale(context, {
    name: row.name,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    href: hrefOf(row),
  });
  return row;
}

function members(row: Row | null): Record<string, unknown> | null {
  return row === null ? null : { sid: row.sid, name: row.name, description: row.description };
}

async function note(
  deps: Deps,
  context: WriteContext & { readonly db: Tx },
  change: {
    readonly row: Row;
    readonly before: Row | null;
    readonly after: Row | null;
    readonly status: number;
  },
): Promise<void> {
  const { row, before, after } = change;
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  appendChange(context.db, { orgId: row.org_id, kind: 'security_principal', href: hrefOf(row) });
  await recordEvent(deps, context.db, {
    orgId: row.org_id,
    eventType: `security_principal.${verb}`,
    actor: context,
    httpStatus: change.status,
    resourceChanges: [
      {
        type: 'security_principal',
        href: hrefOf(row),
        naming: { sid: row.sid, name: row.name },
        changeType: verb,
        changes: describeChanges(members(before), members(after)),
      },
    ],
  });
}

export function securityPrincipalRoutes(deps: Deps): Routes {
  return {
    'security_principals.list': async ({ db, orgId, query, caller }) => {
      const all = await db
        .selectFrom('security_principals')
        .selectAll()
        .where('org_id', '=', orgId)
        .orderBy('created_at')
        .orderBy('sid')
        .execute();
      const rows = all.filter(
        (row) =>
          [query.name, query.query].every(
            (part) => part === undefined || row.name.toLowerCase().includes(part.toLowerCase()),
          ) &&
          (query.sid === undefined || row.sid === query.sid),
      );
      const start = query.offset ?? 0;
      const page = rows.slice(start, start + (query.max_results ?? 500));
      const used = await usedByRulesets(db, orgId);
      return { items: page.map((row) => present(row, used, caller)), total: rows.length };
    },
    'security_principals.get': async ({ db, orgId, params, caller }) =>
      present(await find(db, orgId, params.id), await usedByRulesets(db, orgId), caller),
    'security_principals.create': async (context) =>
      present(await create(deps, context, context.body), new Set(), context.caller),
    'security_principals.bulk_create': (context) => {
      const spec = endpoints['security_principals.create'];
      return eachItem(context, async (own, item) => {
        const row = await create(deps, own, spec.body.parse(parseBody(spec, item)));
        return { href: hrefOf(row), status: 'created' };
      });
    },
    'security_principals.update': async (context) => {
      const { db, orgId, body, params, caller } = context;
      const before = await lock(context, params.id);
      const after = {
        ...before,
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
      };
      if (after.name === before.name && after.description === before.description) return;
      await db
        .updateTable('security_principals')
        .set({
          name: after.name,
          description: after.description,
          updated_at: deps.clock.now(),
          updated_by: caller.href,
        })
        .where('org_id', '=', orgId)
        .where('sid', '=', before.sid)
        .execute();
      await note(deps, context, { row: after, before, after, status: 204 });
    },
    'security_principals.delete': async (context) => {
      const { db, orgId, params } = context;
      const row = await lock(context, params.id);
      const users = await usersOf(db, orgId, hrefOf(row));
      if (users.length > 0)
        throw new DomainError(
          'security_principal_referenced',
          `The user group "${row.name}" is used by ${describeUsers(users)}; take it off there first`,
          { href: hrefOf(row) },
        );
      await db
        .deleteFrom('security_principals')
        .where('org_id', '=', orgId)
        .where('sid', '=', row.sid)
        .execute();
      await note(deps, context, { row, before: row, after: null, status: 204 });
    },
  };
}
