import type { ApiClient, Answer } from '@bulkhead/contract';
import { LabError } from '../network/commands.ts';
import type { LabHost } from '../network/host.ts';
import { waitUntil } from '../wait.ts';

export type VenType = 'server' | 'endpoint';
export type Workload = Answer<'workloads.list'>['items'][number];
export type Ven = Answer<'vens.list'>['items'][number];

/** What ends a pairing that worked (R-WIN-6). */
const PAIRED = 'VEN has been successfully paired with Illumio';

/** Creates a pairing profile and answers the line that the console shows for it, with a fresh activation code in it. */
export async function pairingLine(api: ApiClient, name: string, venType: VenType): Promise<string> {
  const profile = await api.call('pairing_profiles.create', {
    body: { name, enabled: true, ven_type: venType, enforcement_mode: 'visibility_only' },
  });
  const id = profile.href.split('/').at(-1) ?? '';
  const { scripts } = await api.call('pairing_keys.create', { params: { id }, body: {} });
  const line = scripts.find((script) => script.ven_type === venType);
  if (!line) throw new LabError(`the PCE offers no pairing line for a ${venType} on Linux`);
  return line.script;
}

/** Does on a host what its administrator does: pastes the pairing line into a shell. Answers the seconds that it took. */
export async function pairHost(host: LabHost, line: string): Promise<number> {
  const begun = performance.now();
  const { code, stdout, stderr } = await host.exec('sh', ['-c', line], { timeoutMs: 120_000 });
  if (code !== 0 || !stdout.includes(PAIRED)) {
    const said = (stderr.trim() || stdout.trim()).split('\n').slice(-5).join(' | ');
    throw new LabError(`pairing of ${host.name} failed (${code ?? 'killed'}): ${said}`);
  }
  return (performance.now() - begun) / 1000;
}

export async function listWorkloads(api: ApiClient): Promise<Map<string, Workload>> {
  const { items } = await api.call('workloads.list', { query: { managed: true } });
  return new Map(items.map((workload) => [workload.hostname ?? workload.name ?? '', workload]));
}

export async function listVens(api: ApiClient): Promise<Map<string, Ven>> {
  const { items } = await api.call('vens.list');
  return new Map(items.map((ven) => [ven.hostname ?? '', ven]));
}

/** Waits until each of the hosts is a workload whose VEN is connected and enforces what it was sent. */
export async function waitUntilSettled(
  api: ApiClient,
  hosts: readonly string[],
  timeoutMs = 20_000,
): Promise<Map<string, Workload>> {
  let workloads = new Map<string, Workload>();
  await waitUntil('all hosts enforce the current policy', timeoutMs, async () => {
    const [found, vens] = await Promise.all([listWorkloads(api), listVens(api)]);
    workloads = found;
    const missing = hosts.flatMap((host) => {
      const state = found.get(host)?.agent.status?.security_policy_sync_state;
      if (state === undefined) return [`${host}: not paired`];
      if (vens.get(host)?.connected !== true) return [`${host}: not connected`];
      return state === 'applied' ? [] : [`${host}: ${state}`];
    });
    return missing.length === 0 ? null : missing.join(', ');
  });
  return workloads;
}

const QUIET_MS = 400;

/**
 * Waits until the hosts are settled and no policy message went to any of them for a while: a change that was just made reaches
 * the first of them within a few milliseconds.
 */
export async function waitUntilQuiet(
  api: ApiClient,
  hosts: readonly string[],
): Promise<Map<string, Workload>> {
  let last = '';
  let since = performance.now();
  await waitUntil('no more policy messages are sent', 20_000, async () => {
    const vens = await listVens(api);
    const counts = hosts
      .map((host) => `${host} ${vens.get(host)?.policy_messages ?? 0}`)
      .join(', ');
    if (counts !== last) since = performance.now();
    last = counts;
    return performance.now() - since < QUIET_MS ? counts : null;
  });
  return waitUntilSettled(api, hosts);
}
