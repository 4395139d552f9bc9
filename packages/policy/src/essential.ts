import type { Connection } from './decision.ts';
import { PROTOCOLS } from './vocabulary.ts';

/** ICMP types that always pass: errors, neighbour and router discovery, multicast listener discovery. */
export const ESSENTIAL_ICMP = {
  icmp: [3, 11, 12],
  icmpv6: [1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 143],
} as const;

/** In words, for people: what a host always passes, whatever the policy says. */
export const ESSENTIAL_TRAFFIC = [
  'Loopback',
  'Replies and related packets of connections that were let pass',
  'ICMP errors',
  'IPv6 neighbour and router discovery, multicast listener discovery',
  'DHCP and DHCPv6 client',
  "DNS to the host's resolvers",
  "The VEN's own connections to its PCE",
] as const;

/** The part of essential traffic that a connection alone shows; DNS, DHCP and the PCE need the host's facts and are the VEN's. */
export function isEssential(connection: Connection): boolean {
  const { source, destination, protocol, icmpType } = connection;
  if (source.workload !== null && source.workload === destination.workload) return true;
  if (icmpType === null) return false;
  const types: readonly number[] =
    protocol === PROTOCOLS.icmp
      ? ESSENTIAL_ICMP.icmp
      : protocol === PROTOCOLS.icmpv6
        ? ESSENTIAL_ICMP.icmpv6
        : [];
  return types.includes(icmpType);
}
