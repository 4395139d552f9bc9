import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ApiClient } from '@bulkhead/contract';
import {
  CORPORATE_PUBLIC_IP,
  LAPTOPS,
  MANAGED,
  SERVERS,
  createLabels,
  createNetwork,
  labelAll,
  pairHost,
  pairingLine,
  startPce,
  waitUntilSettled,
  type LabHost,
  type LabNetwork,
  type LabPce,
} from '@bulkhead/lab';

export interface BenchLab {
  readonly network: LabNetwork;
  readonly pce: LabPce;
  readonly api: ApiClient;
}

/** Runs `work` on a lab whose hosts are paired, labeled and settled, and removes the lab however it ends. */
export async function onLab<T>(work: (lab: BenchLab) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-'));
  let network: LabNetwork | undefined;
  let pce: LabPce | undefined;
  try {
    network = await createNetwork(folder);
    const hosts = network;
    pce = await startPce(network, {
      organization: 'Bench',
      user: 'bench@bulkhead.example',
      password: 'bench password 2026',
    });
    const api = await pce.signIn();
    const labels = await createLabels(api);
    await api.call('corporate_ips.update', { body: { ip_addresses: [CORPORATE_PUBLIC_IP] } });
    const forServers = await pairingLine(api, 'Servers', 'server');
    const forLaptops = await pairingLine(api, 'Laptops', 'endpoint');
    await Promise.all([
      ...SERVERS.map((name) => pairHost(hosts.host(name), forServers)),
      ...LAPTOPS.map((name) => pairHost(hosts.host(name), forLaptops)),
    ]);
    await waitUntilSettled(api, MANAGED);
    await labelAll(api, labels);
    await waitUntilSettled(api, MANAGED);
    return await work({ network, pce, api });
  } finally {
    await pce?.stop();
    await network?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export interface KernelWatch {
  /** Time of the first firewall transaction of the host after `since`; null: none yet. */
  readonly firstAfter: (since: number) => number | null;
  /** Time of the last one. */
  readonly last: () => number | null;
  readonly stop: () => void;
}

/** Hears of each firewall change of a host from the kernel itself, when it is in force. */
export async function watchKernel(host: LabHost): Promise<KernelWatch> {
  const child = host.start('nft', ['monitor', 'ruleset']);
  const times: number[] = [];
  if (!child.stdout) throw new Error(`no output of nft on ${host.name}`);
  createInterface({ input: child.stdout }).on('line', () => times.push(performance.now()));
  const probe = 'bench_watch';
  while (times.length === 0) {
    await host.exec('nft', ['add', 'table', 'ip', probe]);
    await host.exec('nft', ['delete', 'table', 'ip', probe]);
  }
  return {
    firstAfter: (since) => times.find((time) => time > since) ?? null,
    last: () => times.at(-1) ?? null,
    stop: () => {
      child.kill();
    },
  };
}
