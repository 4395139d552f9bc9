import type { PolicyCore } from './core.ts';
import { PolicyEngine } from './engine/engine.ts';
import type { PolicyChange, PolicyModel } from './model.ts';

export * from './vocabulary.ts';
export * from './model.ts';
export * from './host-policy.ts';
export * from './core.ts';
export * from './services.ts';
export * from './essential.ts';
export {
  decidersOf,
  endDeciders,
  judgeDecision,
  type EndExpectation,
  type Expectation,
  type NameOfRule,
} from './expectation/expectation.ts';
export { contributionOf, ipListSpans, type Contribution } from './engine/addresses.ts';
export { fqdnMatches } from './fqdn.ts';
export { sha256Hex } from './sha256.ts';
export { naiveDecide, naivePeers } from './naive/naive.ts';

/** The model as changes that put every object in place, references before what refers to them. */
export function changesOf(model: PolicyModel): PolicyChange[] {
  return [
    ...model.labels.map((value) => ({ type: 'label', href: value.href, value }) as const),
    ...model.labelGroups.map(
      (value) => ({ type: 'label_group', href: value.href, value }) as const,
    ),
    ...model.services.map((value) => ({ type: 'service', href: value.href, value }) as const),
    ...model.ipLists.map((value) => ({ type: 'ip_list', href: value.href, value }) as const),
    ...model.virtualServices.map(
      (value) => ({ type: 'virtual_service', href: value.href, value }) as const,
    ),
    ...model.workloads.map((value) => ({ type: 'workload', href: value.href, value }) as const),
    ...model.ruleSets.map((value) => ({ type: 'rule_set', href: value.href, value }) as const),
    ...model.enforcementBoundaries.map(
      (value) => ({ type: 'enforcement_boundary', href: value.href, value }) as const,
    ),
    { type: 'firewall_settings', href: 'firewall_settings', value: model.firewallSettings },
  ];
}

/** A policy core that holds the model, or nothing yet. */
export function createPolicyCore(model?: PolicyModel): PolicyCore {
  const core = new PolicyEngine();
  if (model !== undefined) core.apply(changesOf(model));
  return core;
}
