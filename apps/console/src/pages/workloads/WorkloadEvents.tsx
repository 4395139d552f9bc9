import type { WorkloadWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { idOf } from '../../format/words.ts';
import { Empty, ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { EventTable } from '../events/EventTable.tsx';

const LOOKED_AT = 1000;
/** Events of the last thousand that name this workload or its VEN. */
export function WorkloadEvents({ workload }: { readonly workload: WorkloadWire }) {
  const query = useApi('events.list', { query: { max_results: LOOKED_AT } });
  if (query.error !== null)
    return <ErrorNotice error={query.error} what="events" onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <Skeleton />;
  const id = idOf(workload.href);
  const events = query.data.items.filter((event) => JSON.stringify(event).includes(id));
  if (events.length === 0)
    return (
      <Empty title="No events">
        None of the last {Math.min(LOOKED_AT, query.data.total).toLocaleString('en-US')} events is
        about this workload.
      </Empty>
    );
  return (
    <div style={{ height: '60vh', display: 'flex', flexDirection: 'column' }}>
      <EventTable events={events} />
    </div>
  );
}
