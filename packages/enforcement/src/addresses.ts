/** Addresses, blocks and ranges as numbers. */
export interface AddressSpan {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}
export type AddressMatcher = (address: AddressSpan) => boolean;

function parse4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let v = 0n;
  for (const p of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(p) || Number(p) > 255) return null;
    v = v * 256n + BigInt(p);
  }
  return v;
}
function parse6(text: string): bigint | null {
  const [head, tail, more] = text.split('::');
  if (head === undefined || more !== undefined) return null;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const fill = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array.from({ length: fill }, () => '0'), ...right];
  if (all.length !== 8 || !all.every((p) => /^[0-9a-f]{1,4}$/i.test(p))) return null;
  return all.reduce((v, p) => v * 65536n + BigInt(`0x${p}`), 0n);
}
function parseOne(text: string): { family: 4 | 6; value: bigint } | null {
  const family = text.includes(':') ? 6 : 4;
  const value = family === 6 ? parse6(text) : parse4(text);
  return value === null ? null : { family, value };
}
export function canonicalAddress(text: string): string | null {
  return parseOne(text) === null ? null : text.toLowerCase();
}
export function parseSpan(text: string): AddressSpan | null {
  const [from, to] = text.split('-');
  if (from === undefined) return null;
  if (to !== undefined) {
    const a = parseOne(from);
    const b = parseOne(to);
    return a === null || b === null ? null : { family: a.family, first: a.value, last: b.value };
  }
  const [address, length] = from.split('/');
  const a = parseOne(address ?? '');
  if (a === null) return null;
  const bits = a.family === 4 ? 32 : 128;
  const rest = BigInt(bits - (length === undefined ? bits : Number(length)));
  const first = (a.value >> rest) << rest;
  return { family: a.family, first, last: first + (1n << rest) - 1n };
}
export function createMatcher(hosts: readonly string[], ranges: readonly string[]): AddressMatcher {
  const spans = [...hosts, ...ranges].flatMap((t) => parseSpan(t) ?? []);
  return (a) => spans.some((s) => s.family === a.family && s.first <= a.first && a.first <= s.last);
}
export function spanKeys(texts: readonly string[], merge: boolean): string[] {
  const spans = texts.flatMap((t) => parseSpan(t) ?? []);
  if (!merge) return texts.map((t) => canonicalAddress(t) ?? t);
  const sorted = spans.sort((x, y) => x.family - y.family || (x.first < y.first ? -1 : 1));
  const out: AddressSpan[] = [];
  for (const s of sorted) {
    const l = out.at(-1);
    if (l !== undefined && l.family === s.family && s.first <= l.last + 1n) {
      out[out.length - 1] = { ...l, last: s.last > l.last ? s.last : l.last };
    } else out.push(s);
  }
  return out.map((s) => `${s.family}:${s.first}-${s.last}`);
}
