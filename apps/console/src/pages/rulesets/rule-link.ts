/** The console's page of a rule, ruleset or boundary, from its href. */
import { parseHref } from '@bulkhead/contract';

export function ruleLink(href: string): string | null {
  const [type, id] = parseHref(href)?.path[0] ?? [];
  if (id === undefined) return null;
  if (type === 'rule_sets') return `/rulesets/${id}`;
  if (type === 'enforcement_boundaries') return `/boundaries/${id}`;
  return null;
}
