import type { Family } from '@bulkhead/net';
import type { CustomHook } from '../iptables/statement.ts';
import type { CustomRule, FirewallPlan } from '../plan/plan.ts';
import { originComment, type Chains } from './chains.ts';
import { nftRule, type NftChain, type NftRule } from './table.ts';

/** Chain of the custom rules at a hook; null when there are none. */
export function customChain(plan: FirewallPlan, hook: CustomHook, family: Family): string | null {
  return rulesAt(plan, hook, family).length === 0 ? null : `custom_${hook}_${family}`;
}

export function customChains(
  plan: FirewallPlan,
  families: readonly Family[],
  chains: Chains,
): NftChain[] {
  return (['input', 'output', 'forward'] as const).flatMap((hook) =>
    families.flatMap((family): NftChain[] => {
      const name = customChain(plan, hook, family);
      const rules = rulesAt(plan, hook, family).map((rule) => customRule(rule, chains));
      return name === null ? [] : [{ name, base: null, rules }];
    }),
  );
}

function rulesAt(plan: FirewallPlan, hook: CustomHook, family: Family): CustomRule[] {
  return plan.customRules.filter((rule) => rule.hook === hook && rule.family === family);
}

function customRule({ matches, target, verdict, origin }: CustomRule, chains: Chains): NftRule {
  const comment = originComment([origin]);
  if (verdict !== null) {
    return nftRule(matches, { kind: 'goto', chain: chains.verdict(verdict) }, comment);
  }
  return target.kind === 'log'
    ? { matches, log: target.log, verdict: null, comment }
    : nftRule(matches, { kind: 'return' }, comment);
}
