import { expect, test } from 'vitest';
import { minutesError, newTimer, offlineChanges, offlineForm } from './offline-form.ts';

const initial = offlineForm({
  href: '/orgs/1/settings/workloads',
  workload_disconnected_timeout_seconds: [
    { scope: [], value: 3601, ven_type: 'server' },
    { scope: [{ href: '/orgs/1/labels/7' }], value: -1, ven_type: 'endpoint' },
  ],
  workload_goodbye_timeout_seconds: [{ scope: [], value: 900, ven_type: null }],
});

test('timers are written in minutes, and come back to the second; nothing is never (R-VEN-9)', () => {
  const [server, endpoint] = initial.workload_disconnected_timeout_seconds;
  expect([server?.minutes, endpoint?.minutes]).toEqual(['60.02', '']);
  const added = { ...newTimer(), minutes: '5' };
  const form = {
    ...initial,
    workload_disconnected_timeout_seconds: [
      ...initial.workload_disconnected_timeout_seconds,
      added,
    ],
  };
  expect(offlineChanges(form, initial)).toEqual({
    workload_disconnected_timeout_seconds: [
      { scope: [], value: 3601, ven_type: 'server' },
      { scope: [{ href: '/orgs/1/labels/7' }], value: -1, ven_type: 'endpoint' },
      { scope: [], value: 300, ven_type: 'server' },
    ],
  });
});

test('only the list that was changed is written', () => {
  expect(offlineChanges(initial, initial)).toEqual({});
  expect(offlineChanges({ ...initial, workload_goodbye_timeout_seconds: [] }, initial)).toEqual({
    workload_goodbye_timeout_seconds: [],
  });
});

test('a timer is five minutes at least, or never (R-VEN-9)', () => {
  for (const minutes of ['5', '1440', '']) {
    expect(minutesError({ ...newTimer(), minutes })).toBeUndefined();
  }
  for (const minutes of ['4.9', '-1', 'an hour', '99999999']) {
    expect(minutesError({ ...newTimer(), minutes })).toContain('5 minutes or more');
  }
});
