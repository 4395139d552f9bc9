/** The events table as an outbox: what a sink has not sent yet, in the order of commits, and how far it is. */
import { sql, type ExpressionBuilder, type Selectable } from 'kysely';
import type { Database, Db, EventSinkStatesTable, EventsTable, Tx } from '../db/database.ts';
import { eventSettings } from '../audit/event-settings.ts';
import { beginningOf } from '../text.ts';
import { selectionOf, type EventSelection, type SinkRow } from './sink.ts';

export type SinkState = Selectable<EventSinkStatesTable>;
export type EventRow = Selectable<EventsTable>;

export interface Batch {
  readonly rows: readonly EventRow[];
  /** Position up to which nothing else is to be sent. */
  readonly upTo: number;
}

const BATCH = 100;

function matches(selection: EventSelection) {
  return (where: ExpressionBuilder<Database, 'events'>) => {
    const { orgId, pces, severities, configuration, system } = selection;
    return where.and([
      where.or([where('org_id', '=', orgId), where('org_id', 'is', null)]),
      ...(pces === null ? [] : [where('pce_fqdn', 'in', pces)]),
      where('severity', 'in', severities),
      where.or([
        ...(configuration ? [where('created_by_href', '<>', 'system')] : []),
        ...(system ? [where('created_by_href', '=', 'system')] : []),
      ]),
    ]);
  };
}

/** Which events a sink takes now, by its own settings and those of its organization. */
export async function selectionIn(db: Db, row: SinkRow): Promise<EventSelection> {
  const { audit_event_min_severity: least } = await eventSettings(db, row.org_id);
  return selectionOf(row, least);
}

/** The position of the newest event, 0 when there is none. */
export async function newestPosition(db: Db): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select((query) => query.fn.max('position').as('position'))
    .executeTakeFirst();
  return row?.position ?? 0;
}

export async function eventsAfter(
  db: Db,
  selection: EventSelection,
  position: number,
): Promise<Batch> {
  // Read first: whatever is committed later has a position above it.
  const newest = await newestPosition(db);
  if (newest <= position) return { rows: [], upTo: position };
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('position', '>', position)
    .where('position', '<=', newest)
    .where(matches(selection))
    .orderBy('position')
    .limit(BATCH)
    .execute();
  const last = rows.at(-1);
  return { rows, upTo: rows.length === BATCH && last !== undefined ? last.position : newest };
}

export interface Behind {
  readonly count: number;
  readonly oldest: Date | null;
}

export async function behindOf(
  db: Db,
  selection: EventSelection,
  position: number,
): Promise<Behind> {
  return db
    .selectFrom('events')
    .select([
      (query) => query.fn.countAll<number>().as('count'),
      (query) => query.fn.min('at').as('oldest'),
    ])
    .where('position', '>', position)
    .where(matches(selection))
    .executeTakeFirstOrThrow()
    .then(({ count, oldest }) => ({ count, oldest: oldest ?? null }));
}

export async function stateOf(db: Db, sinkId: string): Promise<SinkState | undefined> {
  return db
    .selectFrom('event_sink_states')
    .selectAll()
    .where('sink_id', '=', sinkId)
    .executeTakeFirst();
}

export interface Progress {
  readonly position?: number;
  readonly events: number;
  readonly flowsSent: number;
  readonly flowsLost: number;
  readonly at: Date;
}

/** What the receiver has now. A position never goes back. */
export async function saveProgress(db: Db, sinkId: string, progress: Progress): Promise<void> {
  const { position, events, flowsSent, flowsLost, at } = progress;
  const delivered = events > 0 || flowsSent > 0;
  // Skipped events say nothing of the receiver.
  const reached = delivered || position === undefined;
  await db
    .updateTable('event_sink_states')
    .set((set) => ({
      ...(position === undefined ? {} : { position: sql<number>`greatest(position, ${position})` }),
      ...(reached ? { connected: true, last_error: null, last_error_at: null } : {}),
      ...(delivered ? { last_delivered_at: at } : {}),
      events_delivered: set('events_delivered', '+', events),
      flows_sent: set('flows_sent', '+', flowsSent),
      flows_lost: set('flows_lost', '+', flowsLost),
    }))
    .where('sink_id', '=', sinkId)
    .execute();
}

export async function saveFailure(
  db: Db,
  sinkId: string,
  failure: { readonly message: string; readonly at: Date },
): Promise<void> {
  await db
    .updateTable('event_sink_states')
    .set({
      connected: false,
      last_error: beginningOf(failure.message, 1000),
      last_error_at: failure.at,
    })
    .where('sink_id', '=', sinkId)
    .execute();
}

/** Counts, for every sink, the events of an organization before a time that it will never get. `trx` deletes them. */
export async function countLost(trx: Tx, orgId: number | null, before: Date): Promise<void> {
  const sinks = await trx
    .selectFrom('event_sinks')
    .innerJoin('event_sink_states', 'sink_id', 'id')
    .selectAll('event_sinks')
    .select('position')
    .execute();
  for (const { position, ...row } of sinks) {
    const { count } = await trx
      .selectFrom('events')
      .select((query) => query.fn.countAll<number>().as('count'))
      .where('position', '>', position)
      .where('org_id', orgId === null ? 'is' : '=', orgId)
      .where('at', '<', before)
      .where(matches(await selectionIn(trx, row)))
      .executeTakeFirstOrThrow();
    if (count === 0) continue;
    await trx
      .updateTable('event_sink_states')
      .set((set) => ({ events_lost: set('events_lost', '+', count) }))
      .where('sink_id', '=', row.id)
      .execute();
  }
}
