import { isIPv4, isIPv6 } from 'node:net';

/** The 4 or 16 bytes of an address that `net.isIP` accepts. */
export function parseAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  if (!isIPv6(text)) throw new Error(`${text} is not an IP address`);
  // The URL parser writes an IPv6 address in its one canonical form, without a dotted quad.
  const canonical = new URL(`http://[${text.split('%')[0] ?? ''}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const words = (part: string | undefined): number[] =>
    part === undefined || part === ''
      ? []
      : part.split(':').map((word) => Number.parseInt(word, 16));
  const left = words(head);
  const right = words(tail);
  const all = [
    ...left,
    ...Array.from({ length: 8 - left.length - right.length }, () => 0),
    ...right,
  ];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
}
