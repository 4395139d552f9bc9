import type { ApiClient } from '@bulkhead/contract';
import { listVens, listWorkloads, waitUntilQuiet } from '../fleet/pairing.ts';
import type { LabNetwork } from '../network/network.ts';
import { PLACES, type Place } from '../network/topology.ts';
import { waitUntil } from '../wait.ts';
import { MANAGED, SERVERS } from './policy.ts';

/** Policy messages that each server has been sent so far. */
export async function countMessages(api: ApiClient): Promise<ReadonlyMap<string, number>> {
  const vens = await listVens(api);
  return new Map(SERVERS.map((name) => [name, vens.get(name)?.policy_messages ?? 0]));
}

/** Carries laptop-1 to a place and waits until the PCE shows its interface there with the right network. Answers seconds. */
export async function roamAndWait(api: ApiClient, network: LabNetwork, to: Place): Promise<number> {
  const begun = performance.now();
  const profile = to === 'home' ? 'External' : 'Corporate';
  const { address } = PLACES[to];
  await network.roam(to);
  await waitUntil(`laptop-1 is ${profile} with ${address}`, 20_000, async () => {
    const laptop = (await listWorkloads(api)).get('laptop-1');
    const interfaces = laptop?.interfaces ?? [];
    const there = interfaces.some((one) => one.address === address && one.network.name === profile);
    const state = laptop?.agent.status?.security_policy_sync_state;
    if (there && state === 'applied') return null;
    const seen = interfaces.map((one) => `${one.name} ${one.address} ${one.network.name}`);
    return `${seen.join(', ')}; policy ${state ?? 'unknown'}`;
  });
  return (performance.now() - begun) / 1000;
}

export interface RoamCount {
  readonly toHome: ReadonlyMap<string, number>;
  readonly toOffice: ReadonlyMap<string, number>;
}

function difference(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)]));
}

/** Once home and back; `atHome` runs while the laptop is there. Answers how many policy messages each server got for each way. */
export async function roamHomeAndBack(
  api: ApiClient,
  network: LabNetwork,
  atHome: () => Promise<void>,
): Promise<RoamCount> {
  await waitUntilQuiet(api, MANAGED);
  const start = await countMessages(api);
  await roamAndWait(api, network, 'home');
  await waitUntilQuiet(api, MANAGED);
  const away = await countMessages(api);
  await atHome();
  await roamAndWait(api, network, 'office');
  await waitUntilQuiet(api, MANAGED);
  const back = await countMessages(api);
  return { toHome: difference(start, away), toOffice: difference(away, back) };
}

export function describeCount({ toHome, toOffice }: RoamCount): string {
  const text = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  return `to home: ${text(toHome)}; to office: ${text(toOffice)}`;
}
