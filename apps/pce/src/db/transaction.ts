/** Writes: one transaction holds the change, its audit event and its change log rows; listeners hear of it once it is committed. */
import { sql } from 'kysely';
import type { ChangeKind, Db, Tx } from './database.ts';

export interface Change {
  readonly orgId: number;
  readonly kind: ChangeKind;
  readonly href: string;
}

export const CHANGE_CHANNEL = 'change_log';
/** Held from the first change log row to the commit, so that sequences are committed in their order. */
const CHANGE_LOCK = 4_260_715_002;

interface Pending {
  readonly changes: Map<string, Change>;
  readonly afterCommit: (() => void)[];
}
const pending = new WeakMap<Tx, Pending>();

/**
 * Runs `work` in one transaction. Rows named by `appendChange` are written last, so that the lock that orders them is held for the
 * shortest time and never while waiting for a row.
 */
export async function writeTransaction<T>(db: Db, work: (trx: Tx) => Promise<T>): Promise<T> {
  const changes = new Map<string, Change>();
  const hooks: (() => void)[] = [];
  const outcome = await db.transaction().execute(async (trx) => {
    pending.set(trx, { changes, afterCommit: hooks });
    const result = await work(trx);
    if (changes.size > 0) {
      await sql`SELECT pg_advisory_xact_lock(${CHANGE_LOCK})`.execute(trx);
      const all = [...changes.values()];
      for (let start = 0; start < all.length; start += 5000) {
        const rows = all.slice(start, start + 5000);
        await trx
          .insertInto('change_log')
          .values(rows.map(({ orgId, kind, href }) => ({ org_id: orgId, kind, href })))
          .execute();
      }
      await sql`SELECT pg_notify(${CHANGE_CHANNEL}, '')`.execute(trx);
    }
    return result;
  });
  for (const hook of hooks) hook();
  return outcome;
}

function pendingOf(trx: Tx): Pending {
  const found = pending.get(trx);
  if (found === undefined) throw new Error('This needs the transaction that writeTransaction gave');
  return found;
}

/** Calls `hook` once the transaction is committed; never when it is rolled back. It must not throw. */
export function afterCommit(trx: Tx, hook: () => void): void {
  pendingOf(trx).afterCommit.push(hook);
}

/** Notes that an object changed; `trx` is the one that `writeTransaction` gave. The same change twice is written once. */
export function appendChange(trx: Tx, change: Change): void {
  pendingOf(trx).changes.set(`${change.orgId} ${change.kind} ${change.href}`, change);
}
