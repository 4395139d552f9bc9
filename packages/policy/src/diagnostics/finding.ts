/** Findings as they are said: severities by code, and lists cut to what can be read. */
import type { Actor } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
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
  exclusion_beside_all_workloads: 'warning',
  use_workload_subnets_without_labels: 'warning',
  non_brn_rule_without_endpoints: 'warning',
  service_empty: 'warning',
  ip_list_overlap: 'info',
  ip_list_huge: 'warning',
  ip_list_empty: 'warning',
  label_group_empty: 'warning',
  subnet_too_large: 'info',
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

/** PS-11: excluded labels and groups beside All Workloads exclude nobody. */
export function idleExclusions(
  place: DiagnosticPlace,
  what: string,
  side: { readonly name: RuleSide; readonly actors: readonly Actor[] },
): Diagnostic[] {
  const excluded = side.actors.flatMap((actor) =>
    'exclusion' in actor && actor.exclusion ? [actor.href] : [],
  );
  if (excluded.length === 0 || !side.actors.some(({ kind }) => kind === 'ams')) return [];
  return [
    finding('exclusion_beside_all_workloads', place, {
      message: `The ${side.name} of the ${what} are all workloads, those with the excluded labels too: beside All Workloads an exclusion changes nothing.`,
      remedy: 'Take All Workloads off that side: excluded labels alone mean all but these.',
      related: excluded,
    }),
  ];
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
