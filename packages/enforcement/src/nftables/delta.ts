import type { AddressSetDelta } from '@bulkhead/policy';
import { familyOf } from '@bulkhead/net';
import { cutElements, type TrackedConnection } from '../evaluate/connections.ts';
import type { FirewallPlan, HostInterface } from '../plan/plan.ts';
import { withInterfaces, withSetDelta } from '../plan/update.ts';
import { elementChanges, type ElementChange } from './element-change.ts';
import { setsNamed } from './kernel-sets.ts';
import { renderElements, renderFlush } from './render.ts';
import { cutSetName } from './table.ts';

/**
 * One `nft -f` transaction that moves the members of one set, where the kernel holds what `plan` says. Touches no rule.
 * Empty when nothing moves, the set is not in the plan, or the plan owns no table.
 * A kernel that holds something else refuses the transaction; apply `renderNftables(withSetDelta(plan, delta))` then.
 */
export function renderSetDelta(plan: FirewallPlan, delta: AddressSetDelta): string {
  return renderChanges(plan, withSetDelta(plan, delta));
}

/**
 * One `nft -f` transaction that moves interfaces between the profiles. Empty when none moves, or when the plan owns no
 * table before or after. Where owning changes, apply `renderNftables(withInterfaces(plan, interfaces))` instead.
 */
export function renderInterfaceDelta(
  plan: FirewallPlan,
  interfaces: readonly HostInterface[],
): string {
  return renderChanges(plan, withInterfaces(plan, interfaces));
}

/** nft looks through the whole interval set for each element that leaves it: 5,000 of 20,000 take 39 s, all anew 0.1 s. */
const RANGES_REMOVED_SINGLY = 8;

function renderChanges(before: FirewallPlan, after: FirewallPlan): string {
  const changes = elementChanges(before, after) ?? [];
  const isAnew = ({ interval, remove }: ElementChange) =>
    interval && remove.length > RANGES_REMOVED_SINGLY;
  const anew = setsNamed(after, new Set(changes.filter(isAnew).map(({ set }) => set)));
  const single = changes.filter((change) => !isAnew(change));
  const move = (verb: 'add' | 'delete', change: ElementChange) =>
    renderElements(
      verb,
      { name: change.set, type: change.keyType },
      (verb === 'add' ? change.add : change.remove).map(({ key }) => key),
    );
  return [
    ...anew.map(({ name }) => renderFlush(name)),
    ...single.map((change) => move('delete', change)),
    ...anew.map((set) => renderElements('add', set, set.elements)),
    ...single.map((change) => move('add', change)),
  ].join('');
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
