/** How much the policy cores hold, for the metrics. */
import { Gauge, type Registry } from 'prom-client';
import type { Compute } from './compute.ts';

/** Sizes of each organization's active policy, asked of the worker at each scrape: workloads, classes, selectors, policies, sets, members. */
export function measurePolicy(metrics: Registry, compute: Compute): void {
  const gauge = new Gauge({
    name: 'pce_policy_size',
    help: 'Active policy of an organization: workloads, policy classes, selectors, host policies, address sets and their members',
    labelNames: ['org', 'kind'],
    registers: [metrics],
    async collect() {
      gauge.reset();
      for (const org of compute.organizations()) {
        // One that cannot be computed just now is left out; the rest of the metrics is served.
        const sizes = await compute.sizes(org, 'active').catch(() => undefined);
        for (const [kind, size] of Object.entries(sizes ?? {})) gauge.set({ org, kind }, size);
      }
    },
  });
}
