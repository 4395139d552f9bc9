import { joinSpans, parseAddress, parseSpan, spansHold } from '@bulkhead/net';
import type { PlanPacket } from '../evaluate/evaluate-plan.ts';
import type { NftMatch, NftTable, NftVerdictMap } from '../nftables/table.ts';

export interface TableOutcome {
  readonly action: 'accept' | 'drop' | 'reject';
  readonly logPrefix: string | null;
  /** Rules whose conditions were looked at. */
  readonly rules: number;
}

/** What the kernel would do with a packet of no known connection: rule by rule, as nft's manual says. */
export function runTable(table: NftTable, packet: PlanPacket): TableOutcome {
  let logPrefix: string | null = null;
  let rules = 0;
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));

  function runChain(name: string): TableOutcome['action'] | null {
    const chain = chains.get(name);
    if (chain === undefined) throw new Error(`a rule goes to ${name}, which is no chain`);
    for (const rule of chain.rules) {
      rules += 1;
      if (!rule.matches.every((match) => holds(table, match, packet))) continue;
      if (rule.log !== null && 'group' in rule.log) logPrefix = rule.log.prefix;
      const { verdict } = rule;
      if (verdict === null) continue;
      if (verdict.kind === 'return') return null;
      if (verdict.kind === 'map') {
        const entry = entryFor(verdict, packet);
        if (entry === undefined) continue;
        return runChain(entry.chain);
      }
      if (!('chain' in verdict)) {
        return verdict.kind === 'accept' || verdict.kind === 'drop' ? verdict.kind : 'reject';
      }
      const below = runChain(verdict.chain);
      if (below !== null || verdict.kind === 'goto') return below;
    }
    return null;
  }

  const first = table.exists ? firstChain(packet) : null;
  const action = first === null ? 'accept' : (runChain(first) ?? 'accept');
  return { action, logPrefix, rules };
}

/** Of what is forwarded, where it is known to be the host's own. */
function firstChain({ direction, isForwarded }: PlanPacket): string {
  if (isForwarded === true) return direction === 'inbound' ? 'fwd_in' : 'fwd_out';
  return direction === 'inbound' ? 'input' : 'output';
}

function entryFor({ key, entries }: NftVerdictMap, packet: PlanPacket) {
  const { protocol, destinationPort } = packet;
  const value =
    key.kind === 'protocol'
      ? protocol
      : key.kind === 'asked_port' || key.protocol === protocol
        ? destinationPort
        : null;
  return entries.find(({ first, last }) => value !== null && first <= value && value <= last);
}

function holds(table: NftTable, match: NftMatch, packet: PlanPacket): boolean {
  const plain = holdsPlainly(table, match, packet);
  return 'negated' in match && match.negated === true ? !plain : plain;
}

function holdsPlainly(table: NftTable, match: NftMatch, packet: PlanPacket): boolean {
  const family = packet.remoteAddress.includes(':') ? 6 : 4;
  const elements = (name: string) => {
    const set = table.sets.find((candidate) => candidate.name === name);
    if (set === undefined) throw new Error(`a rule looks into ${name}, which is no set`);
    return set.elements;
  };
  const isRemote = (side: 'saddr' | 'daddr') =>
    (side === 'saddr') === (packet.direction === 'inbound');
  switch (match.kind) {
    case 'interface':
      return match.name.endsWith('*')
        ? (packet.interfaceName ?? '').startsWith(match.name.slice(0, -1))
        : match.name === packet.interfaceName;
    case 'interface_set':
      return elements(match.set).includes(packet.interfaceName ?? '');
    case 'state':
      return match.states.includes('new');
    case 'asked_port': {
      const { from, to } = match.range;
      const { destinationPort } = packet;
      return destinationPort !== null && from <= destinationPort && destinationPort <= to;
    }
    case 'family':
      return match.family === family;
    case 'address':
      return covers(
        match.values,
        isRemote(match.side) ? packet.remoteAddress : (packet.localAddress ?? 'none'),
      );
    case 'address_set':
      return (
        match.family === family &&
        isRemote(match.side) &&
        covers(elements(match.set), packet.remoteAddress)
      );
    case 'protocol':
      return match.protocols.includes(packet.protocol);
    case 'port': {
      const port = match.side === 'sport' ? packet.sourcePort : packet.destinationPort;
      return (
        match.protocol === packet.protocol &&
        port !== null &&
        match.ranges.some(({ from, to }) => from <= port && port <= to)
      );
    }
    case 'icmp_type':
      return (
        packet.protocol === (match.family === 4 ? 1 : 58) &&
        family === match.family &&
        match.types.includes(packet.icmpType ?? -1)
      );
    case 'icmp_code':
      return packet.icmpCode === match.code;
    case 'without_syn':
      return packet.protocol === 6 && !packet.syn;
    case 'tcp_flags':
      return packet.protocol === 6 && ((packet.syn ? 2 : 16) & match.mask) === match.value;
    case 'limit':
    case 'interface_kind':
    case 'translated':
    case 'asked_address_set':
    case 'rewrite':
      return true;
    case 'tuple_set':
      return elements(match.set).length > 0;
    case 'foreign':
      throw new Error(`the plan says something foreign: ${match.text}`);
  }
}

function covers(texts: readonly string[], addressText: string): boolean {
  const address = parseAddress(addressText);
  const spans = texts.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
  return address !== null && spansHold(joinSpans(spans), address);
}
