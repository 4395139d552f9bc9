/** Inclusive spans of addresses, their text (CIDR block or `first-last`), and sets of them. */
import { ADDRESS_BITS, type Address, type Family, formatAddress, parseAddress } from './address.ts';

/** Inclusive, of one family, `first <= last`. */
export interface AddressSpan {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** A value, or the reason why there is none, as a sentence that says what would be right. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

function refuse(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

/** The block that an address with a prefix length lies in. The length must fit the family. */
export function networkOf(address: Address, prefixLength: number): AddressSpan {
  const size = 1n << BigInt(ADDRESS_BITS[address.family] - prefixLength);
  const first = address.value - (address.value % size);
  return { family: address.family, first, last: first + size - 1n };
}

/** A CIDR block. Host bits behind the prefix are refused, with the network that was probably meant. */
export function parsePrefix(text: string): Parsed<AddressSpan & { readonly prefixLength: number }> {
  const [base = '', length = '', ...rest] = text.split('/');
  const address = parseAddress(base);
  if (address === null || rest.length > 0 || !/^\d{1,3}$/.test(length)) {
    return refuse(`"${text}" is not a CIDR block; write one such as 192.0.2.0/24`);
  }
  const prefixLength = Number(length);
  const bits = ADDRESS_BITS[address.family];
  if (prefixLength > bits || `${prefixLength}` !== length) {
    return refuse(`"${text}": the prefix length of IPv${address.family} is 0 to ${bits}`);
  }
  const network = networkOf(address, prefixLength);
  if (network.first !== address.value) {
    return refuse(`"${text}" has host bits set; the network is ${formatSpan(network)}`);
  }
  return { ok: true, value: { ...network, prefixLength } };
}

/** An address, a CIDR block or `first-last`. */
export function parseSpan(text: string): Parsed<AddressSpan> {
  const dash = text.indexOf('-');
  if (dash >= 0) return parseRange(text.slice(0, dash), text.slice(dash + 1));
  if (text.includes('/')) return parsePrefix(text);
  const address = parseAddress(text);
  if (address === null) {
    return refuse(
      `"${text}" is not an address; write IPv4 such as 192.0.2.1 or IPv6 such as 2001:db8::1`,
    );
  }
  return { ok: true, value: { family: address.family, first: address.value, last: address.value } };
}

/** The span from one address to another, both included. */
export function parseRange(from: string, to: string): Parsed<AddressSpan> {
  const first = parseAddress(from.trim());
  const last = parseAddress(to.trim());
  if (first === null || last === null) {
    return refuse(`"${first === null ? from : to}" is not an address; a range is two addresses`);
  }
  if (first.family !== last.family) return refuse(`${from} and ${to} are of different families`);
  if (first.value > last.value) {
    return refuse(`the range runs backwards: ${from} to ${to}; write ${to} to ${from}`);
  }
  return { ok: true, value: { family: first.family, first: first.value, last: last.value } };
}

/** Canonical text: an address, a CIDR block where the span is exactly one, else `first-last`. */
export function formatSpan(span: AddressSpan): string {
  const first = formatAddress({ family: span.family, value: span.first });
  const size = span.last - span.first + 1n;
  if (size === 1n) return first;
  if ((size & (size - 1n)) === 0n && span.first % size === 0n) {
    return `${first}/${ADDRESS_BITS[span.family] - (size.toString(2).length - 1)}`;
  }
  return `${first}-${formatAddress({ family: span.family, value: span.last })}`;
}

/** Union as disjoint spans that do not touch, sorted by family and address. */
export function joinSpans(spans: readonly AddressSpan[]): AddressSpan[] {
  const sorted = [...spans].sort(
    (left, right) => left.family - right.family || compare(left.first, right.first),
  );
  const joined: AddressSpan[] = [];
  for (const span of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && last.family === span.family && span.first <= last.last + 1n) {
      joined[joined.length - 1] = { ...last, last: last.last > span.last ? last.last : span.last };
    } else {
      joined.push(span);
    }
  }
  return joined;
}

/** What is in `spans` and not in `removed`, as disjoint sorted spans. */
export function subtractSpans(
  spans: readonly AddressSpan[],
  removed: readonly AddressSpan[],
): AddressSpan[] {
  const holes = joinSpans(removed);
  let next = 0;
  return joinSpans(spans).flatMap((span) => {
    const left: AddressSpan[] = [];
    let { first } = span;
    while (isBefore(holes[next], span)) next += 1;
    for (let at = next; ; at += 1) {
      const hole = holes[at];
      if (hole === undefined || isBefore(span, hole)) break;
      if (hole.first > first) left.push({ family: span.family, first, last: hole.first - 1n });
      first = hole.last + 1n;
    }
    if (first <= span.last) left.push({ family: span.family, first, last: span.last });
    return left;
  });
}

/** Whether the whole of a span comes before another. */
function isBefore(span: AddressSpan | undefined, other: AddressSpan): boolean {
  if (span === undefined) return false;
  return span.family < other.family || (span.family === other.family && span.last < other.first);
}

/** Whether disjoint sorted spans (from `joinSpans`) hold an address. */
export function spansHold(joined: readonly AddressSpan[], address: Address): boolean {
  let low = 0;
  let high = joined.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const span = joined[middle];
    if (span === undefined) return false;
    const before =
      address.family < span.family ||
      (address.family === span.family && address.value < span.first);
    if (before) high = middle - 1;
    else if (address.family > span.family || address.value > span.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** Whether every address of `inner` is in `spans`. */
export function spansCover(spans: readonly AddressSpan[], inner: AddressSpan): boolean {
  return joinSpans(spans).some(
    (span) => span.family === inner.family && span.first <= inner.first && inner.last <= span.last,
  );
}

function compare(left: bigint, right: bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
