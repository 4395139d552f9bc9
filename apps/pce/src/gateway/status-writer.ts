/** What VENs say about themselves many times a day, gathered and written together: never one transaction per message. */
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import { venHref } from './ven-access.ts';

/** Absent: unchanged. */
export interface VenStatus {
  /** Added to the count. */
  readonly policy_messages?: number;
  readonly policy_version?: number;
  readonly policy_hash?: string;
  readonly policy_received_at?: string;
  readonly policy_applied_at?: string;
  readonly policy_sync_state?: 'applied' | 'syncing' | 'staged' | 'error';
  readonly firewall_rule_count?: number;
  /** Members that are given replace those that were there. */
  readonly health?: Readonly<Record<string, unknown>>;
  readonly last_heartbeat_at?: string;
  readonly uptime_seconds?: number;
}

const DELAY_MS = 40;
const RETRY_MS = 1000;

interface Entry {
  readonly orgId: number;
  status: VenStatus;
}

export class StatusWriter {
  readonly #db: Db;
  readonly #logger: Logger;
  #waiting = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: Db, logger: Logger) {
    this.#db = db;
    this.#logger = logger;
  }

  note(orgId: number, venId: string, status: VenStatus): void {
    const entry = this.#waiting.get(venId);
    this.#waiting.set(venId, {
      orgId,
      status: entry === undefined ? status : merged(entry.status, status),
    });
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS);
  }

  /** Resolves when everything noted so far is stored, or has failed and waits for the next time. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const entries = this.#waiting;
    if (entries.size === 0) return;
    this.#waiting = new Map();
    try {
      await writeStatuses(this.#db, entries);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the status of VENs could not be stored; trying again');
      for (const [id, entry] of entries) {
        const newer = this.#waiting.get(id);
        this.#waiting.set(
          id,
          newer === undefined
            ? entry
            : { orgId: entry.orgId, status: merged(entry.status, newer.status) },
        );
      }
      this.#timer ??= setTimeout(() => void this.flush(), RETRY_MS);
    }
  }
}

function merged(older: VenStatus, newer: VenStatus): VenStatus {
  const health =
    older.health === undefined || newer.health === undefined
      ? {}
      : { health: { ...older.health, ...newer.health } };
  const messages = (older.policy_messages ?? 0) + (newer.policy_messages ?? 0);
  return {
    ...older,
    ...newer,
    ...health,
    ...(messages === 0 ? {} : { policy_messages: messages }),
  };
}

async function writeStatuses(db: Db, entries: ReadonlyMap<string, Entry>): Promise<void> {
  // In one order everywhere, so that two writers never wait for each other.
  const rows = [...entries]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { status }]) => ({ id, ...status }));
  await writeTransaction(db, async (trx) => {
    await sql`UPDATE vens SET
        policy_messages = vens.policy_messages + COALESCE(new.policy_messages, 0),
        policy_version = COALESCE(new.policy_version, vens.policy_version),
        policy_hash = COALESCE(new.policy_hash, vens.policy_hash),
        policy_received_at = COALESCE(new.policy_received_at, vens.policy_received_at),
        policy_applied_at = COALESCE(new.policy_applied_at, vens.policy_applied_at),
        policy_sync_state = COALESCE(new.policy_sync_state, vens.policy_sync_state),
        firewall_rule_count = COALESCE(new.firewall_rule_count, vens.firewall_rule_count),
        health = vens.health || COALESCE(new.health, '{}'),
        last_heartbeat_at = COALESCE(new.last_heartbeat_at, vens.last_heartbeat_at),
        uptime_seconds = COALESCE(new.uptime_seconds, vens.uptime_seconds)
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS new (
        id uuid, policy_messages bigint, policy_version integer, policy_hash text, policy_received_at timestamptz,
        policy_applied_at timestamptz, policy_sync_state text, firewall_rule_count integer, health jsonb,
        last_heartbeat_at timestamptz, uptime_seconds bigint)
      WHERE vens.id = new.id`.execute(trx);
    for (const [id, { orgId, status }] of entries)
      if (
        Object.keys(status).some(
          (member) => member !== 'last_heartbeat_at' && member !== 'uptime_seconds',
        )
      )
        appendChange(trx, { orgId, kind: 'vens', href: venHref(orgId, id) });
  });
}
