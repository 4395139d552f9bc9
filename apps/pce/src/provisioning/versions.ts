/** Policy versions: which there are, and how they are shown. */
import type { Selectable } from 'kysely';
import type { SecPolicyWire } from '@bulkhead/contract';
import type { Db, PolicyVersionsTable } from '../db/database.ts';
import { notFound } from '../http/domain-error.ts';

export type VersionRow = Selectable<PolicyVersionsTable>;

export function presentVersion(row: VersionRow): SecPolicyWire {
  return {
    href: `/orgs/${row.org_id}/sec_policy/${row.version}`,
    version: row.version,
    commit_message: row.commit_message,
    workloads_affected: row.workloads_affected,
    object_counts: row.object_counts,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    policy_test_override: presentOverride(row.policy_test_override),
  };
}

function presentOverride(
  override: VersionRow['policy_test_override'],
): SecPolicyWire['policy_test_override'] {
  if (override === null) return null;
  const { reason, by, failed } = override;
  return { reason, by: { href: by }, failed: [...failed] };
}

export async function latestVersion(db: Db, orgId: number): Promise<number> {
  const row = await db
    .selectFrom('policy_versions')
    .select((query) => query.fn.max('version').as('version'))
    .where('org_id', '=', orgId)
    .executeTakeFirst();
  return row?.version ?? 0;
}

/** `active` is the newest version; `draft` is none. */
export async function findVersion(db: Db, orgId: number, word: string): Promise<VersionRow> {
  const missing = notFound(`The policy version "${word}" (active or a number)`);
  const number = word === 'active' ? await latestVersion(db, orgId) : Number(word);
  if (word !== 'active' && !/^\d{1,9}$/.test(word)) throw missing;
  const row = await db
    .selectFrom('policy_versions')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('version', '=', number)
    .executeTakeFirst();
  if (row === undefined) throw missing;
  return row;
}
