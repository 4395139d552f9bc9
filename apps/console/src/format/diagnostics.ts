/** Findings of the policy in the console's words, and which of them a search asks for. */
import { parseHref, type DiagnosticWire } from '@bulkhead/contract';
import { DIAGNOSTIC_CODES, DIAGNOSTIC_SEVERITIES } from '@bulkhead/policy';
import { oneOf, type Search } from './filters.ts';

export const CODE_NAMES: Record<DiagnosticWire['code'], string> = {
  boundary_without_effect: 'Boundary blocks nothing',
  broad_rule_with_endpoints: 'Broad rule with endpoints',
  exclusion_beside_all_workloads: 'Exclusion beside All Workloads',
  duplicate_address: 'Duplicate address',
  fqdn_dropped: 'Names passed over',
  host_prefix_without_pool: 'Host prefix in no VPN pool',
  ip_list_empty: 'Empty IP list',
  ip_list_huge: 'Huge IP list',
  ip_list_overlap: 'Overlapping ranges',
  label_group_empty: 'Empty label group',
  non_brn_rule_without_endpoints: 'Non-corporate without endpoints',
  rule_matches_nobody: 'Rule matches nobody',
  rule_shadowed: 'Rule shadowed by another',
  scope_empty: 'Empty scope',
  service_empty: 'Empty service',
  subnet_too_large: 'Subnet too large',
  use_workload_subnets_without_labels: 'Subnets without labels',
};
export const SEVERITY_NAMES: Record<DiagnosticWire['severity'], string> = {
  error: 'Error',
  warning: 'Warning',
  info: 'Info',
};
const PLACE_TYPES = [
  'rule',
  'rule_set',
  'enforcement_boundary',
  'ip_list',
  'label_group',
  'service',
  'workload',
] as const satisfies readonly DiagnosticWire['place']['type'][];
export const PLACE_NAMES: Record<(typeof PLACE_TYPES)[number], string> = {
  rule: 'Rule',
  rule_set: 'Ruleset',
  enforcement_boundary: 'Boundary',
  ip_list: 'IP list',
  label_group: 'Label group',
  service: 'Service',
  workload: 'Workload',
};
const FIELD_NAMES: Record<string, string> = {
  providers: 'provider',
  consumers: 'consumer',
  scopes: 'scope',
  ranges: 'range',
  interfaces: 'interface',
  addresses: 'address',
};
const WHOLE_NAMES: Record<string, string> = {
  ingressServices: 'Providing Services',
  networkType: 'network profile',
};

/** `interface 1, address 2` of `interfaces[0].addresses[1]`; `providers` of a side as a whole. */
export function fieldWords(field: string): string {
  return field
    .split('.')
    .map((part) => {
      const [, name = part, index] = /^(\w+?)(?:\[(\d+)\])?$/.exec(part) ?? [];
      if (index === undefined) return WHOLE_NAMES[name] ?? name;
      return `${FIELD_NAMES[name] ?? name} ${Number(index) + 1}`;
    })
    .join(', ');
}

/** Type and id of an object, which hold in every version: `rule_sets/3`; a rule is its ruleset's too. */
export function objectKey(href: string): string {
  const [type, id] = parseHref(href)?.path[0] ?? [];
  return type === undefined || id === undefined ? '' : `${type}/${id}`;
}

/** The findings that the URL asks for: `severity`, `code`, `type`, `q` in any text, `of` an object. */
export function findingsOf(all: readonly DiagnosticWire[], search: Search): DiagnosticWire[] {
  const severity = oneOf(search['severity'], DIAGNOSTIC_SEVERITIES);
  const code = oneOf(search['code'], DIAGNOSTIC_CODES);
  const type = oneOf(search['type'], PLACE_TYPES);
  const text = (search['q'] ?? '').trim().toLowerCase();
  const of = search['of'];
  return all.filter(
    (one) =>
      (severity === undefined || one.severity === severity) &&
      (code === undefined || one.code === code) &&
      (type === undefined || one.place.type === type) &&
      (of === undefined || [one.place.href, ...one.related].map(objectKey).includes(of)) &&
      [one.place.name, one.message, one.remedy, one.code, CODE_NAMES[one.code]]
        .join('\n')
        .toLowerCase()
        .includes(text),
  );
}
