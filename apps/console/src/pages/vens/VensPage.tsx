import { useMemo, useState } from 'react';
import { IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { VenWire } from '@bulkhead/contract';
import { useApiList } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { plural } from '../../format/numbers.ts';
import { idOf, VEN_TYPE_NAMES } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn, Connectivity } from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { FilterPill, SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { UnpairModal } from './UnpairModal.tsx';

const STATUS = {
  active: 'Active',
  suspended: 'Suspended',
  stopped: 'Stopped',
  uninstalled: 'Uninstalled',
} as const;
const nameOf = (ven: VenWire): string => ven.name ?? ven.hostname ?? idOf(ven.href);

const COLUMNS: readonly Column<VenWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 200,
    cell: (ven) => (
      <span className="nm">
        <Link className="ell" to={`/workloads/${idOf(ven.href)}`}>
          {nameOf(ven)}
        </Link>
      </span>
    ),
  },
  {
    id: 'type',
    header: 'Enforcement Node Type',
    width: 170,
    cell: (ven) => VEN_TYPE_NAMES[ven.ven_type],
  },
  {
    id: 'connectivity',
    header: 'Connectivity',
    width: 110,
    cell: (ven) => <Connectivity online={ven.connected} />,
  },
  { id: 'status', header: 'Status', width: 100, cell: (ven) => STATUS[ven.status] },
  {
    id: 'version',
    header: 'Version',
    width: 120,
    cell: (ven) => <span className="num">{ven.version}</span>,
  },
  {
    id: 'os',
    header: 'OS',
    width: 180,
    cell: (ven) => (
      <span className="addr" title={ven.os_detail ?? ''}>
        {ven.os_id ?? '-'}
      </span>
    ),
  },
  { id: 'labels', header: 'Labels', cell: (ven) => <Chips labels={ven.labels} /> },
  {
    id: 'heartbeat',
    header: 'Heartbeat',
    width: 100,
    right: true,
    cell: (ven) => <Age at={ven.last_heartbeat_at} />,
  },
];

export function VensPage() {
  useCrumbs({ name: 'Workloads and VENs' }, { name: 'VENs' });
  const [search, setSearch] = useFilters();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [unpairing, setUnpairing] = useState(false);
  const query = useMemo(
    () => ({
      query: search['q'],
      status: oneOf(search['status'], ['active', 'suspended', 'stopped']),
      ven_type: oneOf(search['type'], ['server', 'endpoint']),
    }),
    [search],
  );
  const list = useApiList('vens.list', { query });
  const chosen = list.items.filter((ven) => selected.has(ven.href));
  const filtered = Object.keys(search).length > 0;
  return (
    <main className="page list">
      <PageHeader
        title="VENs"
        purpose="The agents on servers and endpoints."
        actions={
          <Link className="btn pri" to="/vens/add">
            <IconPlus size={16} aria-hidden />
            Add with Pairing Profile
          </Link>
        }
      />
      <div className="bar wrap">
        <SearchBox label="Name or hostname" />
        <FilterPill
          name="Enforcement Node Type"
          param="type"
          choices={[
            { value: 'server', label: 'Server VEN' },
            { value: 'endpoint', label: 'Endpoint VEN' },
          ]}
        />
        <FilterPill
          name="Status"
          param="status"
          choices={[
            { value: 'active', label: 'Active' },
            { value: 'suspended', label: 'Suspended' },
            { value: 'stopped', label: 'Stopped' },
          ]}
        />
      </div>
      {list.error === null ? null : (
        <ErrorNotice error={list.error} what="VENs" onRetry={() => void list.refetch()} />
      )}
      <DataTable
        label="VENs"
        rows={list.items}
        columns={COLUMNS}
        rowId={(ven) => ven.href}
        rowName={nameOf}
        loading={list.isPending}
        minWidth={1080}
        selection={{ selected, onChange: setSelected }}
        loadMore={
          list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined
        }
        empty={
          list.error !== null ? null : filtered ? (
            <Empty
              title="No VEN matches"
              action={
                <Btn onClick={() => setSearch({ q: '', status: '', type: '' })}>
                  Remove all filters
                </Btn>
              }
            >
              The filters above exclude every VEN.
            </Empty>
          ) : (
            <Empty
              title="No VENs yet"
              action={
                <Link className="btn pri" to="/vens/add">
                  Add with Pairing Profile
                </Link>
              }
            >
              A VEN appears here when a host runs the pairing script.
            </Empty>
          )
        }
      />
      {selected.size === 0 ? null : (
        <div className="bulk" role="toolbar" aria-label="Selected VENs">
          <b>{selected.size} selected</b>
          <span className="sep" />
          <Btn small kind="danger" onClick={() => setUnpairing(true)}>
            Unpair
          </Btn>
          <span className="grow" />
          <Btn small kind="ghost" onClick={() => setSelected(new Set())}>
            Clear
          </Btn>
        </div>
      )}
      <div className="foot">{list.total === undefined ? '' : plural(list.total, 'VEN')}</div>
      {unpairing ? (
        <UnpairModal
          vens={chosen.map((ven) => ({ href: ven.href, name: nameOf(ven) }))}
          onClose={() => setUnpairing(false)}
          onDone={() => setSelected(new Set())}
        />
      ) : null}
    </main>
  );
}
