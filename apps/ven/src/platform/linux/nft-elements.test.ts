/**
 * Bytes held against those that nft 1.0.6 was seen to send for the same change. It numbers the elements of a list where
 * the kernel's headers have one number for each of them; the kernel looks at neither.
 */
import type { ElementChange } from '@bulkhead/enforcement';
import { expect, test } from 'vitest';
import { encodeElements } from './nft-elements.ts';
import { readAttributes, readMessages } from './netlink-message.ts';

const NEW = { type: 0x0a0c, flags: 0x0605 };
const DELETE = { type: 0x0a0e, flags: 0x0005 };
/** Numbers the set within a transaction of nft; the name says the same. */
const SET_ID = /0800040000000\w{3}/;

function aChange(parts: Partial<ElementChange> = {}): ElementChange {
  return {
    table: 'bulkhead',
    set: 'h4',
    keyType: 'ipv4_addr',
    interval: false,
    add: [],
    remove: [],
    ...parts,
  };
}

const adding = (key: string, parts: Partial<ElementChange> = {}) =>
  aChange({ add: [{ key }], ...parts });

test.each([
  [
    'a host',
    adding('10.0.0.9'),
    '010000000d00010062756c6b68656164000000000700020068340000080004000000000114000380100001800c000180080001000a000009',
  ],
  [
    'an IPv6 host',
    adding('2001:db8::1', { set: 'h6', keyType: 'ipv6_addr' }),
    '010000000d00010062756c6b6865616400000000070002006836000008000400000000022000038' +
      '01c000180180001801400010020010db8000000000000000000000001',
  ],
  [
    'an interval, which is two elements',
    adding('10.2.0.0/16', { set: 'r4', interval: true }),
    '010000000d00010062756c6b686561640000000007000200723400000800040000000003' +
      '2c000380100001800c000180080001000a0200001800018008000300000000010c000180080001000a030000',
  ],
  [
    'an interval up to the last address, which nothing ends',
    adding('255.0.0.0/8', { set: 'r4', interval: true }),
    '010000000d00010062756c6b686561640000000007000200723400000800040000000003' +
      '200003801c0001800c00018008000100ff0000000a000600010401000000' +
      '0000',
  ],
  [
    'an interface',
    adding('eth0', { set: 'ifs', keyType: 'ifname' }),
    '010000000d00010062756c6b686561640000000008000200696673000800040000000005' +
      '200003801c000180180001801400010065746830000000000000000000000000',
  ],
])('adds %s as nft does', (_, change, expected) => {
  expect(elementMessages([change])).toEqual([{ ...NEW, body: expected.replace(SET_ID, '') }]);
});

test.each([
  [
    'a host',
    aChange({ remove: [{ key: '10.0.0.9' }] }),
    '010000000d00010062756c6b6865616400000000070002006834000014000380100001800c000180080001000a000009',
  ],
  [
    'an interval',
    aChange({ set: 'r4', interval: true, remove: [{ key: '10.2.0.0-10.2.255.255' }] }),
    '010000000d00010062756c6b68656164000000000700020072340000' +
      '2c000380100001800c000180080001000a0200001800018008000300000000010c000180080001000a030000',
  ],
])('removes %s as nft does', (_, change, expected) => {
  expect(elementMessages([change])).toEqual([{ ...DELETE, body: expected }]);
});

test('a batch begins and ends as nft says it, removals before additions', () => {
  const { bytes } = encodeElements([
    adding('10.0.0.9', { remove: [{ key: '10.0.0.8' }] }),
    adding('10.3.0.0/16', { set: 'r4', interval: true, remove: [{ key: '10.2.0.0/16' }] }),
  ]);
  const messages = [...readMessages(bytes)].map(({ type, body }) => [
    type,
    body.toString('hex', 0, 4),
  ]);
  expect(messages).toEqual([
    [16, '0000000a'],
    [DELETE.type, '01000000'],
    [DELETE.type, '01000000'],
    [NEW.type, '01000000'],
    [NEW.type, '01000000'],
    [17, '0000000a'],
  ]);
});

test('100,000 elements are several messages of one batch, each as long as its length can say', () => {
  const add = Array.from({ length: 100_000 }, (_, index) => ({
    key: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  }));
  const { bytes, messages } = encodeElements([aChange({ add })]);
  const lists = [...readMessages(bytes)]
    .filter(({ type }) => type === NEW.type)
    .map(({ body }) => readAttributes(body.subarray(4)).get(3)?.length ?? 0);
  expect(lists.reduce((sum, length) => sum + length, 0)).toBe(16 * add.length);
  expect(lists).toHaveLength(messages.length);
});

test.each([
  [adding('10.0.0.0/8'), /"10.0.0.0\/8" for h4 is not an address of IPv4/],
  [adding('2001:db8::1'), /not an address of IPv4/],
  [adding('10.0.0.9-10.0.0.1', { interval: true }), /a CIDR block or a range of IPv4/],
  [adding('a-name-of-16-char', { keyType: 'ifname' }), /1 to 15 bytes/],
])('refuses what a set cannot hold (%#)', (change, message) => {
  expect(() => encodeElements([change])).toThrow(message);
});

/** Without the messages around them. */
function elementMessages(changes: readonly ElementChange[]) {
  return [...readMessages(encodeElements(changes).bytes)]
    .filter(({ type }) => type !== 16 && type !== 17)
    .map(({ type, flags, body }) => ({ type, flags, body: body.toString('hex') }));
}
