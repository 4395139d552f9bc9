import { expect, test } from 'vitest';
import { failingWords, nearestRules, suggestionWords, titleOf } from './explanation.ts';
import { placeOf, textOf } from './words-and-links.ts';
import { blockedExplanation } from './testing/explanations.ts';

const db = { href: '/orgs/1/workloads/db', name: 'db-1' };

test('the title names the end that blocks, or both', () => {
  const both = blockedExplanation();
  expect(titleOf(both)).toBe('Blocked at both ends');
  const outbound = {
    kind: 'no_say',
    why: 'external',
    workload: null,
    interface_name: null,
  } as const;
  expect(titleOf({ ...both, ends: { ...both.ends, outbound } })).toBe(
    'Blocked at the provider, db-1',
  );
});

test('a rule that comes nearest at both ends is said once, with all that fails at either', () => {
  const nearest = nearestRules(blockedExplanation());
  expect(nearest.map(({ rule, ends }) => [rule.name, ends])).toEqual([
    ['Shop, rule 1', ['consumer', 'provider']],
  ]);
});

test('a label that is missing says who has it not, who asks for it, and what to do', () => {
  const labels = [{ href: '/orgs/1/labels/1', key: 'role', value: 'Web' }];
  const fails = failingWords({
    kind: 'label',
    side: 'providers',
    from: ['actors'],
    workload: db,
    key: 'role',
    test: 'in',
    has: null,
    labels,
    suggestion: null,
  });
  expect(textOf(fails)).toBe('Providers: db-1 has no role, the rule asks for Role Web.');
  const fix = suggestionWords({
    kind: 'label',
    workload: db,
    key: 'role',
    wants: labels,
    unwanted: [],
  });
  expect(textOf(fix)).toBe('Label db-1 Role Web');
});

test('a rule links to its row, a list object to its list searched by name', () => {
  expect(placeOf({ href: '/orgs/1/sec_policy/3/rule_sets/1/sec_rules/5', name: 'x' })).toEqual({
    to: '/rulesets/1',
    search: { rule: '5' },
  });
  expect(placeOf({ href: '/orgs/1/sec_policy/draft/ip_lists/2', name: 'Branches' })).toEqual({
    to: '/ip-lists',
    search: { q: 'Branches' },
  });
});
