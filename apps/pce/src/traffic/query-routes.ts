/** Traffic queries of the API: each belongs to who asked, and is kept for a day. */
import { Readable } from 'node:stream';
import type { Selectable } from 'kysely';
import { trafficQuerySchema, type endpoints } from '@bulkhead/contract';
import type { z } from 'zod';
import { json, type AsyncQueriesTable, type Db } from '../db/database.ts';
import { afterCommit } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';
import { UUID } from '../provisioning/references.ts';
import { CsvForm } from './csv.ts';
import { loadNamedObjects } from './lookups.ts';
import { hrefOf, TRAFFIC_QUERY, type QueryRunner, type RulesRange } from './query-runner.ts';
import { flowSql } from './query-sql.ts';
import { csvText, jsonText, resultParts } from './results.ts';

const KEPT_MS = 24 * 3_600_000;

type QueryRow = Selectable<AsyncQueriesTable>;
type QueryWire = z.output<(typeof endpoints)['async_queries.get']['response']>;

export function queryRoutes(deps: Deps, runner: QueryRunner): Routes {
  const { clock, config } = deps;
  const find = (db: Db, place: Omit<Place, 'now'>) => findQuery(db, { ...place, now: clock.now() });
  return {
    'async_queries.create': async ({ db, orgId, caller, body }) => {
      // What cannot be asked is refused now, not by a query that fails later.
      const { lookups } = await loadNamedObjects(db, orgId);
      flowSql(orgId, body, { lookups, reach: null });
      const now = clock.now();
      const row = await db
        .insertInto('async_queries')
        .values({
          org_id: orgId,
          kind: TRAFFIC_QUERY,
          created_by: caller.href,
          status: 'queued',
          parameters: json({ ...body }),
          created_at: now,
          updated_at: now,
          expires_at: new Date(now.getTime() + KEPT_MS),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      afterCommit(db, () => runner.enqueue({ id: row.id, work: 'flows' }));
      return present(row, config.fqdn);
    },
    'async_queries.list': async ({ db, orgId, caller, query }) => {
      const rows = await db
        .selectFrom('async_queries')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('kind', '=', TRAFFIC_QUERY)
        .where('created_by', '=', caller.href)
        .where('expires_at', '>', clock.now())
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .execute();
      return {
        items: rows.slice(0, query.max_results ?? 500).map((row) => present(row, config.fqdn)),
        total: rows.length,
      };
    },
    'async_queries.get': async ({ db, orgId, caller, params }) =>
      present(await find(db, { orgId, owner: caller.href, id: params.id }), config.fqdn),
    'async_queries.cancel': async ({ db, orgId, caller, params }) => {
      const row = await find(db, { orgId, owner: caller.href, id: params.id });
      await db
        .updateTable('async_queries')
        .set({ status: 'cancelled', updated_at: clock.now() })
        .where('id', '=', row.id)
        .where('status', 'in', ['queued', 'working'])
        .execute();
    },
    'async_queries.delete': async ({ db, orgId, caller, params }) => {
      const row = await find(db, { orgId, owner: caller.href, id: params.id });
      await db.deleteFrom('async_queries').where('id', '=', row.id).execute();
    },
    'async_queries.update_rules': async ({ db, orgId, caller, params, query }) => {
      const row = await find(db, { orgId, owner: caller.href, id: params.id });
      requireCompleted(row);
      const range: RulesRange = { offset: query.offset ?? 0, limit: query.limit ?? null };
      await db
        .updateTable('async_queries')
        .set({ rules_status: 'queued', result: json(range), updated_at: clock.now() })
        .where('id', '=', row.id)
        .execute();
      afterCommit(db, () => runner.enqueue({ id: row.id, work: 'rules' }));
    },
    'async_queries.download': async ({ db, orgId, caller, params, query, request }, reply) => {
      const row = await find(db, { orgId, owner: caller.href, id: params.id });
      requireCompleted(row);
      const parts = resultParts(db, row.id);
      if ((request.headers.accept ?? '').includes('application/json'))
        return reply
          .header('content-type', 'application/json')
          .send(Readable.from(jsonText(parts)));
      const dimensions = await db
        .selectFrom('label_dimensions')
        .select(['key', 'display_name as name'])
        .where('org_id', '=', orgId)
        .where('deleted', '=', false)
        .orderBy('created_at')
        .orderBy('key')
        .execute();
      const form = new CsvForm(inUsualOrder(dimensions), {
        withDraft: query.include_draft_policy_in_csv === true,
      });
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .send(Readable.from(csvText(form, parts)));
    },
  };
}

const USUAL = ['role', 'app', 'env', 'loc'];

/** The four that every organization has come first, as readers of such files expect them. */
function inUsualOrder<T extends { readonly key: string }>(dimensions: readonly T[]): T[] {
  const place = ({ key }: T): number => (USUAL.includes(key) ? USUAL.indexOf(key) : USUAL.length);
  return dimensions.toSorted((a, b) => place(a) - place(b));
}

interface Place {
  readonly orgId: number;
  readonly owner: string;
  readonly id: string;
  readonly now: Date;
}

async function findQuery(db: Db, { orgId, owner, id, now }: Place): Promise<QueryRow> {
  const row = UUID.test(id)
    ? await db
        .selectFrom('async_queries')
        .selectAll()
        .where('id', '=', id)
        .where('org_id', '=', orgId)
        .where('kind', '=', TRAFFIC_QUERY)
        .where('created_by', '=', owner)
        .where('expires_at', '>', now)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The traffic query ${id}`);
  return row;
}

function requireCompleted({ status }: QueryRow): void {
  if (status === 'completed') return;
  throw new DomainError(
    'not_found_error',
    `The query is ${status}; its result is there once it is completed`,
  );
}

function present(row: QueryRow, fqdn: string): QueryWire {
  const href = hrefOf(row.org_id, row.id);
  const isCompleted = row.status === 'completed';
  const rules = rulesStatusOf(row.rules_status);
  const region = {
    pce_fqdn: fqdn,
    responded: true,
    matches_count: row.matches_count ?? 0,
    flows_count: row.flows_count ?? 0,
  };
  return {
    href,
    status: statusOf(row.status),
    ...(isCompleted ? { result: `${href}/download` } : {}),
    ...(rules === undefined ? {} : { rules }),
    matches_count: row.matches_count,
    flows_count: row.flows_count,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    created_by: { href: row.created_by },
    query_parameters: trafficQuerySchema.parse(row.parameters),
    ...(row.error === null ? {} : { message: row.error }),
    regions: isCompleted ? [region] : [],
  };
}

function statusOf(stored: string): QueryWire['status'] {
  switch (stored) {
    case 'queued':
    case 'working':
    case 'completed':
    case 'cancelled':
      return stored;
    default:
      return 'failed';
  }
}

function rulesStatusOf(stored: string | null): QueryWire['rules'] {
  switch (stored) {
    case null:
      return undefined;
    case 'queued':
    case 'working':
    case 'completed':
      return stored;
    default:
      return 'failed';
  }
}
