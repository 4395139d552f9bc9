/** What is legal in a rule but probably wrong. */
import { sql } from 'kysely';
import type { WorkloadType } from '@bulkhead/policy';
import type { Db } from '../../db/database.ts';
import {
  entriesMatch,
  labelPartMatches,
  loadLabelFacts,
  type LabelFacts,
} from '../../provisioning/matching.ts';
import type {
  StoredActor,
  StoredRuleBody,
  StoredRuleSet,
} from '../../provisioning/stored-content.ts';

/** Workloads that have the same labels and type. */
interface WorkloadClass {
  readonly type: WorkloadType;
  readonly labels: ReadonlySet<string>;
  readonly count: number;
}

/** What of the organization the warnings look at. */
export interface WarningFacts extends LabelFacts {
  readonly classes: readonly WorkloadClass[];
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
  return {
    classes: rows.map((row) => ({ ...row, labels: new Set(row.labels) })),
    ...(await loadLabelFacts(db, orgId)),
  };
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
    ...idleExclusions(side, rule[side]),
    ...subnetsWithoutLabels(rule, side),
    ...broadWithEndpoints(ruleSet, rule, side, facts),
  ]);
}

function hasLabelPart(side: readonly StoredActor[]): boolean {
  return side.some((actor) => 'actors' in actor || 'label' in actor || 'label_group' in actor);
}

/** PS-11 */
export function idleExclusions(side: Side, actors: readonly StoredActor[]): Warning[] {
  const excludes = actors.some((actor) => 'exclusion' in actor && actor.exclusion === true);
  if (!excludes || !actors.some((actor) => 'actors' in actor)) return [];
  return [
    {
      token: 'exclusion_beside_all_workloads',
      message: `The ${side} are all workloads, those with the excluded labels too: beside All Workloads an exclusion changes nothing; take All Workloads off the ${side} to mean all but these`,
    },
  ];
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
      labelPartMatches(item.labels, rule[side], facts) &&
      scopes.some((scope) => entriesMatch(item.labels, scope, facts)),
  );
}
