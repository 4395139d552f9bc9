import { expect, test } from 'vitest';
import { anInterface } from '../platform/fake/fake-platform.ts';
import { detectionAddress, networkKey, recall, remember } from './network-profile.ts';

const HOUR = 3_600_000;

test('an answer is used for the same network for 24 hours, and for no other network (R-NET-3)', () => {
  const office = networkKey(anInterface());
  const cache = remember({}, office, 'corporate', 0);
  // another address from the same DHCP server
  const again = anInterface({ addresses: [{ address: '127.0.0.77', prefixLength: 24 }] });
  expect(recall(cache, networkKey(again), 24 * HOUR)).toBe('corporate');
  expect(recall(cache, office, 24 * HOUR + 1)).toBeNull();
  const cafe = anInterface({ gatewayMac: '02:00:00:00:00:99' });
  expect(recall(cache, networkKey(cafe), HOUR)).toBeNull();
  expect(networkKey(anInterface({ addresses: [] }))).toBeNull();
});

test('detection is sent from IPv4 where there is one', () => {
  const v6 = { address: '2001:db8::5', prefixLength: 64 };
  expect(detectionAddress(anInterface({ addresses: [v6] }))).toBe('2001:db8::5');
  expect(
    detectionAddress(anInterface({ addresses: [v6, { address: '127.0.0.10', prefixLength: 8 }] })),
  ).toBe('127.0.0.10');
});
