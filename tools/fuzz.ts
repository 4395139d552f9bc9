/** `npm run fuzz -- --seed N --requests N`: random requests by the API's description against a real PCE. */
import { randomInt } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './run.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, requests: { type: 'string', default: '20000' } },
});
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'apps/pce/src/http/fuzz.api.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      FUZZ_SEED: values.seed ?? String(randomInt(2 ** 31)),
      FUZZ_REQUESTS: values.requests,
    },
  },
);
process.exitCode = status ?? 1;
