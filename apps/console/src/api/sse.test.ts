import { expect, test } from 'vitest';
import { createSseParser } from './sse.ts';
import { topicOf, topicsOfEvent } from './topics.ts';

test('events that arrive in pieces are put together, comments are passed over', () => {
  const parser = createSseParser();
  expect(parser.push(': here\n\nid: 1\nda')).toEqual([]);
  expect(parser.push('ta: {"a":1}\n')).toEqual([]);
  expect(parser.push('\nid: 2\r\ndata: x\r\ndata: y\r\n\r\n')).toEqual(['{"a":1}', 'x\ny']);
});

test('rules reload with their rulesets, corporate public IPs with the settings, what tests say of the draft with the policy', () => {
  expect(topicOf('corporate_ips.list')).toBe('settings');
  expect(topicOf('policy_tests.run')).toBe('sec_policy');
  expect(topicOf('policy_tests.list')).toBe('policy_tests');
  expect(topicsOfEvent(['rule_sets', 'sec_rules', 'sec_policy'])).toEqual([
    'rule_sets',
    'sec_policy',
  ]);
});
