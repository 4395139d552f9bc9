import { useState } from 'react';
import { IconAlertTriangle, IconCheck, IconX } from '@tabler/icons-react';
import type { EventWire } from '@bulkhead/contract';
import { z } from 'zod';
import { Age, DateTime } from '../../ui/Bits.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';

const actorSchema = z.object({
  user: z.object({ username: z.string().optional(), href: z.string().optional() }).optional(),
  agent: z
    .object({ hostname: z.string().nullable().optional(), href: z.string().optional() })
    .optional(),
  ven: z
    .object({ hostname: z.string().nullable().optional(), href: z.string().optional() })
    .optional(),
  system: z.unknown().optional(),
});
export function actorOfEvent(event: EventWire): string {
  const parsed = actorSchema.safeParse(event.created_by);
  if (!parsed.success) return 'System';
  const { user, agent, ven } = parsed.data;
  return (
    user?.username ??
    user?.href ??
    ven?.hostname ??
    ven?.href ??
    agent?.hostname ??
    agent?.href ??
    'System'
  );
}

function named(value: unknown): string | undefined {
  const parsed = z
    .object({
      name: z.string().nullish(),
      hostname: z.string().nullish(),
      value: z.string().nullish(),
      href: z.string().nullish(),
    })
    .safeParse(value);
  return parsed.success
    ? (parsed.data.name ??
        parsed.data.hostname ??
        parsed.data.value ??
        parsed.data.href ??
        undefined)
    : undefined;
}
/** What an event is about, by name. */
export function subjectOf(event: EventWire): string {
  const names = event.resource_changes
    .flatMap((change) => Object.values(change.resource).map(named))
    .filter((name) => name !== undefined);
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}

const SEVERITY = {
  err: (
    <span className="row g6 blocked-c">
      <IconAlertTriangle size={14} aria-hidden />
      Error
    </span>
  ),
  warning: (
    <span className="row g6 potential-c">
      <IconAlertTriangle size={14} aria-hidden />
      Warning
    </span>
  ),
  info: <span className="t2">Info</span>,
};

const COLUMNS: readonly Column<EventWire>[] = [
  { id: 'at', header: 'When', width: 90, cell: (event) => <Age at={event.timestamp} /> },
  {
    id: 'type',
    header: 'Event',
    width: 260,
    cell: (event) => <span className="mono">{event.event_type}</span>,
  },
  {
    id: 'status',
    header: 'Status',
    width: 110,
    cell: (event) =>
      event.status === null ? (
        <span className="t3">-</span>
      ) : event.status === 'success' ? (
        <span className="row g6">
          <IconCheck size={14} className="allowed-c" aria-hidden />
          Success
        </span>
      ) : (
        <span className="row g6 blocked-c">
          <IconX size={14} aria-hidden />
          Failure
        </span>
      ),
  },
  { id: 'severity', header: 'Severity', width: 110, cell: (event) => SEVERITY[event.severity] },
  { id: 'by', header: 'By', width: 220, cell: actorOfEvent },
  {
    id: 'about',
    header: 'About',
    cell: (event) => subjectOf(event) || <span className="t3">-</span>,
  },
  {
    id: 'from',
    header: 'From',
    width: 150,
    cell: (event) => <span className="addr">{event.action?.src_ip ?? '-'}</span>,
  },
];

function text(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function Details({ event }: { readonly event: EventWire }) {
  return (
    <div style={{ padding: '12px 16px' }} className="col g12">
      <div className="row wrap">
        <DateTime at={event.timestamp} />
        <span className="mono">
          {event.action?.api_method} {event.action?.api_endpoint}
        </span>
        {event.action?.http_status_code === undefined ? null : (
          <span className="t3">status {event.action.http_status_code}</span>
        )}
        <span className="t3 mono">{event.href}</span>
      </div>
      {event.action?.errors.map((error) => (
        <div key={error.token} className="blocked-c">
          {error.message}
        </div>
      ))}
      {event.resource_changes.map((change) => (
        <table
          key={change.uuid}
          className="tbl"
          aria-label="What changed"
          style={{ border: '1px solid var(--bh-line)' }}
        >
          <thead>
            <tr>
              <th scope="col" style={{ width: 200 }}>
                {change.change_type}d
              </th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(change.changes).map(([field, values]) => (
              <tr key={field}>
                <td>{field}</td>
                <td className="mono" title={text(values.before)}>
                  {text(values.before)}
                </td>
                <td className="mono" title={text(values.after)}>
                  {text(values.after)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
      {event.notifications.map((notification) => (
        <div key={notification.uuid} className="mono">
          {notification.notification_type} {text(notification.info)}
        </div>
      ))}
    </div>
  );
}

export function EventTable({
  events,
  loading = false,
  loadMore,
  empty,
}: {
  readonly events: readonly EventWire[];
  readonly loading?: boolean;
  readonly loadMore?: (() => void) | undefined;
  readonly empty?: React.ReactNode;
}) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <DataTable
      label="Events"
      rows={events}
      columns={COLUMNS}
      rowId={(event) => event.href}
      rowName={(event) => event.event_type}
      loading={loading}
      minWidth={1000}
      loadMore={loadMore}
      empty={empty}
      onOpen={(event) => setOpen(open === event.href ? null : event.href)}
      openId={open}
      detail={(event) => <Details event={event} />}
    />
  );
}
