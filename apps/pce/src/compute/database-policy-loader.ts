/** The policy loader over the database. */
import type { PolicyChange, PolicyModel } from '@bulkhead/policy';
import { parseHref } from '@bulkhead/contract';
import type { ChangeRow } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import { labelFromRow, workloadFromRow } from './facts-model.ts';
import type { PolicyLoader, PolicyState } from './policy-loader.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export class DatabasePolicyLoader implements PolicyLoader {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async organizations(): Promise<number[]> {
    const rows = await this.#db.selectFrom('orgs').select('id').orderBy('id').execute();
    return rows.map((row) => row.id);
  }

  async model(orgId: number, _state: PolicyState): Promise<PolicyModel> {
    return this.#db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (trx) => ({
        labels: await labels(trx, orgId),
        labelGroups: [],
        workloads: await workloads(trx, orgId),
        ipLists: [],
        services: [],
        virtualServices: [],
        ruleSets: [],
        enforcementBoundaries: [],
      }));
  }

  async changes(orgId: number, rows: readonly ChangeRow[]): Promise<PolicyChange[]> {
    const changed: PolicyChange[] = [];
    const hrefsOf = (kind: ChangeRow['kind']): string[] => [
      ...new Set(rows.filter((row) => row.kind === kind).map((row) => row.href)),
    ];
    const labelHrefs = hrefsOf('label');
    if (labelHrefs.length > 0) {
      const found = await labels(this.#db, orgId, idsOf(labelHrefs, /^\d+$/).map(Number));
      const byHref = new Map(found.map((label) => [label.href, label]));
      for (const href of labelHrefs) changed.push({ type: 'label', href, value: byHref.get(href) ?? null });
    }
    const workloadHrefs = hrefsOf('workload');
    if (workloadHrefs.length > 0) {
      const found = await workloads(this.#db, orgId, idsOf(workloadHrefs, UUID));
      const byHref = new Map(found.map((workload) => [workload.href, workload]));
      for (const href of workloadHrefs) changed.push({ type: 'workload', href, value: byHref.get(href) ?? null });
    }
    return changed;
  }

  async version(orgId: number): Promise<number> {
    const row = await this.#db
      .selectFrom('policy_versions')
      .select((query) => query.fn.max('version').as('version'))
      .where('org_id', '=', orgId)
      .executeTakeFirst();
    return row?.version ?? 0;
  }
}

function idsOf(hrefs: readonly string[], form: RegExp): string[] {
  return hrefs.flatMap((href) => {
    const id = parseHref(href)?.path[0]?.[1];
    return id !== undefined && form.test(id) ? [id] : [];
  });
}

async function labels(db: Db, orgId: number, ids?: readonly number[]) {
  if (ids?.length === 0) return [];
  let query = db.selectFrom('labels').select(['id', 'org_id', 'key', 'value']).where('org_id', '=', orgId).where('deleted', '=', false);
  if (ids !== undefined) query = query.where('id', 'in', ids);
  return (await query.execute()).map(labelFromRow);
}

async function workloads(db: Db, orgId: number, ids?: readonly string[]) {
  if (ids?.length === 0) return [];
  let query = db
    .selectFrom('workloads')
    .leftJoin('vens', 'vens.id', 'workloads.id')
    .selectAll('workloads')
    .select('vens.version as ven_version')
    .where('workloads.org_id', '=', orgId)
    .where('workloads.deleted', '=', false);
  if (ids !== undefined) query = query.where('workloads.id', 'in', ids);
  // `X.Y.Z-BUILD` as the VEN says it; policy asks for the release only.
  return (await query.execute()).map((row) => workloadFromRow(row, row.ven_version?.split('-')[0] ?? null));
}
