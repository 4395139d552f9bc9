import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Figures } from './measure.ts';

const run = promisify(execFile);
const CASE = fileURLToPath(new URL('compute/case.ts', import.meta.url));

/**
 * The policy core alone. (a) 100,000 workloads in 25,000 scopes of 4 with 75,000 rules; (b) 10,000 workloads under 10,000 rules that each
 * select all of them; (c) 10,000 endpoints roaming beside 90,000 servers; (d) ten times (a); (e) 1,000,000 endpoints in 400 policy classes
 * under 5,000 rules.
 */
const CASES = ['a', 'b', 'c', 'd', 'e'] as const;

/** Room for the largest case; all else is as in the PCE's policy worker. */
export const CORE_FLAGS = ['--max-old-space-size=12288'];

export async function benchCompute(): Promise<Figures> {
  const figures: Record<string, number | string> = {};
  for (const name of CASES) {
    process.stderr.write(`bench: compute (${name})\n`);
    const { stdout } = await run(process.execPath, [...CORE_FLAGS, CASE, name], {
      maxBuffer: 2 ** 20,
    });
    for (const [key, value] of Object.entries(JSON.parse(stdout) as Figures))
      figures[`${name} ${key}`] = value;
  }
  return figures;
}
