/** What a line says is what was put in: no value ends its field, its line or its frame. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventWire } from '@bulkhead/contract';
import { queued } from '../transports/unacknowledged.ts';
import { cefLine } from './cef.ts';
import { leefLine } from './leef.ts';
import { eventMessage } from './message.ts';
import type { LogRecord } from './record.ts';
import { framed, syslogMessage } from './syslog.ts';

/** Text with what formats give a meaning to. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\n',
      '\r',
      '\t',
      '|',
      '=',
      '\\',
      ' ',
      '\0',
      '\u0007',
      '\u0085',
      '\u2028',
      'n',
      'src',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 30,
});
const record: fc.Arbitrary<LogRecord> = fc.record({
  id: text,
  name: text,
  severity: fc.constantFrom('err', 'warning', 'info'),
  at: fc.constant(new Date('2026-01-31T12:00:00.000Z')),
  fields: fc
    .array(text, { minLength: 1, maxLength: 4 })
    .map((values) => values.map((value, n) => ({ cef: `cs${n}`, leef: `cs${n}`, value }))),
});

/** What a format has no way to write reads as the sign for an unreadable character. */
function readable(value: string, kept: string): string {
  return value.replace(/\p{Cc}|[\u2028\u2029]/gu, (sign) =>
    kept.includes(sign) ? sign : '\uFFFD',
  );
}

function unescaped(value: string): string {
  return value.replace(
    /\\(.)/g,
    (_, sign: string) => ({ n: '\n', r: '\r', t: '\t' })[sign] ?? sign,
  );
}

describe('a reader finds every field as it was, and the line has one end', () => {
  test('CEF', () => {
    fc.assert(
      fc.property(record, (given) => {
        const line = cefLine(given);
        expect(line).not.toMatch(/\p{Cc}|[\u2028\u2029]/u);
        const header = line.match(/(?:[^|\\]|\\.)*\|/gu)?.slice(0, 7) ?? [];
        expect(header).toHaveLength(7);
        const extension = line.slice(header.join('').length);
        // An equals sign of a value has a backslash before it, so this is a key.
        const marks = [...extension.matchAll(/(?:^| )(\w+)=/g)];
        const found = marks.map((mark, n) => {
          const start = mark.index + mark[0].length;
          return [mark[1], unescaped(extension.slice(start, marks[n + 1]?.index))];
        });
        expect(found).toEqual([
          ['rt', String(given.at.getTime())],
          ...given.fields
            .filter(({ value }) => value !== '')
            .map(({ cef, value }) => [cef, readable(String(value), '\n\r')]),
        ]);
      }),
    );
  });

  test('LEEF', () => {
    fc.assert(
      fc.property(record, (given) => {
        const line = leefLine(given);
        expect(line.replaceAll('\t', '')).not.toMatch(/\p{Cc}|[\u2028\u2029]/u);
        const header = line.match(/(?:[^|\\]|\\.)*\|/gu)?.slice(0, 6) ?? [];
        expect(header).toHaveLength(6);
        const found = line
          .slice(header.join('').length)
          .split('\t')
          .map((pair) => [
            pair.slice(0, pair.indexOf('=')),
            unescaped(pair.slice(pair.indexOf('=') + 1)),
          ]);
        expect(found.slice(3)).toEqual(
          given.fields
            .filter(({ value }) => value !== '')
            .map(({ leef, value }) => [leef, readable(String(value), '\n\r\t')]),
        );
      }),
    );
  });

  test('a frame says how many octets it has, whatever they mean (RFC 6587)', () => {
    fc.assert(
      fc.property(text, text, (type, body) => {
        const at = new Date('2026-01-31T12:00:00.000Z');
        const message = {
          type,
          kind: 'audit',
          severity: 'err',
          at,
          text: body,
          content: {},
        } as const;
        const frame = framed(syslogMessage(message, { fqdn: 'pce.example.com', pid: 7 }));
        const space = frame.indexOf(' ');
        expect(Number(frame.subarray(0, space).toString())).toBe(frame.length - space - 1);
        expect(frame.subarray(space + 1).toString()).toMatch(
          /^<107>1 2026-01-31T12:00:00\.000Z pce\.example\.com bulkhead-pce 7 [!-~]{1,32} - /,
        );
      }),
    );
  });
});

const EVENT: EventWire = {
  href: '/orgs/1/events/a',
  timestamp: '2026-01-31T12:00:00.000Z',
  pce_fqdn: 'pce.example.com',
  event_type: 'rule_set.update',
  status: null,
  severity: 'warning',
  version: 2,
  created_by: { user: { href: '/users/1', username: 'a@example.com' } },
  action: {
    uuid: 'u',
    api_endpoint: '/api/v2/x',
    api_method: 'PUT',
    http_status_code: 204,
    src_ip: '2001:db8::1',
    info: {},
    errors: [],
  },
  resource_changes: [],
  notifications: [],
};

test('an event of neither success nor failure keeps its type; an IPv6 source has its own field in CEF', () => {
  const { text: line } = eventMessage(EVENT, 'CEF');
  expect(line).toMatch(/^CEF:0\|Bulkhead\|PCE\|23\.2\.0\|rule_set\.update\|rule_set\.update\|5\|/);
  expect(line).toContain('c6a2Label=Source IPv6 Address c6a2=2001:db8::1');
  expect(line).toContain('suser=a@example.com suid=/users/1');
  expect(line).not.toMatch(/ src=/);
});

test('an event with a great many changes goes without them and says how many there are', () => {
  const change = {
    uuid: 'c',
    resource: { ip_list: { href: '/orgs/1/sec_policy/draft/ip_lists/1' } },
    changes: { description: { before: 'x'.repeat(1000), after: null } },
    change_type: 'update',
  } as const;
  const event = { ...EVENT, resource_changes: Array.from({ length: 100 }, () => change) };
  for (const format of ['JSON', 'CEF', 'LEEF'] as const) {
    const { text: line } = eventMessage(event, format);
    expect(line.length).toBeLessThan(2000);
    expect(line).toContain('100');
  }
  expect(eventMessage(event, 'JSON').content).toMatchObject({ changes_left_out: 100 });
});

test('what the other end has not acknowledged is read from the table of connections', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when',
    '   0: 0100007F:1F90 0100007F:C350 01 0000002A:00000000 00:00000000 00000000',
    '   1: 0100007F:C350 0100007F:1F90 01 00000010:00000000 00:00000000 00000000',
  ].join('\n');
  expect(queued(table, 0x1f90, 0xc350)).toBe(42);
  expect(queued(table, 0xc350, 0x1f90)).toBe(16);
  expect(queued(table, 1, 2)).toBe(0);
});
