/** Where events go outside of the PCE: syslog destinations and webhooks, and how far behind each is. */
import { useState } from 'react';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { SinkStatus, SyslogDestinationWire, WebhookWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { idOf } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { SettingsFrame } from './SettingsFrame.tsx';
import { Behind, SinkState } from './SinkFields.tsx';
import { SyslogEditor } from './SyslogEditor.tsx';
import { TRANSPORT_NAMES, transportOf } from './sink-form.ts';
import { WebhookEditor } from './WebhookEditor.tsx';

interface SinkOf<K extends string, T> {
  readonly kind: K;
  readonly sink: T;
  readonly name: string;
  readonly receiver: string;
  readonly status: SinkStatus;
}
type Sink = SinkOf<'syslog', SyslogDestinationWire> | SinkOf<'webhook', WebhookWire>;
type Editing = Sink | { readonly kind: 'syslog' | 'webhook'; readonly sink: null };

const REFRESH_MS = 5000;

function ofSyslog(sink: SyslogDestinationWire): Sink {
  const { remote_syslog: remote, description, status } = sink;
  const way = TRANSPORT_NAMES[transportOf(sink)].split(',')[0] ?? '';
  return {
    kind: 'syslog',
    sink,
    name: description === '' ? 'Syslog destination' : description,
    receiver: remote === undefined ? way : `${remote.address}:${remote.port} (${way})`,
    status,
  };
}

function ofWebhook(sink: WebhookWire): Sink {
  const { name, url, status } = sink;
  return { kind: 'webhook', sink, name, receiver: url, status };
}

const COLUMNS: readonly Column<Sink>[] = [
  { id: 'name', header: 'Name', width: 200, cell: (one) => <b className="b ell">{one.name}</b> },
  {
    id: 'receiver',
    header: 'Receiver',
    cell: (one) => <span className="mono ell">{one.receiver}</span>,
  },
  {
    id: 'state',
    header: 'State',
    width: 150,
    cell: (one) =>
      one.kind === 'webhook' && !one.sink.enabled ? (
        <span className="t3">Disabled</span>
      ) : (
        <SinkState status={one.status} />
      ),
  },
  { id: 'behind', header: 'Behind', width: 150, cell: (one) => <Behind status={one.status} /> },
  {
    id: 'delivered',
    header: 'Last delivered',
    width: 120,
    right: true,
    wideOnly: true,
    cell: (one) => <Age at={one.status.last_delivered_at} />,
  },
];

function Editor({
  editing,
  readOnly,
  onClose,
}: {
  readonly editing: Editing;
  readonly readOnly: boolean;
  readonly onClose: () => void;
}) {
  return editing.kind === 'syslog' ? (
    <SyslogEditor sink={editing.sink} readOnly={readOnly} onClose={onClose} />
  ) : (
    <WebhookEditor sink={editing.sink} readOnly={readOnly} onClose={onClose} />
  );
}

async function remove({ kind, sink }: Sink): Promise<void> {
  const params = { id: idOf(sink.href) };
  if (kind === 'syslog') await api().call('syslog_destinations.delete', { params });
  else await api().call('webhooks.delete', { params });
  await invalidate('settings');
}

export function SinksPage() {
  useCrumbs({ name: 'Settings' }, { name: 'Syslog and Webhooks' });
  const syslog = useApi('syslog_destinations.list', {}, { refetchInterval: REFRESH_MS });
  const webhooks = useApi('webhooks.list', {}, { refetchInterval: REFRESH_MS });
  const me = useApi('users.me').data;
  const owner = me?.roles.includes('owner') === true;
  const [editing, setEditing] = useState<Editing>();
  const [deleting, setDeleting] = useState<Sink>();
  const error = syslog.error ?? webhooks.error;
  const rows =
    syslog.data === undefined || webhooks.data === undefined
      ? undefined
      : [...syslog.data.items.map(ofSyslog), ...webhooks.data.items.map(ofWebhook)];
  const add = owner ? (
    <>
      <Btn onClick={() => setEditing({ kind: 'webhook', sink: null })}>
        <IconPlus size={16} aria-hidden />
        New webhook
      </Btn>
      <Btn kind="primary" onClick={() => setEditing({ kind: 'syslog', sink: null })}>
        <IconPlus size={16} aria-hidden />
        New syslog destination
      </Btn>
    </>
  ) : undefined;
  const columns: readonly Column<Sink>[] = owner
    ? [
        ...COLUMNS,
        {
          id: 'actions',
          header: '',
          width: 48,
          cell: (one) => (
            <button
              type="button"
              className="icb sm"
              aria-label={`Delete ${one.name}`}
              onClick={() => setDeleting(one)}
            >
              <IconTrash size={16} stroke={1.5} aria-hidden />
            </button>
          ),
        },
      ]
    : COLUMNS;
  return (
    <SettingsFrame>
      <PageHeader
        title="Syslog and Webhooks"
        purpose="Events are sent to them from the moment they are made. While a receiver is away its events wait."
        actions={add}
      />
      {error === null ? null : (
        <ErrorNotice
          error={error}
          what="syslog destinations and webhooks"
          onRetry={() => void Promise.all([syslog.refetch(), webhooks.refetch()])}
        />
      )}
      {rows === undefined ? (
        error === null ? (
          <Skeleton />
        ) : null
      ) : (
        <DataTable
          label="Syslog and Webhooks"
          rows={rows}
          columns={columns}
          rowId={(one) => one.sink.href}
          rowName={(one) => one.name}
          onOpen={setEditing}
          empty={
            <Empty title="Events stay in the PCE">
              {owner
                ? 'Send them to a syslog server or to a web address, and they outlive their retention here.'
                : 'Only an Organization Administrator can send them elsewhere.'}
            </Empty>
          }
        />
      )}
      {editing === undefined ? null : (
        <Editor editing={editing} readOnly={!owner} onClose={() => setEditing(undefined)} />
      )}
      {deleting === undefined ? null : (
        <Confirm
          title={`Delete ${deleting.name}`}
          action="Delete"
          danger
          onClose={() => setDeleting(undefined)}
          onConfirm={() => remove(deleting)}
        >
          Events that it has not got yet are not sent to it. They stay in the PCE.
        </Confirm>
      )}
    </SettingsFrame>
  );
}
