/** API keys of users, by themselves. */
import { recordChange } from '../../audit/record-change.ts';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import {
  apiKeyHref,
  apiKeyMembers,
  createApiKey,
  expiryOf,
  presentApiKey,
  type ApiKeyRow,
} from './store.ts';

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

export function apiKeyRoutes(deps: Deps): Routes {
  function note(
    context: WriteContext,
    before: ApiKeyRow | null,
    after: ApiKeyRow | null,
  ): Promise<void> {
    const row = after ?? before;
    if (row === null || row.user_id === null) return Promise.resolve();
    return recordChange(deps, context, {
      type: 'api_key',
      href: apiKeyHref({ userId: row.user_id }, row.key_id),
      naming: { name: row.name },
      before: before === null ? null : apiKeyMembers(before),
      after: after === null ? null : apiKeyMembers(after),
    });
  }

  // The user of the path is the caller: permission `self`.
  return {
    'api_keys.list': async ({ db, params, query }) => {
      const userId = Number(params.user_id);
      const mine = db.selectFrom('api_keys').where('user_id', '=', userId);
      const { total } = await mine
        .select((q) => q.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = await mine
        .selectAll()
        .orderBy('created_at')
        .orderBy('key_id')
        .limit(query.max_results ?? 500)
        .execute();
      const now = deps.clock.now();
      return { items: rows.map((row) => presentApiKey({ userId }, row, now)), total };
    },
    'api_keys.get': async ({ db, params }) => {
      const userId = Number(params.user_id);
      return presentApiKey({ userId }, await keyOf(db, userId, params.key_id), deps.clock.now());
    },
    'api_keys.create': async (context) => {
      const { db, orgId, params, body } = context;
      const owner = { userId: Number(params.user_id) };
      const now = deps.clock.now();
      const { row, secret } = await createApiKey(db, {
        owner,
        name: body.name,
        description: body.description ?? null,
        now,
        expiresAt: await expiryOf(db, orgId, { wanted: body.expires_in_seconds, now }),
      });
      await note(context, null, row);
      return { ...presentApiKey(owner, row, now), secret };
    },
    'api_keys.update': async (context) => {
      const { db, body, params } = context;
      const before = await keyOf(db, Number(params.user_id), params.key_id);
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
      await note(context, before, after);
    },
    'api_keys.delete': async (context) => {
      const { db, params } = context;
      const row = await keyOf(db, Number(params.user_id), params.key_id);
      await db.deleteFrom('api_keys').where('key_id', '=', row.key_id).execute();
      await note(context, row, null);
    },
  };
}
