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
  ownAddressSetName,
  type NftChain,
  type NftMatch,
  type NftRule,
  type NftTable,
  type NftVerdict,
} from './table.ts';

const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound'];
/** Beside the host's own filter rules, which stand at 0. */
const PRIORITY = { exclusive: -5, primary: -5, secondary: 5 } as const;

/** Source addresses are translated at 100. */
const AFTER_SOURCE_NAT = 101;
/** Ways into containers and virtual machines: a bridge of the host, or the host's end of a pair whose other end is inside. */
const CONTAINER_LINKS = ['bridge', 'veth'];
/** Chains for what passes through under an address of the host. */
const FORWARDED = { inbound: 'fwd_in', outbound: 'fwd_out' } as const;

const ACCEPT: NftVerdict = { kind: 'accept' };
const KNOWN = nftRule([{ kind: 'state', states: ['established', 'related'] }], ACCEPT);

/** The host's own packets, or those that it forwards under an address of its own. */
interface Traffic {
  readonly direction: Direction;
  readonly isForwarded: boolean;
}
const TRAFFIC: readonly Traffic[] = [false, true].flatMap((isForwarded) =>
  DIRECTIONS.map((direction) => ({ direction, isForwarded })),
);

interface Dispatch {
  readonly traffic: Traffic;
  readonly profile: NetworkProfile;
  readonly family: Family;
}

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
  const dispatch = TRAFFIC.flatMap((traffic) =>
    NETWORK_PROFILES.flatMap((profile) =>
      FAMILIES.map((family) => dispatchChain(plan, chains, { traffic, profile, family })),
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
    ...forwardChains(plan),
  ];
  return [...chains.all(), ...custom, ...dispatch, ...essential, ...bases];
}

/** Name of the chain that decides for interfaces of a profile. */
function dispatchName(
  { direction, isForwarded }: Traffic,
  profile: NetworkProfile,
  family: Family,
) {
  const side = direction === 'inbound' ? 'in' : 'out';
  return `${isForwarded ? 'fwd_' : ''}${side}_${profile}_${family}`;
}

function dispatchChain(
  plan: FirewallPlan,
  chains: Chains,
  { traffic, profile, family }: Dispatch,
): NftChain {
  const { direction, isForwarded } = traffic;
  const name = dispatchName(traffic, profile, family);
  const last = (family === 6 ? plan.ipv6 : null) ?? plan.defaults;
  const published = isForwarded && direction === 'inbound';
  const otherwise = nftRule([], {
    kind: 'goto',
    chain: chains.verdict(last[direction], published),
  });
  const hook = direction === 'inbound' ? 'input' : 'output';
  const custom = isForwarded ? null : customChain(plan, hook, family);
  const first = custom === null ? [] : [nftRule([], { kind: 'jump', chain: custom })];
  if (last === plan.ipv6) return { name, base: null, rules: [...first, otherwise] };
  const here = plan.groups.filter(
    (group) => group.direction === direction && group.profile === profile,
  );
  const stages = RULE_STAGES.flatMap((stage) => {
    const groups = here.filter((group) => group.stage === stage);
    // replies of what is forwarded are known by its translation, which is tracked
    if (stage === 'reply' && isForwarded) return [];
    const chain =
      stage === 'reply'
        ? replyChain(groups, family, chains)
        : stageChain(groups, { family, published, chains });
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
  return {
    name: direction === 'inbound' ? 'input' : 'output',
    base: {
      hook: direction === 'inbound' ? 'input' : 'output',
      priority: PRIORITY[plan.firewallCoexistence],
      policy: 'accept',
    },
    rules: [
      nftRule([{ kind: 'interface', side, name: 'lo' }], ACCEPT),
      KNOWN,
      ...byInterface(plan, { direction, isForwarded: false }),
    ],
  };
}

/** What is left alone, what always passes, then by interface. */
function byInterface(plan: FirewallPlan, traffic: Traffic): NftRule[] {
  const { direction } = traffic;
  const side = direction === 'inbound' ? 'iifname' : 'oifname';
  const { other } = plan.interfaces;
  const essential: NftVerdict = { kind: 'jump', chain: essentialName(direction) };
  const byProfile = (profile: NetworkProfile, condition: readonly NftMatch[]) =>
    FAMILIES.map((family) =>
      nftRule([...condition, { kind: 'family', family }], {
        kind: 'goto',
        chain: dispatchName(traffic, profile, family),
      }),
    );
  return [
    nftRule([{ kind: 'interface_set', side, set: 'unmanaged' }], ACCEPT),
    ...(other === 'unmanaged'
      ? NETWORK_PROFILES.map((set) => nftRule([{ kind: 'interface_set', side, set }], essential))
      : [nftRule([], essential)]),
    ...NETWORK_PROFILES.flatMap((profile) =>
      byProfile(profile, [{ kind: 'interface_set', side, set: profile }]),
    ),
    ...(other === 'unmanaged' ? [nftRule([], ACCEPT)] : byProfile(other, [])),
  ];
}

/**
 * Of what passes through the host only that is its own which it takes part in under its own address (PS-53): what was opened to one of its
 * addresses and translated here (a published port), and what a container opens under the host's address. The second is known after
 * the source was translated, so at `postrouting`. Custom rules of FORWARD see every packet, first.
 */
function forwardChains(plan: FirewallPlan): NftChain[] {
  const custom = FAMILIES.flatMap((family) => {
    const chain = customChain(plan, 'forward', family);
    return chain === null ? [] : [nftRule([{ kind: 'family', family }], { kind: 'jump', chain })];
  });
  const published = FAMILIES.map((family) => {
    const set = ownAddressSetName(family);
    const asked: NftMatch = { kind: 'asked_address_set', family, set };
    return nftRule([{ kind: 'translated', end: 'destination' }, asked], {
      kind: 'goto',
      chain: FORWARDED.inbound,
    });
  });
  const opened = nftRule(
    [
      { kind: 'interface_kind', kinds: CONTAINER_LINKS },
      { kind: 'translated', end: 'source' },
    ],
    { kind: 'goto', chain: FORWARDED.outbound },
  );
  const priority = PRIORITY[plan.firewallCoexistence];
  return [
    ...DIRECTIONS.map((direction) => ({
      name: FORWARDED[direction],
      base: null,
      rules: byInterface(plan, { direction, isForwarded: true }),
    })),
    {
      name: 'forward',
      base: { hook: 'forward', priority, policy: 'accept' },
      rules: [...custom, KNOWN, ...published],
    },
    {
      name: 'postrouting',
      base: { hook: 'postrouting', priority: AFTER_SOURCE_NAT, policy: 'accept' },
      rules: [KNOWN, opened],
    },
  ];
}
