/** The form of the offline timers, between people and the API. */
import type { Answer, CallOptions, OfflineTimer } from '@bulkhead/contract';

export type WorkloadSettings = Answer<'workload_settings.get'>;
type Changes = NonNullable<CallOptions<'workload_settings.update'>['body']>;

export const TIMER_LISTS = [
  'workload_disconnected_timeout_seconds',
  'workload_goodbye_timeout_seconds',
] as const;
export type TimerList = (typeof TIMER_LISTS)[number];
export const TIMER_TYPES = ['server', 'endpoint'] as const;

export interface TimerEntry {
  readonly key: number;
  /** Hrefs of labels; empty: every workload. */
  readonly scope: readonly string[];
  readonly type: (typeof TIMER_TYPES)[number];
  /** Empty: never. */
  readonly minutes: string;
}
export type OfflineForm = Readonly<Record<TimerList, readonly TimerEntry[]>>;

const NEVER = -1;
const MIN_MINUTES = 5;
const MAX_MINUTES = 35_791_394;
let nextKey = 0;

export function newTimer(): TimerEntry {
  return { key: nextKey++, scope: [], type: 'server', minutes: '60' };
}

function entryOf({ scope, value, ven_type: type }: OfflineTimer): TimerEntry {
  return {
    key: nextKey++,
    scope: scope.map(({ href }) => href),
    type: type ?? 'server',
    // two decimals of a minute tell any two seconds apart
    minutes: value === NEVER ? '' : String(Number((value / 60).toFixed(2))),
  };
}

function timerOf({ scope, minutes, type }: TimerEntry): OfflineTimer {
  return {
    scope: scope.map((href) => ({ href })),
    value: minutes.trim() === '' ? NEVER : Math.round(Number(minutes) * 60),
    ven_type: type,
  };
}

export function offlineForm(settings: WorkloadSettings): OfflineForm {
  return {
    workload_disconnected_timeout_seconds:
      settings.workload_disconnected_timeout_seconds.map(entryOf),
    workload_goodbye_timeout_seconds: settings.workload_goodbye_timeout_seconds.map(entryOf),
  };
}

export function minutesError({ minutes }: TimerEntry): string | undefined {
  const number = Number(minutes);
  return minutes.trim() === '' || (number >= MIN_MINUTES && number <= MAX_MINUTES)
    ? undefined
    : `Write ${MIN_MINUTES} minutes or more, or nothing for never.`;
}

/** Only the lists that were changed, so that nothing of somebody else is put back. */
export function offlineChanges(form: OfflineForm, initial: OfflineForm): Changes {
  const changed = TIMER_LISTS.filter(
    (list) => JSON.stringify(form[list]) !== JSON.stringify(initial[list]),
  );
  return Object.fromEntries(changed.map((list) => [list, form[list].map(timerOf)]));
}
