/** Of several PCE nodes with one database, one sends events: the one that holds a lock for as long as its connection lives. */
import type { Logger } from 'pino';
import type { Pool, PoolClient } from 'pg';

/** Any number that no other user of the database takes for an advisory lock. */
const SINK_LOCK = 4_260_715_003;
const RETRY_MS = 5000;

export class Leader {
  readonly #pool: Pool;
  readonly #logger: Logger;
  readonly #changed: () => void;
  #client: PoolClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> = Promise.resolve();
  #started = false;
  #stopped = false;

  /** `changed` is called when this node becomes the one, or is no longer. */
  constructor(pool: Pool, logger: Logger, changed: () => void) {
    this.#pool = pool;
    this.#logger = logger;
    this.#changed = changed;
  }

  get held(): boolean {
    return this.#client !== undefined;
  }

  /** Asks for the lock now and, without it, again and again. Once is enough. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#try();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#trying;
    // Ends the session, and the lock with it.
    this.#client?.release(true);
    this.#client = undefined;
  }

  #try(): Promise<void> {
    this.#trying = this.#attempt()
      .catch((error: unknown) =>
        this.#logger.debug({ err: error }, 'the lock of the sinks could not be asked for'),
      )
      .finally(() => {
        if (this.#stopped || this.held) return;
        this.#timer = setTimeout(() => void this.#try(), RETRY_MS);
        this.#timer.unref();
      });
    return this.#trying;
  }

  async #attempt(): Promise<void> {
    const client = await this.#pool.connect();
    const { rows } = await client
      .query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [SINK_LOCK])
      .catch((error: unknown) => {
        client.release(true);
        throw error;
      });
    if (this.#stopped || rows[0]?.held !== true) {
      client.release(true);
      return;
    }
    this.#client = client;
    client.once('end', () => this.#lost(client));
    client.once('error', () => this.#lost(client));
    this.#changed();
  }

  #lost(client: PoolClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.release(true);
    this.#changed();
    void this.#try();
  }
}
