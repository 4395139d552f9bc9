import { expect, test } from 'vitest';
import { canonicalAddress, createMatcher, parseSpan, spanKeys } from './addresses.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['1::', '1::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
])('%s is %s', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical);
});

test.each([
  '',
  '10.0.0',
  '10.0.0.256',
  '010.0.0.1',
  '10.0.0.1/32',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '::g',
  '1:2:3:4:5:6:7:8::',
  'fe80::1%eth0',
])('%j is no single address', (text) => {
  expect(canonicalAddress(text)).toBeNull();
});

test.each([
  '10.0.0.1/8',
  '10.0.0.0/33',
  '10.0.0.9-10.0.0.1',
  '10.0.0.1-::1',
  '10.0.0.0/',
  '10.0.0.1-',
])('%j is no span', (text) => {
  expect(parseSpan(text)).toBeNull();
});

test('a set covers its hosts and ranges to the last address and no further', () => {
  const matcher = createMatcher(
    ['192.0.2.7'],
    ['10.0.0.0/30', '2001:db8::/127', '0.0.0.9-0.0.0.10'],
  );
  const covered = ['10.0.0.0', '10.0.0.3', '192.0.2.7', '2001:db8::1', '0.0.0.10'];
  const outside = ['10.0.0.4', '9.255.255.255', '192.0.2.6', '2001:db8::2', '::a', '0.0.0.8'];
  const isCovered = (text: string) => {
    const span = parseSpan(text);
    return span !== null && matcher(span);
  };
  expect([...covered, ...outside].filter(isCovered)).toEqual(covered);
});

test('coverage has one key, however it is cut; what cannot be read is kept', () => {
  const whole = spanKeys(['10.0.0.0/8'], true);
  expect(spanKeys(['10.128.0.0/9', '10.0.0.0-10.127.255.255'], true)).toEqual(whole);
  expect(spanKeys(['10.0.0.0/9'], true)).not.toEqual(whole);
  expect(spanKeys(['?', '10.0.0.0/8'], true)).toEqual([...whole, '?']);
});
