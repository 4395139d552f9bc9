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
  INTERFACE_SETS,
  SET_PARTS,
  unionSetName,
  type NftSet,
  type SetPart,
} from './table.ts';

export const FAMILIES: readonly Family[] = [4, 6];
const CUT_SECONDS = 300;

/** Sets of interface names, in an order that stays. */
export function interfaceSets(plan: FirewallPlan): NftSet[] {
  return INTERFACE_SETS.map((name) => ({
    name,
    type: 'ifname',
    interval: false,
    timeout: null,
    elements: plan.interfaces[name],
  }));
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
    ...unions.flatMap(namesOfUnion),
  ];
}

/** The kernel sets of these names; what the others hold is not looked at. */
export function setsNamed(plan: FirewallPlan, names: ReadonlySet<string>): NftSet[] {
  const isAmong = (of: readonly string[]) => of.some((name) => names.has(name));
  return [
    ...interfaceSets(plan),
    ...[...plan.sets.values()].filter((set) => isAmong(namesOfPlanned(set))).flatMap(setsOfPlanned),
    ...[...unionsOf(plan).values()]
      .filter((union) => isAmong(namesOfUnion(union)))
      .flatMap((union) => setsOfUnion(plan, union)),
  ].filter(({ name }) => names.has(name));
}

function namesOfPlanned(set: PlanSet): string[] {
  const parts: readonly SetPart[] = hasRanges(set) ? SET_PARTS : ['hosts'];
  return FAMILIES.flatMap((family) => parts.map((part) => addressSetName(set.id, part, family)));
}

function namesOfUnion({ id }: SetUnion): string[] {
  return FAMILIES.flatMap((family) => SET_PARTS.map((part) => unionSetName(id, part, family)));
}

/** Whether a set has ranges at all: what a name resolves to has none. */
export function hasRanges({ kind }: PlanSet): boolean {
  return kind !== 'name';
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
    if (hasRanges(set)) {
      const name = addressSetName(set.id, 'ranges', family);
      sets.push(addressSet(name, family, true, ofFamily(ranges)));
    }
    return sets;
  });
}

function setsOfUnion(plan: FirewallPlan, union: SetUnion): NftSet[] {
  const sets = setsInUnion(plan, union);
  const hosts = [...new Set(sets.flatMap((set) => listMembers(set.hosts)))];
  return FAMILIES.flatMap((family) => [
    addressSet(
      unionSetName(union.id, 'hosts', family),
      family,
      false,
      hosts.filter((text) => familyOf(text) === family),
    ),
    addressSet(
      unionSetName(union.id, 'ranges', family),
      family,
      true,
      allFragments(sets.map((set) => spansOf(set.ranges, family))).map(formatSpan),
    ),
  ]);
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
