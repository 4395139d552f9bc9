/** What packets cannot show, and why. */
import {
  canonicalAddress,
  familyOf,
  isPeerAddress,
  parseAddress,
  unmapAddress,
} from '@bulkhead/net';
import { PROTOCOLS, type Connection, type PolicyCore } from '@bulkhead/policy';
import { hasProtocol } from './libc.ts';

/** Neighbour and router discovery and redirects: a router passes none of them on. */
const LINK_ONLY_ICMPV6 = [133, 134, 135, 136, 137];
/** Numbers that stand for something else where a program names a protocol. */
const NO_RAW_SOCKET = [0, 255];
/** Extension headers: what follows them is the protocol. */
const IPV6_EXTENSIONS = [43, 44, 51, 59, 60];

/** New exchanges for connection tracking; it takes other messages for no connection, and no log record is made of them. */
const TRACKED_ICMP: Readonly<Record<number, readonly number[]>> = {
  [PROTOCOLS.icmp]: [8, 13, 15, 17],
  [PROTOCOLS.icmpv6]: [128, 139],
};

/** Whether the firewall reports the connection when it is new. */
export function isTracked({ protocol, icmpType }: Connection): boolean {
  return icmpType === null || (TRACKED_ICMP[protocol] ?? []).includes(icmpType);
}

/** Hosts of an address, by its canonical text. */
export type Owners = ReadonlyMap<string, readonly string[]>;

/** Whether a host can be reached by the address over a router. */
export function isRoutable(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== null && isPeerAddress(parsed) && unmapAddress(parsed) === parsed;
}

/** Why the connection is not sent; null: it is. */
export function whyNotSent(
  connection: Connection,
  core: Pick<PolicyCore, 'decide'>,
  owners: Owners,
): string | null {
  const { source, destination, protocol, icmpType } = connection;
  const ends = [source.address, destination.address].map((text) => canonicalAddress(text) ?? text);
  const isV6 = familyOf(source.address) === 6;
  if (source.workload !== null && source.workload === destination.workload) {
    return 'a host to itself';
  }
  const ofEnds = ends.map((address) => owners.get(address) ?? []);
  if (ofEnds.some((list) => list.length > 1)) return 'the same address on two hosts';
  if (ends[0] === ends[1] || ofEnds[0]?.[0] === ofEnds[1]?.[0]) return 'a host to itself';
  if (ends.some((address) => !isRoutable(address))) {
    return 'link-local addresses and others that no router passes on';
  }
  if (protocol === PROTOCOLS.icmpv6 && LINK_ONLY_ICMPV6.includes(icmpType ?? -1)) {
    return 'neighbour discovery across the router';
  }
  if (protocol === (isV6 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6)) return 'ICMP of the other family';
  if (NO_RAW_SOCKET.includes(protocol) || (isV6 && IPV6_EXTENSIONS.includes(protocol))) {
    return `protocol ${protocol}, which no program can send by itself`;
  }
  if (protocol === PROTOCOLS.sctp && !hasProtocol('stream', PROTOCOLS.sctp)) {
    return 'SCTP, which this kernel has not';
  }
  return isDecidedByName(connection, core) ? 'FQDNs' : null;
}

/** Whether it matters that the host has just resolved a name. */
function isDecidedByName(connection: Connection, core: Pick<PolicyCore, 'decide'>): boolean {
  if (connection.destination.fqdn === null) return false;
  const destination = { ...connection.destination, fqdn: null };
  const without = core.decide({ ...connection, destination });
  return JSON.stringify(without) !== JSON.stringify(core.decide(connection));
}
