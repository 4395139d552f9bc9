import { addressKeys, coverageKeys } from '../address-sets.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { buildTable } from './build-table.ts';
import { namesHolding } from './kernel-sets.ts';
import { RenderError, renderRule } from './render.ts';
import {
  INTERFACE_SETS,
  NFT_TABLE,
  type NftChain,
  type NftMatch,
  type NftRule,
  type NftSet,
  type NftTable,
} from './table.ts';

/** One thing in which the kernel differs from the plan. `name`: of the table, set or chain. */
export interface NftDifference {
  readonly kind: 'table' | 'set' | 'chain';
  readonly name: string;
  readonly change: 'missing' | 'unexpected' | 'changed';
  /** What is different, for a person; at most a few members or one rule of it. */
  readonly detail: string;
}

/** Where the kernel's table differs from what the plan says; empty when it is exactly that. Cut connections do not count. */
export function compareWithPlan(plan: FirewallPlan, kernel: NftTable): NftDifference[] {
  return compareTables(buildTable(plan), kernel);
}

/** Names of the kernel sets that hold the members of address sets (by id), and of the interface sets where they are asked for. */
export function kernelSetNames(
  plan: FirewallPlan,
  ids: readonly string[],
  withInterfaceSets: boolean,
): string[] {
  return [...(withInterfaceSets ? INTERFACE_SETS : []), ...namesHolding(plan, new Set(ids))];
}

/** As `compareWithPlan`, for two tables. */
export function compareTables(planned: NftTable, kernel: NftTable): NftDifference[] {
  if (planned.exists !== kernel.exists) {
    return [
      {
        kind: 'table',
        name: NFT_TABLE,
        change: planned.exists ? 'missing' : 'unexpected',
        detail: planned.exists ? 'the kernel has no such table' : 'the plan owns no table',
      },
    ];
  }
  return [
    ...compareNamed('set', planned.sets, kernel.sets, setDifference),
    ...compareChains(planned.chains, kernel.chains),
  ];
}

/** Where chains differ in hooks or rules. */
export function compareChains(
  planned: readonly NftChain[],
  kernel: readonly NftChain[],
): NftDifference[] {
  return compareNamed('chain', planned, kernel, chainDifference);
}

function compareNamed<Item extends { readonly name: string }>(
  kind: 'set' | 'chain',
  planned: readonly Item[],
  kernel: readonly Item[],
  difference: (planned: Item, kernel: Item) => string | null,
): NftDifference[] {
  const found = new Map(kernel.map((item) => [item.name, item]));
  const wanted = new Set(planned.map((item) => item.name));
  const differences: NftDifference[] = [];
  for (const item of planned) {
    const other = found.get(item.name);
    const detail = other === undefined ? 'not in the kernel' : difference(item, other);
    if (detail === null) continue;
    const change = other === undefined ? 'missing' : 'changed';
    differences.push({ kind, name: item.name, change, detail });
  }
  for (const { name } of kernel) {
    if (wanted.has(name)) continue;
    differences.push({ kind, name, change: 'unexpected', detail: 'not in the plan' });
  }
  return differences;
}

function setDifference(planned: NftSet, kernel: NftSet): string | null {
  if (describeSet(planned) !== describeSet(kernel)) {
    return `planned as ${describeSet(planned)}, is ${describeSet(kernel)}`;
  }
  if (planned.timeout !== null) return null;
  const [missing, unexpected] = elementDifference(planned, kernel);
  const parts = [
    missing.length === 0 ? '' : `lacks ${someOf(missing)}`,
    unexpected.length === 0 ? '' : `has ${someOf(unexpected)}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join('; ');
}

function describeSet({ type, interval, timeout }: NftSet): string {
  return `${type}${interval ? ' interval' : ''}${timeout === null ? '' : ` timeout ${timeout}s`}`;
}

/** Most texts are equal as they stand; only what is left over is worth parsing. */
function elementDifference(planned: NftSet, kernel: NftSet): [string[], string[]] {
  const left = new Set(planned.elements);
  const right = new Set(kernel.elements);
  const missing = planned.elements.filter((element) => !right.has(element));
  const unexpected = kernel.elements.filter((element) => !left.has(element));
  if (missing.length === 0 && unexpected.length === 0) return [[], []];
  if (planned.type === 'ifname') return [missing, unexpected];
  const [wanted, found] = planned.interval
    ? [new Set(coverageKeys(planned.elements)), new Set(coverageKeys(kernel.elements))]
    : [new Set(addressKeys(missing)), new Set(addressKeys(unexpected))];
  return [
    [...wanted].filter((key) => !found.has(key)),
    [...found].filter((key) => !wanted.has(key)),
  ];
}

function someOf(texts: readonly string[]): string {
  const shown = texts.slice(0, 3).join(', ');
  return texts.length > 3 ? `${shown} and ${texts.length - 3} more` : shown;
}

function chainDifference(planned: NftChain, kernel: NftChain): string | null {
  const hooks = [planned.base, kernel.base].map((base) =>
    base === null ? 'no hook' : `hook ${base.hook} priority ${base.priority} policy ${base.policy}`,
  );
  if (hooks[0] !== hooks[1]) return `planned at ${hooks[0]}, is at ${hooks[1]}`;
  const length = Math.max(planned.rules.length, kernel.rules.length);
  for (let index = 0; index < length; index += 1) {
    const wanted = describeRule(planned.rules[index]);
    const found = describeRule(kernel.rules[index]);
    if (wanted !== found) return `rule ${index + 1}: planned ${wanted}, is ${found}`;
  }
  return null;
}

function describeRule(rule: NftRule | undefined): string {
  if (rule === undefined) return 'none';
  try {
    return renderRule({ ...rule, matches: rule.matches.map(inOrder) });
  } catch (error) {
    if (error instanceof RenderError) return JSON.stringify(rule);
    throw error;
  }
}

/** The kernel lists members of anonymous sets in an order of its own. */
function inOrder(match: NftMatch): NftMatch {
  switch (match.kind) {
    case 'address':
      return { ...match, values: addressKeys(match.values).sort() };
    case 'protocol':
      return { ...match, protocols: [...match.protocols].sort((one, other) => one - other) };
    case 'state':
      return { ...match, states: [...match.states].sort() };
    case 'icmp_type':
      return { ...match, types: [...match.types].sort((one, other) => one - other) };
    case 'port':
      return { ...match, ranges: [...match.ranges].sort((one, other) => one.from - other.from) };
    case 'interface_kind':
      return { ...match, kinds: [...match.kinds].sort() };
    case 'interface':
    case 'interface_set':
    case 'translated':
    case 'asked_address_set':
    case 'asked_port':
    case 'rewrite':
    case 'family':
    case 'address_set':
    case 'icmp_code':
    case 'without_syn':
    case 'tcp_flags':
    case 'limit':
    case 'tuple_set':
    case 'foreign':
      return match;
  }
}
