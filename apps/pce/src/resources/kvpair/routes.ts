import { json } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';

const MAX_BYTES = 65_536;
/** So that nobody keeps a database here. */
const MAX_KEYS = 1000;

/** A service account is nobody's self. */
function userOf({ userId }: UserCaller): number {
  if (userId !== null) return userId;
  throw new DomainError('forbidden', 'A service account keeps no values; sign in as a user');
}

export function kvpairRoutes(deps: Deps): Routes {
  return {
    'kvpair.get': async ({ db, caller, params }) => {
      const row = await db
        .selectFrom('user_values')
        .select('value')
        .where('user_id', '=', userOf(caller))
        .where('key', '=', params.key)
        .executeTakeFirst();
      if (row === undefined) throw notFound(`A value under the key ${params.key}`);
      return row.value;
    },
    'kvpair.update': async ({ db, caller, params, body }) => {
      const value = json<unknown>(body);
      if (Buffer.byteLength(value) > MAX_BYTES)
        throw new DomainError(
          'input_validation_error',
          `the body: is larger than ${MAX_BYTES / 1024} KB; keep less under one key`,
        );
      const { count } = await db
        .selectFrom('user_values')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('user_id', '=', userOf(caller))
        .where('key', '<>', params.key)
        .executeTakeFirstOrThrow();
      if (count >= MAX_KEYS)
        throw new DomainError(
          'hard_limit_exceeded',
          `A user may keep ${MAX_KEYS} values; delete some first`,
        );
      const stored = { value, updated_at: deps.clock.now() };
      await db
        .insertInto('user_values')
        .values({ user_id: userOf(caller), key: params.key, ...stored })
        .onConflict((conflict) => conflict.columns(['user_id', 'key']).doUpdateSet(stored))
        .execute();
    },
    'kvpair.delete': async ({ db, caller, params }) => {
      const { numDeletedRows } = await db
        .deleteFrom('user_values')
        .where('user_id', '=', userOf(caller))
        .where('key', '=', params.key)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw notFound(`A value under the key ${params.key}`);
    },
  };
}
