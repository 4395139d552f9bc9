/** Deletes what has served its time. Every node may do it; each pass is a handful of indexed deletes. */
import { pruneEvents } from '../audit/retention.ts';
import type { Deps } from '../deps.ts';
import { LONGEST_SESSION_MINUTES } from '../access/settings.ts';
import { deleteExpiredKeys } from '../resources/api-keys/expiry.ts';

const PERIOD_MS = 15 * 60_000;
const HOUR_MS = 3_600_000;
/** A node that was away longer reads everything anew anyway. */
const CHANGE_LOG_HOURS = 24;

export async function deleteExpired(deps: Pick<Deps, 'db' | 'clock' | 'config'>): Promise<void> {
  const { db } = deps;
  const now = deps.clock.now();
  const before = (ms: number): Date => new Date(now.getTime() - ms);
  // The newest row stays: it says how far the log has come.
  await db
    .deleteFrom('change_log')
    .where('at', '<', before(CHANGE_LOG_HOURS * HOUR_MS))
    .where('sequence', '<', (query) =>
      query.selectFrom('change_log').select((q) => q.fn.max('sequence').as('newest')),
    )
    .execute();
  await pruneEvents(deps);
  await db
    .deleteFrom('sessions')
    .where('last_used_at', '<', before(LONGEST_SESSION_MINUTES * 60_000))
    .execute();
  await db.deleteFrom('login_tokens').where('expires_at', '<', now).execute();
  await db.deleteFrom('password_tickets').where('expires_at', '<', now).execute();
  await db.deleteFrom('sign_in_attempts').where('expires_at', '<', now).execute();
  await db
    .deleteFrom('login_failures')
    .where('window_started_at', '<', before(24 * HOUR_MS))
    .execute();
  await db.deleteFrom('async_queries').where('expires_at', '<', now).execute();
  await db.deleteFrom('jobs').where('expires_at', '<', now).execute();
}

export function housekeeping(deps: Deps): { start(): Promise<void>; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let pass: Promise<void> = Promise.resolve();
  return {
    start() {
      timer = setInterval(() => {
        pass = deleteExpired(deps)
          .then(() => deleteExpiredKeys(deps))
          .catch((error: unknown) => deps.logger.warn({ err: error }, 'housekeeping failed'));
      }, PERIOD_MS);
      timer.unref();
      return Promise.resolve();
    },
    async stop() {
      clearInterval(timer);
      await pass;
    },
  };
}
