import { useState } from 'react';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { SecPolicyWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { useUserName } from '../../api/lookups.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age } from '../../ui/Bits.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { CompareVersions } from './DifferenceCard.tsx';
import { ProvisionTabs } from './ProvisionPage.tsx';
import { RestoreVersion } from './RestoreVersion.tsx';

const WORDS = { create: 'added', update: 'changed', delete: 'removed' } as const;

function Changes({ version }: { readonly version: SecPolicyWire }) {
  const query = useApi('sec_policy.modified_objects', {
    params: { pversion: String(version.version) },
  });
  if (query.error !== null)
    return <ErrorNotice error={query.error} what="what this version changed" />;
  if (query.data === undefined)
    return (
      <div style={{ padding: '0 14px' }}>
        <Skeleton rows={2} />
      </div>
    );
  return (
    <ul className="col g4" style={{ padding: '10px 14px 12px' }}>
      {query.data.items.length === 0 ? (
        <li className="t3">No object is recorded for this version.</li>
      ) : (
        query.data.items.map((item) => (
          <li key={item.href}>
            {item.object_type.replaceAll('_', ' ')} <b className="b">{item.name}</b>{' '}
            <span className="t2">{WORDS[item.update_type]}</span>
          </li>
        ))
      )}
    </ul>
  );
}

function Override({ version }: { readonly version: SecPolicyWire }) {
  const userName = useUserName();
  const override = version.policy_test_override;
  if (override === null) return null;
  return (
    <p className="inline-w" style={{ padding: '10px 14px 0' }}>
      <IconAlertTriangle size={14} aria-hidden />
      <span>
        Failing policy tests were passed over by {userName(override.by.href)}:{' '}
        {override.failed.join(', ')}. Reason: {override.reason}
      </span>
    </p>
  );
}

export function VersionsPage() {
  useCrumbs({ name: 'Provision', to: '/provision' }, { name: 'Policy Versions' });
  const query = useApi('sec_policy.list', { query: { max_results: 1000 } });
  const [open, setOpen] = useState<string | null>(null);
  const userName = useUserName();
  const columns: readonly Column<SecPolicyWire>[] = [
    {
      id: 'version',
      header: 'Version',
      width: 90,
      cell: (one) => <b className="num">{one.version}</b>,
    },
    {
      id: 'note',
      header: 'Note',
      cell: (one) => one.commit_message ?? <span className="t3">-</span>,
    },
    {
      id: 'hosts',
      header: 'Hosts affected',
      width: 130,
      right: true,
      cell: (one) => one.workloads_affected?.toLocaleString('en-US') ?? '-',
    },
    { id: 'by', header: 'By', width: 200, cell: (one) => userName(one.created_by.href) },
    {
      id: 'at',
      header: 'When',
      width: 90,
      right: true,
      cell: (one) => <Age at={one.created_at} />,
    },
  ];
  return (
    <main className="page list">
      <PageHeader title="Provision" purpose="Every version that was active, newest first." />
      <ProvisionTabs current="versions" />
      <div style={{ height: 14 }} />
      {query.error === null ? null : (
        <ErrorNotice
          error={query.error}
          what="policy versions"
          onRetry={() => void query.refetch()}
        />
      )}
      <DataTable
        label="Policy Versions"
        rows={query.data?.items ?? []}
        columns={columns}
        rowId={(one) => one.href}
        rowName={(one) => `version ${one.version}`}
        loading={query.isPending}
        onOpen={(one) => setOpen(open === one.href ? null : one.href)}
        openId={open}
        detail={(one) => (
          <>
            <Override version={one} />
            <Changes version={one} />
            <CompareVersions version={one.version}>
              <RestoreVersion version={one.version} />
            </CompareVersions>
          </>
        )}
        empty={
          query.error === null ? (
            <Empty title="No version yet">The first provision makes version 1.</Empty>
          ) : null
        }
      />
      <div className="foot" />
    </main>
  );
}
