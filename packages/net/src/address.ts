/** Single addresses of both families. Text is strict on the way in and canonical on the way out. */

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  /** The address as a number: 32 or 128 bits. */
  readonly value: bigint;
}

/** Bits of an address of each family. */
export const ADDRESS_BITS = { 4: 32, 6: 128 } as const satisfies Record<Family, number>;

/** Family of an address, CIDR block or range in text; says nothing about whether it is valid. */
export function familyOf(text: string): Family {
  return text.includes(':') ? 6 : 4;
}

/** Reads one address. Leading zeros, zones, blanks and everything else that two programs could read differently give null. */
export function parseAddress(text: string): Address | null {
  const family = familyOf(text);
  const value = family === 6 ? parseIpv6(text) : parseIpv4(text);
  return value === null ? null : { family, value };
}

const ZERO = 48;
const DOT = 46;

/**
 * An IPv4 address as a number of 32 bits, -1 for everything else. As strict as `parseAddress`, and made for hundreds of thousands of
 * addresses at a time: an accepted text is the one text of its address.
 */
export function ipv4Number(text: string): number {
  let value = 0;
  let byte = -1;
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (byte < 0 || bytes === 3) return -1;
      value = value * 256 + byte;
      byte = -1;
      bytes += 1;
      continue;
    }
    const digit = code - ZERO;
    // a byte of 0 is followed by nothing: leading zeros are read as octal by some
    if (digit < 0 || digit > 9 || byte === 0) return -1;
    byte = byte < 0 ? digit : byte * 10 + digit;
    if (byte > 255) return -1;
  }
  return bytes === 3 && byte >= 0 ? value * 256 + byte : -1;
}

/** The one text of an IPv4 address that is a number of 32 bits. */
export function ipv4Text(number: number): string {
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/** The one text of an address; IPv6 as in RFC 5952. */
export function formatAddress(address: Address): string {
  const { family, value } = address;
  if (family === 4) return ipv4Text(Number(value));
  const hex = value.toString(16).padStart(32, '0');
  const parts = Array.from({ length: 8 }, (_, index) =>
    Number.parseInt(hex.slice(4 * index, 4 * index + 4), 16),
  );
  const [start, length] = longestZeros(parts);
  const text = (from: number, to: number) =>
    parts
      .slice(from, to)
      .map((part) => part.toString(16))
      .join(':');
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

/** The one text of an address given in any spelling; null when it is no address. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  return address === null ? null : formatAddress(address);
}

/** IPv4 in IPv6 dress (`::ffff:192.0.2.1`) as IPv4; any other address unchanged. Sockets that serve both families report the former. */
export function unmapAddress(address: Address): Address {
  return address.family === 6 && address.value >> 32n === 0xffffn
    ? { family: 4, value: address.value & 0xffff_ffffn }
    : address;
}

/** `isPeerAddress` of an IPv4 address that is a number of 32 bits. */
export function isPeerIpv4(number: number): boolean {
  const first = number >>> 24;
  const linkLocal = number >>> 16 === 0xa9fe;
  const multicast = first >= 224 && first < 240;
  return first !== 0 && first !== 127 && !multicast && !linkLocal && number !== 0xffff_ffff;
}

/** False for unspecified, loopback, link-local and multicast addresses and the IPv4 broadcast: such are never a workload's peer address. */
export function isPeerAddress(address: Address): boolean {
  const { family, value } = address;
  if (family === 4) return isPeerIpv4(Number(value));
  const linkLocal = value >> 118n === 0x3fan;
  const multicast = value >> 120n === 0xffn;
  return value > 1n && !linkLocal && !multicast;
}

function parseIpv4(text: string): bigint | null {
  const value = ipv4Number(text);
  return value < 0 ? null : BigInt(value);
}

function parseIpv6(text: string): bigint | null {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return null;
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const zeros = Array.from({ length: missing }, () => 0);
  return [...left, ...zeros, ...right].reduce(
    (value, group) => value * 65_536n + BigInt(group),
    0n,
  );
}

/** The groups of one side of `::`; the last one may be an IPv4 address. */
function groups(text: string): number[] | null {
  if (text === '') return [];
  const found: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      found.push(Number.parseInt(part, 16));
      continue;
    }
    const embedded = index === parts.length - 1 ? parseIpv4(part) : null;
    if (embedded === null) return null;
    found.push(Number(embedded >> 16n), Number(embedded & 0xffffn));
  }
  return found;
}

function longestZeros(parts: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (const [index, part] of parts.entries()) {
    if (part !== 0) start = index + 1;
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start];
  }
  return best;
}
