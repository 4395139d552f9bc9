import { expect, test } from 'vitest';
import { formatAge, formatAgo, formatDateTime, formatUptime } from './dates.ts';

const now = new Date('2026-11-25T15:28:28.000Z');

test('a time is written as day, short month, year and seconds, in the zone of the viewer', () => {
  expect(formatDateTime('2026-11-25T15:22:28.000Z', 'UTC')).toBe('25 Nov 2026 at 15:22:28');
  expect(formatDateTime('2026-09-01T23:30:00.000Z', 'Europe/Berlin')).toBe(
    '2 Sep 2026 at 01:30:00',
  );
});

test('what is no time is a dash', () => {
  expect(formatDateTime('never')).toBe('-');
  expect(formatAge('never', now)).toBe('-');
});

test.each([
  ['2026-11-25T15:28:25.000Z', 'now'],
  ['2026-11-25T15:28:00.000Z', '28 s ago'],
  ['2026-11-25T15:22:28.000Z', '6 min ago'],
  ['2026-11-25T12:22:28.000Z', '3 h ago'],
  ['2026-11-23T12:22:28.000Z', '2 d ago'],
  ['2026-11-25T15:30:00.000Z', 'now'],
])('%s is %s', (at, words) => {
  expect(formatAgo(at, now)).toBe(words);
});

test('uptime is days and hours, as the workload page of the guide writes it (R-VEN-2)', () => {
  expect(formatUptime(3 * 86_400 + 4 * 3600 + 59)).toBe('3 Days 4 Hours');
  expect(formatUptime(86_400 + 3600)).toBe('1 Day 1 Hour');
  expect(formatUptime(3720)).toBe('1 Hour 2 Minutes');
  expect(formatUptime(59)).toBe('0 Minutes');
});
