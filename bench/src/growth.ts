import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CORE_FLAGS } from './compute.ts';
import { rounded, type Figures } from './measure.ts';

const run = promisify(execFile);
const SIZE = fileURLToPath(new URL('compute/size.ts', import.meta.url));
const SMALLEST = 1000;
const LARGEST = 200_000;

export interface SizeFigures {
  readonly resolvedSeconds: number;
  readonly givenOutSeconds: number;
  /** What the core holds, without the objects that it was given. */
  readonly heapBytes: number;
}

/**
 * How the core grows with the fleet: workloads and rules are doubled from 1,000 up to 200,000 workloads (three rules for every four), and
 * the exponent of the growth is the slope of a line through the logarithms. 1 is linear.
 */
export async function benchGrowth(): Promise<Figures> {
  const sizes: number[] = [];
  for (let size = SMALLEST; size < LARGEST; size *= 2) sizes.push(size);
  sizes.push(LARGEST);
  const measured: SizeFigures[] = [];
  const figures: Record<string, number | string> = {};
  for (const size of sizes) {
    process.stderr.write(`bench: growth, ${size} workloads\n`);
    const args = [...CORE_FLAGS, '--expose-gc', SIZE, String(size)];
    const { stdout } = await run(process.execPath, args);
    const found = JSON.parse(stdout) as SizeFigures;
    measured.push(found);
    figures[`${size} resolved s`] = rounded(found.resolvedSeconds, 4);
    figures[`${size} given out s`] = rounded(found.givenOutSeconds, 4);
    figures[`${size} core MB`] = rounded(found.heapBytes / 2 ** 20, 1);
  }
  const exponentOf = (pick: (found: SizeFigures) => number): number =>
    rounded(slope(sizes.map(Math.log), measured.map(pick).map(Math.log)), 2);
  return {
    ...figures,
    'exponent of resolving': exponentOf((found) => found.resolvedSeconds),
    'exponent of giving out': exponentOf((found) => found.givenOutSeconds),
    'exponent of memory': exponentOf((found) => found.heapBytes),
  };
}

/** Of the line with the least squares. */
export function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const over = xs.reduce((sum, x, place) => sum + (x - x0) * ((ys[place] ?? y0) - y0), 0);
  return over / xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
}
