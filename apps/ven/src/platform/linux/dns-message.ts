/** DNS messages (RFC 1035): what was asked, and to which addresses the asked name leads. */

export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  /** Addresses of the asked name, by way of its aliases; none in questions and failures. */
  readonly addresses: readonly ResolvedAddress[];
}

export interface ResolvedAddress {
  /** 4 or 16 bytes. */
  readonly bytes: Buffer;
  /** The shortest on the way from the name to the address. */
  readonly ttlSeconds: number;
}

interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: Buffer;
  /** Where an alias leads. */
  readonly target: string | null;
}

const HEADER_BYTES = 12;
const IS_ANSWER = 0x8000;
const OPCODE = 0x7800;
const TRUNCATED = 0x0200;
const RESPONSE_CODE = 0x000f;
const CLASS_IN = 1;
const TYPE_A = 1;
const TYPE_CNAME = 5;
const TYPE_AAAA = 28;
const ADDRESS_BYTES = new Map([
  [TYPE_A, 4],
  [TYPE_AAAA, 16],
]);
const MAX_NAME_BYTES = 255;
const POINTER = 0xc0;
/** Of host names, and the underscore of service names. A label with a dot inside would read as another name. */
const LABEL = /^[A-Za-z0-9_-]+$/;

/** What is no DNS message of our kind, as an exception within this file: null to its users. */
class Malformed extends Error {}

/** Null for what is no query or answer with one question about a host name, and for an answer that says it is cut off. */
export function parseDns(bytes: Buffer): DnsMessage | null {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError) return null;
    throw error;
  }
}

function parse(bytes: Buffer): DnsMessage | null {
  if (bytes.length < HEADER_BYTES) return null;
  const flags = bytes.readUInt16BE(2);
  const isAnswer = (flags & IS_ANSWER) !== 0;
  if ((flags & OPCODE) !== 0 || bytes.readUInt16BE(4) !== 1) return null;
  if (isAnswer && (flags & TRUNCATED) !== 0) return null;
  const question = readName(bytes, HEADER_BYTES);
  const type = bytes.readUInt16BE(question.next);
  if (bytes.readUInt16BE(question.next + 2) !== CLASS_IN) return null;
  const hasAddresses = isAnswer && (flags & RESPONSE_CODE) === 0 && ADDRESS_BYTES.has(type);
  return {
    id: bytes.readUInt16BE(0),
    isAnswer,
    name: question.name,
    type,
    addresses: hasAddresses
      ? addressesOf(question.name, readRecords(bytes, question.next + 4, bytes.readUInt16BE(6)))
      : [],
  };
}

/** The records of the answer section that are addresses or aliases of host names. */
function readRecords(bytes: Buffer, from: number, count: number): DnsRecord[] {
  const records: DnsRecord[] = [];
  let at = from;
  for (let index = 0; index < count; index += 1) {
    const { name, next } = readName(bytes, at);
    const type = bytes.readUInt16BE(next);
    const isOurs = bytes.readUInt16BE(next + 2) === CLASS_IN;
    // the highest bit is no part of a time (RFC 2181, 8)
    const ttl = bytes.readUInt32BE(next + 4);
    const start = next + 10;
    at = start + bytes.readUInt16BE(next + 8);
    if (at > bytes.length) throw new Malformed();
    const data = bytes.subarray(start, at);
    const isAddress = ADDRESS_BYTES.get(type) === data.length;
    if (!isOurs || (!isAddress && type !== TYPE_CNAME)) continue;
    const target = type === TYPE_CNAME ? readName(bytes, start).name : null;
    records.push({ name, type, ttlSeconds: ttl > 0x7fff_ffff ? 0 : ttl, data, target });
  }
  return records;
}

/** Follows the aliases of a name, each record at most once. */
function addressesOf(name: string, records: readonly DnsRecord[]): ResolvedAddress[] {
  let left = records;
  let current = name;
  let ttlSeconds = Infinity;
  for (;;) {
    const alias = left.find((record) => record.target !== null && record.name === current);
    if (alias?.target == null) break;
    left = left.filter((record) => record !== alias);
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    current = alias.target;
  }
  return left
    .filter((record) => record.target === null && record.name === current)
    .map((record) => ({
      bytes: record.data,
      ttlSeconds: Math.min(ttlSeconds, record.ttlSeconds),
    }));
}

/** A name, and where what follows it begins. A pointer leads to where no label was read yet: backwards, and never twice. */
function readName(bytes: Buffer, from: number): { readonly name: string; readonly next: number } {
  const labels: string[] = [];
  let at = from;
  let earliest = from;
  let next: number | null = null;
  let length = 1;
  for (;;) {
    const size = bytes.readUInt8(at);
    if (size >= POINTER) {
      const target = bytes.readUInt16BE(at) & 0x3fff;
      if (target >= earliest || target < HEADER_BYTES) throw new Malformed();
      next ??= at + 2;
      at = target;
      earliest = target;
      continue;
    }
    if (size === 0) return { name: labels.join('.'), next: next ?? at + 1 };
    length += size + 1;
    const label = bytes.toString('latin1', at + 1, at + 1 + size);
    if (size > 63 || length > MAX_NAME_BYTES || label.length !== size || !LABEL.test(label)) {
      throw new Malformed();
    }
    labels.push(label.toLowerCase());
    at += size + 1;
  }
}
