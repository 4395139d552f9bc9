/** A policy model under changes, as plainly as it can be said: what the incremental core is held against. */
import { DEFAULT_FIREWALL_SETTINGS, type PolicyChange, type PolicyModel } from '@bulkhead/policy';

export const EMPTY_MODEL: PolicyModel = {
  labels: [],
  labelGroups: [],
  workloads: [],
  ipLists: [],
  services: [],
  virtualServices: [],
  ruleSets: [],
  enforcementBoundaries: [],
  firewallSettings: DEFAULT_FIREWALL_SETTINGS,
};

function put<T extends { readonly href: string }>(
  list: readonly T[],
  href: string,
  value: T | null,
): readonly T[] {
  const others = list.filter((item) => item.href !== href);
  return value === null ? others : [...others, value];
}

/** The model after one change. */
export function applyToModel(model: PolicyModel, change: PolicyChange): PolicyModel {
  const { href } = change;
  switch (change.type) {
    case 'label':
      return { ...model, labels: put(model.labels, href, change.value) };
    case 'label_group':
      return { ...model, labelGroups: put(model.labelGroups, href, change.value) };
    case 'workload':
      return { ...model, workloads: put(model.workloads, href, change.value) };
    case 'ip_list':
      return { ...model, ipLists: put(model.ipLists, href, change.value) };
    case 'service':
      return { ...model, services: put(model.services, href, change.value) };
    case 'virtual_service':
      return { ...model, virtualServices: put(model.virtualServices, href, change.value) };
    case 'rule_set':
      return { ...model, ruleSets: put(model.ruleSets, href, change.value) };
    case 'enforcement_boundary':
      return {
        ...model,
        enforcementBoundaries: put(model.enforcementBoundaries, href, change.value),
      };
    case 'firewall_settings':
      return { ...model, firewallSettings: change.value ?? DEFAULT_FIREWALL_SETTINGS };
  }
}
