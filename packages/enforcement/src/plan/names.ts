import { fqdnMatches } from '@bulkhead/policy';
import { digest64 } from './digest.ts';
import type { FirewallPlan } from './plan.ts';

/** Id of the set that holds what a name (as rules spell it) resolves to; the same in every plan. */
export function nameSetId(name: string): string {
  return `n_${digest64(name.toLowerCase())}`;
}

/** Ids of the name sets that the addresses of a resolved name belong to. */
export function setsForName(plan: FirewallPlan, hostName: string): string[] {
  return [...plan.names]
    .filter(([ruleName]) => fqdnMatches(ruleName, hostName))
    .map(([, id]) => id);
}
