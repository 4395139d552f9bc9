/** Packets as bytes. Each ends with a mark of its own, by which it is known again wherever it arrives. */
import { ESSENTIAL_ICMP, PROTOCOLS } from '@bulkhead/policy';

const MARK_START = 'bhpk';
export const MARK_BYTES = 12;
const INNER_V4_BYTES = 28;
const INNER_V6_BYTES = 48;
const SMALLEST_MTU = 1280;
const PACKET_TOO_BIG = 2;

let made = 0;

/** A mark that no other packet of this process has. */
export function newMark(): Buffer {
  made += 1;
  const bytes = Buffer.alloc(MARK_BYTES);
  bytes.write(MARK_START, 0, 'latin1');
  bytes.writeUInt32BE(process.pid, 4);
  bytes.writeUInt32BE(made, 8);
  return bytes;
}

/** The mark at the end of what arrived, as text; null: it is none of ours. */
export function markOf(bytes: Buffer): string | null {
  const mark = bytes.subarray(-MARK_BYTES);
  return mark.toString('latin1', 0, MARK_START.length) === MARK_START ? mark.toString('hex') : null;
}

/** An ICMP message, with what its type needs to be well formed. The kernel adds the checksum of ICMPv6. */
export function icmpMessage(
  protocol: number,
  kind: { readonly type: number; readonly code: number },
  mark: Buffer,
): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(kind.type, 0);
  header.writeUInt8(kind.code, 1);
  const isV6 = protocol === PROTOCOLS.icmpv6;
  const errors: readonly number[] = isV6 ? [1, 2, 3, 4] : ESSENTIAL_ICMP.icmp;
  const isError = errors.includes(kind.type);
  if (isV6 && kind.type === PACKET_TOO_BIG) header.writeUInt32BE(SMALLEST_MTU, 4);
  // the identifier, by which connection tracking tells exchanges apart
  else if (!isError) header.writeUInt16BE(mark.readUInt16BE(MARK_BYTES - 2), 4);
  const body = isError ? innerPacket(isV6) : Buffer.alloc(12);
  const message = Buffer.concat([header, body, mark]);
  if (!isV6) message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** The beginning of a UDP packet between hosts that are nowhere, which an error reports. */
function innerPacket(isV6: boolean): Buffer {
  const bytes = Buffer.alloc(isV6 ? INNER_V6_BYTES : INNER_V4_BYTES);
  if (isV6) {
    bytes.writeUInt8(0x60, 0);
    bytes.writeUInt16BE(8, 4);
    bytes.writeUInt8(PROTOCOLS.udp, 6);
    bytes.writeUInt8(64, 7);
    bytes.write('20010db8dead00000000000000000001', 8, 'hex');
    bytes.write('20010db8dead00000000000000000002', 24, 'hex');
  } else {
    bytes.writeUInt8(0x45, 0);
    bytes.writeUInt16BE(INNER_V4_BYTES, 2);
    bytes.writeUInt8(64, 8);
    bytes.writeUInt8(PROTOCOLS.udp, 9);
    bytes.write('c0000201c0000202', 12, 'hex');
    bytes.writeUInt16BE(checksum(bytes.subarray(0, 20)), 10);
  }
  const udp = bytes.subarray(-8);
  udp.writeUInt16BE(9, 0);
  udp.writeUInt16BE(9, 2);
  udp.writeUInt16BE(8, 4);
  return bytes;
}

/** Of the Internet (RFC 1071), over a whole number of 16 bit words. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Content for a protocol of which nothing is known; the zeros before the mark are a valid beginning for GRE, among others. */
export function anyContent(mark: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(8), mark]);
}
