import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '@bulkhead/lab';
import { onLab } from './lab.ts';
import { commandOf, cpuSeconds, memoryOf, rounded, spread, type Figures } from './measure.ts';

const RESTARTS = 5;
const CTL = '/opt/illumio_ven/illumio-ven-ctl';
const TABLE = ['list', 'table', 'inet', 'bulkhead'];

/** One idle host: memory and CPU of its VEN, and how long a start takes until the policy is in the kernel. */
export async function benchVen(seconds: number): Promise<Figures> {
  return onLab(async ({ network }) => {
    const host = network.host('db');
    const venPids = async (): Promise<number[]> =>
      (await host.pids()).filter((pid) => commandOf(pid).includes('/opt/illumio_ven/'));
    const starts: number[] = [];
    for (let index = 0; index < RESTARTS; index += 1) {
      const stopped = await host.exec(CTL, ['stop']);
      if (stopped.code !== 0) throw new Error(`stop failed: ${stopped.stderr || stopped.stdout}`);
      await host.exec('nft', ['delete', 'table', 'inet', 'bulkhead']);
      const begun = performance.now();
      const starting = host.exec(CTL, ['start']);
      await waitUntil('the policy is in the kernel', 20_000, async () =>
        (await host.exec('nft', TABLE)).code === 0 ? null : 'no table',
      );
      starts.push((performance.now() - begun) / 1000);
      await starting;
    }
    await delay(5000);
    const pids = await venPids();
    if (pids.length === 0) throw new Error('no VEN process on the host');
    const before = cpuSeconds(pids);
    await delay(seconds * 1000);
    const used = cpuSeconds(pids) - before;
    return {
      processes: pids.length,
      'rss MB': memoryOf(pids).rss,
      'idle seconds watched': seconds,
      'idle CPU %': rounded((used / seconds) * 100, 3),
      ...spread('start to enforced s', starts),
    };
  });
}
