/** What every part of the PCE is given. Built once, in composition.ts; tests build it by testing/test-pce.ts. */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from './config.ts';
import type { ChangeLog } from './db/change-log.ts';
import type { FlowStoreClient } from './db/clickhouse/flow-store-client.ts';
import type { Db } from './db/database.ts';
import type { ServerIdentity } from './http/tls.ts';

export interface Clock {
  now(): Date;
}

export interface Deps {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  /** For reads, and for `writeTransaction(deps.db, …)` outside of requests. */
  readonly db: Db;
  readonly pool: pg.Pool;
  readonly changeLog: ChangeLog;
  /** Starts the flow engine at the first call. */
  readonly flowStore: FlowStoreClient;
  readonly metrics: Registry;
  /** Certificate, CA and the CA's fingerprint, as pairing scripts pin it. */
  readonly identity: ServerIdentity;
  /** Port that the server listens on; known once it does (config may say 0). */
  readonly address: { port: number };
  /** Aborts when the PCE begins to end, before the port closes: streams to clients stop then. */
  readonly closing: AbortSignal;
}
