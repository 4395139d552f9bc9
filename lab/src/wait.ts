import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './network/commands.ts';

/**
 * Asks again and again until there is an answer, and gives it. Fails after the time that is given, saying what was waited for
 * and what was seen last.
 */
export async function waitFor<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | string>,
  isThere: (seen: T | string) => seen is T,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (isThere(seen)) return seen;
    if (performance.now() > until)
      throw new LabError(`${what}: not within ${timeoutMs / 1000} s; last seen: ${seen}`);
    await delay(50);
  }
}

/** Like {@link waitFor}, for a condition: null means that it holds, text says what is missing. */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  missing: () => Promise<string | null>,
): Promise<void> {
  await waitFor<null>(what, timeoutMs, missing, (seen) => seen === null);
}
