import {
  NETWORK_PROFILES,
  PROTOCOLS,
  type NetworkProfile,
  type RuleOrigin,
} from '@bulkhead/policy';
import { familyOf, type Family } from '@bulkhead/net';
import { createDigests } from '../plan/digest.ts';
import type {
  Direction,
  FirewallPlan,
  PlanRule,
  PlanSet,
  PlanVerdict,
  ServiceMatch,
} from '../plan/plan.ts';
import { essentialRules } from './essential-rules.ts';
import {
  addressSetName,
  cutSetName,
  INTERFACE_SETS,
  NFLOG_BYTES,
  NFLOG_GROUP,
  NFT_ABSENT,
  nftRule,
  type NftChain,
  type NftMatch,
  type NftRule,
  type NftSet,
  type NftTable,
  type NftVerdict,
} from './table.ts';

const FAMILIES: readonly Family[] = [4, 6];
const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound'];
const CUT_SECONDS = 300;
/** Beside the host's own filter rules, which stand at 0: before them when we are primary, else after them. */
const PRIORITY = 5;
const COMMENT_BYTES = 128;

const ACCEPT: NftVerdict = { kind: 'accept' };
const DROP: NftVerdict = { kind: 'drop' };

/** The whole table of a plan. Names of chains come from what is in them, so equal parts keep their names from plan to plan. */
export function buildTable(plan: FirewallPlan): NftTable {
  if (!plan.ownsTable) return NFT_ABSENT;
  const chains = createChains();
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
  const bases = DIRECTIONS.map((direction) => baseChain(plan, direction));
  return {
    exists: true,
    sets: listSets(plan),
    chains: [...chains.all(), ...dispatch, ...essential, ...bases],
  };
}

/** Elements of one family of a planned set, in the kernel set that holds them. */
export function kernelSets(set: PlanSet): NftSet[] {
  return FAMILIES.flatMap((family) => {
    const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    const ofFamily = (texts: readonly string[]) =>
      texts.filter((text) => familyOf(text) === family);
    const hosts: NftSet = {
      name: addressSetName(set.id, 'hosts', family),
      type,
      interval: false,
      timeout: null,
      elements: ofFamily(set.hosts),
    };
    if (set.kind === 'name') return [hosts];
    const ranges: NftSet = {
      name: addressSetName(set.id, 'ranges', family),
      type,
      interval: true,
      timeout: null,
      elements: ofFamily(set.ranges),
    };
    return [hosts, ranges];
  });
}

function listSets(plan: FirewallPlan): NftSet[] {
  return [
    ...INTERFACE_SETS.map((name): NftSet => ({
      name,
      type: 'ifname',
      interval: false,
      timeout: null,
      elements: plan.interfaces[name],
    })),
    ...FAMILIES.map((family): NftSet => ({
      name: cutSetName(family),
      type: family === 4 ? 'tuple4' : 'tuple6',
      interval: false,
      timeout: CUT_SECONDS,
      elements: [],
    })),
    ...[...plan.sets.values()].flatMap(kernelSets),
  ];
}

interface Chains {
  /** Chain that reports and carries out a verdict. */
  verdict(verdict: PlanVerdict): string;
  /** Chain or verdict to go to when a peer matched. `side` is where the provider's port stands. */
  services(services: ServiceMatch, side: 'sport' | 'dport', verdict: PlanVerdict): NftVerdict;
  all(): NftChain[];
}

function createChains(): Chains {
  const digests = createDigests();
  const verdicts = new Map<string, NftChain>();
  const services = new Map<string, NftChain>();

  function verdictChain(verdict: PlanVerdict): string {
    const name = `v_${verdict.id}`;
    if (!verdicts.has(name)) verdicts.set(name, { name, base: null, rules: verdictRules(verdict) });
    return name;
  }

  return {
    verdict: verdictChain,
    services(match, side, verdict) {
      const target: NftVerdict = { kind: 'goto', chain: verdictChain(verdict) };
      if (match.all && side === 'dport') return target;
      const name = `s_${digests(`${side} ${verdict.id} ${JSON.stringify(match)}`)}`;
      if (!services.has(name)) {
        const lines = side === 'dport' ? serviceLines(match) : replyLines(match);
        services.set(name, {
          name,
          base: null,
          rules: lines.map((matches) => nftRule(matches, target)),
        });
      }
      return { kind: 'jump', chain: name };
    },
    all: () => [...verdicts.values(), ...services.values()].sort(byName),
  };
}

function verdictRules(verdict: PlanVerdict): NftRule[] {
  const comment = verdict.origins.length === 0 ? null : originComment(verdict.origins);
  const rules: NftRule[] = [];
  if (verdict.logPrefix !== null) {
    rules.push({
      matches: [{ kind: 'state', states: ['new'] }],
      log: { prefix: verdict.logPrefix, group: NFLOG_GROUP, snaplen: NFLOG_BYTES },
      verdict: null,
      comment: null,
    });
  }
  if (verdict.action === 'reject') {
    const tcp: NftMatch = { kind: 'protocol', protocols: [PROTOCOLS.tcp] };
    rules.push(
      nftRule([tcp], { kind: 'reset' }, comment),
      nftRule([], { kind: 'prohibit' }, comment),
    );
  } else {
    rules.push(nftRule([], verdict.action === 'accept' ? ACCEPT : DROP, comment));
  }
  return rules;
}

function serviceLines(match: ServiceMatch): NftMatch[][] {
  return [
    ...(match.protocols.length === 0
      ? []
      : [[{ kind: 'protocol', protocols: match.protocols } as const]]),
    ...match.ports.map(({ protocol, ranges }): NftMatch[] => [
      { kind: 'port', protocol, side: 'dport', ranges },
    ]),
    ...icmpLines(match),
  ];
}

function icmpLines(match: ServiceMatch): NftMatch[][] {
  return FAMILIES.flatMap((family) => {
    const protocol = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
    const entries = match.icmp.filter((entry) => entry.protocol === protocol);
    const types = entries.filter((entry) => entry.code === null).map((entry) => entry.type);
    const lines: NftMatch[][] = [];
    if (types.length > 0) lines.push([{ kind: 'icmp_type', family, types }]);
    for (const { type, code } of entries) {
      if (code === null) continue;
      lines.push([
        { kind: 'icmp_type', family, types: [type] },
        { kind: 'icmp_code', family, code },
      ]);
    }
    return lines;
  });
}

/** Replies of a stateless rule: from the provider's port, and in TCP never the opening packet. */
function replyLines(match: ServiceMatch): NftMatch[][] {
  const lines: NftMatch[][] = [];
  if (match.all || match.protocols.includes(PROTOCOLS.tcp)) {
    lines.push([{ kind: 'without_syn' }]);
  }
  for (const { protocol, ranges } of match.ports) {
    const port: NftMatch = { kind: 'port', protocol, side: 'sport', ranges };
    lines.push(protocol === PROTOCOLS.tcp ? [port, { kind: 'without_syn' }] : [port]);
  }
  return lines;
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
  const here = plan.rules.filter((planned) => planned.profiles.includes(profile));
  const lines = (action: PlanRule['action']) =>
    here
      .filter((planned) => planned.action === action && planned.direction === direction)
      .flatMap(({ peers, services, verdict }) =>
        peerLines(
          plan,
          peers,
          direction,
          family,
          chains.services(services, 'dport', verdict),
          verdict,
        ),
      );
  const replies = here.flatMap(({ peers, services, replyVerdict }) => {
    if (replyVerdict?.direction !== direction || !hasReplies(services)) return [];
    const target = chains.services(services, 'sport', replyVerdict);
    return peerLines(plan, peers, direction, family, target, replyVerdict);
  });
  return {
    name: dispatchName(direction, profile, family),
    base: null,
    rules: [
      ...lines('allow'),
      ...replies,
      ...lines('deny'),
      nftRule([], { kind: 'goto', chain: chains.verdict(plan.defaults[direction]) }),
    ],
  };
}

function hasReplies(services: ServiceMatch): boolean {
  return replyLines(services).length > 0;
}

function peerLines(
  plan: FirewallPlan,
  peers: readonly string[],
  direction: Direction,
  family: Family,
  target: NftVerdict,
  verdict: PlanVerdict,
): NftRule[] {
  const side = direction === 'inbound' ? 'saddr' : 'daddr';
  const comment = originComment(verdict.origins);
  return peers.flatMap((id) => {
    const parts: ('hosts' | 'ranges')[] =
      plan.sets.get(id)?.kind === 'name' ? ['hosts'] : ['hosts', 'ranges'];
    return parts.map((part) =>
      nftRule(
        [{ kind: 'address_set', family, side, set: addressSetName(id, part, family) }],
        target,
        comment,
      ),
    );
  });
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
      priority: plan.illumioPrimary ? -PRIORITY : PRIORITY,
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

/** `href@version` in what a comment can hold; of a text that is too long the end is kept, where the ids are. */
function originComment(origins: readonly RuleOrigin[]): string {
  const text = origins
    .map((origin) => `${origin.href}@${origin.version}`)
    .join(' ')
    .replace(/[^ !#-[\]-~]/g, '?');
  return text.length < COMMENT_BYTES ? text : `...${text.slice(text.length - COMMENT_BYTES + 4)}`;
}

function byName(left: NftChain, right: NftChain): number {
  return left.name < right.name ? -1 : 1;
}
