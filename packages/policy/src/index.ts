import type { PolicyCore } from './core.ts';
import { PolicyEngine } from './engine/engine.ts';
import type { PolicyChange, PolicyModel } from './model.ts';
import { sha256Hex } from './sha256.ts';

export * from './vocabulary.ts';
export * from './model.ts';
export * from './host-policy.ts';
export * from './ven-capabilities.ts';
export * from './core.ts';
export * from './decision.ts';
export * from './services.ts';
export * from './essential.ts';
export * from './explain/explanation.ts';
export { describeExplanation } from './explain/describe.ts';
export * from './difference/difference.ts';
export * from './diagnostics/diagnostic.ts';
export { diagnose } from './diagnostics/diagnose.ts';
export { policyDifference } from './difference/policy-difference.ts';
export {
  decidersOf,
  endDeciders,
  judgeDecision,
  type EndExpectation,
  type Expectation,
  type NameOfRule,
} from './expectation/expectation.ts';
export { ipListSpans } from './engine/addresses.ts';
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

export interface PolicyCoreOptions {
  /** SHA-256 of a text as hex. A host's own is several times faster than the one in plain TypeScript, which counts with a large fleet. */
  readonly sha256?: (text: string) => string;
}

/** A policy core that holds the model, or nothing yet. */
export function createPolicyCore(model?: PolicyModel, options: PolicyCoreOptions = {}): PolicyCore {
  const core = new PolicyEngine(options.sha256 ?? sha256Hex);
  if (model !== undefined) core.apply(changesOf(model));
  return core;
}
