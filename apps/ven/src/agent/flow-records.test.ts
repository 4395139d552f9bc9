import { beforeEach, expect, test } from 'vitest';
import type { LogEntry } from '@bulkhead/enforcement';
import type {
  EndedConnection,
  LiveConnection,
  ObservedPacket,
  SocketOwner,
} from '../platform/port.ts';
import { RULE_HREF } from '../testing/policies.ts';
import { createFlowRecords, type FlowRecords } from './flow-records.ts';

const packet: ObservedPacket = {
  prefix: 'allowed in',
  sourceAddress: '10.0.0.1',
  destinationAddress: '203.0.113.2',
  protocol: 6,
  sourcePort: 50_001,
  destinationPort: 443,
  icmpType: null,
  icmpCode: null,
  interfaceName: 'eth0',
  userId: null,
};
const live: LiveConnection = {
  protocol: 6,
  sourceAddress: '10.0.0.1',
  destinationAddress: '203.0.113.2',
  sourcePort: 50_001,
  destinationPort: 443,
  icmpType: null,
  icmpCode: null,
  bytesFromSource: 100,
  bytesToSource: 2_000,
  packetsFromSource: 3,
  packetsToSource: 4,
};
const end: EndedConnection = { ...live, isTimedOut: false };

let owner: Promise<SocketOwner>;
let lost: number;
let flows: FlowRecords;

beforeEach(() => {
  owner = Promise.resolve({ process: 'nginx', user: 'www-data' });
  lost = 0;
  flows = createFlowRecords({
    logEntry: (prefix) =>
      ({
        decision: prefix.startsWith('blocked') ? 'blocked' : 'allowed',
        direction: prefix.endsWith('in') ? 'inbound' : 'outbound',
        reason: 'rule',
        essential: null,
        origins: [{ href: RULE_HREF, version: 1 }],
      }) satisfies LogEntry,
    profileOf: () => 'corporate',
    ownerOf: () => owner,
    now: () => new Date('2026-11-25T12:00:00Z'),
    maxRecords: 3,
    lost: (records) => (lost += records),
  });
});

test('what a connection carried is told when it ends, without counting it again (R-VEN-3)', async () => {
  flows.observe([packet, { ...packet, sourcePort: 50_002 }]);
  flows.ended([end, { ...end, sourcePort: 50_002 }, { ...end, sourcePort: 50_003 }]);
  const records = await flows.take();
  const same = { src_ip: '10.0.0.1', dst_port: 443, rules: [RULE_HREF], process_name: 'nginx' };
  expect(records).toMatchObject([
    { ...same, state: 'new', connections: 2, bytes_in: 0, bytes_out: 0, user_name: 'www-data' },
    { ...same, state: 'closed', connections: 0, bytes_in: 200, bytes_out: 4_000 },
  ]);
  flows.ended([end]);
  expect(await flows.take()).toEqual([]);
});

test('an end that comes reports later keeps the program of its beginning; outbound bytes are the other way round', async () => {
  flows.observe([{ ...packet, prefix: 'allowed out' }]);
  await flows.take();
  owner = Promise.resolve({ process: 'somebody later', user: null });
  flows.ended([{ ...end, isTimedOut: true }]);
  expect(await flows.take()).toMatchObject([
    {
      state: 'timed out',
      process_name: 'nginx',
      direction: 'outbound',
      bytes_in: 2_000,
      bytes_out: 100,
    },
  ]);
});

test('blocked connections have no end', async () => {
  flows.observe([{ ...packet, prefix: 'blocked in' }]);
  flows.ended([end]);
  expect(await flows.take()).toMatchObject([{ decision: 'blocked', state: 'new' }]);
});

test('what ran before pairing is told as a snapshot, with the direction that this host has in it', async () => {
  const own = new Set(['203.0.113.2']);
  flows.snapshot([live, { ...live, sourcePort: 50_009 }], own);
  flows.snapshot([{ ...live, sourceAddress: '203.0.113.2', destinationAddress: '10.0.0.9' }], own);
  flows.snapshot([{ ...live, sourceAddress: '10.7.0.1', destinationAddress: '10.7.0.2' }], own);
  expect(await flows.take()).toMatchObject([
    { state: 'snapshot', direction: 'inbound', connections: 2, bytes_in: 200, rules: [] },
    { state: 'snapshot', direction: 'outbound', connections: 1, bytes_in: 2_000 },
  ]);
});

test('records are bounded and what does not fit is counted', async () => {
  flows.observe([1, 2, 3, 4, 5].map((port) => ({ ...packet, destinationPort: port })));
  expect([flows.size(), lost]).toEqual([3, 2]);
});
