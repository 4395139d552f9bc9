/** What active policy says of a workload by its labels, where the answer for a workload tells it. */
import type { BlockedConnectionAction } from '@bulkhead/policy';
import type { Db } from '../../db/database.ts';
import {
  entriesMatch,
  labelPartMatches,
  loadLabelFacts,
  type LabelFacts,
} from '../../provisioning/matching.ts';
import {
  contentOf,
  WORKLOAD_MODES,
  type StoredActor,
  type StoredBoundary,
  type StoredFirewallSettings,
} from '../../provisioning/stored-content.ts';
import type { WorkloadRow } from './query.ts';

export interface PolicyFacts {
  readonly boundaries: readonly StoredBoundary[];
  readonly coexistence: StoredFirewallSettings['firewall_coexistence'];
  readonly rejectScopes: StoredFirewallSettings['blocked_connection_reject_scopes'];
  readonly labels: LabelFacts;
}
type Row = Pick<WorkloadRow, 'org_id' | 'id' | 'managed' | 'ven_type' | 'labels'>;

export async function loadPolicyFacts(db: Db, orgId: number): Promise<PolicyFacts> {
  const rows = await db
    .selectFrom('policy_objects')
    .select(['type', 'active'])
    .where('org_id', '=', orgId)
    .where('type', 'in', ['enforcement_boundaries', 'firewall_settings'])
    .where('active', 'is not', null)
    .execute();
  const boundaries = rows.flatMap(({ type, active }) => {
    if (type !== 'enforcement_boundaries' || active === null) return [];
    const content = contentOf(type, active);
    return content.enabled ? [content] : [];
  });
  const [settings] = rows.flatMap(({ type, active }) =>
    type === 'firewall_settings' && active !== null ? [contentOf(type, active)] : [],
  );
  const coexistence = settings?.firewall_coexistence ?? [];
  const rejectScopes = settings?.blocked_connection_reject_scopes ?? [];
  const needsLabels = boundaries.length + coexistence.length + rejectScopes.length > 0;
  return {
    boundaries,
    coexistence,
    rejectScopes,
    labels: needsLabels
      ? await loadLabelFacts(db, orgId, 'active')
      : { keys: new Map(), groups: new Map() },
  };
}

/** How many boundaries take effect: on providers with a VEN; where the providers are IP lists, on consumers with one. */
export function boundariesOf(row: Row, { boundaries, labels: facts }: PolicyFacts): number {
  if (!row.managed || boundaries.length === 0) return 0;
  const labels = new Set(row.labels);
  const href = `/orgs/${row.org_id}/workloads/${row.id}`;
  const isOn = (side: readonly StoredActor[]): boolean =>
    labelPartMatches(labels, side, facts) ||
    side.some((actor) => 'workload' in actor && actor.workload.href === href);
  return boundaries.filter(
    (boundary) =>
      (boundary.network_type !== 'non_brn' || row.ven_type === 'endpoint') &&
      (isOn(boundary.providers) ||
        (boundary.providers.some((actor) => 'ip_list' in actor) && isOn(boundary.consumers))),
  ).length;
}

/** Whether the VEN's firewall decides first: the first scope that holds the workload says so, and where there is none it is alone. */
export function isPrimary(
  row: Row & Pick<WorkloadRow, 'enforcement_mode'>,
  { coexistence, labels: facts }: PolicyFacts,
): boolean {
  const labels = new Set(row.labels);
  const entry = coexistence.find(
    ({ scope, workload_mode: mode }) =>
      (mode === undefined || WORKLOAD_MODES[mode] === row.enforcement_mode) &&
      entriesMatch(labels, scope, facts),
  );
  return entry?.illumio_primary ?? true;
}

/** What becomes of blocked inbound connections: what the workload says itself, or a scope that holds it. */
export function blockedActionOf(
  row: Row & Pick<WorkloadRow, 'blocked_connection_action'>,
  { rejectScopes, labels: facts }: PolicyFacts,
): BlockedConnectionAction {
  if (row.blocked_connection_action === 'reject') return 'reject';
  const labels = new Set(row.labels);
  return rejectScopes.some((scope) => entriesMatch(labels, scope, facts)) ? 'reject' : 'drop';
}
