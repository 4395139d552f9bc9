import { useMemo } from 'react';
import { IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { EnforcementBoundaryWire } from '@bulkhead/contract';
import { useApiList } from '../../api/hooks.ts';
import { useServices } from '../../api/lookups.ts';
import { actorKey } from '../../format/actors.ts';
import { plural } from '../../format/numbers.ts';
import { idOf } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, DraftBadge } from '../../ui/Bits.tsx';
import { ActorChip, ServiceName } from '../../ui/Chips.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { PendingBar } from '../provision/PendingBar.tsx';
import { ProfileBadge } from '../rulesets/RuleRow.tsx';

export function BoundariesPage() {
  useCrumbs({ name: 'Enforcement Boundaries' });
  const [search] = useFilters();
  const navigate = useNavigate();
  const services = useServices();
  const options = useMemo(
    () => ({ params: { pversion: 'draft' }, query: { query: search['q'] } }),
    [search],
  );
  const list = useApiList('enforcement_boundaries.list', options);
  const columns: readonly Column<EnforcementBoundaryWire>[] = [
    {
      id: 'name',
      header: 'Name',
      width: 240,
      cell: (one) => (
        <span className="nm">
          <Link className="ell" to={`/boundaries/${idOf(one.href)}`}>
            {one.name}
          </Link>
          <DraftBadge type={one.update_type} />
        </span>
      ),
    },
    {
      id: 'consumers',
      header: 'Consumers',
      cell: (one) => (
        <span className="chips nowrap">
          {one.consumers.map((actor) => (
            <ActorChip key={actorKey(actor)} actor={actor} />
          ))}
        </span>
      ),
    },
    {
      id: 'services',
      header: 'Providing Services',
      cell: (one) =>
        one.ingress_services.map((service, index) => (
          <ServiceName
            key={`${service.href ?? ''}${index}`}
            service={service}
            services={services}
          />
        )),
    },
    {
      id: 'providers',
      header: 'Providers',
      cell: (one) => (
        <span className="chips nowrap">
          {one.providers.map((actor) => (
            <ActorChip key={actorKey(actor)} actor={actor} />
          ))}
        </span>
      ),
    },
    {
      id: 'network',
      header: 'Network Profile',
      width: 140,
      cell: (one) =>
        one.network_type === 'brn' ? 'Corporate' : <ProfileBadge type={one.network_type} />,
    },
    {
      id: 'status',
      header: 'Status',
      width: 90,
      cell: (one) => (one.enabled ? 'Enabled' : <span className="t3">Disabled</span>),
    },
    {
      id: 'at',
      header: 'Changed',
      width: 80,
      right: true,
      cell: (one) => <Age at={one.updated_at} />,
    },
  ];
  const add = (
    <Link className="btn pri" to="/boundaries/new">
      <IconPlus size={16} aria-hidden />
      New enforcement boundary
    </Link>
  );
  return (
    <main className="page list">
      <PageHeader
        title="Enforcement Boundaries"
        purpose="What is blocked, unless a rule lets it cross."
        actions={add}
      />
      <div className="bar">
        <SearchBox label="Name" />
      </div>
      {list.error === null ? null : (
        <ErrorNotice
          error={list.error}
          what="enforcement boundaries"
          onRetry={() => void list.refetch()}
        />
      )}
      <DataTable
        label="Enforcement Boundaries"
        rows={list.items}
        columns={columns}
        rowId={(one) => one.href}
        rowName={(one) => one.name}
        loading={list.isPending}
        minWidth={1000}
        onOpen={(one) => void navigate({ to: `/boundaries/${idOf(one.href)}` })}
        empty={
          list.error === null ? (
            <Empty
              title={
                search['q'] === undefined
                  ? 'No enforcement boundaries yet'
                  : 'No enforcement boundary matches'
              }
              action={add}
            >
              A boundary blocks matching connections on hosts in Selective enforcement, and shows
              what it would block in Visibility Only.
            </Empty>
          ) : null
        }
      />
      <div className="foot">
        {list.total === undefined
          ? ''
          : plural(list.total, 'enforcement boundary', 'enforcement boundaries')}
      </div>
      <PendingBar />
    </main>
  );
}
