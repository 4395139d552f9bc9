/** What clients of the public API read and this product has none of. */
import { outOfScopeEndpoints } from '@bulkhead/contract';
import type { Deps } from '../deps.ts';
import type { Routes } from '../http/routes.ts';

type Empty = keyof typeof outOfScopeEndpoints;

export function outOfScopeRoutes(deps: Deps): Routes {
  const names = Object.keys(outOfScopeEndpoints) as Empty[]; // keys of the table
  return {
    ...(Object.fromEntries(names.map((name) => [name, () => ({ items: [], total: 0 })])) as {
      readonly [Op in Empty]: () => { items: []; total: number };
    }),
    'risk_summary.get': () => ({}),
    'node.components_version': () => ({}),
    'node.supercluster_leader': () => ({ fqdn: deps.config.fqdn }),
  };
}
