import type { AddressSetDelta } from '@bulkhead/policy';
import { familyOf } from '../addresses.ts';
import type { FirewallPlan, HostInterface } from '../plan/plan.ts';
import { moveOfDelta, withInterfaces } from '../plan/update.ts';
import { kernelSets } from './build-table.ts';
import { renderElements, renderFlush } from './render.ts';
import { cutSetName, INTERFACE_SETS } from './table.ts';
import { cutElements, type TrackedConnection } from '../evaluate/connections.ts';

/**
 * One `nft -f` transaction that moves the members of one set, where the kernel holds what `plan` says. Touches no rule
 * and reads no more than the delta. Empty when nothing moves, the set is not in the plan, or the plan owns no table.
 * A kernel that holds something else refuses the transaction; apply `renderNftables(withSetDelta(plan, delta))` then.
 */
export function renderSetDelta(plan: FirewallPlan, delta: AddressSetDelta): string {
  const move = plan.ownsTable ? moveOfDelta(plan, delta) : null;
  if (move === null) return '';
  const { id, kind } = move.set;
  const removed = kernelSets({ id, kind, hosts: move.removeHosts, ranges: move.removeRanges });
  const added = kernelSets({ id, kind, hosts: move.addHosts, ranges: move.addRanges });
  return [
    ...removed.map((set) => renderElements('delete', set, set.elements)),
    ...added.map((set) => renderElements('add', set, set.elements)),
  ].join('');
}

/**
 * One `nft -f` transaction that moves interfaces between the profiles. Empty when none moves, or when the plan owns no
 * table before and after. Where owning changes, apply `renderNftables(withInterfaces(plan, interfaces))` instead.
 */
export function renderInterfaceDelta(
  plan: FirewallPlan,
  interfaces: readonly HostInterface[],
): string {
  const next = withInterfaces(plan, interfaces);
  if (!plan.ownsTable || !next.ownsTable) return '';
  return INTERFACE_SETS.filter(
    (name) => plan.interfaces[name].join(' ') !== next.interfaces[name].join(' '),
  )
    .map(
      (name) =>
        renderFlush(name) + renderElements('add', { name, type: 'ifname' }, next.interfaces[name]),
    )
    .join('');
}

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
      return renderElements('add', { name: cutSetName(family), type }, [...new Set(elements)]);
    })
    .join('');
}
