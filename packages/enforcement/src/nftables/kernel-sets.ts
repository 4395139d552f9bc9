/** What the kernel's sets of a plan hold. */
import { formatSpan, familyOf, type Family } from '@bulkhead/net';
import { listMembers } from '../plan/members.ts';
import type { FirewallPlan, PlanSet } from '../plan/plan.ts';
import { spansOf } from '../plan/range-spans.ts';
import { unionsOf, type SetUnion } from './lookup-tree.ts';
import { allFragments } from './range-union.ts';
import {
  addressSetName,
  cutSetName,
  INTERFACE_NAME_SETS,
  ownAddressSetName,
  SET_PARTS,
  unionSetName,
  type NftSet,
  type SetPart,
} from './table.ts';

export const FAMILIES: readonly Family[] = [4, 6];
const CUT_SECONDS = 300;

/** Sets of interface names and of the addresses of interfaces, in an order that stays. */
export function interfaceSets(plan: FirewallPlan): NftSet[] {
  const names = INTERFACE_NAME_SETS.map((name): NftSet => ({
    name,
    type: 'ifname',
    interval: false,
    timeout: null,
    elements: plan.interfaces[name],
  }));
  const addresses = [...plan.interfaces.byAddress.keys()].sort();
  const own = FAMILIES.map((family) =>
    addressSet(
      ownAddressSetName(family),
      family,
      false,
      addresses.filter((address) => familyOf(address) === family),
    ),
  );
  return [...names, ...own];
}

/** Every set of the table. */
export function allSets(plan: FirewallPlan): NftSet[] {
  return [
    ...interfaceSets(plan),
    ...FAMILIES.map((family): NftSet => ({
      name: cutSetName(family),
      type: family === 4 ? 'tuple4' : 'tuple6',
      interval: false,
      timeout: CUT_SECONDS,
      elements: [],
    })),
    ...[...plan.sets.values()].flatMap(setsOfPlanned),
    ...[...unionsOf(plan).values()].flatMap((union) => setsOfUnion(plan, union)),
  ];
}

/** Names of the kernel sets of address sets (by id) and of the unions that hold any of them. */
export function namesHolding(plan: FirewallPlan, ids: ReadonlySet<string>): string[] {
  const unions = [...unionsOf(plan).values()].filter(({ sets }) => sets.some((id) => ids.has(id)));
  return [
    ...[...ids].flatMap((id) => {
      const set = plan.sets.get(id);
      return set === undefined ? [] : namesOfPlanned(set);
    }),
    ...unions.flatMap((union) => namesOfUnion(plan, union)),
  ];
}

function namesOfPlanned(set: PlanSet): string[] {
  const parts: readonly SetPart[] = set.hasRanges ? SET_PARTS : ['hosts'];
  return FAMILIES.flatMap((family) => parts.map((part) => addressSetName(set.id, part, family)));
}

function namesOfUnion(plan: FirewallPlan, union: SetUnion): string[] {
  const parts: readonly SetPart[] = unionHasRanges(plan, union) ? SET_PARTS : ['hosts'];
  return FAMILIES.flatMap((family) => parts.map((part) => unionSetName(union.id, part, family)));
}

/** A union has ranges when any of its sets has. */
export function unionHasRanges(plan: FirewallPlan, { sets }: SetUnion): boolean {
  return sets.some((id) => plan.sets.get(id)?.hasRanges !== false);
}

export function setsInUnion(plan: FirewallPlan, { sets }: SetUnion): PlanSet[] {
  return sets.flatMap((id) => plan.sets.get(id) ?? []);
}

function setsOfPlanned(set: PlanSet): NftSet[] {
  const hosts = listMembers(set.hosts);
  const ranges = listMembers(set.ranges);
  return FAMILIES.flatMap((family) => {
    const ofFamily = (texts: readonly string[]) =>
      texts.filter((text) => familyOf(text) === family);
    const sets = [
      addressSet(addressSetName(set.id, 'hosts', family), family, false, ofFamily(hosts)),
    ];
    if (set.hasRanges) {
      const name = addressSetName(set.id, 'ranges', family);
      sets.push(addressSet(name, family, true, ofFamily(ranges)));
    }
    return sets;
  });
}

function setsOfUnion(plan: FirewallPlan, union: SetUnion): NftSet[] {
  const sets = setsInUnion(plan, union);
  const hosts = [...new Set(sets.flatMap((set) => listMembers(set.hosts)))];
  return FAMILIES.flatMap((family) => {
    const name = (part: SetPart) => unionSetName(union.id, part, family);
    const ofFamily = hosts.filter((text) => familyOf(text) === family);
    const made = [addressSet(name('hosts'), family, false, ofFamily)];
    if (unionHasRanges(plan, union)) {
      const fragments = allFragments(sets.map((set) => spansOf(set.ranges, family)));
      made.push(addressSet(name('ranges'), family, true, fragments.map(formatSpan)));
    }
    return made;
  });
}

function addressSet(
  name: string,
  family: Family,
  interval: boolean,
  elements: readonly string[],
): NftSet {
  return {
    name,
    type: family === 4 ? 'ipv4_addr' : 'ipv6_addr',
    interval,
    timeout: null,
    elements,
  };
}
