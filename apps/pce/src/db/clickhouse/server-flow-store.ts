import { createClient, type ClickHouseClient } from '@clickhouse/client';
import type { FlowStoreClient } from './flow-store-client.ts';
import { SETTINGS } from './settings.ts';

/** A ClickHouse server or cluster by its URL. */
export class ServerFlowStore implements FlowStoreClient {
  readonly #client: ClickHouseClient;
  #running = false;

  constructor(url: string) {
    this.#client = createClient({
      url,
      application: 'bulkhead-pce',
      clickhouse_settings: SETTINGS,
    });
  }

  get running(): boolean {
    return this.#running;
  }

  async command(sql: string): Promise<void> {
    await this.#client.command({ query: sql });
    this.#running = true;
  }

  async insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void> {
    if (rows.length > 0) await this.#client.insert({ table, values: rows, format: 'JSONEachRow' });
    this.#running = true;
  }

  async query<T>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const result = await this.#client.query({
      query: sql,
      query_params: { ...params },
      format: 'JSONEachRow',
    });
    this.#running = true;
    return result.json<T>();
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
