import type { Family } from '@bulkhead/net';
import { PROTOCOLS } from '@bulkhead/policy';
import type { NftLimit, NftMatch } from '../nftables/table.ts';
import { hasPorts } from '../plan/services.ts';
import type { CustomHook } from './statement.ts';

/** The parts of a statement as they are read, in any order. */
export interface Draft {
  readonly family: Family;
  readonly hook: CustomHook;
  protocol: number | null;
  protocolNegated: boolean;
  readonly matches: NftMatch[];
  rate: Pick<NftLimit, 'rate' | 'per'> | null;
  burst: number | null;
  target: string | null;
  readonly targetOptions: Map<string, string>;
}

/** Conditions of one protocol, which need no condition on the protocol beside them. */
const OF_PROTOCOL: ReadonlySet<NftMatch['kind']> = new Set([
  'port',
  'icmp_type',
  'tcp_flags',
  'without_syn',
]);

export function namesProtocol(draft: Draft): boolean {
  return draft.matches.some(({ kind }) => OF_PROTOCOL.has(kind));
}

/** The protocol that an option about ports, types or flags needs, or what is wrong. */
export function protocolFor(draft: Draft, option: string): number | string {
  const { protocol, protocolNegated, family } = draft;
  if (protocol === null || protocolNegated) return `${option} needs -p with a protocol`;
  if (option.includes('icmp')) {
    const icmp = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
    return protocol === icmp ? protocol : `${option} needs -p ${family === 4 ? 'icmp' : 'icmpv6'}`;
  }
  if (option.includes('syn') || option.includes('flags')) {
    return protocol === PROTOCOLS.tcp ? protocol : `${option} needs -p tcp`;
  }
  return hasPorts(protocol) ? protocol : `${option} needs -p tcp, udp or sctp`;
}
