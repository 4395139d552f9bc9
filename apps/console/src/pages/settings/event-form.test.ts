import { expect, test } from 'vitest';
import { daysError, eventChanges, eventForm } from './event-form.ts';

const initial = eventForm({
  href: '/orgs/1/settings/events',
  audit_event_retention_seconds: 2_592_000,
  audit_event_min_severity: 'informational',
  format: 'JSON',
  updated_at: null,
});

test('a retention is written in days and sent in seconds; what is left as it was is not sent', () => {
  expect(initial.days).toBe('30');
  expect(eventChanges(initial, initial)).toEqual({});
  expect(eventChanges({ ...initial, days: '90' }, initial)).toEqual({
    audit_event_retention_seconds: 7_776_000,
  });
  expect(eventChanges({ ...initial, format: 'CEF', severity: 'error' }, initial)).toEqual({
    format: 'CEF',
    audit_event_min_severity: 'error',
  });
});

test('events are kept 1 to 200 days', () => {
  for (const days of ['1', '1.5', '200']) expect(daysError({ ...initial, days })).toBeUndefined();
  for (const days of ['', '0', '201', 'a week'])
    expect(daysError({ ...initial, days })).toContain('1 to 200 days');
});
