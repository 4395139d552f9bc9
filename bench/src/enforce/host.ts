/** The VEN's own firewall code in a namespace: applies the plan, then moves members one by one; prints its figures as JSON. */
import { writeFileSync } from 'node:fs';
import { buildPlan, renderNftables, withSetDelta, type FirewallPlan } from '@bulkhead/enforcement';
import { createLinuxFirewall } from '../../../apps/ven/src/platform/linux/linux-firewall.ts';
import { loadLibc } from '../../../apps/ven/src/platform/linux/libc.ts';
import { openElementSocket } from '../../../apps/ven/src/platform/linux/nft-socket.ts';
import { memoryOf } from '../measure.ts';
import { HOST_SET, newMember, planInput, RANGE_SET } from './subject.ts';

export interface HostFigures {
  readonly planSeconds: readonly number[];
  readonly applySeconds: readonly number[];
  readonly readBackSeconds: readonly number[];
  readonly hostMs: readonly number[];
  readonly rangeMs: readonly number[];
  readonly rssMb: number;
}

const APPLIED = 5;
const MOVES = { host: 2000, range: 500 } as const;
const [planFile = ''] = process.argv.slice(2);

const libc = await loadLibc();
const elements = openElementSocket(libc);
const firewall = createLinuxFirewall({
  watch: () => () => undefined,
  moveElements: (changes) => elements.move(changes),
  ownProcess: () => undefined,
});

async function secondsOf(work: () => void | Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function mustBe(plan: FirewallPlan): Promise<void> {
  const [difference] = await firewall.differences(plan);
  if (difference !== undefined) throw new Error(`the kernel is not as planned: ${difference}`);
}

/** Members come one by one and go one by one; each is timed from the delta to the kernel's answer. */
async function moves(
  start: FirewallPlan,
  kind: 'host' | 'range',
): Promise<{ readonly plan: FirewallPlan; readonly ms: number[] }> {
  const ms: number[] = [];
  let plan = start;
  for (let index = 0; index < MOVES[kind]; index += 1) {
    const member = [newMember(kind, index >> 1)];
    const [come, gone] = index % 2 === 0 ? [member, []] : [[], member];
    const delta =
      kind === 'host'
        ? { id: HOST_SET, addHosts: come, removeHosts: gone, addRanges: [], removeRanges: [] }
        : { id: RANGE_SET, addHosts: [], removeHosts: [], addRanges: come, removeRanges: gone };
    const begun = performance.now();
    const next = withSetDelta(plan, delta);
    if (!(await firewall.move(plan, next))) throw new Error('a member was no element update');
    ms.push(performance.now() - begun);
    plan = next;
  }
  return { plan, ms };
}

const input = planInput();
const planSeconds: number[] = [];
const applySeconds: number[] = [];
const readBackSeconds: number[] = [];
let plan = buildPlan(input);
for (let round = 0; round < APPLIED; round += 1) {
  planSeconds.push(await secondsOf(() => void (plan = buildPlan(input))));
  applySeconds.push(await secondsOf(() => firewall.apply(plan)));
  readBackSeconds.push(await secondsOf(() => mustBe(plan)));
}
const hosts = await moves(plan, 'host');
const ranges = await moves(hosts.plan, 'range');
await mustBe(ranges.plan);
writeFileSync(planFile, renderNftables(ranges.plan));
const figures: HostFigures = {
  planSeconds,
  applySeconds,
  readBackSeconds,
  hostMs: hosts.ms,
  rangeMs: ranges.ms,
  rssMb: memoryOf([process.pid]).rss,
};
process.stdout.write(JSON.stringify(figures));
elements.close();
