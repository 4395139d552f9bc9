/** Traffic: flow intake, and questions to the flow store. */
import { endpoints } from '@bulkhead/contract';
import { reachOf } from '../access/reach.ts';
import type { Compute } from '../compute/compute.ts';
import type { Deps } from '../deps.ts';
import type { Routes } from '../http/routes.ts';
import { storeMetrics } from './database-metrics.ts';
import { FlowTable } from './flow-table.ts';
import { FlowIntake, type OfferFlows } from './intake.ts';
import { queryRoutes } from './query-routes.ts';
import { QueryRunner } from './query-runner.ts';
import {
  recentConnections,
  type RecentConnection,
  type RecentQuery,
} from './recent-connections.ts';
import { readUpload } from './upload.ts';
import { WorkloadDirectory } from './workload-directory.ts';

const GB = 1e9;

export interface TrafficPorts {
  readonly compute: Compute;
  /** Is told of flows once they are stored. */
  readonly offer: OfferFlows;
}

export class Traffic {
  readonly #deps: Deps;
  readonly #table: FlowTable;
  readonly #directory: WorkloadDirectory;
  readonly #intake: FlowIntake;
  readonly #runner: QueryRunner;

  constructor(deps: Deps, { compute, offer }: TrafficPorts) {
    this.#deps = deps;
    this.#table = new FlowTable(deps.flowStore);
    this.#directory = new WorkloadDirectory(deps.db, deps.changeLog, deps.logger);
    this.#intake = new FlowIntake(deps, this.#table, this.#directory, offer);
    this.#runner = new QueryRunner(deps, this.#table, compute);
  }

  start(): Promise<void> {
    return this.#runner.start();
  }

  async stop(): Promise<void> {
    this.#directory.stop();
    this.#intake.stop();
    await this.#runner.stop();
  }

  /** Connections that hosts reported not long ago, newest first. */
  recentConnections(orgId: number, query: RecentQuery): Promise<RecentConnection[]> {
    return recentConnections(this.#table, orgId, query);
  }

  routes(): Routes {
    const { clock } = this.#deps;
    return {
      ...queryRoutes(this.#deps, this.#runner),
      'ven.flows': (context) => this.#intake.take(context),
      'traffic_analysis_queries.create': async ({ orgId, caller, body }) => {
        const reach = reachOf(caller, endpoints['traffic_analysis_queries.create'].permission);
        return (await this.#runner.ask(orgId, body, reach)).flows;
      },
      'agents.bulk_traffic_flows': async ({ db, orgId, body }) => {
        const directory = await this.#directory.of(orgId);
        const { rows, failed } = readUpload(body, {
          orgId,
          now: clock.now(),
          find: (address) => directory.byAddress(address),
        });
        if (rows.length > 0) {
          await this.#table.insert(rows);
          this.#intake.stored(db, orgId, rows);
        }
        return {
          num_flows_received: rows.length,
          num_flows_failed: failed.length,
          failed_flows: [...failed],
        };
      },
      'traffic_flows.database_metrics': async ({ orgId }) => {
        const { days, daysLimit, oldest, octets, byReporter } = await storeMetrics(
          this.#table,
          orgId,
        );
        const counts = (type: string) => ({
          flows_count: byReporter.get(type)?.records ?? 0,
          flows_oldest_day: byReporter.get(type)?.oldest ?? null,
        });
        return {
          flows_days: days,
          flows_days_limit: daysLimit,
          flows_oldest_day: oldest,
          flows_size_gb: octets / GB,
          flows_size_gb_limit: null,
          server: counts('server'),
          endpoint: counts('endpoint'),
          backlog: { queries_waiting: this.#runner.waiting },
          updated_at: clock.now().toISOString(),
        };
      },
    };
  }
}
