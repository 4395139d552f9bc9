import { expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import { aPolicy, aRule, setsOf, someFacts } from '../testing/fixtures.ts';
import { connectionsToCut, cutElements, type TrackedConnection } from './connections.ts';

const HOST = '10.0.0.2';
const EXTERNAL = '198.51.100.2';

const plan = buildPlan({
  policy: aPolicy({
    rules: [aRule({ peers: ['peers'] }), aRule({ peers: ['peers'], direction: 'outbound' })],
  }),
  sets: setsOf({ id: 'peers', hosts: ['10.0.0.1', '2001:db8::1'], ranges: [] }),
  host: someFacts(),
});

function tracked(
  sourceAddress: string,
  destinationAddress: string,
  parts: Partial<TrackedConnection> = {},
): TrackedConnection {
  return {
    protocol: 6,
    sourceAddress,
    destinationAddress,
    sourcePort: 50_000,
    destinationPort: 443,
    icmpType: null,
    icmpCode: null,
    ...parts,
  };
}

test.each([
  ['an allowed one that came in', tracked('10.0.0.1', HOST), false],
  ['an allowed one that went out', tracked(HOST, '10.0.0.1'), false],
  ['one from elsewhere', tracked('192.0.2.1', HOST), true],
  ['one to elsewhere', tracked(HOST, '192.0.2.1'), true],
  ['one to another port', tracked('10.0.0.1', HOST, { destinationPort: 22 }), true],
  ['one on the external interface', tracked('10.0.0.1', EXTERNAL), true],
  ['IPv6 in another spelling', tracked('2001:DB8::1', '2001:0db8:000c::2'), false],
  [
    'IPv6 in another spelling, to another port',
    tracked('2001:DB8::1', '2001:0db8:000c::2', { destinationPort: 22 }),
    true,
  ],
  ['an essential one', tracked(HOST, '203.0.113.10', { destinationPort: 8443 }), false],
  ['a forwarded one', tracked('192.0.2.1', '192.0.2.2'), false],
  ['one within the host', tracked(HOST, EXTERNAL), false],
] as const)('%s is cut: %#', (_, connection, cut) => {
  expect(connectionsToCut(plan, [connection])).toEqual(cut ? [connection] : []);
});

test.each([
  // as its next packet went, which was an answer
  [
    'an allowed one that went out',
    tracked('10.0.0.1', HOST, { sourcePort: 443, destinationPort: 50_000 }),
    false,
  ],
  [
    'one that went elsewhere',
    tracked('192.0.2.1', HOST, { sourcePort: 443, destinationPort: 50_000 }),
    true,
  ],
  [
    'an allowed one that came in',
    tracked(HOST, '10.0.0.1', { sourcePort: 443, destinationPort: 50_000 }),
    false,
  ],
  [
    'one that came in from elsewhere',
    tracked(HOST, '192.0.2.1', { sourcePort: 443, destinationPort: 50_000 }),
    true,
  ],
  [
    'one that came to a port that is allowed outbound alone',
    tracked(HOST, '10.0.0.1', { sourcePort: 22, destinationPort: 443 }),
    true,
  ],
] as const)('%s, listed the wrong way round, is cut as it began: %#', (_, connection, cut) => {
  expect(connectionsToCut(plan, [connection], new Set([443, 22]))).toEqual(cut ? [connection] : []);
});

test('nothing is cut where nothing is blocked', () => {
  const visible = buildPlan({
    policy: aPolicy({ mode: 'visibility_only' }),
    sets: new Map(),
    host: someFacts(),
  });
  expect(connectionsToCut(visible, [tracked('192.0.2.1', HOST)])).toEqual([]);
});

test('both directions of a connection stay cut, and only where there are ports', () => {
  expect(cutElements(tracked('192.0.2.1', HOST))).toEqual([
    '192.0.2.1 . 50000 . 10.0.0.2 . 443 . 6',
    '10.0.0.2 . 443 . 192.0.2.1 . 50000 . 6',
  ]);
  const ping = { protocol: 1, sourcePort: null, destinationPort: null, icmpType: 8, icmpCode: 0 };
  expect(cutElements(tracked('192.0.2.1', HOST, ping))).toEqual([]);
});
