/** How long a host may be silent (R-VEN-9), by its labels and the type of its VEN. */
import { z } from 'zod';
import type { Setting } from '../db/settings.ts';

const timer = z.object({
  scope: z.array(z.object({ href: z.string() })),
  /** Seconds; -1: never. */
  value: z.number(),
  ven_type: z.enum(['server', 'endpoint']),
});
type Timer = z.infer<typeof timer>;
const stored = z.object({
  workload_disconnected_timeout_seconds: z.array(timer),
  workload_goodbye_timeout_seconds: z.array(timer),
});
export type OfflineTimers = z.infer<typeof stored>;

/** Laptops sleep over night; a server that is silent for an hour is gone. */
export const OFFLINE_TIMERS: Setting<OfflineTimers> = {
  key: 'workloads',
  schema: stored,
  defaults: {
    workload_disconnected_timeout_seconds: [
      { scope: [], value: 3600, ven_type: 'server' },
      { scope: [], value: 86_400, ven_type: 'endpoint' },
    ],
    workload_goodbye_timeout_seconds: [
      { scope: [], value: 900, ven_type: 'server' },
      { scope: [], value: 900, ven_type: 'endpoint' },
    ],
  },
};

interface Host {
  readonly labels: readonly string[];
  readonly ven_type: string;
}

/** Milliseconds after which a host counts as offline; infinite for never. Of several timers, the one that asks for most labels counts. */
export function timeoutOf(timers: OfflineTimers, kind: keyof OfflineTimers, host: Host): number {
  const type = host.ven_type === 'endpoint' ? 'endpoint' : 'server';
  const own = chosen(timers[kind], type, host) ?? chosen(OFFLINE_TIMERS.defaults[kind], type, host);
  return own === undefined || own.value < 0 ? Number.POSITIVE_INFINITY : own.value * 1000;
}

function chosen(
  timers: readonly Timer[],
  type: Timer['ven_type'],
  { labels }: Host,
): Timer | undefined {
  const matching = timers.filter(
    (item) => item.ven_type === type && item.scope.every(({ href }) => labels.includes(href)),
  );
  const [first] = matching.toSorted((a, b) => b.scope.length - a.scope.length);
  return first;
}

/** The shortest of all, in milliseconds: who was heard of since is looked at by no timer. */
export function shortestTimeout(all: Iterable<OfflineTimers>): number {
  const values = [OFFLINE_TIMERS.defaults, ...all].flatMap((timers) =>
    [
      ...timers.workload_disconnected_timeout_seconds,
      ...timers.workload_goodbye_timeout_seconds,
    ].flatMap(({ value }) => (value < 0 ? [] : [value * 1000])),
  );
  return Math.min(...values);
}
