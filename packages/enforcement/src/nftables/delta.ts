import type { AddressSetDelta } from '@bulkhead/policy';
import { familyOf } from '@bulkhead/net';
import type { FirewallPlan, HostInterface } from '../plan/plan.ts';
import { moveOfDelta, withInterfaces, withSetDelta } from '../plan/update.ts';
import { kernelSets } from './build-table.ts';
import { renderElements, renderFlush } from './render.ts';
import { cutSetName, INTERFACE_SETS, type NftSet } from './table.ts';
import { cutElements, type TrackedConnection } from '../evaluate/connections.ts';

/**
 * One `nft -f` transaction that moves the members of one set, where the kernel holds what `plan` says. Touches no rule.
 * Empty when nothing moves, the set is not in the plan, or the plan owns no table.
 * A kernel that holds something else refuses the transaction; apply `renderNftables(withSetDelta(plan, delta))` then.
 */
export function renderSetDelta(plan: FirewallPlan, delta: AddressSetDelta): string {
  const move = plan.ownsTable ? moveOfDelta(plan, delta) : null;
  if (move === null) return '';
  const { id, kind } = move.set;
  const removed = kernelSets({ id, kind, hosts: move.removeHosts, ranges: move.removeRanges });
  const added = kernelSets({ id, kind, hosts: move.addHosts, ranges: move.addRanges });
  // nft looks through the whole interval set for each element that leaves it: 5,000 of 20,000 take 39 s, all anew 0.1 s.
  const isAnew = (set: NftSet) => set.interval && set.elements.length > RANGES_REMOVED_SINGLY;
  const anew = new Set(removed.filter(isAnew).map((set) => set.name));
  const after = anew.size === 0 ? undefined : withSetDelta(plan, delta).sets.get(id);
  const whole = new Map(
    (after === undefined ? [] : kernelSets(after)).map((set) => [set.name, set.elements]),
  );
  return [
    ...removed.map((set) =>
      anew.has(set.name) ? renderFlush(set.name) : renderElements('delete', set, set.elements),
    ),
    ...added.map((set) =>
      renderElements('add', set, anew.has(set.name) ? (whole.get(set.name) ?? []) : set.elements),
    ),
  ].join('');
}

const RANGES_REMOVED_SINGLY = 8;

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
