import { expect, test } from 'vitest';
import { neededOf } from './dependencies.ts';
import type { PendingItem } from './pending.ts';

function change(type: PendingItem['type'], id: number): PendingItem {
  return {
    type,
    href: `/orgs/1/sec_policy/draft/${type}/${id}`,
    name: `${type} ${id}`,
    update_type: 'create',
    updated_at: '2026-11-25T10:00:00.000Z',
    updated_by: { href: '/users/1' },
    caps: [],
  };
}

test('what has to go along is named with why; what is chosen already is not', () => {
  const service = change('services', 4);
  const reasons = ['Ruleset "Shop" names it'];
  const answer = [
    {
      dependency: { service: { href: service.href } },
      required_by: { rule_sets: [{ href: '/orgs/1/sec_policy/draft/rule_sets/1' }] },
      reasons,
    },
  ];
  expect(neededOf(answer, [service, change('ip_lists', 2)])).toEqual([{ item: service, reasons }]);
  expect(neededOf(answer, [])).toEqual([]);
});
