import type { AddressSetDelta } from '@bulkhead/policy';
import { groupInterfaces } from './interfaces.ts';
import { countMembers, moveMembers } from './members.ts';
import type { FirewallPlan, HostInterface, PlanSet } from './plan.ts';

/**
 * The plan with the members of one set moved: what goes first, then what comes. A set that the plan does not have changes
 * nothing, nor does a delta that was applied already. Costs what moves, not what the set holds.
 */
export function withSetDelta(plan: FirewallPlan, delta: AddressSetDelta): FirewallPlan {
  const set = plan.sets.get(delta.id);
  if (set === undefined) return plan;
  const ranges = moveMembers(set.ranges, delta.removeRanges, delta.addRanges);
  const moved: PlanSet = {
    id: set.id,
    hosts: moveMembers(set.hosts, delta.removeHosts, delta.addHosts),
    ranges,
    hasRanges: set.hasRanges || countMembers(ranges) > 0,
  };
  return { ...plan, sets: new Map(plan.sets).set(set.id, moved) };
}

/** The plan with other interfaces or profiles. When `ownsTable` differs from before, the table as a whole comes or goes. */
export function withInterfaces(
  plan: FirewallPlan,
  interfaces: readonly HostInterface[],
): FirewallPlan {
  const { groups, manages } = groupInterfaces(
    interfaces,
    plan.otherInterfaces,
    plan.managesExternal,
  );
  return { ...plan, interfaces: groups, ownsTable: plan.mode !== 'idle' && manages };
}
