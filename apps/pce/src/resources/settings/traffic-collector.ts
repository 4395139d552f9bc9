/** What of the traffic that VENs report is dropped or aggregated. */
import type { Selectable } from 'kysely';
import type { endpoints, TrafficCollectorWire } from '@bulkhead/contract';
import { parseSpan } from '@bulkhead/net';
import type { z } from 'zod';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import {
  json,
  type Db,
  type StoredCollector,
  type TrafficCollectorSettingsTable,
} from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { pageOf } from '../../provisioning/objects.ts';
import { UUID } from '../../provisioning/references.ts';

type Row = Selectable<TrafficCollectorSettingsTable>;
type Body = z.output<(typeof endpoints)['traffic_collector.update']['body']>;
const NEW: StoredCollector = {
  transmission: 'unicast',
  action: 'drop',
  target: null,
  data_source: null,
};

export function collectorHref(row: Pick<Row, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/settings/traffic_collector/${row.id}`;
}

function present(row: Row): TrafficCollectorWire {
  const { transmission, action, target, data_source: source } = row.content;
  return {
    href: collectorHref(row),
    transmission,
    action,
    ...(target === null ? {} : { target }),
    data_source: source,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
  };
}

function changed(before: StoredCollector, body: Body): StoredCollector {
  const after: StoredCollector = {
    transmission: body.transmission ?? before.transmission,
    action: body.action ?? before.action,
    target: body.target ?? before.target,
    data_source: body.data_source === undefined ? before.data_source : body.data_source,
  };
  for (const member of ['dst_ip', 'src_ip'] as const) {
    const text = after.target?.[member];
    if (text === undefined) continue;
    const span = parseSpan(text);
    if (!span.ok) throw new DomainError('invalid_ip_address', `target.${member}: ${span.message}`);
  }
  return after;
}

async function find(db: Db, orgId: number, id: string): Promise<Row> {
  const row = UUID.test(id)
    ? await db
        .selectFrom('traffic_collector_settings')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The traffic collector setting ${id}`);
  return row;
}

export function trafficCollectorRoutes(deps: Deps): Routes {
  async function note(
    context: WriteContext,
    change: { before: Row | null; after: Row | null; status: number },
  ): Promise<void> {
    const { before, after } = change;
    const row = after ?? before;
    if (row === null) return;
    const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
    appendChange(context.db, { orgId: row.org_id, kind: 'settings', href: collectorHref(row) });
    await recordEvent(deps, context.db, {
      orgId: row.org_id,
      eventType: `traffic_collector_setting.${verb}`,
      actor: context,
      httpStatus: change.status,
      resourceChanges: [
        {
          type: 'traffic_collector_setting',
          href: collectorHref(row),
          changeType: verb,
          changes: describeChanges(
            before === null ? null : { ...before.content },
            after === null ? null : { ...after.content },
          ),
        },
      ],
    });
  }

  return {
    'traffic_collector.list': async ({ db, orgId, query }) => {
      const rows = await db
        .selectFrom('traffic_collector_settings')
        .selectAll()
        .where('org_id', '=', orgId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return { items: pageOf(rows, query).map(present), total: rows.length };
    },
    'traffic_collector.get': async ({ db, orgId, params }) =>
      present(await find(db, orgId, params.id)),
    'traffic_collector.create': async (context) => {
      const { db, orgId, caller, body } = context;
      const now = deps.clock.now();
      const row = await db
        .insertInto('traffic_collector_settings')
        .values({
          org_id: orgId,
          content: json(changed(NEW, body)),
          created_at: now,
          created_by: caller.href,
          updated_at: now,
          updated_by: caller.href,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await note(context, { before: null, after: row, status: 201 });
      return present(row);
    },
    'traffic_collector.update': async (context) => {
      const { db, orgId, caller, body, params } = context;
      const before = await find(db, orgId, params.id);
      await refuseStale(context, {
        name: 'the traffic collector setting',
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      const after = await db
        .updateTable('traffic_collector_settings')
        .set({
          content: json(changed(before.content, body)),
          updated_at: deps.clock.now(),
          updated_by: caller.href,
        })
        .where('id', '=', before.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await note(context, { before, after, status: 204 });
    },
    'traffic_collector.delete': async (context) => {
      const { db, orgId, params } = context;
      const before = await find(db, orgId, params.id);
      await db.deleteFrom('traffic_collector_settings').where('id', '=', before.id).execute();
      await note(context, { before, after: null, status: 204 });
    },
  };
}
