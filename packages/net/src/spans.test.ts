import { describe, expect, test } from 'vitest';
import {
  canonicalAddress,
  formatSpan,
  isPeerAddress,
  joinSpans,
  parseAddress,
  parsePrefix,
  parseSpan,
  spansHold,
  subtractSpans,
  unmapAddress,
  type AddressSpan,
} from './index.ts';

function span(text: string): AddressSpan {
  const parsed = parseSpan(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

describe('addresses', () => {
  test.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::', '::'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s reads as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each(['010.0.0.1', '1.2.3', '256.1.1.1', 'fe80::1%eth0', '1::2::3', ' 10.0.0.1', ''])(
    '"%s" is no address',
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );

  test.each([
    ['169.254.3.4', false],
    ['127.0.0.1', false],
    ['224.0.0.1', false],
    ['239.255.255.255', false],
    ['240.0.0.1', true],
    ['255.255.255.255', false],
    ['fe80::1', false],
    ['ff02::1', false],
    ['::1', false],
    ['10.0.0.1', true],
    ['2001:db8::1', true],
  ])('%s as a peer address: %s', (text, expected) => {
    const address = parseAddress(text);
    expect(address !== null && isPeerAddress(address)).toBe(expected);
  });

  test('an IPv4 address in IPv6 dress is IPv4', () => {
    const mapped = parseAddress('::ffff:203.0.113.10');
    expect(mapped && unmapAddress(mapped)).toEqual(parseAddress('203.0.113.10'));
  });
});

describe('spans', () => {
  test('a prefix with host bits names the network that was meant (FR-13)', () => {
    expect(parsePrefix('198.51.100.77/24')).toEqual({
      ok: false,
      message: '"198.51.100.77/24" has host bits set; the network is 198.51.100.0/24',
    });
  });

  test('a range that runs backwards is refused with the right order (FR-9)', () => {
    expect(parseSpan('10.0.0.9-10.0.0.1')).toEqual({
      ok: false,
      message: 'the range runs backwards: 10.0.0.9 to 10.0.0.1; write 10.0.0.1 to 10.0.0.9',
    });
  });

  test('internet but not private (FR-8)', () => {
    const left = subtractSpans(
      [span('0.0.0.0/0')],
      [span('10.0.0.0/8'), span('172.16.0.0/12'), span('192.168.0.0/16')],
    );
    const held = (text: string) => {
      const address = parseAddress(text);
      return address !== null && spansHold(left, address);
    };
    const inside = ['172.15.255.255', '172.32.0.0', '192.167.255.255', '11.0.0.0'];
    const outside = ['172.16.0.0', '172.31.255.255', '10.255.255.255'];
    expect(inside.map(held)).toEqual([true, true, true, true]);
    expect(outside.map(held)).toEqual([false, false, false]);
  });

  test('touching spans become one, written as the shortest text', () => {
    const joined = joinSpans([
      span('10.0.0.128/25'),
      span('10.0.0.0/25'),
      span('10.0.2.1-10.0.2.3'),
    ]);
    expect(joined.map(formatSpan)).toEqual(['10.0.0.0/24', '10.0.2.1-10.0.2.3']);
  });

  test('both ends of the IPv6 space', () => {
    expect(formatSpan(span('::/0'))).toBe('::/0');
    expect(subtractSpans([span('::/0')], [span('::/1')]).map(formatSpan)).toEqual(['8000::/1']);
  });
});
