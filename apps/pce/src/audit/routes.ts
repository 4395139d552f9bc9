/** Reading the audit events. */
import { sql, type Selectable } from 'kysely';
import { eventSchema, type EventWire } from '@bulkhead/contract';
import type { Db, EventsTable } from '../db/database.ts';
import { notFound } from '../http/domain-error.ts';
import type { ContextOf, Page, Routes } from '../http/routes.ts';

/** Stored as they are answered; the schema gives the stored JSON its types back. */
export function presentEvent(row: Selectable<EventsTable>): EventWire {
  return eventSchema.parse({
    href: row.org_id === null ? `/system_events/${row.id}` : `/orgs/${row.org_id}/events/${row.id}`,
    timestamp: row.at.toISOString(),
    pce_fqdn: row.pce_fqdn,
    event_type: row.event_type,
    status: row.status,
    severity: row.severity,
    version: 2,
    created_by: row.created_by,
    action: row.action,
    resource_changes: row.resource_changes,
    notifications: row.notifications,
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Filters = ContextOf<'events.list'>['query'];

/** Newest first. `orgId` null: events of no organization. */
async function listEvents(db: Db, orgId: number | null, query: Filters): Promise<Page<EventWire>> {
  let matching = db.selectFrom('events').where('org_id', orgId === null ? 'is' : '=', orgId);
  if (query.event_type !== undefined)
    matching = matching.where('event_type', '=', query.event_type);
  const { severity } = query;
  if (severity !== undefined) matching = matching.where(sql<string>`severity`, '=', severity);
  if (query.status !== undefined) matching = matching.where('status', '=', query.status);
  if (query.created_by !== undefined)
    matching = matching.where('created_by_href', '=', query.created_by);
  const { 'timestamp[gte]': from, 'timestamp[lte]': to } = query;
  if (from !== undefined) matching = matching.where('at', '>=', from);
  if (to !== undefined) matching = matching.where('at', '<=', to);
  const { total } = await matching
    .select((q) => q.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await matching
    .selectAll()
    .orderBy('at', 'desc')
    .orderBy('position', 'desc')
    .offset(query.offset ?? 0)
    .limit(query.max_results ?? 500)
    .execute();
  return { items: rows.map(presentEvent), total };
}

async function findEvent(db: Db, orgId: number | null, id: string): Promise<EventWire> {
  const row = UUID.test(id)
    ? await db
        .selectFrom('events')
        .selectAll()
        .where('org_id', orgId === null ? 'is' : '=', orgId)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The event ${id}`);
  return presentEvent(row);
}

export function eventRoutes(): Routes {
  return {
    'events.list': ({ db, orgId, query }) => listEvents(db, orgId, query),
    'events.get': ({ db, orgId, params }) => findEvent(db, orgId, params.id),
    'system_events.list': ({ db, query }) => listEvents(db, null, query),
    'system_events.get': ({ db, params }) => findEvent(db, null, params.id),
  };
}
