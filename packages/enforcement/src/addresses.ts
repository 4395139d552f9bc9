export type Family = 4 | 6;

/** Inclusive span of addresses of one family, as numbers. */
export interface AddressSpan {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** Whether a single address is in a set. */
export type AddressMatcher = (address: AddressSpan) => boolean;

/** Family of an address, CIDR block or range in canonical text. */
export function familyOf(text: string): Family {
  return text.includes(':') ? 6 : 4;
}

const BITS = { 4: 32, 6: 128 } as const;

/** An address, a CIDR block or `first-last`; null for anything else, host bits behind a prefix and backward ranges included. */
export function parseSpan(text: string): AddressSpan | null {
  const dash = text.indexOf('-');
  if (dash >= 0) {
    const first = parseSingle(text.slice(0, dash));
    const last = parseSingle(text.slice(dash + 1));
    if (first === null || last === null || first.family !== last.family) return null;
    if (first.first > last.first) return null;
    return { family: first.family, first: first.first, last: last.first };
  }
  const slash = text.indexOf('/');
  if (slash < 0) return parseSingle(text);
  const base = parseSingle(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (base === null || !/^[0-9]{1,3}$/.test(length)) return null;
  const hostBits = BITS[base.family] - Number(length);
  if (hostBits < 0) return null;
  const size = 1n << BigInt(hostBits);
  if (base.first % size !== 0n) return null;
  return { ...base, last: base.first + size - 1n };
}

/** The one text of an address (RFC 5952 for IPv6); null for anything that is not a single address. */
export function canonicalAddress(text: string): string | null {
  const address = parseSingle(text);
  return address === null ? null : formatAddress(address.family, address.first);
}

/** Prepares members of an address set, in canonical text. What is no address matches nothing. */
export function createMatcher(hosts: readonly string[], ranges: readonly string[]): AddressMatcher {
  const singles = { 4: new Set<bigint>(), 6: new Set<bigint>() };
  for (const host of hosts) {
    const address = parseSingle(host);
    if (address !== null) singles[address.family].add(address.first);
  }
  const spans = joinSpans(ranges);
  return (address) =>
    singles[address.family].has(address.first) ||
    spans.some(
      (span) =>
        span.family === address.family && span.first <= address.first && address.first <= span.last,
    );
}

/** Texts that are equal for equal addresses; with `join`, for equal coverage, whatever the ranges are cut into. */
export function spanKeys(texts: readonly string[], join: boolean): string[] {
  if (!join) return texts.map((text) => canonicalAddress(text) ?? text);
  const unreadable = texts.filter((text) => parseSpan(text) === null);
  const spans = joinSpans(texts).map(
    ({ family, first, last }) => `${formatAddress(family, first)}-${formatAddress(family, last)}`,
  );
  return [...spans, ...unreadable];
}

function joinSpans(texts: readonly string[]): AddressSpan[] {
  const spans = texts
    .flatMap((text) => parseSpan(text) ?? [])
    .sort((left, right) => left.family - right.family || (left.first < right.first ? -1 : 1));
  const joined: AddressSpan[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && last.family === span.family && span.first <= last.last + 1n) {
      joined[joined.length - 1] = { ...last, last: last.last > span.last ? last.last : span.last };
    } else {
      joined.push(span);
    }
  }
  return joined;
}

function parseSingle(text: string): AddressSpan | null {
  const family = familyOf(text);
  const value = family === 6 ? parseIpv6(text) : parseIpv4(text);
  return value === null ? null : { family, first: value, last: value };
}

function parseIpv4(text: string): bigint | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  let value = 0;
  for (const part of match.slice(1)) {
    const byte = Number(part);
    if (byte > 255 || `${byte}` !== part) return null;
    value = value * 256 + byte;
  }
  return BigInt(value);
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

function formatAddress(family: Family, value: bigint): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => `${(value >> shift) & 0xffn}`).join('.');
  }
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

function longestZeros(parts: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (const [index, part] of parts.entries()) {
    if (part !== 0) start = index + 1;
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start];
  }
  return best;
}
