import { expect, test } from 'vitest';
import { joinSpans, parseSpan } from '@bulkhead/net';
import { profileOf } from './detection.ts';

const CORPORATE = joinSpans(
  ['203.0.113.7', '198.51.100.0/24'].flatMap((text) => {
    const span = parseSpan(text);
    return span.ok ? [span.value] : [];
  }),
);

test.for([
  ['203.0.113.7', 'corporate'],
  ['203.0.113.8', 'external'],
  ['198.51.100.255', 'corporate'],
  ['198.51.101.0', 'external'],
  ['::ffff:198.51.100.9', 'corporate'],
  ['::ffff:192.0.2.1', 'external'],
  ['2001:db8::1', 'external'],
  ['not an address', 'external'],
] as const)('a request from %s is %s (R-NET-2, R-NET-3)', ([source, expected]) => {
  expect(profileOf(source, CORPORATE)).toBe(expected);
});

test('without corporate public IPs everything is external', () => {
  expect(profileOf('203.0.113.7', [])).toBe('external');
});
