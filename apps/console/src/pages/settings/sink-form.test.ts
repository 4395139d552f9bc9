import { expect, test } from 'vitest';
import type { SyslogDestinationWire } from '@bulkhead/contract';
import {
  NEW_SYSLOG,
  NEW_WEBHOOK,
  syslogBody,
  syslogErrors,
  syslogForm,
  TRANSPORTS,
  webhookErrors,
} from './sink-form.ts';

const STATUS: SyslogDestinationWire['status'] = {
  connected: null,
  last_error: null,
  last_error_at: null,
  last_delivered_at: null,
  events_delivered: 0,
  events_behind: 0,
  oldest_event_behind: null,
  events_lost: 0,
  flows_sent: 0,
  flows_lost: 0,
};

test.each(TRANSPORTS)('what was saved over %s is shown as it was written', (transport) => {
  const isLocal = transport === 'local';
  const form = {
    ...NEW_SYSLOG,
    transport,
    description: 'SIEM',
    address: isLocal ? '' : 'siem.example.com',
    port: isLocal ? '' : '6514',
    blocked: true,
  };
  const at = '2026-01-31T12:00:00.000Z';
  const by = { href: '/users/1' };
  const saved: SyslogDestinationWire = {
    href: '/orgs/1/settings/syslog/destinations/a',
    ...syslogBody(form, ['pce.example.com']),
    status: STATUS,
    created_at: at,
    created_by: by,
    updated_at: at,
    updated_by: by,
  };
  expect(syslogForm(saved)).toEqual(form);
  expect(syslogErrors(form)).toEqual({});
});

test('a receiver without an address, a port that cannot be and an address that is no https are said at their fields', () => {
  expect(syslogErrors({ ...NEW_SYSLOG, port: '70000' })).toEqual({
    address: 'Write the name or address of the receiver.',
    port: 'A port is 1 to 65535.',
  });
  expect(Object.keys(webhookErrors({ ...NEW_WEBHOOK, url: 'http://soc.example.com' }))).toEqual([
    'name',
    'url',
  ]);
});
