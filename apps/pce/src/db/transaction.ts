/** Writes: one transaction holds the change, its audit event and its change log rows; listeners hear of it once it is committed. */
import { sql, type Insertable } from 'kysely';
import type { ChangeKind, Db, EventsTable, Tx } from './database.ts';

export interface Change {
  readonly orgId: number;
  readonly kind: ChangeKind;
  readonly href: string;
}

export const CHANGE_CHANNEL = 'change_log';
/** Held from the first row to the commit, so that sequences of the change log and positions of events are committed in their order. */
const CHANGE_LOCK = 4_260_715_002;

export type NewEvent = Insertable<EventsTable>;

interface Pending {
  readonly changes: Map<string, Change>;
  readonly events: NewEvent[];
  readonly afterCommit: (() => void)[];
}
const pending = new WeakMap<Tx, Pending>();

type Guard = (trx: Tx, changes: readonly Change[]) => Promise<void>;
const guards = new WeakMap<Db, Guard>();

/** Holds every write transaction of this very database object: `guard` sees what changed before it is committed, and throws to undo it. */
export function guardWrites(db: Db, guard: Guard): void {
  guards.set(db, guard);
}

/** The same database or transaction without what plugins keep from it: for questions that are about all objects, whoever asks. */
export function everything<D extends Db>(db: D): D {
  const whole = db.withoutPlugins() as D; // of a transaction it is one
  const own = db.isTransaction ? pending.get(db as unknown as Tx) : undefined;
  if (own !== undefined) pending.set(whole as unknown as Tx, own);
  return whole;
}

const CHANGES_AT_ONCE = 5000;
/** An event has thirteen columns, and a statement at most 65535 values. */
const EVENTS_AT_ONCE = 2000;

/**
 * Runs `work` in one transaction. Rows named by `appendChange` and `appendEvent` are written last, so that the lock that orders them is
 * held for the shortest time and never while waiting for a row.
 */
export async function writeTransaction<T>(db: Db, work: (trx: Tx) => Promise<T>): Promise<T> {
  const own: Pending = { changes: new Map(), events: [], afterCommit: [] };
  const outcome = await db.transaction().execute(async (trx) => {
    pending.set(trx, own);
    const result = await work(trx);
    await guards.get(db)?.(trx, [...own.changes.values()]);
    await writeAppended(trx, own);
    return result;
  });
  for (const hook of own.afterCommit) hook();
  return outcome;
}

async function writeAppended(trx: Tx, { changes, events }: Pending): Promise<void> {
  if (changes.size === 0 && events.length === 0) return;
  await sql`SELECT pg_advisory_xact_lock(${CHANGE_LOCK})`.execute(trx);
  for (const rows of slices(events, EVENTS_AT_ONCE))
    await trx.insertInto('events').values(rows).execute();
  for (const rows of slices([...changes.values()], CHANGES_AT_ONCE))
    await trx
      .insertInto('change_log')
      .values(rows.map(({ orgId, kind, href }) => ({ org_id: orgId, kind, href })))
      .execute();
  await sql`SELECT pg_notify(${CHANGE_CHANNEL}, '')`.execute(trx);
}

function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
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

/** Writes an audit event with the change that it is about; events are read in the order of commits by their position. */
export function appendEvent(trx: Tx, event: NewEvent): void {
  pendingOf(trx).events.push(event);
}

/** Types of the events that were appended so far. */
export function appendedEventTypes(trx: Tx): string[] {
  return pendingOf(trx).events.map((event) => event.event_type);
}
