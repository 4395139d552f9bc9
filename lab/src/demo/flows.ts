import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient, FlowWire } from '@bulkhead/contract';
import { LabError } from '../network/commands.ts';
import { waitUntil } from '../wait.ts';

/** A flow that the explorer must know, with the object that decided it. */
interface ExpectedFlow {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly decision: FlowWire['policy_decision'];
  readonly by: string;
}

const EXPECTED: readonly ExpectedFlow[] = [
  { from: 'laptop-1', to: 'web', port: 443, decision: 'allowed', by: 'Laptops use the shop' },
  { from: 'app', to: 'db', port: 5432, decision: 'allowed', by: 'App queries database' },
  { from: 'ad', to: 'laptop-2', port: 445, decision: 'blocked', by: 'Block NetBIOS' },
];

/** Asks the explorer as the console does: a query, its state until it is done, then its flows. */
export async function exploreFlows(api: ApiClient): Promise<readonly FlowWire[]> {
  const anybody = { include: [[]], exclude: [] };
  const { href } = await api.call('async_queries.create', {
    body: {
      query_name: 'demo',
      sources: anybody,
      destinations: anybody,
      services: { include: [], exclude: [] },
      policy_decisions: [],
      max_results: 10_000,
    },
  });
  const params = { id: href.split('/').at(-1) ?? '' };
  for (;;) {
    const { status, message } = await api.call('async_queries.get', { params });
    if (status === 'completed') return api.call('async_queries.download', { params });
    if (status === 'failed' || status === 'cancelled')
      throw new LabError(`the traffic query ended as ${status}: ${message ?? 'no message'}`);
    await delay(100);
  }
}

function decidedBy({ rules, enforcement_boundaries }: FlowWire): string {
  const names = [...rules, ...enforcement_boundaries].flatMap((one) =>
    'name' in one && one.name !== undefined ? [one.name] : [],
  );
  return names.join(', ');
}

/** Waits until the explorer shows the flows of the demo, each with the rule or boundary that decided it (R-VEN-3). */
export async function checkFlows(api: ApiClient): Promise<string> {
  let count = 0;
  await waitUntil('the explorer shows each flow with what decided it', 40_000, async () => {
    const flows = await exploreFlows(api);
    count = flows.length;
    const missing = EXPECTED.filter(
      ({ from, to, port, decision, by }) =>
        !flows.some(
          (flow) =>
            flow.src.workload?.hostname === from &&
            flow.dst.workload?.hostname === to &&
            flow.service.port === port &&
            flow.policy_decision === decision &&
            decidedBy(flow).includes(by),
        ),
    );
    if (missing.length === 0) return null;
    await delay(500);
    return missing.map(({ from, to, port, by }) => `${from} -> ${to} ${port} by ${by}`).join('; ');
  });
  const shown = EXPECTED.map(
    ({ from, to, port, decision, by }) => `${from} -> ${to} ${port} ${decision} by "${by}"`,
  );
  return `${count} flows, such as ${shown.join(', ')}`;
}
