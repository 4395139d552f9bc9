/** The change log as a subscription: every node hears of every change, in the order of commits. */
import pg from 'pg';
import type { Logger } from 'pino';
import type { ChangeKind, Db } from './database.ts';
import { clientConfig } from './pool.ts';
import { CHANGE_CHANNEL } from './transaction.ts';

export interface ChangeRow {
  readonly sequence: number;
  readonly orgId: number;
  readonly kind: ChangeKind;
  readonly href: string;
}

export type ChangeListener = (rows: readonly ChangeRow[]) => void;

const BATCH = 5000;
const RECONNECT_MS = 500;
/** A notification may be lost with its connection; looking now and then costs one index lookup. */
const POLL_MS = 5000;

export class ChangeLog {
  readonly #connection: pg.ClientConfig;
  readonly #db: Db;
  readonly #logger: Logger;
  readonly #listeners = new Set<ChangeListener>();
  #client: pg.Client | undefined;
  #sequence = 0;
  #reading = false;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(connection: pg.ClientConfig, db: Db, logger: Logger) {
    this.#connection = connection;
    this.#db = db;
    this.#logger = logger;
  }

  /** The sequence up to which listeners have been told. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Listens from the newest row on. */
  async start(): Promise<void> {
    await this.#listen();
    this.#sequence = await this.latest();
    this.#poll = setInterval(() => this.#read(), POLL_MS);
    this.#poll.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#poll);
    this.#listeners.clear();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  /** Calls `listener` with each batch of rows after this moment. Answers the way to end it. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sequence of the newest committed row, 0 when there is none. */
  async latest(): Promise<number> {
    const row = await this.#db
      .selectFrom('change_log')
      .select((query) => query.fn.max('sequence').as('sequence'))
      .executeTakeFirst();
    return row?.sequence ?? 0;
  }

  /** Rows after `sequence`, oldest first, at most `limit`. */
  async after(sequence: number, limit = BATCH): Promise<ChangeRow[]> {
    const rows = await this.#db
      .selectFrom('change_log')
      .select(['sequence', 'org_id', 'kind', 'href'])
      .where('sequence', '>', sequence)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      sequence: row.sequence,
      orgId: row.org_id,
      kind: row.kind,
      href: row.href,
    }));
  }

  async #listen(): Promise<void> {
    const client = new pg.Client(clientConfig(this.#connection));
    client.on('notification', () => this.#read());
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    await client.connect();
    await client.query(`LISTEN ${CHANGE_CHANNEL}`);
    this.#client = client;
  }

  #lost(client: pg.Client, error: Error | undefined): void {
    if (this.#stopped || this.#client !== client) return;
    this.#client = undefined;
    this.#logger.warn({ err: error }, 'lost the connection that listens for changes');
    this.#reconnectSoon();
  }

  #reconnectSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#listen().then(
        () => {
          this.#logger.info('listening for changes again');
          this.#read();
        },
        () => this.#reconnectSoon(),
      );
    }, RECONNECT_MS);
  }

  #read(): void {
    if (this.#stopped) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    this.#readAll()
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'could not read the change log'))
      .finally(() => {
        this.#reading = false;
        if (this.#again) {
          this.#again = false;
          this.#read();
        }
      });
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const rows = await this.after(this.#sequence);
      const last = rows.at(-1);
      if (last === undefined || this.#stopped) return;
      this.#sequence = last.sequence;
      for (const listener of this.#listeners) {
        try {
          listener(rows);
        } catch (error) {
          this.#logger.error({ err: error }, 'a listener of the change log failed');
        }
      }
      if (rows.length < BATCH) return;
    }
  }
}
