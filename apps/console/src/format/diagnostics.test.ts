import { expect, test } from 'vitest';
import type { DiagnosticWire } from '@bulkhead/contract';
import { fieldWords, findingsOf } from './diagnostics.ts';

const RULE: DiagnosticWire = {
  code: 'rule_matches_nobody',
  severity: 'warning',
  place: {
    type: 'rule',
    href: '/orgs/1/sec_policy/draft/rule_sets/3/sec_rules/7',
    name: 'Shop, rule 1',
    field: 'providers',
  },
  message: 'The rule "Shop, rule 1" matches nobody.',
  remedy: 'Delete the rule.',
  related: [],
  counts: {},
};
const SHADOWED: DiagnosticWire = {
  ...RULE,
  code: 'rule_shadowed',
  severity: 'info',
  place: { ...RULE.place, href: '/orgs/1/sec_policy/draft/rule_sets/4/sec_rules/9', name: 'CRM' },
  message: 'Another rule allows all that it does.',
  related: ['/orgs/1/sec_policy/draft/rule_sets/3/sec_rules/7'],
};

test('a place within an object is said in words, counted from one', () => {
  expect(fieldWords('interfaces[0].addresses[1]')).toBe('interface 1, address 2');
  expect(fieldWords('providers')).toBe('providers');
  expect(fieldWords('consumers[2]')).toBe('consumer 3');
  expect(fieldWords('ingressServices')).toBe('Providing Services');
});

test('findings are asked for by severity, code, object and any of their words', () => {
  const all = [RULE, SHADOWED];
  expect(findingsOf(all, {})).toEqual(all);
  expect(findingsOf(all, { severity: 'info' })).toEqual([SHADOWED]);
  expect(findingsOf(all, { code: 'rule_matches_nobody' })).toEqual([RULE]);
  expect(findingsOf(all, { type: 'workload' })).toEqual([]);
  expect(findingsOf(all, { q: 'ANOTHER rule allows' })).toEqual([SHADOWED]);
});

test('of an object: what it has itself, what its rules have, and what names it', () => {
  expect(findingsOf([RULE, SHADOWED], { of: 'rule_sets/3' })).toEqual([RULE, SHADOWED]);
  expect(findingsOf([RULE, SHADOWED], { of: 'rule_sets/4' })).toEqual([SHADOWED]);
});
