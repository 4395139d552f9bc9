import { familyOf } from '@bulkhead/net';
import { cutElements, type TrackedConnection } from '../evaluate/connections.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { renderElements } from './render.ts';
import { cutSetName } from './table.ts';

/**
 * One `nft -f` transaction that keeps connections cut for five minutes: their packets in either direction do not pass
 * for a new connection, their opening packets are judged as any other. Apply it before the connections are deleted from
 * the kernel's table. Empty without TCP, UDP or SCTP connections.
 */
export function renderCut(plan: FirewallPlan, connections: readonly TrackedConnection[]): string {
  if (!plan.ownsTable) return '';
  return ([4, 6] as const)
    .map((family) => {
      const elements = connections
        .filter(({ sourceAddress }) => familyOf(sourceAddress) === family)
        .flatMap(cutElements);
      const type = family === 4 ? 'tuple4' : 'tuple6';
      return renderElements({ name: cutSetName(family), type }, [...new Set(elements)]);
    })
    .join('');
}
