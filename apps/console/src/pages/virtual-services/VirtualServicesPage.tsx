import { useMemo } from 'react';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { VirtualServiceWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApiList } from '../../api/hooks.ts';
import { portsText } from '../../format/services.ts';
import { idOf } from '../../format/words.ts';
import { Age, DraftBadge } from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { listState, ObjectPage } from '../objects/ObjectPage.tsx';

const COLUMNS: readonly Column<VirtualServiceWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 280,
    cell: (one) => (
      <span className="nm">
        <b className="b ell">{one.name}</b>
        {one.warnings.length === 0 ? null : (
          <span
            className="potential-c"
            title={one.warnings.map((warning) => warning.message).join(' ')}
          >
            <IconAlertTriangle size={14} role="img" aria-label="Has warnings" />
          </span>
        )}
        <DraftBadge type={one.update_type} />
      </span>
    ),
  },
  {
    id: 'service',
    header: 'Service',
    width: 200,
    cell: (one) =>
      one.service === undefined ? (
        <span className="addr">{portsText(one.service_ports ?? [])}</span>
      ) : (
        one.service.name
      ),
  },
  { id: 'labels', header: 'Labels', cell: (one) => <Chips labels={one.labels} /> },
  {
    id: 'addresses',
    header: 'Addresses',
    cell: (one) => (
      <span className="addr">
        {[
          ...one.service_addresses.map((address) => address.ip ?? address.fqdn ?? ''),
          ...one.ip_overrides,
        ].join(', ')}
      </span>
    ),
  },
  {
    id: 'at',
    header: 'Changed',
    width: 90,
    right: true,
    cell: (one) => <Age at={one.updated_at} />,
  },
];

export function VirtualServicesPage() {
  const [search] = useFilters();
  const options = useMemo(
    () => ({ params: { pversion: 'draft' }, query: { query: search['q'] } }),
    [search],
  );
  const list = useApiList('virtual_services.list', options);
  return (
    <ObjectPage
      title="Virtual Services"
      one="virtual service"
      purpose="Services with labels of their own, on the workloads that are bound to them and on addresses of their own."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(one) => one.name}
      hrefOf={(one) => one.href}
      canEdit={(one) => one.caps.includes('write') && one.update_type !== 'delete'}
      drafts
      empty="One workload can offer several services to different consumers: each gets labels of its own."
      edit={{ path: '/virtual-services' }}
      remove={async (one) => {
        await api().call('virtual_services.delete', {
          params: { pversion: 'draft', id: idOf(one.href) },
        });
        await invalidateDraft('virtual_services');
      }}
    />
  );
}
