/** Traffic queries in the background: a few at a time, taken up again after a restart. */
import {
  endpoints,
  trafficQuerySchema,
  type FlowWire,
  type TrafficQuery,
} from '@bulkhead/contract';
import { z } from 'zod';
import { reachOf, type Reach } from '../access/reach.ts';
import type { Compute } from '../compute/compute.ts';
import { json } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { Authenticator } from '../http/authentication.ts';
import { withDraftDecisions } from './draft-decisions.ts';
import type { FlowTable } from './flow-table.ts';
import { loadNamedObjects } from './lookups.ts';
import { FlowPresenter, loadFlowNames, type FlowResultRow } from './present-flow.ts';
import { countStatement, flowSql, flowStatement } from './query-sql.ts';
import { PART, readPart, storeFlows } from './results.ts';

export const TRAFFIC_QUERY = 'traffic_flows';
/** Tasks that run at once; others wait as queued. */
const PARALLEL = 2;

/** Which flows of a result the draft is asked about. */
const rangeSchema = z.object({ offset: z.number(), limit: z.number().nullable() });
export type RulesRange = z.infer<typeof rangeSchema>;

interface Task {
  readonly id: string;
  readonly work: 'flows' | 'rules';
}

export class QueryRunner {
  readonly #deps: Deps;
  readonly #authenticator: Authenticator;
  readonly #table: FlowTable;
  readonly #compute: Compute;
  readonly #waiting: Task[] = [];
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(deps: Deps, table: FlowTable, compute: Compute) {
    this.#deps = deps;
    this.#authenticator = new Authenticator(deps, undefined);
    this.#table = table;
    this.#compute = compute;
  }

  /** What the last run did not finish starts again. */
  async start(): Promise<void> {
    const { db } = this.#deps;
    const unfinished = ['queued', 'working'];
    const flows = await db
      .updateTable('async_queries')
      .set({ status: 'queued' })
      .where('kind', '=', TRAFFIC_QUERY)
      .where('status', 'in', unfinished)
      .returning('id')
      .execute();
    const rules = await db
      .updateTable('async_queries')
      .set({ rules_status: 'queued' })
      .where('kind', '=', TRAFFIC_QUERY)
      .where('rules_status', 'in', unfinished)
      .returning('id')
      .execute();
    for (const { id } of flows) this.enqueue({ id, work: 'flows' });
    for (const { id } of rules) this.enqueue({ id, work: 'rules' });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  enqueue(task: Task): void {
    this.#waiting.push(task);
    this.#next();
  }

  /** `reach`: of who asks. */
  async ask(
    orgId: number,
    query: TrafficQuery,
    reach: Reach,
  ): Promise<{ matches: number; flows: FlowWire[] }> {
    const { db } = this.#deps;
    const objects = await loadNamedObjects(db, orgId);
    const statement = flowSql(orgId, query, { lookups: objects.lookups, reach });
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

  /** What who asked may see when the query runs; nothing when they may do nothing any more. */
  async #reachOf(href: string): Promise<Reach> {
    const caller = await this.#authenticator.byHref(href, null);
    return caller === undefined
      ? []
      : reachOf(caller, endpoints['async_queries.create'].permission);
  }

  #next(): void {
    if (this.#stopped || this.#running.size >= PARALLEL) return;
    const task = this.#waiting.shift();
    if (task === undefined) return;
    const work = task.work === 'flows' ? this.#findFlows(task.id) : this.#decide(task.id);
    const run = work
      .catch((error: unknown) => this.#failed(task, error))
      .finally(() => {
        this.#running.delete(run);
        this.#next();
      });
    this.#running.add(run);
  }

  async #findFlows(id: string): Promise<void> {
    const { db, clock } = this.#deps;
    const row = await db
      .updateTable('async_queries')
      .set({ status: 'working', updated_at: clock.now() })
      .where('id', '=', id)
      .where('status', '=', 'queued')
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return;
    const { matches, flows } = await this.ask(
      row.org_id,
      trafficQuerySchema.parse(row.parameters),
      await this.#reachOf(row.created_by),
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
      await storeFlows(trx, id, flows);
      appendChange(trx, { orgId: row.org_id, kind: 'flow', href: hrefOf(row.org_id, id) });
    });
  }

  /** Part by part: each is stored as soon as it is decided. */
  async #decide(id: string): Promise<void> {
    const { db, clock } = this.#deps;
    const row = await db
      .updateTable('async_queries')
      .set({ rules_status: 'working', updated_at: clock.now() })
      .where('id', '=', id)
      .where('rules_status', '=', 'queued')
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return;
    const { offset, limit } = rangeSchema.parse(row.result);
    const end = limit === null ? Number.POSITIVE_INFINITY : offset + limit;
    for (let part = Math.floor(offset / PART); part * PART < end && !this.#stopped; part += 1) {
      const flows = await readPart(db, id, part);
      if (flows === undefined) break;
      const first = Math.max(0, offset - part * PART);
      const last = Math.min(flows.length, end - part * PART);
      const asked = await withDraftDecisions(this.#compute, row.org_id, flows.slice(first, last));
      await db
        .updateTable('async_query_results')
        .set({ rows: json<unknown[]>([...flows.slice(0, first), ...asked, ...flows.slice(last)]) })
        .where('query_id', '=', id)
        .where('part', '=', part)
        .execute();
    }
    // The next start goes on.
    if (this.#stopped) return;
    await writeTransaction(db, async (trx) => {
      await trx
        .updateTable('async_queries')
        .set({ rules_status: 'completed', updated_at: clock.now() })
        .where('id', '=', id)
        .execute();
      appendChange(trx, { orgId: row.org_id, kind: 'flow', href: hrefOf(row.org_id, id) });
    });
  }

  async #failed({ id, work }: Task, error: unknown): Promise<void> {
    if (this.#stopped) return;
    this.#deps.logger.error({ err: error, query: id, work }, 'a traffic query failed');
    const updated_at = this.#deps.clock.now();
    const update =
      work === 'flows'
        ? { status: 'failed', error: 'The flow store could not answer; try again', updated_at }
        : { rules_status: 'failed', updated_at };
    await this.#deps.db
      .updateTable('async_queries')
      .set(update)
      .where('id', '=', id)
      .where(work === 'flows' ? 'status' : 'rules_status', 'in', ['queued', 'working'])
      .execute()
      .catch((cause: unknown) =>
        this.#deps.logger.warn(
          { err: cause },
          'the failure of a traffic query could not be stored',
        ),
      );
  }
}

export function hrefOf(orgId: number, id: string): string {
  return `/orgs/${orgId}/traffic_flows/async_queries/${id}`;
}
