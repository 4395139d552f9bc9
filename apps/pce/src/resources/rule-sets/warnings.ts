/** What is legal in a rule but probably wrong. */
import { sql } from 'kysely';
import type { WorkloadType } from '@bulkhead/policy';
import type { Db } from '../../db/database.ts';
import { contentOf } from '../../provisioning/stored-content.ts';
import type {
  StoredActor,
  StoredRuleBody,
  StoredRuleSet,
  StoredScopeEntry,
} from '../../provisioning/stored-content.ts';

/** Workloads that have the same labels and type. */
interface WorkloadClass {
  readonly type: WorkloadType;
  readonly labels: ReadonlySet<string>;
  readonly count: number;
}

/** What of the organization the warnings look at. */
export interface WarningFacts {
  readonly classes: readonly WorkloadClass[];
  /** Label href to key. */
  readonly keys: ReadonlyMap<string, string>;
  /** Label group (draft href) to key and all labels in it. */
  readonly groups: ReadonlyMap<
    string,
    { readonly key: string; readonly labels: ReadonlySet<string> }
  >;
}

/** A rule whose other side has this many servers makes every move of a laptop reach all of them. */
const MANY_SERVERS = 50;

export async function loadWarningFacts(db: Db, orgId: number): Promise<WarningFacts> {
  const rows = await db
    .selectFrom('workloads')
    .select([
      'labels',
      sql<WorkloadType>`CASE WHEN managed THEN COALESCE(ven_type, 'server') ELSE 'unmanaged' END`.as(
        'type',
      ),
      (query) => query.fn.countAll<number>().as('count'),
    ])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .groupBy(['labels', 'type'])
    .execute();
  const labels = await db
    .selectFrom('labels')
    .select(['id', 'key'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .execute();
  return {
    classes: rows.map((row) => ({ ...row, labels: new Set(row.labels) })),
    keys: new Map(labels.map((label) => [`/orgs/${orgId}/labels/${label.id}`, label.key])),
    groups: await loadGroups(db, orgId),
  };
}

async function loadGroups(db: Db, orgId: number): Promise<WarningFacts['groups']> {
  const rows = await db
    .selectFrom('policy_objects')
    .select(['id', 'draft'])
    .where('org_id', '=', orgId)
    .where('type', '=', 'label_groups')
    .execute();
  const contents = new Map(
    rows.map((row) => [
      `/orgs/${orgId}/sec_policy/draft/label_groups/${row.id}`,
      contentOf('label_groups', row.draft),
    ]),
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

export interface Warning {
  token: string;
  message: string;
}

const SIDES = ['providers', 'consumers'] as const;
type Side = (typeof SIDES)[number];

export function ruleWarnings(
  ruleSet: Pick<StoredRuleSet, 'scopes'>,
  rule: StoredRuleBody,
  facts: WarningFacts,
): Warning[] {
  return SIDES.flatMap((side) => [
    ...subnetsWithoutLabels(rule, side),
    ...broadWithEndpoints(ruleSet, rule, side, facts),
  ]);
}

function hasLabelPart(side: readonly StoredActor[]): boolean {
  return side.some((actor) => 'actors' in actor || 'label' in actor || 'label_group' in actor);
}

function subnetsWithoutLabels(rule: StoredRuleBody, side: Side): Warning[] {
  if (!rule.use_workload_subnets.includes(side) || hasLabelPart(rule[side])) return [];
  return [
    {
      token: 'use_workload_subnets_without_labels',
      message: `Use Workload Subnets has no effect on the ${side}: it stands for workloads that labels or All Workloads name, and there are none on that side`,
    },
  ];
}

/** R-POL-4 */
function broadWithEndpoints(
  ruleSet: Pick<StoredRuleSet, 'scopes'>,
  rule: StoredRuleBody,
  side: Side,
  facts: WarningFacts,
): Warning[] {
  if (rule.use_workload_subnets.includes(side) || rule.network_type === 'non_brn') return [];
  const other = side === 'providers' ? 'consumers' : 'providers';
  if (!hasLabelPart(rule[side]) || !hasLabelPart(rule[other])) return [];
  const members = classesOf(ruleSet, rule, side, facts);
  if (!members.some((item) => item.type === 'endpoint')) return [];
  const servers = classesOf(ruleSet, rule, other, facts)
    .filter((item) => item.type === 'server')
    .reduce((sum, item) => sum + item.count, 0);
  const isAll = rule[other].some((actor) => 'actors' in actor);
  if (!isAll && servers < MANY_SERVERS) return [];
  return [
    {
      token: 'broad_rule_with_endpoints',
      message: `The ${side} include endpoints, and every address that one of them gets is sent to ${isAll ? 'all workloads' : `${servers} servers`}; choose Use Workload Subnets for the ${side}, or narrow the rule`,
    },
  ];
}

function classesOf(
  ruleSet: Pick<StoredRuleSet, 'scopes'>,
  rule: StoredRuleBody,
  side: Side,
  facts: WarningFacts,
): WorkloadClass[] {
  const scoped = side === 'providers' || !rule.unscoped_consumers;
  const scopes = scoped && ruleSet.scopes.length > 0 ? ruleSet.scopes : [[]];
  return facts.classes.filter(
    (item) =>
      matches(item, rule[side], facts) && scopes.some((scope) => matchesKeys(item, scope, facts)),
  );
}

function matches(item: WorkloadClass, side: readonly StoredActor[], facts: WarningFacts): boolean {
  if (side.some((actor) => 'actors' in actor)) return true;
  const entries = side.filter(
    (actor): actor is StoredScopeEntry => 'label' in actor || 'label_group' in actor,
  );
  return entries.length > 0 && matchesKeys(item, entries, facts);
}

/** Entries of one key are OR-ed, keys AND-ed; exclusions subtract within their key. */
function matchesKeys(
  item: WorkloadClass,
  entries: readonly StoredScopeEntry[],
  facts: WarningFacts,
): boolean {
  const byKey = new Map<string, { in: boolean; out: boolean; hasIn: boolean }>();
  for (const entry of entries) {
    const group = 'label_group' in entry ? facts.groups.get(entry.label_group.href) : undefined;
    const key = 'label' in entry ? facts.keys.get(entry.label.href) : group?.key;
    const has =
      'label' in entry
        ? item.labels.has(entry.label.href)
        : [...(group?.labels ?? [])].some((label) => item.labels.has(label));
    const state = byKey.get(key ?? '') ?? { in: false, out: false, hasIn: false };
    if (entry.exclusion === true) state.out ||= has;
    else {
      state.hasIn = true;
      state.in ||= has;
    }
    byKey.set(key ?? '', state);
  }
  return [...byKey.values()].every((state) => !state.out && (state.in || !state.hasIn));
}
