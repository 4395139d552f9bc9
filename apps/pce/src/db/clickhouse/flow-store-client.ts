/** Port to the flow engine: ClickHouse, embedded or a server. Same dialect either way. */
export interface FlowStoreClient {
  /** Runs one statement without an answer (DDL). */
  command(sql: string): Promise<void>;
  /** Inserts rows as JSONEachRow. Resolves when they are stored. */
  insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void>;
  /**
   * Rows of a SELECT. Values only by `{name:Type}` and `params`, never by text.
   * 64-bit integers come as numbers, DateTime64 as `YYYY-MM-DD hh:mm:ss.SSS` in UTC.
   */
  query<T>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<T[]>;
  /** True once the engine answers; does not start it. */
  readonly running: boolean;
  close(): Promise<void>;
}
