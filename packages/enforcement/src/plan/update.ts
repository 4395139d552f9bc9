import type { AddressSetDelta } from '@bulkhead/policy';
import { groupInterfaces } from './interfaces.ts';
import type { FirewallPlan, HostInterface, PlanSet } from './plan.ts';

/** Members that a delta really moves, given what the set holds. */
export interface SetMove {
  readonly set: PlanSet;
  readonly addHosts: readonly string[];
  readonly removeHosts: readonly string[];
  readonly addRanges: readonly string[];
  readonly removeRanges: readonly string[];
}

/** Null when the plan has no such set: nothing that is enforced moves. Applying a delta twice moves nothing the second time. */
export function moveOfDelta(plan: FirewallPlan, delta: AddressSetDelta): SetMove | null {
  const set = plan.sets.get(delta.id);
  if (set === undefined) return null;
  return {
    set,
    addHosts: missing(set.hosts, delta.addHosts),
    removeHosts: present(set.hosts, delta.removeHosts),
    addRanges: missing(set.ranges, delta.addRanges),
    removeRanges: present(set.ranges, delta.removeRanges),
  };
}

/** The plan with the members of one set moved. A set that the plan does not have changes nothing. */
export function withSetDelta(plan: FirewallPlan, delta: AddressSetDelta): FirewallPlan {
  const move = moveOfDelta(plan, delta);
  if (move === null) return plan;
  const { set } = move;
  const hosts = without(set.hosts, move.removeHosts).concat(move.addHosts);
  const ranges = without(set.ranges, move.removeRanges).concat(move.addRanges);
  return { ...plan, sets: new Map(plan.sets).set(set.id, { ...set, hosts, ranges }) };
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

/** A few texts are looked for one by one: an index of 100,000 members costs more than ten searches. */
const FEW = 10;

function present(members: readonly string[], texts: readonly string[]): string[] {
  const known = texts.length > FEW ? new Set(members) : null;
  return texts.filter((text) => known?.has(text) ?? members.includes(text));
}

function missing(members: readonly string[], texts: readonly string[]): string[] {
  const known = new Set(present(members, texts));
  return [...new Set(texts)].filter((text) => !known.has(text));
}

function without(members: readonly string[], removed: readonly string[]): string[] {
  if (removed.length === 0) return [...members];
  const gone = new Set(removed);
  return members.filter((member) => !gone.has(member));
}
