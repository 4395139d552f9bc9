/**
 * DNS answers that this host got, from a packet socket. Only what answers a question that the host was seen to ask
 * counts: from the server that was asked, to the port that asked, with its id and its name. Servers are the configured
 * resolvers, and stub resolvers on loopback.
 */
import { addressText } from './packet.ts';
import { parseDns, type DnsMessage } from './dns-message.ts';
import type { ResolvedName } from '../port.ts';

/** A packet as the socket gave it. */
export interface SeenPacket {
  /** From the IP header on. */
  readonly bytes: Buffer;
  readonly outgoing: boolean;
  readonly loopback: boolean;
}

const DNS_PORT = 53;
const UDP = 17;
const TCP = 6;
const V4_HEADER_BYTES = 20;
const V6_HEADER_BYTES = 40;
const UDP_HEADER_BYTES = 8;
const TCP_HEADER_BYTES = 20;
const QUESTION_MS = 10_000;
const MAX_QUESTIONS = 4_096;

interface Segment {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly message: Buffer;
}

export interface DnsObserver {
  /** The name that the packet answers, with its addresses; null: it answers nothing that was asked. */
  observe(packet: SeenPacket): ResolvedName | null;
}

/** `isResolver` is asked of the addresses that answers come from. */
export function createDnsObserver(
  isResolver: (address: string) => boolean,
  nowMs: () => number,
): DnsObserver {
  /** When each open question was asked, oldest first. */
  const questions = new Map<string, number>();

  function ask(key: string): void {
    const now = nowMs();
    questions.delete(key);
    questions.set(key, now);
    for (const [old, at] of questions) {
      if (questions.size <= MAX_QUESTIONS && now - at < QUESTION_MS) break;
      questions.delete(old);
    }
  }

  /** An answer takes its question away: a second one comes too late for the host too. */
  function wasAsked(key: string): boolean {
    const at = questions.get(key);
    return at !== undefined && questions.delete(key) && nowMs() - at < QUESTION_MS;
  }

  return {
    observe({ bytes, outgoing, loopback }) {
      const segment = readSegment(bytes);
      const message = segment === null ? null : parseDns(segment.message);
      if (segment === null || message === null) return null;
      if (!message.isAnswer) {
        const isOurs = outgoing || loopback;
        if (isOurs && segment.destinationPort === DNS_PORT) ask(questionKey(segment, message));
        return null;
      }
      if (outgoing || segment.sourcePort !== DNS_PORT) return null;
      const isServer = loopback || isResolver(segment.source);
      if (!isServer || !wasAsked(answerKey(segment, message))) return null;
      if (message.addresses.length === 0) return null;
      return {
        name: message.name,
        addresses: message.addresses.map(({ bytes: address, ttlSeconds }) => ({
          address: addressText(address),
          ttlSeconds,
        })),
      };
    },
  };
}

function questionKey(segment: Segment, message: DnsMessage): string {
  const { protocol, source, sourcePort, destination } = segment;
  return [protocol, source, sourcePort, destination, message.id, message.type, message.name].join(
    ' ',
  );
}

function answerKey(segment: Segment, message: DnsMessage): string {
  const { protocol, source, destination, destinationPort } = segment;
  return [
    protocol,
    destination,
    destinationPort,
    source,
    message.id,
    message.type,
    message.name,
  ].join(' ');
}

/** A whole UDP datagram, or a TCP segment that begins with a whole DNS message. */
function readSegment(bytes: Buffer): Segment | null {
  const version = (bytes[0] ?? 0) >> 4;
  const isV4 = version === 4;
  const start = isV4 ? ((bytes[0] ?? 0) & 15) * 4 : V6_HEADER_BYTES;
  if ((!isV4 && version !== 6) || bytes.length < start + UDP_HEADER_BYTES) return null;
  if (start < V4_HEADER_BYTES) return null;
  const protocol = bytes[isV4 ? 9 : 6] ?? 0;
  // short frames are padded behind the packet
  const end = isV4 ? bytes.readUInt16BE(2) : V6_HEADER_BYTES + bytes.readUInt16BE(4);
  const message = readMessage(protocol, bytes.subarray(start, end));
  if (message === null) return null;
  const address = (from: number): string =>
    addressText(bytes.subarray(from, from + (isV4 ? 4 : 16)));
  return {
    protocol,
    source: address(isV4 ? 12 : 8),
    destination: address(isV4 ? 16 : 24),
    sourcePort: bytes.readUInt16BE(start),
    destinationPort: bytes.readUInt16BE(start + 2),
    message,
  };
}

function readMessage(protocol: number, segment: Buffer): Buffer | null {
  if (protocol === UDP) return segment.subarray(UDP_HEADER_BYTES);
  if (protocol !== TCP || segment.length < TCP_HEADER_BYTES) return null;
  const payload = segment.subarray(((segment[12] ?? 0) >> 4) * 4);
  if (payload.length < 2) return null;
  const length = payload.readUInt16BE(0);
  return payload.length < 2 + length ? null : payload.subarray(2, 2 + length);
}

/** Classic BPF: unfragmented TCP and UDP from or to port 53, over IPv4 and IPv6 without extension headers. */
export function dnsFilter(): Buffer {
  const accept = 20;
  const drop = 21;
  const program: [code: number, jumpTrue: number, jumpFalse: number, value: number][] = [];
  const load = (code: number, value: number): number => program.push([code, 0, 0, value]);
  const jump = (code: number, value: number, isTrue: number, isFalse: number): void => {
    const behind = program.length + 1;
    program.push([code, isTrue - behind, isFalse - behind, value]);
  };
  load(LOAD_HALF, PROTOCOL_OF_FRAME);
  jump(JUMP_EQUAL, ETHERTYPE_V4, 3, 2);
  jump(JUMP_EQUAL, ETHERTYPE_V6, 13, drop);
  load(LOAD_BYTE, 9);
  jump(JUMP_EQUAL, UDP, 6, 5);
  jump(JUMP_EQUAL, TCP, 6, drop);
  load(LOAD_HALF, 6);
  jump(JUMP_SET, 0x1fff, drop, 8);
  load(LOAD_V4_HEADER_LENGTH, 0);
  load(LOAD_HALF_BEHIND_HEADER, 0);
  jump(JUMP_EQUAL, DNS_PORT, accept, 11);
  load(LOAD_HALF_BEHIND_HEADER, 2);
  jump(JUMP_EQUAL, DNS_PORT, accept, drop);
  load(LOAD_BYTE, 6);
  jump(JUMP_EQUAL, UDP, 16, 15);
  jump(JUMP_EQUAL, TCP, 16, drop);
  load(LOAD_HALF, 40);
  jump(JUMP_EQUAL, DNS_PORT, accept, 18);
  load(LOAD_HALF, 42);
  jump(JUMP_EQUAL, DNS_PORT, accept, drop);
  load(RETURN, 0xffff);
  load(RETURN, 0);
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(([code, isTrue, isFalse, value], index) => {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(isTrue, 8 * index + 2);
    bytes.writeUInt8(isFalse, 8 * index + 3);
    bytes.writeUInt32LE(value, 8 * index + 4);
  });
  return bytes;
}

const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_HALF_BEHIND_HEADER = 0x48;
const LOAD_V4_HEADER_LENGTH = 0xb1;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const RETURN = 0x06;
const ETHERTYPE_V4 = 0x0800;
const ETHERTYPE_V6 = 0x86dd;
/** The kernel's place for the type of the frame, whatever the link. */
const PROTOCOL_OF_FRAME = 0xffff_f000;
