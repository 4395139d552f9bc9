/** Findings as they are said: severities by code, and lists cut to what can be read. */
import type {
  Diagnostic,
  DiagnosticCode,
  DiagnosticPlace,
  DiagnosticSeverity,
} from './diagnostic.ts';

const SEVERITY: Readonly<Record<DiagnosticCode, DiagnosticSeverity>> = {
  rule_matches_nobody: 'warning',
  rule_shadowed: 'info',
  scope_empty: 'warning',
  boundary_without_effect: 'error',
  fqdn_dropped: 'warning',
  broad_rule_with_endpoints: 'warning',
  subnets_without_labels: 'warning',
  non_brn_rule_without_endpoints: 'warning',
  service_empty: 'warning',
  ip_list_overlap: 'info',
  ip_list_huge: 'warning',
  ip_list_empty: 'warning',
  label_group_empty: 'warning',
  subnet_refused: 'info',
  host_prefix_without_pool: 'info',
  duplicate_address: 'warning',
};

const MOST_RELATED = 20;

/** Related hrefs in any order; kept sorted, the first ones where there are many. */
export function finding(
  code: DiagnosticCode,
  place: DiagnosticPlace,
  said: Pick<Diagnostic, 'message' | 'remedy'> &
    Partial<Pick<Diagnostic, 'counts'>> & {
      readonly related?: Iterable<string>;
    },
): Diagnostic {
  return {
    code,
    severity: SEVERITY[code],
    place,
    message: said.message,
    remedy: said.remedy,
    related: [...new Set(said.related ?? [])].sort().slice(0, MOST_RELATED),
    counts: said.counts ?? {},
  };
}

/** `a, b and 3 more`. */
export function listed(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** `1 workload`, `2 workloads`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
