/** The table of flows in the flow engine. Both ends of a connection are kept as they were known when it was reported. */
import type { FlowStoreClient } from '../db/clickhouse/flow-store-client.ts';

export const FLOW_TABLE = 'flows';
/** Flows are kept for so long. */
export const FLOW_DAYS = 90;
/** Stands for "no workload". */
export const NO_WORKLOAD = '00000000-0000-0000-0000-000000000000';

/**
 * Each statement may run again at every start. A report that was stored but not acknowledged comes again; its rows have the same key, and
 * of rows with one key one counts.
 */
const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS ${FLOW_TABLE} (
    org_id UInt32,
    reporter UUID,
    report UInt64,
    line UInt32,
    reporter_type LowCardinality(String),
    first_seen DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    src_ip IPv6,
    dst_ip IPv6,
    protocol UInt8,
    dst_port UInt16,
    icmp_type Int16,
    icmp_code Int16,
    direction LowCardinality(String),
    decision LowCardinality(String),
    reason LowCardinality(String),
    rules Array(String),
    interface LowCardinality(String),
    network LowCardinality(String),
    state LowCardinality(String),
    connections UInt64,
    bytes_in UInt64,
    bytes_out UInt64,
    process_name String,
    user_name String,
    src_workload UUID,
    dst_workload UUID,
    src_labels Array(UInt32),
    dst_labels Array(UInt32)
  ) ENGINE = ReplacingMergeTree
  PARTITION BY toMonday(last_seen)
  ORDER BY (org_id, toStartOfHour(last_seen), reporter, report, line)
  TTL toDateTime(last_seen) + INTERVAL ${FLOW_DAYS} DAY`,
];

export interface FlowRow extends Record<string, unknown> {
  readonly org_id: number;
  /** UUID of the VEN, number of its report, and place in it. */
  readonly reporter: string;
  readonly report: number;
  readonly line: number;
  readonly reporter_type: string;
  readonly first_seen: string;
  readonly last_seen: string;
  /** In IPv6 form. */
  readonly src_ip: string;
  readonly dst_ip: string;
  readonly protocol: number;
  readonly dst_port: number;
  /** -1: none. */
  readonly icmp_type: number;
  readonly icmp_code: number;
  readonly direction: string;
  readonly decision: string;
  readonly reason: string;
  readonly rules: readonly string[];
  readonly interface: string;
  readonly network: string;
  readonly state: string;
  readonly connections: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly process_name: string;
  readonly user_name: string;
  readonly src_workload: string;
  readonly dst_workload: string;
  /** Ids of the labels at that time. */
  readonly src_labels: readonly number[];
  readonly dst_labels: readonly number[];
}

/** The flow engine with its table made before the first use. */
export class FlowTable {
  readonly #store: FlowStoreClient;
  #ready: Promise<void> | undefined;

  constructor(store: FlowStoreClient) {
    this.#store = store;
  }

  async insert(rows: readonly FlowRow[]): Promise<void> {
    await this.#prepare();
    await this.#store.insert(FLOW_TABLE, rows);
  }

  async query<T>(sql: string, params: Readonly<Record<string, unknown>>): Promise<T[]> {
    await this.#prepare();
    return this.#store.query<T>(sql, params);
  }

  #prepare(): Promise<void> {
    this.#ready ??= this.#migrate().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #migrate(): Promise<void> {
    for (const statement of STATEMENTS) await this.#store.command(statement);
  }
}

/** As the IPv6 column takes it. */
export function storedAddress(canonical: string): string {
  return canonical.includes(':') ? canonical : `::ffff:${canonical}`;
}
