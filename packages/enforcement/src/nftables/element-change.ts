import { familyOf, formatSpan, parseSpan, type Family } from '@bulkhead/net';
import { differenceOf, hasMember } from '../plan/members.ts';
import type { FirewallPlan, PlanSet } from '../plan/plan.ts';
import { spansOf } from '../plan/range-spans.ts';
import { buildChains } from './build-table.ts';
import { compareChains } from './compare.ts';
import { FAMILIES, interfaceSets, setsInUnion } from './kernel-sets.ts';
import { unionsOf, type SetUnion } from './lookup-tree.ts';
import { fragmentsNear } from './range-union.ts';
import { addressSetName, NFT_TABLE, unionSetName, type SetPart } from './table.ts';

/**
 * Elements that come and go in one kernel set; no rule, chain or set does. Together with the others of one list it is one
 * transaction: removals first, then additions, so that one interval may take the place of another.
 * What is added is not in the set and what is removed is, where the kernel holds what the plan before said.
 */
export interface ElementChange {
  /** Name of the table, of family `inet`. */
  readonly table: string;
  readonly set: string;
  readonly keyType: 'ipv4_addr' | 'ipv6_addr' | 'ifname';
  /** Keys are addresses, CIDR blocks or `first-last`, never overlapping another element; else single values. */
  readonly interval: boolean;
  /** Canonical text. */
  readonly add: readonly { readonly key: string }[];
  readonly remove: readonly { readonly key: string }[];
}

/**
 * What leads from one plan to another in the kernel, when only members of sets and interfaces differ; null when the table
 * must be replaced, because rules differ, a set of hosts got its first range, or the table comes or goes. Quick where the second was made from the first
 * (`withSetDelta`, `withInterfaces`), in any number of steps: the cost grows with what moved.
 */
export function elementChanges(before: FirewallPlan, after: FirewallPlan): ElementChange[] | null {
  if (!before.ownsTable && !after.ownsTable) return [];
  if (before.ownsTable !== after.ownsTable || !sameRules(before, after)) return null;
  const moved = new Map<string, { readonly before: PlanSet; readonly after: PlanSet }>();
  for (const [id, set] of after.sets) {
    const known = before.sets.get(id);
    if (known === undefined || known.hasRanges !== set.hasRanges) return null;
    if (known !== set) moved.set(id, { before: known, after: set });
  }
  if (before.sets.size !== after.sets.size) return null;
  const unions = [...unionsOf(after).values()].filter(({ sets }) =>
    sets.some((id) => moved.has(id)),
  );
  return [
    ...interfaceChanges(before, after),
    ...[...moved.values()].flatMap((pair) => setChanges(pair.before, pair.after)),
    ...unions.flatMap((union) => unionChanges(before, after, union)),
  ].filter(({ add, remove }) => add.length + remove.length > 0);
}

/** Parts of a plan that chains are built from are shared by the plans made from it. */
function sameRules(before: FirewallPlan, after: FirewallPlan): boolean {
  const unchanged =
    before.groups === after.groups &&
    before.essential === after.essential &&
    before.ipv6 === after.ipv6 &&
    before.customRules === after.customRules &&
    before.defaults === after.defaults &&
    before.firewallCoexistence === after.firewallCoexistence &&
    before.interfaces.other === after.interfaces.other;
  return unchanged || compareChains(buildChains(before), buildChains(after)).length === 0;
}

function interfaceChanges(before: FirewallPlan, after: FirewallPlan): ElementChange[] {
  const known = new Map(interfaceSets(before).map(({ name, elements }) => [name, elements]));
  return interfaceSets(after).map(({ name, type, elements }) => {
    const old = known.get(name) ?? [];
    return {
      table: NFT_TABLE,
      set: name,
      keyType: type === 'ipv4_addr' || type === 'ipv6_addr' ? type : 'ifname',
      interval: false,
      add: keys(elements.filter((element) => !old.includes(element))),
      remove: keys(old.filter((element) => !elements.includes(element))),
    };
  });
}

function setChanges(before: PlanSet, after: PlanSet): ElementChange[] {
  const hosts = differenceOf(before.hosts, after.hosts);
  const ranges = differenceOf(before.ranges, after.ranges);
  const nameOf = (part: SetPart, family: Family) => addressSetName(after.id, part, family);
  return [
    ...byFamily('hosts', nameOf, hosts.added, hosts.removed),
    ...byFamily('ranges', nameOf, ranges.added, ranges.removed),
  ];
}

function unionChanges(before: FirewallPlan, after: FirewallPlan, union: SetUnion): ElementChange[] {
  const old = setsInUnion(before, union);
  const now = setsInUnion(after, union);
  const nameOf = (part: SetPart, family: Family) => unionSetName(union.id, part, family);
  const hosts = touched(old, now, 'hosts');
  const isIn = (sets: readonly PlanSet[], text: string) =>
    sets.some((set) => hasMember(set.hosts, text));
  const come = hosts.filter((text) => isIn(now, text) && !isIn(old, text));
  const gone = hosts.filter((text) => isIn(old, text) && !isIn(now, text));
  const near = touched(old, now, 'ranges');
  const fragments = (sets: readonly PlanSet[]) => fragmentTexts(sets, near);
  const [oldFragments, newFragments] = [fragments(old), fragments(now)];
  return [
    ...byFamily('hosts', nameOf, come, gone),
    ...byFamily(
      'ranges',
      nameOf,
      [...newFragments].filter((text) => !oldFragments.has(text)),
      [...oldFragments].filter((text) => !newFragments.has(text)),
    ),
  ];
}

/** Members that any of the sets got or lost. */
function touched(old: readonly PlanSet[], now: readonly PlanSet[], part: SetPart): string[] {
  const texts = new Set<string>();
  for (const [index, set] of now.entries()) {
    const before = old[index];
    if (before === undefined || before === set) continue;
    const { added, removed } = differenceOf(before[part], set[part]);
    for (const text of [...added, ...removed]) texts.add(text);
  }
  return [...texts];
}

function fragmentTexts(sets: readonly PlanSet[], near: readonly string[]): Set<string> {
  const spans = {
    4: sets.map((set) => spansOf(set.ranges, 4)),
    6: sets.map((set) => spansOf(set.ranges, 6)),
  };
  return new Set(
    near.flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok
        ? fragmentsNear(spans[parsed.value.family], parsed.value).map(formatSpan)
        : [];
    }),
  );
}

function byFamily(
  part: SetPart,
  nameOf: (part: SetPart, family: Family) => string,
  come: readonly string[],
  gone: readonly string[],
): ElementChange[] {
  return FAMILIES.map((family) => ({
    table: NFT_TABLE,
    set: nameOf(part, family),
    keyType: family === 4 ? 'ipv4_addr' : 'ipv6_addr',
    interval: part === 'ranges',
    add: keys(come.filter((text) => familyOf(text) === family)),
    remove: keys(gone.filter((text) => familyOf(text) === family)),
  }));
}

function keys(texts: readonly string[]): { readonly key: string }[] {
  return texts.map((key) => ({ key }));
}
