import { NETWORK_PROFILES, type NetworkProfile } from '@bulkhead/policy';
import {
  RULE_STAGES,
  type Direction,
  type PeerLookup,
  type PlanRule,
  type PlanVerdict,
  type RuleGroup,
  type RuleStage,
  type ServiceMatch,
} from './plan.ts';

const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound'];

/**
 * Allow before deny; within each, rules with equal services follow the first of them and share its `services`, else the
 * order stays.
 */
export function sortByServices(rules: readonly PlanRule[]): PlanRule[] {
  return (['allow', 'deny'] as const).flatMap((action) => {
    const byServices = new Map<string, PlanRule[]>();
    for (const rule of rules) {
      if (rule.action !== action) continue;
      // they are in canonical form
      const key = JSON.stringify(rule.services);
      const equal = byServices.get(key) ?? [];
      byServices.set(key, equal);
      equal.push({ ...rule, services: equal[0]?.services ?? rule.services });
    }
    return [...byServices.values()].flat();
  });
}

/** Rules as they are looked up. Takes what `sortByServices` made. */
export function groupRules(rules: readonly PlanRule[]): RuleGroup[] {
  return DIRECTIONS.flatMap((direction) =>
    NETWORK_PROFILES.flatMap((profile) =>
      RULE_STAGES.flatMap((stage) => groupsOf(rules, stage, direction, profile)),
    ),
  );
}

function groupsOf(
  rules: readonly PlanRule[],
  stage: RuleStage,
  direction: Direction,
  profile: NetworkProfile,
): RuleGroup[] {
  const byServices = new Map<ServiceMatch, { group: RuleGroup; bySet: Map<string, PeerLookup> }>();
  for (const rule of rules) {
    const verdict = verdictIn(rule, stage, direction);
    if (verdict === null || !rule.profiles.includes(profile)) continue;
    // equal services are the same object, and have equal replies
    let known = byServices.get(rule.services);
    if (known === undefined) {
      const services = stage === 'reply' ? rule.reply?.services : rule.services;
      if (services === undefined) continue;
      known = { group: { stage, direction, profile, services, lookups: [] }, bySet: new Map() };
      byServices.set(rule.services, known);
    }
    for (const set of rule.peers) {
      if (!known.bySet.has(set)) known.bySet.set(set, { set, verdict });
    }
  }
  return [...byServices.values()].map(({ group, bySet }) => ({
    ...group,
    lookups: [...bySet.values()],
  }));
}

function verdictIn(rule: PlanRule, stage: RuleStage, direction: Direction): PlanVerdict | null {
  if (stage === 'reply') {
    return rule.reply?.verdict.direction === direction ? rule.reply.verdict : null;
  }
  return rule.action === stage && rule.direction === direction ? rule.verdict : null;
}
