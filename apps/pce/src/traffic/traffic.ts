/** Traffic: flow intake, and queries that run in the background with results kept for a day. */
import { Readable } from 'node:stream';
import type { Selectable } from 'kysely';
import {
  trafficQuerySchema,
  type FlowWire,
  type TrafficQuery,
  type endpoints,
} from '@bulkhead/contract';
import type { z } from 'zod';
import { json, type AsyncQueriesTable, type Db } from '../db/database.ts';
import { afterCommit, appendChange, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';
import { csvHeader, csvLine } from './csv.ts';
import { FlowTable } from './flow-table.ts';
import { FlowIntake, type OfferFlows } from './intake.ts';
import { loadNamedObjects } from './lookups.ts';
import { FlowPresenter, loadFlowNames, type FlowResultRow } from './present-flow.ts';
import { countStatement, flowSql, flowStatement } from './query-sql.ts';
import {
  recentConnections,
  type RecentConnection,
  type RecentQuery,
} from './recent-connections.ts';
import { WorkloadDirectory } from './workload-directory.ts';

const KIND = 'traffic_flows';
const KEPT_MS = 24 * 3_600_000;
const PART = 2000;
/** Queries that run at once; others wait as queued. */
const PARALLEL = 2;

type QueryRow = Selectable<AsyncQueriesTable>;
type QueryWire = z.output<(typeof endpoints)['async_queries.get']['response']>;

export class Traffic {
  readonly #deps: Deps;
  readonly #table: FlowTable;
  readonly #directory: WorkloadDirectory;
  readonly #intake: FlowIntake;
  readonly #waiting: string[] = [];
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(deps: Deps, offer: OfferFlows) {
    this.#deps = deps;
    this.#table = new FlowTable(deps.flowStore);
    this.#directory = new WorkloadDirectory(deps.db, deps.changeLog, deps.logger);
    this.#intake = new FlowIntake(deps, this.#table, this.#directory, offer);
  }

  /** Queries that the last run did not finish start again. */
  async start(): Promise<void> {
    const rows = await this.#deps.db
      .updateTable('async_queries')
      .set({ status: 'queued' })
      .where('kind', '=', KIND)
      .where('status', 'in', ['queued', 'working'])
      .returning('id')
      .execute();
    for (const { id } of rows) this.#enqueue(id);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#directory.stop();
    this.#intake.stop();
    await Promise.all(this.#running);
  }

  /** Connections that hosts reported not long ago, newest first. */
  recentConnections(orgId: number, query: RecentQuery): Promise<RecentConnection[]> {
    return recentConnections(this.#table, orgId, query);
  }

  routes(): Routes {
    const deps = this.#deps;
    return {
      'ven.flows': (context) => this.#intake.take(context),
      'async_queries.create': async ({ db, orgId, caller, body }) => {
        // What cannot be asked is refused now, not by a query that fails later.
        flowSql(orgId, body, (await loadNamedObjects(db, orgId)).lookups);
        const now = deps.clock.now();
        const row = await db
          .insertInto('async_queries')
          .values({
            org_id: orgId,
            kind: KIND,
            created_by: caller.href,
            status: 'queued',
            parameters: json({ ...body }),
            created_at: now,
            updated_at: now,
            expires_at: new Date(now.getTime() + KEPT_MS),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        afterCommit(db, () => this.#enqueue(row.id));
        return this.#present(row);
      },
      'async_queries.list': async ({ db, orgId, caller, query }) => {
        const rows = await db
          .selectFrom('async_queries')
          .selectAll()
          .where('org_id', '=', orgId)
          .where('kind', '=', KIND)
          .where('created_by', '=', caller.href)
          .where('expires_at', '>', deps.clock.now())
          .orderBy('created_at', 'desc')
          .orderBy('id')
          .execute();
        return {
          items: rows.slice(0, query.max_results ?? 500).map((row) => this.#present(row)),
          total: rows.length,
        };
      },
      'async_queries.get': async ({ db, orgId, caller, params }) =>
        this.#present(await this.#find(db, orgId, caller.href, params.id)),
      'async_queries.cancel': async ({ db, orgId, caller, params }) => {
        const row = await this.#find(db, orgId, caller.href, params.id);
        await db
          .updateTable('async_queries')
          .set({ status: 'cancelled', updated_at: deps.clock.now() })
          .where('id', '=', row.id)
          .where('status', 'in', ['queued', 'working'])
          .execute();
      },
      'async_queries.delete': async ({ db, orgId, caller, params }) => {
        const row = await this.#find(db, orgId, caller.href, params.id);
        await db.deleteFrom('async_queries').where('id', '=', row.id).execute();
      },
      'async_queries.download': async ({ db, orgId, caller, params, request }, reply) => {
        const row = await this.#find(db, orgId, caller.href, params.id);
        if (row.status !== 'completed')
          throw new DomainError(
            'not_found_error',
            `The query is ${row.status}; its result is there once it is completed`,
          );
        const isJson = (request.headers.accept ?? '').includes('application/json');
        const parts = resultParts(db, row.id);
        return reply
          .header('content-type', isJson ? 'application/json' : 'text/csv; charset=utf-8')
          .send(Readable.from(isJson ? jsonText(parts) : csvText(parts)));
      },
    };
  }

  async #find(db: Db, orgId: number, owner: string, id: string): Promise<QueryRow> {
    const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
    const row = isUuid
      ? await db
          .selectFrom('async_queries')
          .selectAll()
          .where('id', '=', id)
          .where('org_id', '=', orgId)
          .where('kind', '=', KIND)
          .where('created_by', '=', owner)
          .where('expires_at', '>', this.#deps.clock.now())
          .executeTakeFirst()
      : undefined;
    if (row === undefined) throw notFound(`The traffic query ${id}`);
    return row;
  }

  #present(row: QueryRow): QueryWire {
    const href = `/orgs/${row.org_id}/traffic_flows/async_queries/${row.id}`;
    const parameters = trafficQuerySchema.parse(row.parameters);
    return {
      href,
      status: statusOf(row.status),
      ...(row.status === 'completed' ? { result: `${href}/download` } : {}),
      matches_count: row.matches_count,
      flows_count: row.flows_count,
      created_at: row.created_at.toISOString(),
      updated_at: row.updated_at.toISOString(),
      created_by: { href: row.created_by },
      query_parameters: parameters,
      ...(row.error === null ? {} : { message: row.error }),
      regions:
        row.status === 'completed'
          ? [
              {
                pce_fqdn: this.#deps.config.fqdn,
                responded: true,
                matches_count: row.matches_count ?? 0,
                flows_count: row.flows_count ?? 0,
              },
            ]
          : [],
    };
  }

  #enqueue(id: string): void {
    this.#waiting.push(id);
    this.#next();
  }

  #next(): void {
    if (this.#stopped || this.#running.size >= PARALLEL) return;
    const id = this.#waiting.shift();
    if (id === undefined) return;
    const run = this.#run(id)
      .catch((error: unknown) => this.#failed(id, error))
      .finally(() => {
        this.#running.delete(run);
        this.#next();
      });
    this.#running.add(run);
  }

  async #run(id: string): Promise<void> {
    const { db, clock } = this.#deps;
    const row = await db
      .updateTable('async_queries')
      .set({ status: 'working', updated_at: clock.now() })
      .where('id', '=', id)
      .where('status', '=', 'queued')
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return;
    const { matches, flows } = await this.#ask(
      row.org_id,
      trafficQuerySchema.parse(row.parameters),
    );
    await writeTransaction(db, async (trx) => {
      const done = await trx
        .updateTable('async_queries')
        .set({
          status: 'completed',
          matches_count: matches,
          flows_count: flows.length,
          updated_at: clock.now(),
        })
        .where('id', '=', id)
        .where('status', '=', 'working')
        .returning('id')
        .executeTakeFirst();
      // Cancelled or deleted meanwhile.
      if (done === undefined) return;
      await trx.deleteFrom('async_query_results').where('query_id', '=', id).execute();
      for (let part = 0; part * PART < flows.length; part += 1)
        await trx
          .insertInto('async_query_results')
          .values({
            query_id: id,
            part,
            rows: json<unknown[]>(flows.slice(part * PART, (part + 1) * PART)),
          })
          .execute();
      appendChange(trx, {
        orgId: row.org_id,
        kind: 'flow',
        href: `/orgs/${row.org_id}/traffic_flows/async_queries/${id}`,
      });
    });
  }

  async #ask(orgId: number, query: TrafficQuery): Promise<{ matches: number; flows: FlowWire[] }> {
    const { db } = this.#deps;
    const objects = await loadNamedObjects(db, orgId);
    const statement = flowSql(orgId, query, objects.lookups);
    const [counted] = await this.#table.query<{ matches: number }>(
      countStatement(statement),
      statement.params,
    );
    if (query.max_results === 0) return { matches: counted?.matches ?? 0, flows: [] };
    const rows = await this.#table.query<FlowResultRow>(flowStatement(statement), {
      ...statement.params,
      max_results: query.max_results,
    });
    const presenter = new FlowPresenter(await loadFlowNames(db, orgId, rows, objects));
    return { matches: counted?.matches ?? 0, flows: rows.map((row) => presenter.present(row)) };
  }

  async #failed(id: string, error: unknown): Promise<void> {
    if (this.#stopped) return;
    this.#deps.logger.error({ err: error, query: id }, 'a traffic query failed');
    await this.#deps.db
      .updateTable('async_queries')
      .set({
        status: 'failed',
        error: 'The flow store could not answer; try again',
        updated_at: this.#deps.clock.now(),
      })
      .where('id', '=', id)
      .where('status', 'in', ['queued', 'working'])
      .execute()
      .catch((cause: unknown) =>
        this.#deps.logger.warn(
          { err: cause },
          'the failure of a traffic query could not be stored',
        ),
      );
  }
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

async function* resultParts(db: Db, id: string): AsyncGenerator<FlowWire[]> {
  for (let part = 0; ; part += 1) {
    const row = await db
      .selectFrom('async_query_results')
      .select('rows')
      .where('query_id', '=', id)
      .where('part', '=', part)
      .executeTakeFirst();
    if (row === undefined) return;
    // Written by this program from what it presented.
    yield row.rows as FlowWire[];
  }
}

async function* jsonText(parts: AsyncIterable<FlowWire[]>): AsyncGenerator<string> {
  let separator = '[';
  for await (const flows of parts) {
    yield flows
      .map((flow) => {
        const text = separator + JSON.stringify(flow);
        separator = ',';
        return text;
      })
      .join('');
  }
  yield separator === '[' ? '[]' : ']';
}

async function* csvText(parts: AsyncIterable<FlowWire[]>): AsyncGenerator<string> {
  yield csvHeader();
  for await (const flows of parts) yield flows.map(csvLine).join('');
}
