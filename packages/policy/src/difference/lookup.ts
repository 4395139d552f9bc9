/** A difference lookup over a model and its policy core. */
import type { PolicyCore } from '../core.ts';
import type { PolicyModel } from '../model.ts';
import type { DifferenceLookup } from './difference.ts';

/** The core must hold exactly the model. */
export function differenceLookup(model: PolicyModel, core: PolicyCore): DifferenceLookup {
  const workloads = new Map(model.workloads.map((item) => [item.href, item]));
  const statements = new Map<
    string,
    { readonly kind: 'rule' | 'boundary'; readonly name: string }
  >();
  for (const ruleSet of model.ruleSets) {
    if (!ruleSet.enabled) continue;
    for (const { href, name, enabled } of ruleSet.rules) {
      if (enabled) statements.set(href, { kind: 'rule', name });
    }
  }
  for (const { href, name, enabled } of model.enforcementBoundaries) {
    if (enabled) statements.set(href, { kind: 'boundary', name });
  }
  return {
    workloads: () => workloads.values(),
    workload: (href) => workloads.get(href),
    hostPolicy: (href) => core.hostPolicy(href),
    addressSet: (id) => core.addressSet(id),
    statement: (href) => statements.get(href),
  };
}
