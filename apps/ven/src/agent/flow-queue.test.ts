import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlowRecord, FlowReport } from '@bulkhead/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFlowQueue, type FlowQueue } from './flow-queue.ts';
import { createLog } from './log.ts';

let folder: string;
let lost: number;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'ven-flows-')), 'flows');
  lost = 0;
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

function open(maxRecords?: number): Promise<FlowQueue> {
  const log = createLog(
    () => undefined,
    () => new Date(),
  );
  return openFlowQueue(folder, (records) => (lost += records), log, maxRecords);
}

const record: FlowRecord = {
  src_ip: '10.0.0.1',
  dst_ip: '10.0.0.2',
  protocol: 6,
  dst_port: 443,
  icmp_type: null,
  icmp_code: null,
  direction: 'inbound',
  decision: 'allowed',
  rules: [],
  reason: 'default',
  interface: null,
  network_profile: 'corporate',
  state: 'new',
  connections: 1,
  bytes_in: 0,
  bytes_out: 0,
  first_seen: '2026-11-25T12:00:00Z',
  last_seen: '2026-11-25T12:00:00Z',
  process_name: null,
  user_name: null,
};
const report = (sequence: number, records = 2): FlowReport => ({
  sequence,
  dropped: 0,
  flows: Array.from({ length: records }, () => record),
});

test('reports on disk outlive the process, and go on in their order with their numbers', async () => {
  const before = await open();
  for (const sequence of [7, 8, 9]) before.push(report(sequence));
  await before.done(7);
  await before.store();
  const after = await open();
  expect([after.size(), after.nextSequence()]).toEqual([4, 10]);
  expect(await after.first()).toEqual(report(8));
  await after.done(8);
  after.push(report(10));
  expect((await after.first())?.sequence).toBe(9);
  await after.done(9);
  expect((await after.first())?.sequence).toBe(10);
  expect(await readdir(folder)).toEqual([]);
});

test('the oldest go first when there is no more room, and what is lost is counted', async () => {
  const queue = await open(5);
  for (const sequence of [1, 2, 3, 4]) {
    queue.push(report(sequence));
    await queue.store();
  }
  expect([queue.size(), lost]).toEqual([4, 4]);
  expect((await queue.first())?.sequence).toBe(3);
});

test('a damaged file is passed over and counted', async () => {
  const before = await open();
  before.push(report(1));
  before.push(report(2));
  await before.store();
  const [oldest = ''] = (await readdir(folder)).sort();
  await writeFile(join(folder, oldest), '{"sequence":');
  const after = await open();
  expect((await after.first())?.sequence).toBe(2);
  expect(lost).toBe(2);
});

test('a disk that takes nothing costs nothing that memory still holds', async () => {
  await writeFile(folder, 'not a folder');
  const queue = await open();
  queue.push(report(1));
  await queue.store();
  expect(await queue.first()).toEqual(report(1));
});
