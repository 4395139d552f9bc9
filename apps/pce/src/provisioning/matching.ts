/** Whether a workload's labels match a side or a scope, for warnings and counts. The policy itself is computed by the policy core. */
import { policyHref, type PolicyVersionWord } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import { viewsOf } from './objects.ts';
import type { StoredActor, StoredScopeEntry } from './stored-content.ts';

export interface LabelFacts {
  /** Label href to key. */
  readonly keys: ReadonlyMap<string, string>;
  /** Label group (draft href) to key and all labels in it. */
  readonly groups: ReadonlyMap<
    string,
    { readonly key: string; readonly labels: ReadonlySet<string> }
  >;
}

export async function loadLabelFacts(
  db: Db,
  orgId: number,
  word: PolicyVersionWord = 'draft',
): Promise<LabelFacts> {
  const labels = await db
    .selectFrom('labels')
    .select(['id', 'key'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .execute();
  return {
    keys: new Map(labels.map((label) => [`/orgs/${orgId}/labels/${label.id}`, label.key])),
    groups: await loadGroups(db, orgId, word),
  };
}

/** Label groups with all labels in them, those of groups inside included. */
export async function loadGroups(
  db: Db,
  orgId: number,
  word: PolicyVersionWord,
): Promise<LabelFacts['groups']> {
  const views = await viewsOf(db, orgId, { type: 'label_groups', word });
  const contents = new Map(
    views.map((view) => [policyHref(orgId, 'draft', 'label_groups', view.id), view.content]),
  );
  const collect = (href: string, found: Set<string>, seen: Set<string>): Set<string> => {
    const content = contents.get(href);
    if (content === undefined || seen.has(href)) return found;
    seen.add(href);
    for (const label of content.labels) found.add(label.href);
    for (const group of content.sub_groups) collect(group.href, found, seen);
    return found;
  };
  return new Map(
    [...contents].map(([href, content]) => [
      href,
      { key: content.key, labels: collect(href, new Set(), new Set()) },
    ]),
  );
}

/** The part of a side that labels, groups and All Workloads make. */
export function labelPartMatches(
  labels: ReadonlySet<string>,
  side: readonly StoredActor[],
  facts: LabelFacts,
): boolean {
  if (side.some((actor) => 'actors' in actor)) return true;
  const entries = side.filter(
    (actor): actor is StoredScopeEntry => 'label' in actor || 'label_group' in actor,
  );
  return entries.length > 0 && entriesMatch(labels, entries, facts);
}

/** Entries of one key are OR-ed, keys AND-ed; exclusions subtract within their key. No entries: everything. */
export function entriesMatch(
  labels: ReadonlySet<string>,
  entries: readonly StoredScopeEntry[],
  facts: LabelFacts,
): boolean {
  const byKey = new Map<string, { included: boolean; excluded: boolean; hasIncluding: boolean }>();
  for (const entry of entries) {
    const group = 'label_group' in entry ? facts.groups.get(entry.label_group.href) : undefined;
    const key = ('label' in entry ? facts.keys.get(entry.label.href) : group?.key) ?? '';
    const members = 'label' in entry ? [entry.label.href] : [...(group?.labels ?? [])];
    const has = members.some((label) => labels.has(label));
    const state = byKey.get(key) ?? { included: false, excluded: false, hasIncluding: false };
    if (entry.exclusion === true) state.excluded ||= has;
    else {
      state.hasIncluding = true;
      state.included ||= has;
    }
    byKey.set(key, state);
  }
  return [...byKey.values()].every(
    (state) => !state.excluded && (state.included || !state.hasIncluding),
  );
}
