import type { WorkloadWire } from '@bulkhead/contract';
import { emptyTrafficQuery } from '../explore/query.ts';
import { FlowTable } from '../explore/FlowTable.tsx';
import { useTraffic } from '../explore/use-traffic.ts';

export function WorkloadFlows({ workload }: { readonly workload: WorkloadWire }) {
  const actor = [[{ workload: { href: workload.href } }]];
  const base = emptyTrafficQuery(new Date(), 24);
  const traffic = useTraffic(`workload ${workload.href}`, () => ({
    ...base,
    query_name: 'Flows of a workload',
    sources_destinations_query_op: 'or',
    sources: { include: actor, exclude: [] },
    destinations: { include: actor, exclude: [] },
  }));
  return (
    <div style={{ height: '60vh', display: 'flex', flexDirection: 'column' }}>
      <p className="t3" style={{ marginBottom: 8 }}>
        The last 24 hours, to and from this host.
      </p>
      <FlowTable traffic={traffic} />
    </div>
  );
}
