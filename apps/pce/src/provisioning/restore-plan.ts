/** What has to become of each draft so that the draft is what a version was. */
import type { Selectable } from 'kysely';
import { policyHref } from '@bulkhead/contract';
import type { Db, PolicyContent, PolicyObjectsTable } from '../db/database.ts';
import { sameContent } from './compare.ts';
import { SYSTEM } from './present.ts';
import { hrefsIn, loadNames } from './references.ts';
import {
  asContent,
  contentOf,
  ipTablesRulesOf,
  isStoredType,
  type StoredEntry,
  type StoredRuleSet,
  type StoredType,
} from './stored-content.ts';
import { withoutGone, type Today } from './without-gone.ts';

type PolicyRow = Selectable<PolicyObjectsTable>;

/** One object whose draft changes. */
export interface RestoreStep {
  readonly orgId: number;
  readonly type: StoredType;
  readonly id: string;
  readonly href: string;
  /** As it is now; null: there is none. */
  readonly row: PolicyRow | null;
  /** Draft before; null where it was deleted, or was not there. */
  readonly before: PolicyContent | null;
  /** Draft as it will be; null: deleted. */
  readonly draft: PolicyContent | null;
  /** Difference to active; of what is gone at once: delete. */
  readonly updateType: 'create' | 'update' | 'delete' | null;
  readonly created: { readonly at: Date; readonly by: string };
}

export interface RestorePlan {
  /** Objects that stay as they are have none. */
  readonly steps: readonly RestoreStep[];
  readonly leftOut: readonly {
    readonly href: string;
    readonly name: string;
    readonly message: string;
  }[];
}

export interface RestoredBy {
  readonly href: string;
  readonly now: Date;
}

export async function planRestore(
  db: Db,
  orgId: number,
  { version, by }: { readonly version: number; readonly by: RestoredBy },
): Promise<RestorePlan> {
  const then = await objectsThen(db, orgId, version);
  const rows = await db
    .selectFrom('policy_objects')
    .selectAll()
    .where('org_id', '=', orgId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const today = await todayOf(
    db,
    orgId,
    then.map(({ content }) => content),
  );
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const steps: RestoreStep[] = [];
  const leftOut: RestorePlan['leftOut'][number][] = [];
  const kept = new Set<string>();
  for (const { type, id, content, created } of then) {
    const row = byKey.get(keyOf({ type, id })) ?? null;
    const remains = withoutGone(type, contentOf(type, content), today);
    const place = { orgId, type, id, href: policyHref(orgId, 'draft', type, id) };
    for (const text of remains.leftOut)
      leftOut.push({
        href: place.href,
        name: contentOf(type, content).name,
        message: `Left out: ${text}`,
      });
    if (remains.content === null) continue;
    kept.add(keyOf({ type, id }));
    const target = targetOf(type, asContent(remains.content), { row, by });
    if (row !== null && isNow(row, target)) continue;
    steps.push({ ...place, row, before: draftOf(row), created, ...target });
  }
  for (const row of rows) {
    const { type, id } = row;
    if (!isStoredType(type) || kept.has(keyOf(row)) || staysForEver(row)) continue;
    if (row.update_type === 'delete') continue;
    steps.push({
      orgId,
      type,
      id,
      href: policyHref(orgId, 'draft', type, id),
      row,
      before: draftOf(row),
      draft: null,
      updateType: 'delete',
      created: { at: row.created_at, by: row.created_by },
    });
  }
  return { steps, leftOut };
}

function keyOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type} ${id}`;
}

function draftOf(row: PolicyRow | null): PolicyContent | null {
  return row === null || row.update_type === 'delete' ? null : row.draft;
}

/** What comes with the product is in every version. */
function staysForEver(row: PolicyRow): boolean {
  return row.type === 'firewall_settings' || row.created_by === SYSTEM;
}

interface ObjectThen {
  readonly type: StoredType;
  readonly id: string;
  readonly content: PolicyContent;
  readonly created: RestoreStep['created'];
}

async function objectsThen(db: Db, orgId: number, version: number): Promise<ObjectThen[]> {
  const rows = await db
    .selectFrom('policy_object_versions')
    .selectAll()
    .distinctOn(['type', 'id'])
    .where('org_id', '=', orgId)
    .where('version', '<=', version)
    .orderBy('type')
    .orderBy('id')
    .orderBy('version', 'desc')
    .execute();
  return rows.flatMap(({ type, id, content, created_at: at, created_by: by }): ObjectThen[] =>
    content === null || !isStoredType(type) ? [] : [{ type, id, content, created: { at, by } }],
  );
}

/** Labels, workloads and user groups as they are now: these have no versions. */
async function todayOf(db: Db, orgId: number, contents: readonly PolicyContent[]): Promise<Today> {
  const hrefs = hrefsIn(contents);
  const names = await loadNames(db, orgId, { hrefs, word: 'draft' });
  const unversioned = /^\/orgs\/\d+\/(labels|workloads|security_principals)\//;
  return {
    names,
    isGone(href) {
      if (!unversioned.test(href)) return false;
      return names.get(href)?.deleted !== false;
    },
  };
}

function targetOf(
  type: StoredType,
  content: PolicyContent,
  { row, by }: { readonly row: PolicyRow | null; readonly by: RestoredBy },
): Pick<RestoreStep, 'draft' | 'updateType'> {
  const active = row?.active ?? null;
  if (row === null || active === null) return { draft: content, updateType: 'create' };
  if (sayTheSame(type, content, active)) return { draft: active, updateType: null };
  const draft = type === 'rule_sets' ? withDeletedRules(content, { row, active, by }) : content;
  return { draft, updateType: 'update' };
}

function isNow(row: PolicyRow, { draft, updateType }: Pick<RestoreStep, 'draft' | 'updateType'>) {
  return row.update_type === updateType && sameContent(row.draft, draft);
}

/** Rules also have times and versions, which say nothing to hosts. */
function sayTheSame(type: StoredType, left: PolicyContent, right: PolicyContent): boolean {
  if (type !== 'rule_sets') return sameContent(left, right);
  return sameContent(bare(contentOf(type, left)), bare(contentOf(type, right)));
}

function bare(ruleSet: StoredRuleSet): unknown {
  const bodies = (entries: readonly StoredEntry<object>[]) =>
    entries.map(({ id, body }) => ({ id, body }));
  return {
    ...ruleSet,
    rules: bodies(ruleSet.rules),
    ip_tables_rules: bodies(ipTablesRulesOf(ruleSet)),
  };
}

/** Rules that are active and were not there then are deleted in draft, as a person would delete them. */
function withDeletedRules(
  content: PolicyContent,
  now: { readonly row: PolicyRow; readonly active: PolicyContent; readonly by: RestoredBy },
): PolicyContent {
  const then = contentOf('rule_sets', content);
  const active = contentOf('rule_sets', now.active);
  const draft = contentOf('rule_sets', now.row.draft);
  const mark = { deleted_at: now.by.now.toISOString(), deleted_by: now.by.href };
  const deleted = <E extends StoredEntry<object>>(list: (ruleSet: StoredRuleSet) => readonly E[]) =>
    list(active)
      .filter((entry) => !list(then).some(({ id }) => id === entry.id))
      .map((entry) => {
        const before = list(draft).find(({ id }) => id === entry.id);
        return before?.deleted_at == null ? { ...entry, ...mark } : before;
      });
  const ipTables = [...ipTablesRulesOf(then), ...deleted(ipTablesRulesOf)];
  const { ip_tables_rules: _, ...rest } = then;
  return asContent({
    ...rest,
    rules: [...then.rules, ...deleted((ruleSet) => ruleSet.rules)],
    ...(ipTables.length === 0 ? {} : { ip_tables_rules: ipTables }),
  });
}
