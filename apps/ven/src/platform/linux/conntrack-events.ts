/** Ends of tracked connections as the kernel tells them (nfnetlink_conntrack), with what each direction carried. */
import type { EndedConnection } from '../port.ts';
import { readAttributes, readMessages } from './netlink-message.ts';
import { addressText } from './packet.ts';

/** NFNLGRP_CONNTRACK_DESTROY is group 3. */
export const CONNTRACK_DESTROY_GROUP = 1 << 2;
const CT_DELETE = (1 << 8) | 2;
const FAMILY_BYTES = 4;
const [TUPLE_ORIGINAL, TUPLE_REPLY, PROTOCOL_INFO] = [1, 2, 4];
const [COUNTERS_ORIGINAL, COUNTERS_REPLY] = [9, 10];
const [TUPLE_IP, TUPLE_PROTOCOL] = [1, 2];
const [V4_SOURCE, V4_DESTINATION, V6_SOURCE, V6_DESTINATION] = [1, 2, 3, 4];
const [NUMBER, SOURCE_PORT, DESTINATION_PORT] = [1, 2, 3];
const [ICMP_TYPE, ICMP_CODE, ICMPV6_TYPE, ICMPV6_CODE] = [5, 6, 8, 9];
const [PACKETS, BYTES] = [1, 2];
const INFO_TCP = 1;
const TCP_STATE = 1;
const TCP = 6;
/** From FIN_WAIT on both ends or one have said that they are done. */
const FIRST_CLOSING_STATE = 4;
/** SYN_SENT2, an opening state numbered after the closing ones. */
const LATE_OPENING_STATE = 9;

interface Tuple {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

/** Messages that say something else are passed over. */
export function parseConntrackEvents(datagram: Buffer): EndedConnection[] {
  const found: EndedConnection[] = [];
  for (const { type, body } of readMessages(datagram)) {
    if (type !== CT_DELETE || body.length < FAMILY_BYTES) continue;
    const attributes = readAttributes(body.subarray(FAMILY_BYTES));
    const original = readTuple(attributes.get(TUPLE_ORIGINAL));
    const reply = readTuple(attributes.get(TUPLE_REPLY));
    if (original === null) continue;
    const sent = readCounters(attributes.get(COUNTERS_ORIGINAL));
    const received = readCounters(attributes.get(COUNTERS_REPLY));
    found.push({
      protocol: original.protocol,
      sourceAddress: original.source,
      // the filter saw the destination after it was translated
      destinationAddress: reply?.source ?? original.destination,
      sourcePort: original.sourcePort,
      destinationPort: reply?.sourcePort ?? original.destinationPort,
      icmpType: original.icmpType,
      icmpCode: original.icmpCode,
      bytesFromSource: sent.bytes,
      bytesToSource: received.bytes,
      packetsFromSource: sent.packets,
      packetsToSource: received.packets,
      isTimedOut: !wasClosed(original.protocol, attributes.get(PROTOCOL_INFO)),
    });
  }
  return found;
}

function readTuple(bytes: Buffer | undefined): Tuple | null {
  if (bytes === undefined) return null;
  const parts = readAttributes(bytes);
  const addresses = parts.get(TUPLE_IP);
  const transport = parts.get(TUPLE_PROTOCOL);
  if (addresses === undefined || transport === undefined) return null;
  const ip = readAttributes(addresses);
  const source = ip.get(V4_SOURCE) ?? ip.get(V6_SOURCE);
  const destination = ip.get(V4_DESTINATION) ?? ip.get(V6_DESTINATION);
  if (source === undefined || destination === undefined) return null;
  const members = readAttributes(transport);
  return {
    source: addressText(source),
    destination: addressText(destination),
    protocol: members.get(NUMBER)?.readUInt8(0) ?? 0,
    sourcePort: members.get(SOURCE_PORT)?.readUInt16BE(0) ?? null,
    destinationPort: members.get(DESTINATION_PORT)?.readUInt16BE(0) ?? null,
    icmpType: (members.get(ICMP_TYPE) ?? members.get(ICMPV6_TYPE))?.readUInt8(0) ?? null,
    icmpCode: (members.get(ICMP_CODE) ?? members.get(ICMPV6_CODE))?.readUInt8(0) ?? null,
  };
}

/** Zero where the kernel does not count (nf_conntrack_acct). */
function readCounters(bytes: Buffer | undefined): { bytes: number; packets: number } {
  if (bytes === undefined) return { bytes: 0, packets: 0 };
  const members = readAttributes(bytes);
  const number = (type: number): number => Number(members.get(type)?.readBigUInt64BE(0) ?? 0n);
  return { bytes: number(BYTES), packets: number(PACKETS) };
}

/** TCP alone says goodbye. Kernels before 5.12 do not tell its last state; there an end counts as a close. */
function wasClosed(protocol: number, info: Buffer | undefined): boolean {
  if (protocol !== TCP) return false;
  const tcp = info === undefined ? undefined : readAttributes(info).get(INFO_TCP);
  const state = tcp === undefined ? undefined : readAttributes(tcp).get(TCP_STATE)?.readUInt8(0);
  if (state === undefined) return true;
  return state >= FIRST_CLOSING_STATE && state < LATE_OPENING_STATE;
}
