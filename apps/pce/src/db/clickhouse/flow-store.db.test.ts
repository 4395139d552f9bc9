import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedFlowStore } from './embedded-flow-store.ts';

const TABLE =
  'CREATE TABLE flows (at DateTime64(3), ip String, port UInt16, bytes UInt64, tags Array(String)) ENGINE = MergeTree ORDER BY at';
let folder: string;
let store: EmbeddedFlowStore;

function open(): EmbeddedFlowStore {
  return new EmbeddedFlowStore(join(folder, 'clickhouse'), pino({ level: 'silent' }));
}

function row(port: number): Record<string, unknown> {
  return {
    at: '2026-11-25T12:00:00.123Z',
    ip: "10.0.0.1'; --\n",
    port,
    bytes: 2 ** 40,
    tags: ['a', "b'"],
  };
}

async function enginePid(): Promise<number> {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(folder)) return Number(pid);
  }
  throw new Error('no engine runs');
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-flows-'));
  store = open();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

test('nothing runs before the first call', async () => {
  expect(store.running).toBe(false);
  expect(existsSync(join(folder, 'clickhouse'))).toBe(false);
  await store.command('SELECT 1');
  expect(store.running).toBe(true);
});

test('rows come back as they went in; values travel as parameters', async () => {
  await store.command(TABLE);
  await store.insert('flows', [row(1), row(2), row(3)]);
  const found = await store.query<Record<string, unknown>>(
    'SELECT * FROM flows WHERE port = {port:UInt16} AND ip = {ip:String}',
    { port: 2, ip: "10.0.0.1'; --\n" },
  );
  expect(found).toEqual([{ ...row(2), at: '2026-11-25 12:00:00.123' }]);
  expect(
    await store.query('SELECT count() AS n FROM flows WHERE has({ports:Array(UInt16)}, port)', {
      ports: [1, 3],
    }),
  ).toEqual([{ n: 2 }]);
  expect(await store.query('SELECT * FROM flows WHERE port = 9')).toEqual([]);
});

test('a mistake is an error with the reason, and the engine goes on', async () => {
  await expect(store.query('SELECT nonsense FROM nowhere')).rejects.toThrow(/nowhere/);
  expect(await store.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('an engine that is killed loses no acknowledged row and starts again by itself', async () => {
  await store.command(TABLE);
  for (let batch = 0; batch < 5; batch += 1)
    await store.insert(
      'flows',
      Array.from({ length: 1000 }, (_, port) => row(port)),
    );
  process.kill(await enginePid(), 'SIGKILL');
  await expect.poll(() => store.running).toBe(false);
  expect(await store.query('SELECT count() AS n FROM flows')).toEqual([{ n: 5000 }]);
});

test('rows outlive a close', async () => {
  await store.command(TABLE);
  await store.insert('flows', [row(1)]);
  await store.close();
  store = open();
  expect(await store.query('SELECT port FROM flows')).toEqual([{ port: 1 }]);
});
