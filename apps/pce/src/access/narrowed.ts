/**
 * A database as a caller with scoped permissions sees it. Whatever a handler asks of workloads, VENs, pairing profiles and rulesets, also by
 * a query that is written next year, it is asked of those that the caller reaches: others are not there, are not counted and cannot be
 * locked to be changed. What a transaction made must be within reach as well, or it is rolled back.
 */
import {
  AliasNode,
  IdentifierNode,
  OperationNodeTransformer,
  sql,
  TableNode,
  type FromNode,
  type JoinNode,
  type KyselyPlugin,
  type OperationNode,
  type RawBuilder,
} from 'kysely';
import type { Db, Tx } from '../db/database.ts';
import { everything, guardWrites, type Change } from '../db/transaction.ts';
import { UUID } from '../provisioning/references.ts';
import { beyondReach, type Reach, type Scope } from './reach.ts';

type Condition = RawBuilder<unknown>;
const FALSE = sql`false`;

function either(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? FALSE : sql`(${sql.join([...conditions], sql` OR `)})`;
}

function both(conditions: readonly Condition[]): Condition {
  return sql`(${sql.join([...conditions], sql` AND `)})`;
}

/** Of a jsonb array of label hrefs. */
function labelsWithin(reach: readonly Scope[]): Condition {
  return either(
    reach.map((scope) =>
      both(
        [...scope.values()].map((wanted) =>
          either([...wanted].map((href) => sql`labels @> ${JSON.stringify([href])}::jsonb`)),
        ),
      ),
    ),
  );
}

/** Of the scopes in the content of a ruleset, as `reachesRuleSet`. */
function scopesWithin(content: Condition, reach: readonly Scope[]): Condition {
  const has = (wanted: ReadonlySet<string>) => sql`EXISTS (
    SELECT 1 FROM jsonb_array_elements(entries) AS entry
    WHERE entry ->> 'exclusion' IS DISTINCT FROM 'true'
      AND coalesce(entry #>> '{label,href}', entry #>> '{label_group,href}') = ANY(${[...wanted]}::text[]))`;
  const within = (scope: Scope) => sql`NOT EXISTS (
    SELECT 1 FROM jsonb_array_elements(${content} -> 'scopes') AS entries
    WHERE NOT ${both([...scope.values()].map(has))})`;
  return sql`(jsonb_array_length(${content} -> 'scopes') > 0 AND ${either(reach.map(within))})`;
}

/** What is left of each table. */
function rowsWithin(reach: readonly Scope[]): ReadonlyMap<string, Condition> {
  const labels = labelsWithin(reach);
  const notRules = sql`type <> 'rule_sets'`;
  const draft = scopesWithin(sql`draft`, reach);
  const active = scopesWithin(sql`active`, reach);
  return new Map([
    ['workloads', sql`(SELECT * FROM workloads WHERE ${labels})`],
    ['vens', sql`(SELECT * FROM vens WHERE id IN (SELECT id FROM workloads WHERE ${labels}))`],
    ['pairing_profiles', sql`(SELECT * FROM pairing_profiles WHERE ${labels})`],
    // Whoever may see one state of a ruleset and not the other is shown neither.
    [
      'policy_objects',
      sql`(SELECT * FROM policy_objects
        WHERE ${notRules} OR (${draft} AND (active IS NULL OR ${active})))`,
    ],
    [
      'policy_object_versions',
      sql`(SELECT * FROM policy_object_versions
        WHERE ${notRules} OR content IS NULL OR ${scopesWithin(sql`content`, reach)})`,
    ],
  ]);
}

class TablesWithin extends OperationNodeTransformer {
  readonly #tables: ReadonlyMap<string, Condition>;

  constructor(reach: readonly Scope[]) {
    super();
    this.#tables = rowsWithin(reach);
  }

  protected override transformFrom(node: FromNode): FromNode {
    const from = super.transformFrom(node);
    return { ...from, froms: from.froms.map((table) => this.#within(table)) };
  }

  protected override transformJoin(node: JoinNode): JoinNode {
    const join = super.transformJoin(node);
    return { ...join, table: this.#within(join.table) };
  }

  #within(table: OperationNode): OperationNode {
    if (AliasNode.is(table)) {
      const inner = this.#rowsOf(table.node);
      return inner === undefined ? table : AliasNode.create(inner, table.alias);
    }
    const inner = this.#rowsOf(table);
    if (inner === undefined || !TableNode.is(table)) return table;
    return AliasNode.create(inner, IdentifierNode.create(table.table.identifier.name));
  }

  #rowsOf(node: OperationNode): OperationNode | undefined {
    return TableNode.is(node)
      ? this.#tables.get(node.table.identifier.name)?.toOperationNode()
      : undefined;
  }
}

function pluginOf(reach: readonly Scope[]): KyselyPlugin {
  const tables = new TablesWithin(reach);
  return {
    transformQuery: ({ node }) => tables.transformNode(node),
    transformResult: ({ result }) => Promise.resolve(result),
  };
}

/** `db` as far as `reach` goes; `db` itself for who reaches everything. For a transaction that reads, or for one to be opened. */
export function narrowed(db: Db, reach: Reach): Db {
  if (reach === null) return db;
  const within = db.withPlugin(pluginOf(reach));
  guardWrites(within, refuseOutside);
  return within;
}

const GUARDED = ['workloads', 'pairing_profiles', 'rule_sets'] as const;
type Guarded = (typeof GUARDED)[number];

/** Throws 403 when an object that was made or changed lies outside of what the transaction sees. */
async function refuseOutside(trx: Tx, changes: readonly Change[]): Promise<void> {
  for (const type of GUARDED) {
    const path = new RegExp(`/${type === 'workloads' ? '(?:workloads|vens)' : type}/([^/]+)$`);
    const ids = [...new Set(changes.flatMap(({ href }) => path.exec(href)?.[1] ?? []))];
    if (ids.length === 0) continue;
    const seen = await idsThere(trx, type, ids);
    const outside = [...(await idsThere(everything(trx), type, ids))].find((id) => !seen.has(id));
    if (outside === undefined) continue;
    throw beyondReach(`${type}/${outside}`);
  }
}

async function idsThere(db: Db, type: Guarded, ids: readonly string[]): Promise<Set<string>> {
  const rows =
    type === 'rule_sets'
      ? await db
          .selectFrom('policy_objects')
          .select('id')
          .where('type', '=', 'rule_sets')
          .where('id', 'in', ids)
          .execute()
      : type === 'workloads'
        ? await db
            .selectFrom('workloads')
            .select('id')
            .where(
              'id',
              'in',
              ids.filter((id) => UUID.test(id)),
            )
            .execute()
        : await db
            .selectFrom('pairing_profiles')
            .select('id')
            .where('id', 'in', ids.map(Number))
            .execute();
  return new Set(rows.map((row) => String(row.id)));
}
