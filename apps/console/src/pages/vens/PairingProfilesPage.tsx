import { useMemo } from 'react';
import { IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { PairingProfileWire } from '@bulkhead/contract';
import { useApiList } from '../../api/hooks.ts';
import { idOf, VEN_TYPE_NAMES } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Enforcement } from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { SearchBox, useFilters } from '../../ui/Toolbar.tsx';

const COLUMNS: readonly Column<PairingProfileWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 220,
    cell: (one) => (
      <span className="nm">
        <Link className="ell" to={`/pairing-profiles/${idOf(one.href)}`}>
          {one.name ?? idOf(one.href)}
        </Link>
      </span>
    ),
  },
  {
    id: 'type',
    header: 'Enforcement Node Type',
    width: 200,
    cell: (one) => VEN_TYPE_NAMES[one.ven_type],
  },
  {
    id: 'mode',
    header: 'Starts in',
    width: 150,
    cell: (one) => <Enforcement mode={one.enforcement_mode} />,
  },
  { id: 'labels', header: 'Labels', cell: (one) => <Chips labels={one.labels} /> },
  {
    id: 'uses',
    header: 'Paired',
    width: 80,
    right: true,
    cell: (one) => one.total_use_count.toLocaleString('en-US'),
  },
  {
    id: 'last',
    header: 'Last pairing',
    width: 110,
    right: true,
    cell: (one) => <Age at={one.last_pairing_at} />,
  },
  {
    id: 'state',
    header: 'Status',
    width: 100,
    cell: (one) => (one.enabled ? 'Enabled' : 'Disabled'),
  },
];

export function PairingProfilesPage() {
  useCrumbs({ name: 'Workloads and VENs' }, { name: 'Pairing Profiles' });
  const [search] = useFilters();
  const navigate = useNavigate();
  const query = useMemo(() => ({ query: search['q'] }), [search]);
  const list = useApiList('pairing_profiles.list', { query });
  return (
    <main className="page list">
      <PageHeader
        title="Pairing Profiles"
        purpose="What a host gets when it pairs: labels, node type, enforcement."
        actions={
          <Link className="btn pri" to="/pairing-profiles/new">
            <IconPlus size={16} aria-hidden />
            New pairing profile
          </Link>
        }
      />
      <div className="bar">
        <SearchBox label="Name" />
      </div>
      {list.error === null ? null : (
        <ErrorNotice
          error={list.error}
          what="pairing profiles"
          onRetry={() => void list.refetch()}
        />
      )}
      <DataTable
        label="Pairing Profiles"
        rows={list.items}
        columns={COLUMNS}
        rowId={(one) => one.href}
        rowName={(one) => one.name ?? ''}
        loading={list.isPending}
        minWidth={900}
        onOpen={(one) => void navigate({ to: `/pairing-profiles/${idOf(one.href)}` })}
        empty={
          <Empty
            title="No pairing profile"
            action={
              <Link className="btn pri" to="/pairing-profiles/new">
                New pairing profile
              </Link>
            }
          >
            A pairing profile gives hosts their labels and enforcement when they pair.
          </Empty>
        }
      />
      <div className="foot" />
    </main>
  );
}
