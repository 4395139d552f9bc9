import type { ApiClient } from '@bulkhead/contract';
import {
  listWorkloads,
  pairHost,
  pairingLine,
  waitUntilQuiet,
  type Workload,
} from '../fleet/pairing.ts';
import { LabError } from '../network/commands.ts';
import type { LabNetwork } from '../network/network.ts';
import { CORPORATE_PUBLIC_IP } from '../network/topology.ts';
import type { LabPce } from '../pce/pce.ts';
import { waitUntil } from '../wait.ts';
import {
  AT_HOME,
  IN_OFFICE,
  checkConnections,
  type ConnectionLine,
  type ExpectedConnection,
} from './connections.ts';
import {
  LAPTOPS,
  MANAGED,
  MODES,
  SERVERS,
  createLabels,
  labelAll,
  provision,
  setSubnets,
  writePolicy,
  type LabelIndex,
} from './policy.ts';
import { checkFlows } from './flows.ts';
import { describeCount, roamHomeAndBack, type RoamCount } from './roaming.ts';
import type { Reporter } from './report.ts';

/** The servers that a rule for laptops concerns. */
const CONCERNED: readonly string[] = ['web', 'ad'];

interface Stage {
  readonly api: ApiClient;
  readonly network: LabNetwork;
  readonly reporter: Reporter;
}

/** Connections until each line holds, because a policy on its way to the last host is not a wrong one; then they are shown. */
async function showConnections(
  { api, network, reporter }: Stage,
  title: string,
  expected: readonly ExpectedConnection[],
): Promise<string> {
  const workloads = await listWorkloads(api);
  let lines: ConnectionLine[] = [];
  await waitUntil(title, 5000, async () => {
    lines = await checkConnections({ api, network, workloads }, title, expected);
    return lines.every(({ holds }) => holds) ? null : 'not every line holds';
  }).catch((error: unknown) => {
    if (!(error instanceof LabError)) throw error;
  });
  reporter.connections(title, lines);
  const held = lines.filter(({ holds }) => holds).length;
  if (held < lines.length)
    throw new LabError(`${lines.length - held} of ${lines.length} connections do not hold`);
  return `${held} of ${lines.length} connections are as the policy says`;
}

async function pairAll({ api, network }: Stage): Promise<string> {
  const [forServers, forLaptops] = [
    await pairingLine(api, 'Servers', 'server'),
    await pairingLine(api, 'Laptops', 'endpoint'),
  ];
  const seconds = await Promise.all([
    ...SERVERS.map((name) => pairHost(network.host(name), forServers)),
    ...LAPTOPS.map((name) => pairHost(network.host(name), forLaptops)),
  ]);
  await waitUntilQuiet(api, MANAGED);
  return `${seconds.length} hosts, the slowest in ${Math.max(...seconds).toFixed(1)} s`;
}

async function enforce(api: ApiClient): Promise<string> {
  const workloads = await listWorkloads(api);
  for (const name of MANAGED) {
    const href = workloads.get(name)?.href ?? '';
    await api.call('workloads.update', {
      params: { id: href.split('/').at(-1) ?? '' },
      body: { enforcement_mode: MODES[name] },
    });
  }
  await waitUntilQuiet(api, MANAGED);
  return MANAGED.map((name) => `${name} ${MODES[name]}`).join(', ');
}

async function checkLaptops(api: ApiClient): Promise<string> {
  let seen = new Map<string, Workload>();
  await waitUntil('the laptops are on the corporate network', 15_000, async () => {
    seen = await listWorkloads(api);
    const missing = LAPTOPS.filter(
      (name) => !seen.get(name)?.interfaces.some(({ network }) => network.name === 'Corporate'),
    );
    return missing.length === 0 ? null : `${missing.join(', ')} External`;
  });
  return LAPTOPS.map((name) => {
    const [first] = seen.get(name)?.interfaces ?? [];
    return `${name} ${first?.name ?? ''}: ${first?.address ?? ''} (${first?.network.name ?? ''})`;
  }).join(', ');
}

function checkCounts(count: RoamCount, each: number): void {
  for (const counts of [count.toHome, count.toOffice])
    for (const [name, messages] of counts) {
      const wanted = CONCERNED.includes(name) ? each : 0;
      if (messages !== wanted)
        throw new LabError(
          `${name} got ${messages} policy messages, not ${wanted}: ${describeCount(count)}`,
        );
    }
}

async function roam(stage: Stage, each: number, title: string): Promise<string> {
  const count = await roamHomeAndBack(stage.api, stage.network, async () => {
    await showConnections(stage, `laptop-1 at home, ${title}`, AT_HOME);
  });
  checkCounts(count, each);
  return `policy messages ${describeCount(count)}`;
}

async function checkTampering(api: ApiClient): Promise<string> {
  const { items } = await api.call('events.list', { query: { max_results: 1000 } });
  const found = items.filter(({ event_type }) => event_type.includes('tamper'));
  if (found.length > 0)
    throw new LabError(`${found.length} events say that a firewall was changed`);
  return `${items.length} events, none of a foreign change`;
}

/** The whole story on a lab and a PCE that run. Throws at the first step that did not hold. */
export async function tellStory(
  network: LabNetwork,
  pce: LabPce,
  reporter: Reporter,
): Promise<void> {
  const { step } = reporter;
  const api = await pce.signIn();
  const stage = { api, network, reporter };
  let labels: LabelIndex = new Map();
  await step('Creating labels and setting the corporate public IP', async () => {
    labels = await createLabels(api);
    await api.call('corporate_ips.update', { body: { ip_addresses: [CORPORATE_PUBLIC_IP] } });
    return `${labels.size} labels, corporate public IP ${CORPORATE_PUBLIC_IP}`;
  });
  await step('Pairing every host with the pairing script', () => pairAll(stage));
  await step('Looking where the laptops are', () => checkLaptops(api));
  await step('Labeling the workloads', async () => {
    await labelAll(api, labels);
    return `${labels.size} labels on ${MANAGED.length} workloads`;
  });
  await step('Trying connections before there is a policy', () =>
    showConnections(
      stage,
      'before',
      IN_OFFICE.map(([from, to, protocol, port]) => [
        from,
        to,
        protocol,
        port,
        'potentially_blocked',
      ]),
    ),
  );
  await step('Writing rulesets and an enforcement boundary, and provisioning them', async () => {
    await writePolicy(api, labels);
    const version = await provision(api, 'The demo policy');
    await waitUntilQuiet(api, MANAGED);
    return `policy version ${version}`;
  });
  await step('Turning enforcement on', () => enforce(api));
  await step('Trying the same connections again', () => showConnections(stage, 'after', IN_OFFICE));
  await step('Roaming home and back; rules use workload subnets', () =>
    roam(stage, 0, 'with workload subnets'),
  );
  await step('Provisioning the same rules without workload subnets', async () => {
    await setSubnets(api, false);
    const version = await provision(api, 'Without workload subnets');
    await waitUntilQuiet(api, MANAGED);
    return `policy version ${version}`;
  });
  await step('Roaming home and back; rules use single addresses', () =>
    roam(stage, 1, 'with single addresses'),
  );
  await step('Using workload subnets again', async () => {
    await setSubnets(api, true);
    await provision(api, 'With workload subnets');
    await waitUntilQuiet(api, MANAGED);
    return showConnections(stage, 'back in the office', IN_OFFICE);
  });
  await step('Asking the explorer which rule decided', () => checkFlows(api));
  await step('Looking for foreign changes of a firewall', () => checkTampering(api));
}
