import {
  MANAGED,
  createLabels,
  provision,
  roamAndWait,
  waitUntilSettled,
  writePolicy,
} from '@bulkhead/lab';
import { onLab, watchKernel } from './lab.ts';
import { spread, type Figures } from './measure.ts';

const TIMES = 20;

/** Milliseconds from the cable's leaving the old network to the last firewall change that the new one brings about. */
export async function benchRoam(): Promise<Figures> {
  return onLab(async ({ network, api }) => {
    await writePolicy(api, await createLabels(api));
    await provision(api, 'Bench');
    await waitUntilSettled(api, MANAGED);
    const watch = await watchKernel(network.host('laptop-1'));
    const milliseconds: number[] = [];
    try {
      for (let index = 0; index < TIMES; index += 1) {
        const begun = performance.now();
        await roamAndWait(api, network, index % 2 === 0 ? 'home' : 'office');
        const enforced = watch.last() ?? 0;
        if (enforced < begun) throw new Error('the laptop roamed and its firewall did not change');
        milliseconds.push(enforced - begun);
      }
    } finally {
      watch.stop();
    }
    return spread('roam to kernel ms', milliseconds, 0);
  });
}
