/** One size of the growth benchmark, in a process of its own. Prints the best of several runs as JSON. */
import { hash } from 'node:crypto';
import { createPolicyCore } from '@bulkhead/policy';
import type { SizeFigures } from '../growth.ts';
import { applications } from './fleets.ts';

const RUNS = 5;

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const changes = applications(Number(process.argv[2]) / 4);
let best: SizeFigures = {
  resolvedSeconds: Infinity,
  givenOutSeconds: Infinity,
  heapBytes: Infinity,
};
for (let at = 0; at < RUNS; at += 1) {
  const before = heapBytes();
  const core = createPolicyCore(undefined, { sha256: (text) => hash('sha256', text) });
  const begun = performance.now();
  core.change(changes);
  const resolved = performance.now();
  core.takeDelta();
  const told = performance.now();
  const held = heapBytes() - before;
  best = {
    resolvedSeconds: Math.min(best.resolvedSeconds, (resolved - begun) / 1000),
    givenOutSeconds: Math.min(best.givenOutSeconds, (told - resolved) / 1000),
    // of the first core alone, which nothing stands beside; asked of it after the measurement, so that it is still there
    heapBytes: at === 0 && core.sizes().workloads > 0 ? held : best.heapBytes,
  };
}
process.stdout.write(JSON.stringify(best));
