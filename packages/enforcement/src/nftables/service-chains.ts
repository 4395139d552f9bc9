/**
 * From the service of a packet to the groups of rules that are about it, in their order: one lookup of the protocol, one of
 * the port, however many services there are.
 */
import { PROTOCOLS } from '@bulkhead/policy';
import type { Family } from '@bulkhead/net';
import type { RuleGroup, ServiceMatch } from '../plan/plan.ts';
import type { PortRange } from '../plan/port-range.ts';
import { hasPorts } from '../plan/services.ts';
import type { Chains } from './chains.ts';
import { nftRule, type NftMatch, type NftVerdict } from './table.ts';

const LAST_PORT = 65_535;
/** Groups named in the lists of a port map; beyond, ports are compared one group after the other. Reached by hundreds of ranges that overlap. */
const LISTED_MOST = 4096;

export interface Lookup {
  readonly family: Family;
  /** Services are about the port that the connection was opened to, before it was translated. */
  readonly published: boolean;
  readonly chains: Chains;
}

/** Chain for groups of one stage; returns when none of them is about the packet. Null without groups. */
export function stageChain(groups: readonly RuleGroup[], lookup: Lookup): string | null {
  if (groups.length === 0) return null;
  const { family, published, chains } = lookup;
  const icmp = icmpOf(family);
  const protocols = new Set(
    groups.flatMap(({ services }) => [
      ...services.protocols,
      ...services.ports.map(({ protocol }) => protocol),
      ...services.icmp.map(({ protocol }) => protocol).filter((protocol) => protocol === icmp),
    ]),
  );
  const ofAll = groups.filter(({ services }) => services.all);
  const byProtocol = [...protocols]
    .sort((one, other) => one - other)
    .map((protocol) => {
      const about = groups.filter(({ services }) => concerns(services, protocol));
      return {
        first: protocol,
        last: protocol,
        chain: protocolChain(about, protocol, lookup),
      };
    });
  return chains.add('s', [
    ...(byProtocol.length === 0
      ? []
      : [nftRule([], { kind: 'map', key: { kind: 'protocol' }, entries: byProtocol })]),
    ...ofAll.map((group) => nftRule([], jumpTo(chains.peers(group, family, published)))),
  ]);
}

/** As `stageChain`, for replies: from the provider's port, and in TCP never the opening packet. */
export function replyChain(
  groups: readonly RuleGroup[],
  family: Family,
  chains: Chains,
): string | null {
  const rules = groups.flatMap((group) =>
    replyLines(group.services).map((matches) =>
      nftRule(matches, jumpTo(chains.peers(group, family))),
    ),
  );
  return rules.length === 0 ? null : chains.add('s', rules);
}

function concerns(services: ServiceMatch, protocol: number): boolean {
  return (
    isWhole(services, protocol) ||
    services.ports.some((entry) => entry.protocol === protocol) ||
    services.icmp.some((entry) => entry.protocol === protocol)
  );
}

function isWhole(services: ServiceMatch, protocol: number): boolean {
  return services.all || services.protocols.includes(protocol);
}

/** `groups` are about the protocol. */
function protocolChain(groups: readonly RuleGroup[], protocol: number, lookup: Lookup): string {
  const { family, published, chains } = lookup;
  const lists = hasPorts(protocol) ? portLists(groups, protocol) : null;
  if (lists === null) {
    return chains.add(
      'p',
      groups.flatMap((group) =>
        lines(group.services, protocol, lookup).map((matches) =>
          nftRule(matches, jumpTo(chains.peers(group, family, published))),
        ),
      ),
    );
  }
  const whole = groups.filter(({ services }) => isWhole(services, protocol));
  const rest = whole.map((group) => nftRule([], jumpTo(chains.peers(group, family, published))));
  if (lists.length === 0) return chains.add('p', rest);
  const entries = lists.map(({ from, to, groups: list }) => ({
    first: from,
    last: to,
    chain: listChain(list, lookup),
  }));
  const map = published
    ? nftRule([{ kind: 'protocol', protocols: [protocol] }], {
        kind: 'map',
        key: { kind: 'asked_port' },
        entries,
      })
    : nftRule([], { kind: 'map', key: { kind: 'port', protocol }, entries });
  return chains.add('p', [map, ...rest]);
}

function listChain(groups: readonly RuleGroup[], { family, published, chains }: Lookup): string {
  const names = groups.map((group) => chains.peers(group, family, published));
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  return chains.add(
    'l',
    names.map((name) => nftRule([], jumpTo(name))),
  );
}

interface PortList extends PortRange {
  readonly groups: readonly RuleGroup[];
}

/** Ports cut into parts that the same groups are about, without the parts that only whole protocols are about. Null when the lists get too long. */
function portLists(groups: readonly RuleGroup[], protocol: number): PortList[] | null {
  const rangesOf = new Map(
    groups.map((group) => [
      group,
      group.services.ports.flatMap((entry) => (entry.protocol === protocol ? entry.ranges : [])),
    ]),
  );
  const cuts = new Set([...rangesOf.values()].flat().flatMap(({ from, to }) => [from, to + 1]));
  const starts = [...cuts].sort((one, other) => one - other);
  const indexOf = new Map(starts.map((start, index) => [start, index]));
  const inParts = starts.map((): RuleGroup[] => []);
  let listed = 0;
  for (const group of groups) {
    const whole = isWhole(group.services, protocol);
    const ranges = whole ? [{ from: 0, to: LAST_PORT + 1 }] : (rangesOf.get(group) ?? []);
    for (const { from, to } of ranges) {
      const begin = whole ? 0 : (indexOf.get(from) ?? 0);
      const end = whole ? starts.length : (indexOf.get(to + 1) ?? starts.length);
      listed += end - begin;
      if (listed > LISTED_MOST) return null;
      for (let part = begin; part < end; part += 1) inParts[part]?.push(group);
    }
  }
  return starts.flatMap((from, part) => {
    const list = inParts[part] ?? [];
    const isNamed = list.some((group) => !isWhole(group.services, protocol));
    return isNamed ? [{ from, to: (starts[part + 1] ?? LAST_PORT + 1) - 1, groups: list }] : [];
  });
}

/** Conditions of a service within a protocol, each a rule of its own. */
function lines(
  services: ServiceMatch,
  protocol: number,
  { family, published }: Lookup,
): NftMatch[][] {
  if (isWhole(services, protocol)) return [[]];
  const ports = services.ports.flatMap((entry): NftMatch[][] => {
    const { ranges } = entry;
    if (entry.protocol !== protocol) return [];
    if (!published) return [[{ kind: 'port', protocol, side: 'dport', ranges }]];
    return ranges.map((range) => [
      { kind: 'protocol', protocols: [protocol] },
      { kind: 'asked_port', range },
    ]);
  });
  return protocol === icmpOf(family) ? icmpLines(services, family) : ports;
}

function icmpOf(family: Family): number {
  return family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
}

function icmpLines(services: ServiceMatch, family: Family): NftMatch[][] {
  const entries = services.icmp.filter((entry) => entry.protocol === icmpOf(family));
  const types = entries.filter((entry) => entry.code === null).map((entry) => entry.type);
  const matches: NftMatch[][] = [];
  if (types.length > 0) matches.push([{ kind: 'icmp_type', family, types }]);
  for (const { type, code } of entries) {
    if (code === null) continue;
    matches.push([
      { kind: 'icmp_type', family, types: [type] },
      { kind: 'icmp_code', family, code },
    ]);
  }
  return matches;
}

function replyLines({ protocols, ports }: ServiceMatch): NftMatch[][] {
  const whole = protocols.includes(PROTOCOLS.tcp) ? [[{ kind: 'without_syn' } as const]] : [];
  return [
    ...whole,
    ...ports.map(({ protocol, ranges }): NftMatch[] => {
      const port: NftMatch = { kind: 'port', protocol, side: 'sport', ranges };
      return protocol === PROTOCOLS.tcp ? [port, { kind: 'without_syn' }] : [port];
    }),
  ];
}

function jumpTo(chain: string): NftVerdict {
  return { kind: 'jump', chain };
}
