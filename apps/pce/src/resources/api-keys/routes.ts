import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { createApiKey, presentApiKey, type ApiKeyRow } from './store.ts';

async function keyOf(db: Db, userId: number, keyId: string): Promise<ApiKeyRow> {
  const row = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('user_id', '=', userId)
    .where('key_id', '=', keyId)
    .executeTakeFirst();
  if (row === undefined) throw notFound(`The API key ${keyId}`);
  return row;
}

function described(row: ApiKeyRow): Record<string, unknown> {
  return { name: row.name, description: row.description };
}

function resource(row: ApiKeyRow): { type: string; href: string; naming: Record<string, unknown> } {
  return {
    type: 'api_key',
    href: `/users/${row.user_id}/api_keys/${row.key_id}`,
    naming: { name: row.name },
  };
}

export function apiKeyRoutes(deps: Deps): Routes {
  return {
    'api_keys.list': async ({ db, caller, query }) => {
      const mine = db.selectFrom('api_keys').where('user_id', '=', caller.userId);
      const { total } = await mine
        .select((q) => q.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = await mine
        .selectAll()
        .orderBy('created_at')
        .orderBy('key_id')
        .limit(query.max_results ?? 500)
        .execute();
      return { items: rows.map((row) => presentApiKey(row, deps.clock.now())), total };
    },
    'api_keys.get': async ({ db, caller, params }) =>
      presentApiKey(await keyOf(db, caller.userId, params.key_id), deps.clock.now()),
    'api_keys.create': async (context) => {
      const { db, caller, body } = context;
      const now = deps.clock.now();
      const { row, secret } = await createApiKey(db, {
        userId: caller.userId,
        name: body.name,
        description: body.description ?? null,
        now,
      });
      await recordEvent(deps, db, {
        orgId: caller.orgId,
        eventType: 'api_key.create',
        actor: context,
        httpStatus: 201,
        resourceChanges: [
          {
            ...resource(row),
            changeType: 'create',
            changes: describeChanges(null, described(row)),
          },
        ],
      });
      return { ...presentApiKey(row, now), secret };
    },
    'api_keys.update': async (context) => {
      const { db, caller, body, params } = context;
      const before = await keyOf(db, caller.userId, params.key_id);
      const after = {
        ...before,
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
      };
      await db
        .updateTable('api_keys')
        .set({ name: after.name, description: after.description })
        .where('key_id', '=', before.key_id)
        .execute();
      await recordEvent(deps, db, {
        orgId: caller.orgId,
        eventType: 'api_key.update',
        actor: context,
        httpStatus: 204,
        resourceChanges: [
          {
            ...resource(after),
            changeType: 'update',
            changes: describeChanges(described(before), described(after)),
          },
        ],
      });
    },
    'api_keys.delete': async (context) => {
      const { db, caller, params } = context;
      const row = await keyOf(db, caller.userId, params.key_id);
      await db.deleteFrom('api_keys').where('key_id', '=', row.key_id).execute();
      await recordEvent(deps, db, {
        orgId: caller.orgId,
        eventType: 'api_key.delete',
        actor: context,
        httpStatus: 204,
        resourceChanges: [
          {
            ...resource(row),
            changeType: 'delete',
            changes: describeChanges(described(row), null),
          },
        ],
      });
    },
  };
}
