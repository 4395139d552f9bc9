import { parseAddress } from '@bulkhead/net';
import { expect, test } from 'vitest';
import { addressKeys, coverageKeys, createMatcher } from './address-sets.ts';

test('a set covers its hosts and ranges to the last address and no further', () => {
  const ranges = ['10.0.0.0/30', '2001:db8::/127', '0.0.0.9-0.0.0.10'];
  const matcher = createMatcher(['192.0.2.7', 'nonsense'], ranges);
  const covered = ['10.0.0.0', '10.0.0.3', '192.0.2.7', '2001:db8::1', '0.0.0.10'];
  const outside = ['10.0.0.4', '9.255.255.255', '192.0.2.6', '2001:db8::2', '::a', '0.0.0.8'];
  const isCovered = (text: string) => {
    const address = parseAddress(text);
    return address !== null && matcher(address);
  };
  expect([...covered, ...outside].filter(isCovered)).toEqual(covered);
});

test('one address has one key, however it is spelled', () => {
  expect(addressKeys(['::ffff:192.0.2.1', '2001:DB8:0::1', 'x'])).toEqual([
    '::ffff:c000:201',
    '2001:db8::1',
    'x',
  ]);
});

test('coverage has one key, however it is cut; what cannot be read is kept', () => {
  const whole = coverageKeys(['10.0.0.0/8']);
  expect(coverageKeys(['10.128.0.0/9', '10.0.0.0-10.127.255.255'])).toEqual(whole);
  expect(coverageKeys(['10.0.0.0/9'])).not.toEqual(whole);
  expect(coverageKeys(['?', '10.0.0.0/8'])).toEqual([...whole, '?']);
});
