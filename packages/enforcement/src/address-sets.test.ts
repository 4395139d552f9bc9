import { expect, test } from 'vitest';
import { addressKeys, coverageKeys } from './address-sets.ts';

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
