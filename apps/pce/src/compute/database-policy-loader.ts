/** The policy loader over the database. */
import type { PolicyChange, PolicyModel } from '@bulkhead/policy';
import type { ChangeRow } from '../db/change-log.ts';
import type { ChangeKind, Db } from '../db/database.ts';
import {
  loadLabels,
  loadPolicyModel,
  loadWorkloads,
  policyObjectChanges,
} from '../provisioning/policy-model.ts';
import type { PolicyLoader, PolicyState } from './policy-loader.ts';

export class DatabasePolicyLoader implements PolicyLoader {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async organizations(): Promise<number[]> {
    const rows = await this.#db.selectFrom('orgs').select('id').orderBy('id').execute();
    return rows.map((row) => row.id);
  }

  model(orgId: number, state: PolicyState): Promise<PolicyModel> {
    return loadPolicyModel(this.#db, orgId, state);
  }

  async changes(orgId: number, rows: readonly ChangeRow[]): Promise<PolicyChange[]> {
    const hrefsOf = (kind: ChangeKind): string[] => [
      ...new Set(rows.filter((row) => row.kind === kind).map((row) => row.href)),
    ];
    const labelHrefs = hrefsOf('label');
    const workloadHrefs = hrefsOf('workload');
    const labels = byHref(
      labelHrefs.length === 0 ? [] : await loadLabels(this.#db, orgId, labelHrefs),
    );
    const workloads = byHref(
      workloadHrefs.length === 0 ? [] : await loadWorkloads(this.#db, orgId, workloadHrefs),
    );
    return [
      ...labelHrefs.map(
        (href) => ({ type: 'label', href, value: labels.get(href) ?? null }) as const,
      ),
      ...workloadHrefs.map(
        (href) => ({ type: 'workload', href, value: workloads.get(href) ?? null }) as const,
      ),
      ...(await policyObjectChanges(this.#db, orgId, rows)),
    ];
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

function byHref<T extends { readonly href: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.href, item]));
}
