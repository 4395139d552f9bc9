import { parseAddress, parseSpan } from '@bulkhead/net';
import { PROTOCOLS } from '@bulkhead/policy';
import type { NftMatch } from '../nftables/table.ts';
import { hasPorts } from '../plan/services.ts';
import type { CustomRule } from '../plan/plan.ts';
import type { PlanPacket } from './packet.ts';

const SYN = 2;

/** Null: cannot be told from what is known of the packet. */
type Holds = boolean | null;

/**
 * The statement that decides about a packet at this host, where all before it leave it alone; null when none does. What cannot be
 * told (a rate, an address of the host, TCP flags) counts in favour of passing.
 */
export function decidingStatement(
  rules: readonly CustomRule[],
  packet: PlanPacket,
): CustomRule | null {
  const hook = packet.direction === 'inbound' ? 'input' : 'output';
  const family = packet.remoteAddress.includes(':') ? 6 : 4;
  for (const rule of rules) {
    if (rule.hook !== hook || rule.family !== family || rule.target.kind === 'log') continue;
    const holds = rule.matches.map((match) => matchHolds(match, packet));
    if (holds.includes(false)) continue;
    if (holds.includes(null) && rule.target.kind !== 'accept') continue;
    return rule.verdict === null ? null : rule;
  }
  return null;
}

function matchHolds(match: NftMatch, packet: PlanPacket): Holds {
  const holds = plainly(match, packet);
  const negated = 'negated' in match && match.negated === true;
  return negated && holds !== null ? !holds : holds;
}

/** As if it was not negated. */
function plainly(match: NftMatch, packet: PlanPacket): Holds {
  switch (match.kind) {
    case 'interface':
      return interfaceIs(match.name, packet.interfaceName);
    case 'state':
      return match.states.includes('new');
    case 'address': {
      const isRemote = (match.side === 'saddr') === (packet.direction === 'inbound');
      const address = isRemote ? packet.remoteAddress : packet.localAddress;
      return address === undefined ? null : match.values.some((text) => spanHolds(text, address));
    }
    case 'protocol':
      return match.protocols.includes(packet.protocol);
    case 'port': {
      if (match.protocol !== packet.protocol || !hasPorts(packet.protocol)) return false;
      const port = match.side === 'sport' ? packet.sourcePort : packet.destinationPort;
      return port === null ? null : match.ranges.some(({ from, to }) => from <= port && port <= to);
    }
    case 'icmp_type': {
      const protocol = match.family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
      return packet.protocol === protocol && match.types.includes(packet.icmpType ?? -1);
    }
    case 'icmp_code':
      return match.code === packet.icmpCode;
    case 'without_syn':
      return packet.protocol === PROTOCOLS.tcp && !packet.syn;
    case 'tcp_flags':
      return flagsAre(match, packet);
    case 'limit':
    case 'interface_kind':
    case 'translated':
    case 'asked_address_set':
    case 'asked_port':
    case 'rewrite':
    case 'interface_set':
    case 'family':
    case 'address_set':
    case 'tuple_set':
    case 'foreign':
      return null;
  }
}

/** A packet that opens a TCP connection has SYN and nothing else; of another only that it has no SYN is known. */
function flagsAre({ mask, value }: { mask: number; value: number }, packet: PlanPacket): Holds {
  if (packet.protocol !== PROTOCOLS.tcp) return false;
  if (packet.syn) return (mask & SYN) === value;
  return (value & SYN) === 0 ? null : false;
}

function interfaceIs(pattern: string, name: string | null): Holds {
  if (name === null) return null;
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function spanHolds(text: string, addressText: string): boolean {
  const span = parseSpan(text);
  const address = parseAddress(addressText);
  if (!span.ok || address?.family !== span.value.family) return false;
  return span.value.first <= address.value && address.value <= span.value.last;
}
