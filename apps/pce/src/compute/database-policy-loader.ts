/** The policy loader over the database. */
import { parseHref, policyHref } from '@bulkhead/contract';
import type { PolicyChange, PolicyModel } from '@bulkhead/policy';
import type { ChangeRow } from '../db/change-log.ts';
import type { ChangeKind, Db } from '../db/database.ts';
import { changeOf } from '../provisioning/object-models.ts';
import {
  loadBindings,
  loadLabels,
  loadPolicyModel,
  loadPolicyObjects,
  loadWorkloads,
  policyObjectChanges,
  type PolicyAt,
} from '../provisioning/policy-model.ts';
import { isStoredType } from '../provisioning/stored-content.ts';
import type { LoggedChanges, PolicyLoader, QuestionState } from './policy-loader.ts';

/** Beyond this many rows, loading everything is no slower than following them. */
const MAX_ROWS = 20_000;
const FACTS: ReadonlySet<ChangeKind> = new Set(['label', 'workload']);
/** Rows that change no policy at any version. */
const BESIDE_POLICY: ReadonlySet<ChangeKind> = new Set([
  'vens',
  'settings',
  'security_principal',
  'event',
  'flow',
  'policy_test',
]);

export class DatabasePolicyLoader implements PolicyLoader {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async organizations(): Promise<number[]> {
    const rows = await this.#db.selectFrom('orgs').select('id').orderBy('id').execute();
    return rows.map((row) => row.id);
  }

  model(orgId: number, at: PolicyAt, db: Db = this.#db): Promise<PolicyModel> {
    return loadPolicyModel(db, orgId, at, 'active');
  }

  async changes(orgId: number, rows: readonly ChangeRow[]): Promise<PolicyChange[]> {
    return activeChanges(this.#db, orgId, rows);
  }

  async changesOf(
    { orgId, state }: { readonly orgId: number; readonly state: QuestionState },
    rows: readonly ChangeRow[],
    db: Db,
  ): Promise<PolicyChange[] | undefined> {
    const relevant = rows.filter((row) => !BESIDE_POLICY.has(row.kind));
    if (state === 'trial') return activeChanges(db, orgId, relevant);
    const other = relevant.filter((row) => !FACTS.has(row.kind));
    if (typeof state === 'number') {
      // A version does not change; what is neither fact nor policy version may reach into it.
      if (other.some((row) => row.kind !== 'draft' && row.kind !== 'provision')) return undefined;
      return factChanges(db, orgId, relevant);
    }
    // A provisioned ruleset has new rule versions and may have lost rules: drafts are read anew then.
    if (other.some((row) => row.kind !== 'draft')) return undefined;
    return [...(await factChanges(db, orgId, relevant)), ...(await draftChanges(db, orgId, other))];
  }

  async rowsSince(orgId: number, sequence: number, db: Db): Promise<LoggedChanges | undefined> {
    const oldest = await db
      .selectFrom('change_log')
      .select((query) => query.fn.min('sequence').as('sequence'))
      .executeTakeFirst();
    if (oldest?.sequence == null || oldest.sequence > sequence) return undefined;
    const newest = await this.newestSequence(db);
    const rows = await db
      .selectFrom('change_log')
      .select(['sequence', 'org_id', 'kind', 'href'])
      .where('sequence', '>', sequence)
      .where('sequence', '<=', newest)
      .where('org_id', '=', orgId)
      .orderBy('sequence')
      .limit(MAX_ROWS + 1)
      .execute();
    if (rows.length > MAX_ROWS) return undefined;
    return {
      rows: rows.map((row) => ({
        sequence: row.sequence,
        orgId: row.org_id,
        kind: row.kind,
        href: row.href,
      })),
      sequence: newest,
    };
  }

  async newestSequence(db: Db): Promise<number> {
    const row = await db
      .selectFrom('change_log')
      .select((query) => query.fn.max('sequence').as('sequence'))
      .executeTakeFirst();
    return row?.sequence ?? 0;
  }

  async ruleNames(orgId: number, at: PolicyAt): Promise<ReadonlyMap<string, string>> {
    const { ruleSets, enforcementBoundaries } = await loadPolicyObjects(
      this.#db,
      orgId,
      at,
      'active',
    );
    const named = [...ruleSets.flatMap((ruleSet) => ruleSet.rules), ...enforcementBoundaries];
    return new Map(named.map((item) => [item.href, item.name]));
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

async function activeChanges(
  db: Db,
  orgId: number,
  rows: readonly ChangeRow[],
): Promise<PolicyChange[]> {
  return [...(await factChanges(db, orgId, rows)), ...(await policyObjectChanges(db, orgId, rows))];
}

async function factChanges(
  db: Db,
  orgId: number,
  rows: readonly ChangeRow[],
): Promise<PolicyChange[]> {
  const hrefsOf = (kind: ChangeKind): string[] => [
    ...new Set(rows.filter((row) => row.kind === kind).map((row) => row.href)),
  ];
  const labelHrefs = hrefsOf('label');
  const workloadHrefs = hrefsOf('workload');
  const labels = byHref(labelHrefs.length === 0 ? [] : await loadLabels(db, orgId, labelHrefs));
  const workloads = byHref(
    workloadHrefs.length === 0 ? [] : await loadWorkloads(db, orgId, workloadHrefs),
  );
  return [
    ...labelHrefs.map(
      (href) => ({ type: 'label', href, value: labels.get(href) ?? null }) as const,
    ),
    ...workloadHrefs.map(
      (href) => ({ type: 'workload', href, value: workloads.get(href) ?? null }) as const,
    ),
  ];
}

/** Drafts that the rows name, as they are now. */
async function draftChanges(
  db: Db,
  orgId: number,
  rows: readonly ChangeRow[],
): Promise<PolicyChange[]> {
  const named = new Map<string, { type: string; id: string }>();
  for (const { href } of rows) {
    const [type, id] = parseHref(href)?.path[0] ?? [];
    if (type === undefined || id === undefined || !isStoredType(type)) continue;
    named.set(policyHref(orgId, 'draft', type, id), { type, id });
  }
  if (named.size === 0) return [];
  const found = await db
    .selectFrom('policy_objects')
    .select(['type', 'id', 'draft', 'update_type', 'active_version'])
    .where('org_id', '=', orgId)
    .where('id', 'in', [...new Set([...named.values()].map(({ id }) => id))])
    .execute();
  const objects = new Map(
    found.map((row) => [
      policyHref(orgId, 'draft', row.type, row.id),
      row.update_type === 'delete'
        ? null
        : { content: row.draft, version: row.active_version ?? 0 },
    ]),
  );
  const bindings = await loadBindings(
    db,
    orgId,
    [...named.values()].flatMap(({ type, id }) => (type === 'virtual_services' ? [id] : [])),
  );
  return [...named].flatMap(
    ([href, place]) =>
      changeOf({ orgId, word: 'active', ...place }, objects.get(href) ?? null, bindings) ?? [],
  );
}

function byHref<T extends { readonly href: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.href, item]));
}
