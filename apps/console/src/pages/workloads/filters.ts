/** The workloads list's filters, from the URL to the query. */
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import { listValue, oneOf, type Search } from '../../format/filters.ts';

export const WORKLOAD_VIEWS = ['all', 'server', 'endpoint', 'unmanaged'] as const;
export type WorkloadView = (typeof WORKLOAD_VIEWS)[number];
export type WorkloadQuery = Record<string, string | boolean | undefined>;

export function workloadQuery(search: Search): WorkloadQuery {
  const view = oneOf(search['view'], WORKLOAD_VIEWS) ?? 'all';
  const labels = listValue(search['labels']);
  const online = oneOf(search['online'], ['yes', 'no']);
  return {
    query: search['q'],
    managed: view === 'unmanaged' ? false : view === 'all' ? undefined : true,
    'ven.ven_type': view === 'server' || view === 'endpoint' ? view : undefined,
    enforcement_mode: oneOf(search['mode'], ENFORCEMENT_MODES),
    online: online === undefined ? undefined : online === 'yes',
    security_policy_sync_state: oneOf(search['sync'], ['applied', 'syncing', 'error']),
    labels: labels.length === 0 ? undefined : JSON.stringify([labels]),
  };
}
