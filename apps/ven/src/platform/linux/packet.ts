/** Addresses, protocol and ports of the beginning of an IP packet. */
import { formatAddress } from '@bulkhead/net';

export interface PacketHeader {
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  readonly protocol: number;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

const WITH_PORTS = new Set([6, 17, 132, 136, 33]);
const ICMP = 1;
const ICMPV6 = 58;
/** Hop-by-hop, routing, fragment, destination options: headers that stand before the protocol of IPv6. */
const EXTENSIONS = new Set([0, 43, 44, 60]);
const FRAGMENT = 44;

/** Null when the bytes are no IPv4 or IPv6 packet. */
export function parsePacket(bytes: Buffer): PacketHeader | null {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4) return parseV4(bytes);
  return version === 6 ? parseV6(bytes) : null;
}

function parseV4(bytes: Buffer): PacketHeader | null {
  if (bytes.length < 20) return null;
  const headerBytes = ((bytes[0] ?? 0) & 0x0f) * 4;
  const isFirst = (bytes.readUInt16BE(6) & 0x1fff) === 0;
  return {
    sourceAddress: addressText(bytes.subarray(12, 16)),
    destinationAddress: addressText(bytes.subarray(16, 20)),
    ...parseTransport(bytes[9] ?? 0, isFirst ? bytes.subarray(headerBytes) : null),
  };
}

function parseV6(bytes: Buffer): PacketHeader | null {
  if (bytes.length < 40) return null;
  let protocol = bytes[6] ?? 0;
  let offset = 40;
  let isFirst = true;
  while (EXTENSIONS.has(protocol) && offset + 8 <= bytes.length) {
    if (protocol === FRAGMENT) isFirst &&= (bytes.readUInt16BE(offset + 2) & 0xfff8) === 0;
    const length = protocol === FRAGMENT ? 8 : ((bytes[offset + 1] ?? 0) + 1) * 8;
    protocol = bytes[offset] ?? 0;
    offset += length;
  }
  return {
    sourceAddress: addressText(bytes.subarray(8, 24)),
    destinationAddress: addressText(bytes.subarray(24, 40)),
    ...parseTransport(protocol, isFirst ? bytes.subarray(offset) : null),
  };
}

/** Canonical text of an address of 4 or 16 bytes. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  return formatAddress({ family: 6, value: BigInt(`0x${bytes.toString('hex')}`) });
}

function parseTransport(
  protocol: number,
  bytes: Buffer | null,
): Omit<PacketHeader, 'sourceAddress' | 'destinationAddress'> {
  const none = { sourcePort: null, destinationPort: null, icmpType: null, icmpCode: null };
  if (bytes === null || bytes.length < 4) return { protocol, ...none };
  if (WITH_PORTS.has(protocol)) {
    return {
      protocol,
      ...none,
      sourcePort: bytes.readUInt16BE(0),
      destinationPort: bytes.readUInt16BE(2),
    };
  }
  if (protocol === ICMP || protocol === ICMPV6) {
    return { protocol, ...none, icmpType: bytes[0] ?? null, icmpCode: bytes[1] ?? null };
  }
  return { protocol, ...none };
}
