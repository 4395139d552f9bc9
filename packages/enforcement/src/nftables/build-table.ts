import { NETWORK_PROFILES, type NetworkProfile } from '@bulkhead/policy';
import type { Family } from '@bulkhead/net';
import { RULE_STAGES, type Direction, type FirewallPlan } from '../plan/plan.ts';
import { createChains, type Chains } from './chains.ts';
import { customChain, customChains } from './custom-chains.ts';
import { essentialRules } from './essential-rules.ts';
import { allSets, FAMILIES, unionHasRanges } from './kernel-sets.ts';
import { replyChain, stageChain } from './service-chains.ts';
import {
  NFT_ABSENT,
  nftRule,
  type NftChain,
  type NftMatch,
  type NftTable,
  type NftVerdict,
} from './table.ts';

const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound'];
/** Beside the host's own filter rules, which stand at 0. */
const PRIORITY = { exclusive: -5, primary: -5, secondary: 5 } as const;

const ACCEPT: NftVerdict = { kind: 'accept' };

/** The whole table of a plan. Names of chains come from what is in them, so equal parts keep their names from plan to plan. */
export function buildTable(plan: FirewallPlan): NftTable {
  if (!plan.ownsTable) return NFT_ABSENT;
  return { exists: true, sets: allSets(plan), chains: buildChains(plan) };
}

/** The chains alone; they do not change with the members of sets. */
export function buildChains(plan: FirewallPlan): NftChain[] {
  const chains = createChains((node) =>
    node.kind === 'union'
      ? unionHasRanges(plan, node.union)
      : plan.sets.get(node.lookup.set)?.hasRanges !== false,
  );
  const dispatch = DIRECTIONS.flatMap((direction) =>
    NETWORK_PROFILES.flatMap((profile) =>
      FAMILIES.map((family) => dispatchChain(plan, chains, direction, profile, family)),
    ),
  );
  const essential = DIRECTIONS.map((direction): NftChain => {
    const entries = plan.essential.filter((entry) => entry.direction === direction);
    return {
      name: essentialName(direction),
      base: null,
      rules: essentialRules(entries, (verdict) => chains.verdict(verdict)),
    };
  });
  const custom = customChains(plan, FAMILIES, chains);
  const bases = [
    ...DIRECTIONS.map((direction) => baseChain(plan, direction)),
    ...forwardChain(plan),
  ];
  return [...chains.all(), ...custom, ...dispatch, ...essential, ...bases];
}

/** Name of the chain that decides for interfaces of a profile. */
function dispatchName(direction: Direction, profile: NetworkProfile, family: Family): string {
  return `${direction === 'inbound' ? 'in' : 'out'}_${profile}_${family}`;
}

function dispatchChain(
  plan: FirewallPlan,
  chains: Chains,
  direction: Direction,
  profile: NetworkProfile,
  family: Family,
): NftChain {
  const name = dispatchName(direction, profile, family);
  const last = (family === 6 ? plan.ipv6 : null) ?? plan.defaults;
  const otherwise = nftRule([], { kind: 'goto', chain: chains.verdict(last[direction]) });
  const custom = customChain(plan, direction === 'inbound' ? 'input' : 'output', family);
  const first = custom === null ? [] : [nftRule([], { kind: 'jump', chain: custom })];
  if (last === plan.ipv6) return { name, base: null, rules: [...first, otherwise] };
  const here = plan.groups.filter(
    (group) => group.direction === direction && group.profile === profile,
  );
  const stages = RULE_STAGES.flatMap((stage) => {
    const groups = here.filter((group) => group.stage === stage);
    const chain = (stage === 'reply' ? replyChain : stageChain)(groups, family, chains);
    return chain === null ? [] : [nftRule([], { kind: 'jump', chain })];
  });
  return { name, base: null, rules: [...first, ...stages, otherwise] };
}

/** Name of the chain with what always passes. */
function essentialName(direction: Direction): string {
  return direction === 'inbound' ? 'in_essential' : 'out_essential';
}

function baseChain(plan: FirewallPlan, direction: Direction): NftChain {
  const side = direction === 'inbound' ? 'iifname' : 'oifname';
  const { other } = plan.interfaces;
  const essential: NftVerdict = { kind: 'jump', chain: essentialName(direction) };
  const byProfile = (profile: NetworkProfile, condition: readonly NftMatch[]) =>
    FAMILIES.map((family) =>
      nftRule([...condition, { kind: 'family', family }], {
        kind: 'goto',
        chain: dispatchName(direction, profile, family),
      }),
    );
  return {
    name: direction === 'inbound' ? 'input' : 'output',
    base: {
      hook: direction === 'inbound' ? 'input' : 'output',
      priority: PRIORITY[plan.firewallCoexistence],
      policy: 'accept',
    },
    rules: [
      nftRule([{ kind: 'interface', side, name: 'lo' }], ACCEPT),
      nftRule([{ kind: 'state', states: ['established', 'related'] }], ACCEPT),
      nftRule([{ kind: 'interface_set', side, set: 'unmanaged' }], ACCEPT),
      ...(other === 'unmanaged'
        ? NETWORK_PROFILES.map((set) => nftRule([{ kind: 'interface_set', side, set }], essential))
        : [nftRule([], essential)]),
      ...NETWORK_PROFILES.flatMap((profile) =>
        byProfile(profile, [{ kind: 'interface_set', side, set: profile }]),
      ),
      ...(other === 'unmanaged' ? [nftRule([], ACCEPT)] : byProfile(other, [])),
    ],
  };
}

/** What passes through the host is not its own: only custom rules are about it. */
function forwardChain(plan: FirewallPlan): NftChain[] {
  const rules = FAMILIES.flatMap((family) => {
    const chain = customChain(plan, 'forward', family);
    return chain === null ? [] : [nftRule([{ kind: 'family', family }], { kind: 'jump', chain })];
  });
  const priority = PRIORITY[plan.firewallCoexistence];
  const base = { hook: 'forward', priority, policy: 'accept' };
  return rules.length === 0 ? [] : [{ name: 'forward', base, rules }];
}
