import { digest64 } from './digest.ts';
import type { FirewallPlan } from './plan.ts';

/** Id of the set that holds what a name (as rules spell it) resolves to; the same in every plan. */
export function nameSetId(name: string): string {
  return `n_${digest64(name.toLowerCase())}`;
}

/** Whether a host name is the name of a rule, or lies below its `*.suffix`. Letter case and a final dot do not count. */
export function nameMatches(ruleName: string, hostName: string): boolean {
  const pattern = plain(ruleName);
  const name = plain(hostName);
  if (!pattern.startsWith('*.')) return name === pattern;
  const suffix = pattern.slice(1);
  return name.length > suffix.length && name.endsWith(suffix);
}

/** Ids of the name sets that the addresses of a resolved name belong to. */
export function setsForName(plan: FirewallPlan, hostName: string): string[] {
  return [...plan.names]
    .filter(([ruleName]) => nameMatches(ruleName, hostName))
    .map(([, id]) => id);
}

function plain(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
