/** Reading the audit events. */
import type { Selectable } from 'kysely';
import { eventSchema, type EventWire } from '@bulkhead/contract';
import type { EventsTable } from '../db/database.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';

/** Stored as they are answered; the schema gives the stored JSON its types back. */
function present(row: Selectable<EventsTable>): EventWire {
  return eventSchema.parse({
    href: `/orgs/${row.org_id}/events/${row.id}`,
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

function time(name: string, text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()))
    throw new DomainError(
      'input_validation_error',
      `query parameter ${name}: ${text} is no time; write it like 2026-01-31T12:00:00Z`,
    );
  return at;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function eventRoutes(): Routes {
  return {
    'events.list': async ({ db, orgId, query }) => {
      let matching = db.selectFrom('events').where('org_id', '=', orgId);
      if (query.event_type !== undefined)
        matching = matching.where('event_type', '=', query.event_type);
      if (query.severity !== undefined) matching = matching.where('severity', '=', query.severity);
      if (query.status !== undefined) matching = matching.where('status', '=', query.status);
      if (query.created_by !== undefined)
        matching = matching.where('created_by_href', '=', query.created_by);
      const from = query['timestamp[gte]'];
      if (from !== undefined) matching = matching.where('at', '>=', time('timestamp[gte]', from));
      const to = query['timestamp[lte]'];
      if (to !== undefined) matching = matching.where('at', '<=', time('timestamp[lte]', to));
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
      return { items: rows.map(present), total };
    },
    'events.get': async ({ db, orgId, params }) => {
      const row = UUID.test(params.id)
        ? await db
            .selectFrom('events')
            .selectAll()
            .where('org_id', '=', orgId)
            .where('id', '=', params.id)
            .executeTakeFirst()
        : undefined;
      if (row === undefined) throw notFound(`The event ${params.id}`);
      return present(row);
    },
  };
}
