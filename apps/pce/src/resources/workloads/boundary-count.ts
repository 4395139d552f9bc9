/** How many active enforcement boundaries take effect on a workload. */
import type { Db } from '../../db/database.ts';
import { labelPartMatches, loadLabelFacts, type LabelFacts } from '../../provisioning/matching.ts';
import {
  contentOf,
  type StoredActor,
  type StoredBoundary,
} from '../../provisioning/stored-content.ts';
import type { WorkloadRow } from './query.ts';

export interface BoundaryCounting {
  readonly boundaries: readonly StoredBoundary[];
  readonly facts: LabelFacts;
}

export async function loadBoundaryCounting(db: Db, orgId: number): Promise<BoundaryCounting> {
  const rows = await db
    .selectFrom('policy_objects')
    .select('active')
    .where('org_id', '=', orgId)
    .where('type', '=', 'enforcement_boundaries')
    .where('active', 'is not', null)
    .execute();
  const boundaries = rows.flatMap(({ active }) => {
    const content = active === null ? null : contentOf('enforcement_boundaries', active);
    return content?.enabled === true ? [content] : [];
  });
  if (boundaries.length === 0) return { boundaries, facts: { keys: new Map(), groups: new Map() } };
  return { boundaries, facts: await loadLabelFacts(db, orgId) };
}

/** On providers with a VEN; where the providers are IP lists, on consumers with one. */
export function boundariesOf(
  row: Pick<WorkloadRow, 'org_id' | 'id' | 'managed' | 'ven_type' | 'labels'>,
  { boundaries, facts }: BoundaryCounting,
): number {
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
