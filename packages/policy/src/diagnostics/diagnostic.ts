/** What is legal in a policy but probably wrong: the shape of a finding, and what the search for them asks of a model. */

export const DIAGNOSTIC_CODES = [
  'rule_matches_nobody',
  'rule_shadowed',
  'scope_empty',
  'boundary_without_effect',
  'fqdn_dropped',
  'broad_rule_with_endpoints',
  'exclusion_beside_all_workloads',
  'use_workload_subnets_without_labels',
  'non_brn_rule_without_endpoints',
  'service_empty',
  'ip_list_overlap',
  'ip_list_huge',
  'ip_list_empty',
  'label_group_empty',
  'subnet_too_large',
  'host_prefix_without_pool',
  'duplicate_address',
] as const;
export type DiagnosticCode = (typeof DIAGNOSTIC_CODES)[number];

export const DIAGNOSTIC_SEVERITIES = ['error', 'warning', 'info'] as const;
export type DiagnosticSeverity = (typeof DIAGNOSTIC_SEVERITIES)[number];

/** Where: an object, and which part of it. */
export interface DiagnosticPlace {
  readonly type:
    | 'rule'
    | 'rule_set'
    | 'enforcement_boundary'
    | 'ip_list'
    | 'label_group'
    | 'service'
    | 'workload';
  readonly href: string;
  readonly name: string;
  /** Path within the object, such as `providers`, `providers[0]`, `scopes[1]`, `ranges[3]` or `interfaces[0].addresses[1]`; null: all of it. */
  readonly field: string | null;
}

/** One finding. Plain JSON. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  /** `error`: it does not do what it says. `warning`: probably not meant. `info`: worth knowing. */
  readonly severity: DiagnosticSeverity;
  readonly place: DiagnosticPlace;
  /** A sentence: what is so, and where. */
  readonly message: string;
  /** A sentence: what to do about it. */
  readonly remedy: string;
  /** Hrefs of other objects that it is about, sorted; the first ones where there are many. */
  readonly related: readonly string[];
  /** Numbers behind the message, by name. */
  readonly counts: Readonly<Record<string, number>>;
}
