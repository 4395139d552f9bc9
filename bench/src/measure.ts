import { readdirSync, readFileSync } from 'node:fs';

/** Name of a figure to its value, with the unit in the name: `seconds p99`, `rss MB`. */
export type Figures = Readonly<Record<string, number | string>>;

/** Nearest-rank quantile of values that need not be sorted; `share` from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Of a normal distribution, within which 95 % are. */
const NORMAL_95 = 1.96;

/**
 * Median with the interval that holds the true one with 95 % confidence, by ranks: it supposes nothing of how the values are spread, only
 * that they are independent. The whole range where there are too few values.
 */
export function medianWithin(values: readonly number[]): {
  readonly median: number;
  readonly low: number;
  readonly high: number;
} {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (NORMAL_95 * Math.sqrt(sorted.length)) / 2;
  const last = sorted.length - 1;
  const at = (rank: number) => sorted[Math.min(last, Math.max(0, rank))] ?? Number.NaN;
  return {
    median: quantile(values, 0.5),
    low: at(Math.floor(sorted.length / 2 - half) - 1),
    high: at(Math.ceil(sorted.length / 2 + half)),
  };
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

export function spread(name: string, values: readonly number[], digits = 2): Figures {
  return {
    [`${name} n`]: values.length,
    [`${name} p50`]: rounded(quantile(values, 0.5), digits),
    [`${name} p99`]: rounded(quantile(values, 0.99), digits),
    [`${name} max`]: rounded(Math.max(...values), digits),
  };
}

function field(pid: number, file: string, name: string): number {
  try {
    const line = readFileSync(`/proc/${pid}/${file}`, 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${name}:`));
    return Number(/\d+/.exec(line ?? '')?.[0] ?? 0);
  } catch {
    return 0;
  }
}

/** Memory of processes in MB: `rss` counts pages that they share once for each of them, `pss` once in all. */
export function memoryOf(pids: readonly number[]): { readonly rss: number; readonly pss: number } {
  const sum = (file: string, name: string): number =>
    pids.reduce((total, pid) => total + field(pid, file, name), 0) / 1024;
  return { rss: rounded(sum('status', 'VmRSS'), 1), pss: rounded(sum('smaps_rollup', 'Pss'), 1) };
}

/** CPU time that processes have used, in seconds (the kernel's clock tick is 10 ms). */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((total, pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return total + (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      return total;
    }
  }, 0);
}

/** A process and all below it. */
export function withDescendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    parents.set(pid, field(pid, 'status', 'PPid'));
  }
  const found = [root];
  for (const pid of found)
    for (const [child, parent] of parents)
      if (parent === pid && !found.includes(child)) found.push(child);
  return found;
}

export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
