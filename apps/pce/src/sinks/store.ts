/** Sinks in the database, each change in one transaction with its event. */
import { sql } from 'kysely';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { json, type Db, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import { membersInOrder, sameContent } from '../provisioning/compare.ts';
import { refuseStale, type WriteContext } from '../provisioning/drafts.ts';
import { newestPosition } from './outbox.ts';
import type { SinkRow } from './sink.ts';

type Kind = SinkRow['kind'];
type Settings = Readonly<Record<string, unknown>>;

/** Each holds a connection of its own and reads every event. */
const MAX_SINKS = 16;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const KINDS = {
  syslog: { path: 'syslog/destinations', type: 'syslog_destination', noun: 'syslog destination' },
  webhook: { path: 'webhooks', type: 'webhook', noun: 'webhook' },
} as const;

export function sinkHref(row: Pick<SinkRow, 'org_id' | 'kind' | 'id'>): string {
  return `/orgs/${row.org_id}/settings/${KINDS[row.kind].path}/${row.id}`;
}

export async function listSinks(db: Db, orgId: number, kind: Kind): Promise<SinkRow[]> {
  return db
    .selectFrom('event_sinks')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('kind', '=', kind)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function findSink(
  db: Db,
  place: { readonly orgId: number; readonly kind: Kind; readonly id: string },
  use: 'read' | 'write' = 'read',
): Promise<SinkRow> {
  const { orgId, kind, id } = place;
  const row = UUID.test(id)
    ? await db
        .selectFrom('event_sinks')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('kind', '=', kind)
        .where('id', '=', id)
        .$if(use === 'write', (query) => query.forUpdate())
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The ${KINDS[kind].noun} ${id}`);
  return row;
}

/** Gets the events from now on. */
export async function createSink(
  deps: Deps,
  context: WriteContext,
  sink: { readonly kind: Kind; readonly settings: Settings; readonly secret?: Buffer },
): Promise<SinkRow> {
  const { db, orgId, caller } = context;
  const { kind, settings, secret } = sink;
  // Sinks that are made at once are counted one after the other.
  await db.selectFrom('orgs').select('id').where('id', '=', orgId).forNoKeyUpdate().execute();
  const { count } = await db
    .selectFrom('event_sinks')
    .select((query) => query.fn.countAll<number>().as('count'))
    .where('org_id', '=', orgId)
    .executeTakeFirstOrThrow();
  if (count >= MAX_SINKS)
    throw new DomainError(
      'input_validation_error',
      `There are ${MAX_SINKS} syslog destinations and webhooks already, which is the most; delete one that is not needed`,
    );
  const now = deps.clock.now();
  const row = await db
    .insertInto('event_sinks')
    .values({
      org_id: orgId,
      kind,
      settings: json({ ...settings }),
      secret: secret ?? null,
      created_at: now,
      created_by: caller.href,
      updated_at: now,
      updated_by: caller.href,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await db
    .insertInto('event_sink_states')
    .values({ sink_id: row.id, position: await newestPosition(db) })
    .execute();
  const secrets = secret === undefined ? {} : { secret: 'set' };
  await note(deps, context, { row, before: null, after: { ...settings, ...secrets }, status: 201 });
  return row;
}

export async function updateSink(
  deps: Deps,
  context: WriteContext,
  change: { readonly row: SinkRow; readonly settings: Settings; readonly secret?: Buffer },
): Promise<void> {
  const { db, caller } = context;
  const { row, settings, secret } = change;
  await refuseStale(context, {
    name: KINDS[row.kind].noun,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  });
  if (secret === undefined && sameContent(row.settings, settings)) return;
  await db
    .updateTable('event_sinks')
    .set({
      settings: json({ ...settings }),
      ...(secret === undefined ? {} : { secret }),
      // Runners tell by it that they are of another time.
      updated_at: sql<Date>`greatest(${deps.clock.now()}::timestamptz, updated_at + interval '1 millisecond')`,
      updated_by: caller.href,
    })
    .where('id', '=', row.id)
    .execute();
  const secrets = secret === undefined ? [{}, {}] : [{ secret: 'old' }, { secret: 'new' }];
  await note(deps, context, {
    row,
    before: { ...row.settings, ...secrets[0] },
    after: { ...settings, ...secrets[1] },
    status: 204,
  });
}

export async function deleteSink(deps: Deps, context: WriteContext, row: SinkRow): Promise<void> {
  await context.db.deleteFrom('event_sinks').where('id', '=', row.id).execute();
  await note(deps, context, { row, before: row.settings, after: null, status: 204 });
}

async function note(
  deps: Deps,
  context: { readonly db: Tx } & WriteContext,
  change: {
    readonly row: SinkRow;
    readonly before: Settings | null;
    readonly after: Settings | null;
    readonly status: number;
  },
): Promise<void> {
  const { row, before, after, status } = change;
  const { type } = KINDS[row.kind];
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  const href = sinkHref(row);
  appendChange(context.db, { orgId: row.org_id, kind: 'settings', href });
  const { name, description } = after ?? before ?? {};
  await recordEvent(deps, context.db, {
    orgId: row.org_id,
    eventType: `${type}.${verb}`,
    actor: context,
    httpStatus: status,
    resourceChanges: [
      {
        type,
        href,
        naming: { name: name ?? description },
        changeType: verb,
        changes: describeChanges(membersInOrder(before), membersInOrder(after)),
      },
    ],
  });
}
