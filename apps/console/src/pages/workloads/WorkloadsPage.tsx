import { useMemo, useState } from 'react';
import { Select } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { WorkloadWire } from '@bulkhead/contract';
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import { useApi, useApiList } from '../../api/hooks.ts';
import { useLabels } from '../../api/lookups.ts';
import { listValue, oneOf } from '../../format/filters.ts';
import { plural } from '../../format/numbers.ts';
import { ENFORCEMENT_NAMES, idOf, KEY_NAMES } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import {
  Btn,
  Connectivity,
  Enforcement,
  NetworkMark,
  PolicySync,
  WorkloadIcon,
} from '../../ui/Bits.tsx';
import { LabelChip } from '../../ui/Chips.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { FilterPill, SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { UnpairModal } from '../vens/UnpairModal.tsx';
import { AddUnmanaged } from './AddUnmanaged.tsx';
import { BulkEdit, type BulkKind } from './BulkEdit.tsx';
import { FirstTasks } from './FirstTasks.tsx';
import { WORKLOAD_VIEWS, workloadQuery, type WorkloadView } from './filters.ts';

const VIEW_NAMES: Record<WorkloadView, string> = {
  all: 'All',
  server: 'Servers',
  endpoint: 'Endpoints',
  unmanaged: 'Unmanaged',
};

export function nameOfWorkload(workload: Pick<WorkloadWire, 'name' | 'hostname' | 'href'>): string {
  return workload.name ?? workload.hostname ?? idOf(workload.href);
}

function labelCell(key: string): (workload: WorkloadWire) => React.ReactNode {
  return (workload) => {
    const label = workload.labels.find((one) => one.key === key);
    return label === undefined ? null : <LabelChip label={label} />;
  };
}

const COLUMNS: readonly Column<WorkloadWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 170,
    cell: (one) => (
      <span className="nm">
        <WorkloadIcon workload={one} />
        <Link className="ell" to={`/workloads/${idOf(one.href)}`}>
          {nameOfWorkload(one)}
        </Link>
      </span>
    ),
  },
  {
    id: 'connectivity',
    header: 'Connectivity',
    width: 96,
    cell: (one) => <Connectivity online={one.online} managed={one.managed} />,
  },
  {
    id: 'enforcement',
    header: 'Enforcement',
    width: 140,
    cell: (one) => <Enforcement mode={one.enforcement_mode} managed={one.managed} />,
  },
  { id: 'sync', header: 'Policy Sync', width: 112, cell: (one) => <PolicySync workload={one} /> },
  ...['role', 'app', 'env', 'loc'].map((key) => ({
    id: key,
    header: KEY_NAMES[key] ?? key,
    width: key === 'loc' ? 76 : 128,
    wideOnly: key === 'env' || key === 'loc',
    cell: labelCell(key),
  })),
  {
    id: 'address',
    header: 'Address',
    cell: (one) => {
      const nic =
        one.interfaces.find(
          (candidate) => !candidate.loopback && !candidate.address.startsWith('fe80'),
        ) ?? one.interfaces[0];
      return nic === undefined ? (
        <span className="t3">-</span>
      ) : (
        <span className="row">
          <NetworkMark name={nic.network.name} />
          <span className="addr">{nic.address}</span>
        </span>
      );
    },
  },
];

function ViewTab({
  view,
  current,
}: {
  readonly view: WorkloadView;
  readonly current: WorkloadView;
}) {
  const [, setSearch] = useFilters();
  const total = useApi('workloads.list', { query: { ...workloadQuery({ view }), max_results: 0 } })
    .data?.total;
  return (
    <button
      type="button"
      role="tab"
      aria-selected={view === current}
      onClick={() => setSearch({ view: view === 'all' ? '' : view })}
    >
      {VIEW_NAMES[view]} <span className="cnt">{total?.toLocaleString('en-US')}</span>
    </button>
  );
}

export function WorkloadsPage() {
  useCrumbs({ name: 'Workloads and VENs' }, { name: 'Workloads' });
  const [search, setSearch] = useFilters();
  const navigate = useNavigate();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [adding, setAdding] = useState(false);
  const [bulk, setBulk] = useState<BulkKind | 'unpair' | null>(null);
  const view = oneOf(search['view'], WORKLOAD_VIEWS) ?? 'all';
  const query = useMemo(() => workloadQuery(search), [search]);
  const list = useApiList('workloads.list', { query });
  const everything = useApi('workloads.list', { query: { max_results: 0 } }).data?.total;
  const chosen = list.items.filter((one) => selected.has(one.href));
  const filtered = Object.keys(search).some((key) => key !== 'view');
  const labels = useLabels();
  const picked = listValue(search['labels']);
  const actions = (
    <>
      <Btn onClick={() => setAdding(true)}>Add unmanaged</Btn>
      <Link className="btn pri" to="/vens/add">
        <IconPlus size={16} aria-hidden />
        Add with Pairing Profile
      </Link>
    </>
  );
  return (
    <main className="page list">
      <PageHeader
        title="Workloads"
        purpose="Servers, endpoints and unmanaged hosts in one list."
        actions={actions}
      />
      {everything === 0 ? (
        <FirstTasks />
      ) : (
        <>
          <div className="tabs" role="tablist" aria-label="Views">
            {WORKLOAD_VIEWS.map((one) => (
              <ViewTab key={one} view={one} current={view} />
            ))}
          </div>
          <div className="bar wrap">
            <SearchBox label="Name, address or label" />
            <Select
              aria-label="Filter by label"
              placeholder="Label"
              searchable
              clearable
              w={190}
              value={null}
              data={['role', 'app', 'env', 'loc'].map((key) => ({
                group: KEY_NAMES[key] ?? key,
                items: labels
                  .filter((label) => label.key === key && !picked.includes(label.href))
                  .map((label) => ({ value: label.href, label: label.value })),
              }))}
              onChange={(href) => {
                if (href !== null) setSearch({ labels: [...picked, href].join(',') });
              }}
            />
            {picked.map((href) => {
              const label = labels.find((one) => one.href === href);
              return label === undefined ? null : (
                <LabelChip
                  key={href}
                  label={label}
                  onRemove={() =>
                    setSearch({ labels: picked.filter((one) => one !== href).join(',') })
                  }
                />
              );
            })}
            <FilterPill
              name="Connectivity"
              param="online"
              choices={[
                { value: 'yes', label: 'Online' },
                { value: 'no', label: 'Offline' },
              ]}
            />
            <FilterPill
              name="Enforcement"
              param="mode"
              choices={ENFORCEMENT_MODES.map((mode) => ({
                value: mode,
                label: ENFORCEMENT_NAMES[mode],
              }))}
            />
            <FilterPill
              name="Policy Sync"
              param="sync"
              choices={[
                { value: 'applied', label: 'Active' },
                { value: 'syncing', label: 'Syncing' },
                { value: 'error', label: 'Error' },
              ]}
            />
            {filtered ? (
              <Btn
                kind="link"
                small
                onClick={() => setSearch({ q: '', labels: '', online: '', mode: '', sync: '' })}
              >
                Reset
              </Btn>
            ) : null}
          </div>
          {list.error === null ? null : (
            <ErrorNotice error={list.error} what="workloads" onRetry={() => void list.refetch()} />
          )}
          <DataTable
            label="Workloads"
            rows={list.items}
            columns={COLUMNS}
            rowId={(one) => one.href}
            rowName={nameOfWorkload}
            loading={list.isPending}
            minWidth={880}
            selection={{ selected, onChange: setSelected }}
            onOpen={(one) => void navigate({ to: `/workloads/${idOf(one.href)}` })}
            loadMore={
              list.hasNextPage && !list.isFetchingNextPage
                ? () => void list.fetchNextPage()
                : undefined
            }
            empty={
              list.error === null ? (
                <Empty
                  title="No workload matches"
                  action={
                    <Btn
                      onClick={() =>
                        setSearch({ q: '', labels: '', online: '', mode: '', sync: '', view: '' })
                      }
                    >
                      Remove all filters
                    </Btn>
                  }
                >
                  The filters above exclude every workload.
                </Empty>
              ) : null
            }
          />
          {selected.size === 0 ? null : (
            <div
              className="bulk"
              role="toolbar"
              aria-label="Selected workloads"
              onKeyDown={(event) => {
                if (event.key === 'Escape') setSelected(new Set());
              }}
            >
              <b>{selected.size} selected</b>
              <span className="sep" />
              <Btn small kind="ghost" onClick={() => setBulk('labels')}>
                Edit labels
              </Btn>
              <Btn small kind="ghost" onClick={() => setBulk('enforcement')}>
                Enforcement
              </Btn>
              <Btn small kind="ghost" onClick={() => setBulk('visibility')}>
                Visibility
              </Btn>
              {chosen.some((one) => one.managed) ? (
                <Btn small kind="ghost" className="danger" onClick={() => setBulk('unpair')}>
                  Unpair
                </Btn>
              ) : null}
              <span className="grow" />
              <Btn small kind="ghost" onClick={() => setSelected(new Set())}>
                Clear
              </Btn>
            </div>
          )}
          <div className="foot">
            {list.total === undefined
              ? ''
              : `${list.total.toLocaleString('en-US')} of ${plural(everything ?? list.total, 'workload')} match`}
          </div>
        </>
      )}
      {adding ? <AddUnmanaged onClose={() => setAdding(false)} /> : null}
      {bulk !== null && bulk !== 'unpair' ? (
        <BulkEdit
          kind={bulk}
          workloads={chosen}
          onClose={() => setBulk(null)}
          onDone={() => setSelected(new Set())}
        />
      ) : null}
      {bulk === 'unpair' ? (
        <UnpairModal
          vens={chosen.flatMap((one) =>
            one.ven === null ? [] : [{ href: one.ven.href, name: nameOfWorkload(one) }],
          )}
          onClose={() => setBulk(null)}
          onDone={() => setSelected(new Set())}
        />
      ) : null}
    </main>
  );
}
