/** What is legal in a policy but probably wrong. */
import type { PolicyModel } from '../model.ts';
import { boundaryFindings } from './boundaries.ts';
import type { Diagnostic } from './diagnostic.ts';
import { Facts } from './facts.ts';
import { workloadFindings } from './interfaces.ts';
import { groupFindings, ipListFindings, scopeFindings, serviceFindings } from './objects.ts';
import { ruleFindings } from './rules.ts';
import { shadowFindings } from './shadows.ts';

const RANK = { error: 0, warning: 1, info: 2 } as const;

/**
 * Findings about a model, the gravest first, then by code and place. Disabled rules, rulesets and boundaries are passed over, and what
 * passes by itself (a workload that is idle, suspended or offline) makes no finding about a rule. Work is in proportion to the model,
 * but for rules of which the same candidates come into question.
 */
export function diagnose(model: PolicyModel): Diagnostic[] {
  const facts = new Facts(model);
  const found = [
    ...model.ruleSets.flatMap((item) => [
      ...scopeFindings(item, facts),
      ...ruleFindings(item, facts),
    ]),
    ...shadowFindings(facts),
    ...model.enforcementBoundaries.flatMap((item) => boundaryFindings(item, facts)),
    ...model.ipLists.flatMap((item) => ipListFindings(item, facts)),
    ...model.labelGroups.flatMap((item) => groupFindings(item, facts)),
    ...model.services.flatMap(serviceFindings),
    ...workloadFindings(model),
  ];
  return found.sort(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] ||
      compare(a.code, b.code) ||
      compare(a.place.href, b.place.href) ||
      compare(a.place.field ?? '', b.place.field ?? ''),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
