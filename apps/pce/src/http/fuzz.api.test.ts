/** `npm run fuzz -- --seed N --requests N` runs this for longer. */
import { expect, test } from 'vitest';
import { fuzz } from '../testing/fuzz/run.ts';
import { withTestPce } from '../testing/test-pce.ts';

const pce = withTestPce();
const seed = Number(process.env['FUZZ_SEED'] ?? 20260131);
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 1500);

test(
  `${requests} requests that a seed makes up (${seed}) lead to no 500, no answer that its schema does not allow, and nothing of the inside`,
  async () => {
    const { faults, statuses, succeeded, sent } = await fuzz(pce(), { seed, requests });
    if (process.env['FUZZ_REQUESTS'] !== undefined)
      process.stdout.write(
        `seed ${seed}: ${sent} requests, ${succeeded.size} operations succeeded, answers by status ${JSON.stringify(Object.fromEntries(statuses))}\n`,
      );
    expect(faults.join('\n\n')).toBe('');
    expect(succeeded.size).toBeGreaterThan(20);
  },
  30_000 + requests * 200,
);
