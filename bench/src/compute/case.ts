/** One case of the compute benchmark, in a process of its own so that its memory is its own. Prints its figures as JSON. */
import { hash } from 'node:crypto';
import { createPolicyCore, type PolicyChange, type PolicyCore } from '@bulkhead/policy';
import { rounded, spread, type Figures } from '../measure.ts';
import {
  applications,
  everybody,
  laptopAddress,
  laptopChange,
  laptops,
  type LaptopFleet,
} from './fleets.ts';

const MOVES = 10_000;

const ROAMING: LaptopFleet = {
  laptops: 10_000,
  sites: 20,
  departments: 20,
  servers: 90_000,
  rules: 5_000,
  subnetsPerSite: 2,
  useSubnets: true,
};
const MANY: LaptopFleet = {
  ...ROAMING,
  laptops: 1_000_000,
  servers: 5_000,
  subnetsPerSite: 64,
};

const CASES: Readonly<Record<string, () => Figures>> = {
  a: () => fromNothing(applications(25_000)).figures,
  b: () => fromNothing(everybody(10_000, 10_000)).figures,
  c: () => ({
    ...prefixed('subnets', roaming(ROAMING)),
    ...prefixed('addresses', roaming({ ...ROAMING, useSubnets: false })),
  }),
  d: () => fromNothing(applications(250_000)).figures,
  e: () => fromNothing(laptops(MANY)).figures,
};

function megabytes(): number {
  return rounded(process.memoryUsage().rss / 2 ** 20, 0);
}

function fromNothing(changes: readonly PolicyChange[]): { core: PolicyCore; figures: Figures } {
  const input = megabytes();
  const core = createPolicyCore(undefined, { sha256: (text) => hash('sha256', text) });
  const begun = performance.now();
  core.change(changes);
  const resolved = performance.now();
  const resolvedMegabytes = megabytes();
  const delta = core.takeDelta();
  const told = performance.now();
  const { workloads, classes, selectors, policies, sets } = core.sizes();
  return {
    core,
    figures: {
      workloads,
      classes,
      selectors,
      sets,
      'host policies': policies,
      'members given out': delta.sets.reduce(
        (sum, set) => sum + set.addHosts.length + set.addRanges.length,
        0,
      ),
      'resolved s': rounded((resolved - begun) / 1000, 3),
      'every host policy and set given out s': rounded((told - resolved) / 1000, 3),
      'input rss MB': input,
      'resolved rss MB': resolvedMegabytes,
      'given out rss MB': megabytes(),
    },
  };
}

/** Laptops move one by one within the subnets of their sites; every host that has to be told is counted. */
function roaming(fleet: LaptopFleet): Figures {
  const { core, figures } = fromNothing(laptops(fleet));
  const naming = new Map<string, number>();
  const times: number[] = [];
  let told = 0;
  for (let move = 0; move < MOVES; move += 1) {
    const index = (move * 7919) % fleet.laptops;
    const change = laptopChange(fleet, index, laptopAddress(fleet, index, 1 + move));
    const begun = performance.now();
    const delta = core.apply([change]);
    times.push(performance.now() - begun);
    for (const { id } of delta.sets) {
      let hosts = naming.get(id);
      if (hosts === undefined) naming.set(id, (hosts = core.workloadsNaming(id).length));
      told += hosts;
    }
    told += delta.policies.length;
  }
  return { ...figures, ...spread('one move ms', times, 3), 'hosts told a move': told / MOVES };
}

function prefixed(name: string, figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [`${name}: ${key}`, value]),
  );
}

const figures = CASES[process.argv[2] ?? '']?.();
if (figures === undefined) throw new Error(`no such case; there are ${Object.keys(CASES).join()}`);
process.stdout.write(JSON.stringify(figures));
