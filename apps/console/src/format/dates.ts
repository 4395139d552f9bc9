/** "25 Nov 2026 at 15:22:28" in the viewer's time zone, and ages. */
const UNITS: readonly [seconds: number, suffix: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

export function formatDateTime(iso: string, timeZone?: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '-';
  const zone = timeZone === undefined ? {} : { timeZone };
  const parts = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...zone,
  }).formatToParts(date);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? '';
  return `${part('day')} ${part('month').slice(0, 3)} ${part('year')} at ${part('hour')}:${part('minute')}:${part('second')}`;
}

/** "now", "6 min", "3 h", "2 d". */
export function formatAge(iso: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - new Date(iso).getTime()) / 1000);
  if (Number.isNaN(seconds)) return '-';
  for (const [unit, suffix] of UNITS)
    if (seconds >= unit) return `${Math.floor(seconds / unit)} ${suffix}`;
  return seconds < 10 ? 'now' : `${seconds} s`;
}

export function formatAgo(iso: string, now: Date): string {
  const age = formatAge(iso, now);
  return age === 'now' || age === '-' ? age : `${age} ago`;
}

/** "3 Days 4 Hours", as the workload page writes uptimes. */
export function formatUptime(seconds: number): string {
  const named = (count: number, word: string): string =>
    `${count} ${word}${count === 1 ? '' : 's'}`;
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${named(days, 'Day')} ${named(hours, 'Hour')}`;
  if (hours > 0) return `${named(hours, 'Hour')} ${named(minutes, 'Minute')}`;
  return named(minutes, 'Minute');
}
