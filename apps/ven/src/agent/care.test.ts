import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompatibilityReport, VenWarning } from '@bulkhead/contract';
import { createCare, type Care, type CareDeps } from './care.ts';
import { createLog } from './log.ts';

const DAY_MS = 86_400_000;
let now: number;
let care: Care;
let idle: boolean;
let connected: boolean;
let failing: boolean;
let warnings: VenWarning[];
const renewed: number[] = [];
const reports: CompatibilityReport[] = [];
let told: number;

beforeEach(() => {
  now = 1_000_000_000;
  idle = true;
  connected = true;
  failing = false;
  warnings = [];
  renewed.length = 0;
  reports.length = 0;
  told = 0;
  const issued = new Date(now);
  const deps: CareDeps = {
    warnings: () => Promise.resolve(warnings),
    warningsMoved: () => (told += 1),
    tokenIssuedAt: () => new Date(renewed.at(-1) ?? issued),
    renewToken: () => {
      if (failing) return Promise.reject(new Error('the PCE is away'));
      renewed.push(now);
      return Promise.resolve();
    },
    isIdle: () => idle,
    compatibility: () => Promise.resolve({ checks: [] }),
    sendCompatibility: (report) => {
      reports.push(report);
      return Promise.resolve();
    },
    isConnected: () => connected,
    log: createLog(
      () => undefined,
      () => new Date(now),
    ),
    nowMs: () => now,
  };
  care = createCare(deps);
});
afterEach(() => care.close());

test('the token is renewed once a day, and after a failure soon again', async () => {
  await care.look();
  now += DAY_MS - 1;
  await care.look();
  expect(renewed).toEqual([]);
  failing = true;
  now += 1;
  await care.look();
  failing = false;
  await care.look();
  expect(renewed).toEqual([]);
  now += 600_000;
  await care.look();
  await care.look();
  expect(renewed).toEqual([now]);
});

test('the compatibility report goes out every 24 h while the host is Idle, not otherwise (R-VEN-7)', async () => {
  idle = false;
  await care.look();
  expect(reports).toHaveLength(0);
  idle = true;
  await care.look();
  await care.look();
  expect(reports).toHaveLength(1);
  now += DAY_MS;
  await care.look();
  expect(reports).toHaveLength(2);
});

test('warnings are told when they come and when they go, also to a host without its PCE (FR-53)', async () => {
  connected = false;
  await care.look();
  expect(told).toBe(0);
  warnings = [{ token: 'connection_table_full', message: 'the connection table is full' }];
  await care.look();
  await care.look();
  expect([told, care.warnings()]).toEqual([1, warnings]);
  warnings = [];
  await care.look();
  expect([told, care.warnings()]).toEqual([2, []]);
});
