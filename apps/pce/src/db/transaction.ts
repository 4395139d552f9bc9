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

const pending = new WeakMap<Tx, Map<string, Change>>();

/**
 * Runs `work` in one transaction. Rows named by `appendChange` are written last, so that the lock that orders them is held for the
 * shortest time and never while waiting for a row.
 */
export async function writeTransaction<T>(db: Db, work: (trx: Tx) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    const changes = new Map<string, Change>();
    pending.set(trx, changes);
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
}

/** Notes that an object changed; `trx` is the one that `writeTransaction` gave. The same change twice is written once. */
export function appendChange(trx: Tx, change: Change): void {
  const changes = pending.get(trx);
  if (changes === undefined) throw new Error('appendChange needs the transaction that writeTransaction gave');
  changes.set(`${change.orgId} ${change.kind} ${change.href}`, change);
}
