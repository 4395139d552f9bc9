/** How often one API key or session may call in a minute. Counted by each node in memory: it keeps a runaway script from the others. */
import type { Clock } from '../deps.ts';
import { parseBasic } from './authentication.ts';
import { DomainError } from './domain-error.ts';

/** The public API promises 500; scripts pace themselves by that. */
export const REQUESTS_PER_MINUTE = 3000;
/** Operations that are dear, and promised 10 times a minute. */
const DEAR: Readonly<Record<string, number>> = { 'vens.unpair': 60, 'workloads.unpair': 60 };
const MINUTE_MS = 60_000;
/** Then those that have not called for a minute are forgotten. */
const MANY = 10_000;

interface Window {
  readonly end: number;
  count: number;
}

export class RateLimits {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Counts a call with these credentials, which were right. Throws 429 when there were too many. */
  take(authorization: string | undefined, operation: string): void {
    const who = parseBasic(authorization)?.user ?? '';
    this.#count(who, this.#perMinute, 'requests');
    const limit = DEAR[operation];
    if (limit !== undefined) this.#count(`${who} ${operation}`, limit, operation);
  }

  #count(key: string, limit: number, what: string): void {
    const now = this.#clock.now().getTime();
    const known = this.#windows.get(key);
    const window =
      known !== undefined && known.end > now ? known : { end: now + MINUTE_MS, count: 0 };
    window.count += 1;
    if (window !== known) this.#open(key, window, now);
    if (window.count <= limit) return;
    const seconds = Math.max(1, Math.ceil((window.end - now) / 1000));
    throw new DomainError(
      'too_many_requests_error',
      `More than ${limit} ${what} a minute with one API key or session; go on in ${seconds} seconds, and ask for more at once`,
      { retryAfter: seconds },
    );
  }

  #open(key: string, window: Window, now: number): void {
    if (this.#windows.size >= MANY)
      for (const [other, { end }] of this.#windows) if (end <= now) this.#windows.delete(other);
    this.#windows.set(key, window);
  }
}
