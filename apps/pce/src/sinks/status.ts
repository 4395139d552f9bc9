/** How far behind receivers of events are: for the API, for metrics and for the health of the PCE. */
import type { SinkStatus } from '@bulkhead/contract';
import { Gauge, type Registry } from 'prom-client';
import type { Db } from '../db/database.ts';
import { behindOf, selectionIn, stateOf } from './outbox.ts';
import { isEnabled, syslogSettings, webhookSettings, type SinkRow } from './sink.ts';

/** Events may wait so long before it is worth a warning. */
const PATIENCE_MS = 5 * 60_000;

export async function statusOf(db: Db, row: SinkRow): Promise<SinkStatus> {
  const state = await stateOf(db, row.id);
  if (state === undefined) throw new Error(`The sink ${row.id} has no state`);
  const behind = await behindOf(db, await selectionIn(db, row), state.position);
  return {
    connected: state.connected,
    last_error: state.last_error,
    last_error_at: state.last_error_at?.toISOString() ?? null,
    last_delivered_at: state.last_delivered_at?.toISOString() ?? null,
    events_delivered: state.events_delivered,
    events_behind: behind.count,
    oldest_event_behind: behind.oldest?.toISOString() ?? null,
    events_lost: state.events_lost,
    flows_sent: state.flows_sent,
    flows_lost: state.flows_lost,
  };
}

async function allStatuses(db: Db): Promise<{ row: SinkRow; status: SinkStatus }[]> {
  const rows = (await db.selectFrom('event_sinks').selectAll().execute()).filter(isEnabled);
  return Promise.all(rows.map(async (row) => ({ row, status: await statusOf(db, row) })));
}

function nameOf(row: SinkRow): string {
  if (row.kind === 'webhook') return `webhook "${webhookSettings(row).name}"`;
  const { remote_syslog: remote } = syslogSettings(row);
  return remote === undefined
    ? 'log of this PCE'
    : `syslog destination ${remote.address}:${remote.port}`;
}

/** Of receivers that cannot be reached, or that events wait for. */
export async function sinkNotifications(
  db: Db,
  now: Date,
): Promise<{ status: 'warning'; token: string; message: string }[]> {
  return (await allStatuses(db)).flatMap(({ row, status }) => {
    const { connected, events_behind: count, oldest_event_behind: oldest } = status;
    const isLate = oldest !== null && now.getTime() - Date.parse(oldest) > PATIENCE_MS;
    if (connected !== false && !isLate) return [];
    const waiting = oldest === null ? '' : `; ${count} events wait for it, the first of ${oldest}`;
    const why = status.last_error ?? 'it does not keep up';
    const message = `The ${nameOf(row)} is behind: ${why}${waiting}`;
    return [{ status: 'warning' as const, token: 'event_sink_behind', message }];
  });
}

const GAUGES: readonly (readonly [
  name: string,
  help: string,
  value: (status: SinkStatus, now: Date) => number,
])[] = [
  [
    'connected',
    '1: the last attempt to reach the receiver succeeded',
    (status) => Number(status.connected ?? false),
  ],
  ['events_behind', 'Events that the receiver has not got yet', (status) => status.events_behind],
  [
    'behind_seconds',
    'Age of the oldest of those',
    ({ oldest_event_behind: oldest }, now) =>
      oldest === null ? 0 : Math.max(0, (now.getTime() - Date.parse(oldest)) / 1000),
  ],
  ['events_delivered', 'Events that the receiver got', (status) => status.events_delivered],
  [
    'events_lost',
    'Events whose retention was over before it got them',
    (status) => status.events_lost,
  ],
  ['flows_sent', 'Flows that were sent', (status) => status.flows_sent],
  ['flows_lost', 'Flows that were let go', (status) => status.flows_lost],
];

/** Read from the database when somebody asks, once for all gauges. */
export function measureSinks(registry: Registry, db: Db, now: () => Date): void {
  let reading: Promise<Awaited<ReturnType<typeof allStatuses>>> | undefined;
  const read = (): NonNullable<typeof reading> =>
    (reading ??= allStatuses(db).finally(() => {
      reading = undefined;
    }));
  for (const [name, help, value] of GAUGES) {
    registry.registerMetric(
      new Gauge({
        name: `pce_event_sink_${name}`,
        help,
        labelNames: ['sink', 'kind'],
        registers: [],
        async collect() {
          const statuses = await read();
          this.reset();
          for (const { row, status } of statuses)
            this.set({ sink: row.id, kind: row.kind }, value(status, now()));
        },
      }),
    );
  }
}
