/** Addresses that the names in rules stand for now: from DNS answers that this host got, and from looking exact names up. In memory only. */
import { formatAddress, isPeerAddress, parseAddress } from '@bulkhead/net';
import { fqdnMatches } from '@bulkhead/policy';
import type { ResolvedName } from '../platform/port.ts';
import { messageOf, type Log } from './log.ts';

const SECOND_MS = 1_000;
const MIN_KEPT_MS = 60 * SECOND_MS;
const MAX_KEPT_MS = 24 * 3_600 * SECOND_MS;
/** How often it is looked for what is over. */
const EXPIRE_MS = 30 * SECOND_MS;
const MAX_ADDRESSES = 1_024;

/** Addresses that came and went under one name. */
export interface NameMove {
  /** As rules spell it. */
  readonly name: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface ResolvedNamesDeps {
  /** Asks the host's own resolver; rejects when there is no answer. */
  readonly lookup: (name: string) => Promise<readonly string[]>;
  /** Those of the addresses that the host has connections with. */
  readonly inUse: (addresses: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Begins to watch DNS answers; answers what ends it, or throws. */
  readonly watch: (resolved: (names: readonly ResolvedName[]) => void) => () => void;
  readonly moved: (moves: readonly NameMove[]) => void;
  readonly log: Log;
  readonly nowMs: () => number;
}

export interface ResolvedNames {
  /** The names of the rules in force. What is known of others is forgotten; exact ones that are new are looked up. */
  follow(names: Iterable<string>): void;
  /** Addresses by name, as rules spell it. */
  known(): ReadonlyMap<string, readonly string[]>;
  close(): void;
}

export function createResolvedNames(deps: ResolvedNamesDeps): ResolvedNames {
  /** When each address of a name is given up, least recently seen first. */
  const names = new Map<string, Map<string, number>>();
  let stopWatching: (() => void) | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lookups: Promise<void> = Promise.resolve();
  let expiring = false;
  let closed = false;

  function learn(resolved: readonly ResolvedName[]): void {
    const moves: NameMove[] = [];
    for (const [name, kept] of names) {
      const known = new Set(kept.keys());
      for (const answer of resolved) {
        if (!fqdnMatches(name, answer.name)) continue;
        for (const { address, ttlSeconds } of answer.addresses) keep(kept, address, ttlSeconds);
      }
      const added = [...kept.keys()].filter((address) => !known.has(address));
      const removed = [...known].filter((address) => !kept.has(address));
      if (added.length + removed.length > 0) moves.push({ name, added, removed });
    }
    if (moves.length > 0) deps.moved(moves);
  }

  function keep(kept: Map<string, number>, text: string, ttlSeconds: number): void {
    const parsed = parseAddress(text);
    if (parsed === null || !isPeerAddress(parsed)) return;
    const address = formatAddress(parsed);
    const until =
      deps.nowMs() + Math.min(Math.max(ttlSeconds * SECOND_MS, MIN_KEPT_MS), MAX_KEPT_MS);
    const before = kept.get(address) ?? 0;
    kept.delete(address);
    kept.set(address, Math.max(before, until));
    const [oldest] = kept.keys();
    if (kept.size > MAX_ADDRESSES && oldest !== undefined) kept.delete(oldest);
  }

  /** One at a time: a resolver that is away holds each for seconds. */
  function lookUp(name: string): Promise<void> {
    lookups = lookups.then(async () => {
      if (closed || !names.has(name)) return;
      try {
        const found = await deps.lookup(name);
        learn([{ name, addresses: found.map((address) => ({ address, ttlSeconds: 0 })) }]);
      } catch (error) {
        deps.log.info('a name in rules could not be resolved', { name, reason: messageOf(error) });
      }
    });
    return lookups;
  }

  /** Gives up what nobody has asked for again in time, is not answered anew, and no connection goes to. */
  async function expire(): Promise<void> {
    const isDue = (until: number): boolean => until <= deps.nowMs();
    for (const [name, kept] of names) {
      if (!isWildcard(name) && [...kept.values()].some(isDue)) await lookUp(name);
    }
    const due = [...names.values()].flatMap((kept) =>
      [...kept].flatMap(([address, until]) => (isDue(until) ? [address] : [])),
    );
    if (closed || due.length === 0) return;
    const used = await stillUsed(due);
    const moves: NameMove[] = [];
    for (const [name, kept] of names) {
      const removed: string[] = [];
      for (const [address, until] of kept) {
        if (!isDue(until)) continue;
        if (used.has(address)) kept.set(address, deps.nowMs() + MIN_KEPT_MS);
        else if (kept.delete(address)) removed.push(address);
      }
      if (removed.length > 0) moves.push({ name, added: [], removed });
    }
    if (moves.length > 0) deps.moved(moves);
  }

  async function expireOnce(): Promise<void> {
    if (expiring) return;
    expiring = true;
    await expire();
    expiring = false;
  }

  /** Null where answers cannot be watched: exact names are looked up all the same. */
  function watch(): (() => void) | null {
    try {
      return deps.watch(learn);
    } catch (error) {
      deps.log.error('DNS answers cannot be watched; names with * stand for nothing', {
        reason: messageOf(error),
      });
      return null;
    }
  }

  function stop(): void {
    stopWatching?.();
    stopWatching = null;
    if (timer !== null) clearInterval(timer);
    timer = null;
  }

  async function stillUsed(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    try {
      return await deps.inUse(addresses);
    } catch (error) {
      deps.log.warn('connections could not be listed; names keep their addresses', {
        reason: messageOf(error),
      });
      return new Set(addresses);
    }
  }

  return {
    follow(wanted) {
      const next = new Set(wanted);
      for (const name of names.keys()) if (!next.has(name)) names.delete(name);
      const isNew = [...next].filter((name) => !names.has(name));
      for (const name of isNew) names.set(name, new Map());
      if (names.size === 0) stop();
      else {
        stopWatching ??= watch();
        timer ??= setInterval(() => void expireOnce(), EXPIRE_MS);
      }
      for (const name of isNew) if (!isWildcard(name)) void lookUp(name);
    },
    known: () => new Map([...names].map(([name, kept]) => [name, [...kept.keys()]])),
    close() {
      closed = true;
      stop();
    },
  };
}

function isWildcard(name: string): boolean {
  return name.startsWith('*.');
}
