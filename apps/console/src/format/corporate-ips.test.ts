import { expect, test } from 'vitest';
import { checkCorporateIp, entryThatHolds } from './corporate-ips.ts';

test.each(['203.0.113.0/26', '198.51.100.8', ' 192.0.2.1 ', '0.0.0.0/0'])(
  '%s is an IPv4 address or block (R-NET-2)',
  (text) => {
    expect(checkCorporateIp(text)).toEqual({ ok: true });
  },
);

test('host bits are refused, with the block and the host as corrections (R-NET-2)', () => {
  expect(checkCorporateIp('198.51.100.77/24')).toEqual({
    ok: false,
    message: 'This is a host inside 198.51.100.0/24. Is the whole block meant?',
    corrections: ['198.51.100.0/24', '198.51.100.77'],
  });
});

test.each([
  ['2001:db8:40::/48', 'Only IPv4 is supported here. Detection requests are sent over IPv4.'],
  [
    '203.0.113.1-203.0.113.9',
    'Ranges are not supported here. Write CIDR blocks, such as 203.0.113.0/26.',
  ],
  ['vpn.example.com', 'Names are not supported here. Write the public IPv4 address itself.'],
  ['203.0.113.300', '203.0.113.300 is not an IPv4 address.'],
  ['203.0.113.0/33', '/33 is not a prefix length. It is 0 to 32.'],
])('%s is refused with the reason (R-NET-2)', (text, message) => {
  expect(checkCorporateIp(text)).toMatchObject({ ok: false, message });
});

test('an address is found in the block that holds it', () => {
  expect(entryThatHolds(['198.51.100.8', '203.0.113.0/26'], '203.0.113.44')).toBe('203.0.113.0/26');
  expect(entryThatHolds(['203.0.113.0/26'], '203.0.113.64')).toBeNull();
  expect(entryThatHolds(['203.0.113.0/26'], 'somewhere')).toBeNull();
});
