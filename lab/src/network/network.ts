import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNetworks, checkPermissions, replug } from './build.ts';
import { LabError } from './commands.ts';
import { startHost, type LabHost, type Probe } from './host.ts';
import type { ProbeResult } from './agent-messages.ts';
import { newInstance, removeInstance, removeStaleInstances } from './instances.ts';
import {
  HOSTS,
  HOST_NAMES,
  PCE_ADDRESS,
  PCE_FQDN,
  PLACES,
  type HostName,
  type Place,
} from './topology.ts';

const JANITOR = fileURLToPath(new URL('janitor.ts', import.meta.url));

/** The lab's networks and hosts, without PCE and VENs. */
export interface LabNetwork {
  /** First part of every namespace's name. */
  readonly instance: string;
  readonly folder: string;
  readonly pceNamespace: string;
  readonly host: (name: HostName) => LabHost;
  readonly hosts: () => readonly LabHost[];
  /** Where the laptop that roams is now. */
  readonly place: () => Place;
  /** Carries laptop-1 between office and home. */
  readonly roam: (to: Place) => Promise<void>;
  readonly addressOf: (name: HostName) => string;
  /** Ends every process of the lab and removes its namespaces. Safe to repeat. */
  readonly close: () => Promise<void>;
}

const HOSTS_FILE = [
  '127.0.0.1 localhost',
  '::1 localhost ip6-localhost',
  `${PCE_ADDRESS} ${PCE_FQDN} pce`,
  ...HOST_NAMES.map((name) => `${HOSTS[name].address} ${name} ${name}.bulkhead.example`),
  '',
].join('\n');

/**
 * Builds the lab below `folder`. The host's own network is not touched: no link, address or route is made outside the lab's namespaces.
 * Everything is removed by `close`, and by a process of its own when the caller is killed before that.
 */
export async function createNetwork(folder: string): Promise<LabNetwork> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new LabError('the lab needs network namespaces and nftables: run it as root on Linux');
  const instance = newInstance();
  const named = (host: string): string => `${instance}-${host}`;
  await removeStaleInstances();
  await checkPermissions(named('check'));
  const janitor = spawn(process.execPath, [JANITOR, instance], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const hosts = new Map<HostName, LabHost>();
  let place: Place = 'office';
  async function close(): Promise<void> {
    for (const host of hosts.values()) host.stop();
    await removeInstance(instance);
    janitor.stdin.end();
  }
  try {
    await buildNetworks(named);
    await mkdir(join(folder, 'hosts'), { recursive: true });
    await Promise.all(
      HOST_NAMES.map(async (name) => {
        const own = join(folder, 'hosts', name);
        await rm(own, { recursive: true, force: true });
        const host = await startHost(named(name), {
          name,
          folder: own,
          hosts: HOSTS_FILE,
          resolvConf: `nameserver ${HOSTS.ad.address}\n`,
          machineId: randomBytes(16).toString('hex'),
          tcp: [...HOSTS[name].tcp],
          udp: [...HOSTS[name].udp],
        });
        hosts.set(name, host);
      }),
    );
  } catch (error) {
    await close();
    throw error;
  }
  function host(name: HostName): LabHost {
    const found = hosts.get(name);
    if (!found) throw new LabError(`no host named ${name}`);
    return found;
  }
  return {
    instance,
    folder,
    pceNamespace: named('pce'),
    host,
    hosts: () => HOST_NAMES.map(host),
    place: () => place,
    roam: async (to) => {
      if (to === place) return;
      const { interfaceName } = HOSTS['laptop-1'];
      const [from, next] = [PLACES[place].segment, PLACES[to]];
      await replug(named, {
        host: 'laptop-1',
        interfaceName,
        from,
        to: next.segment,
        address: next.address,
      });
      place = to;
    },
    addressOf: (name) => (name === 'laptop-1' ? PLACES[place].address : HOSTS[name].address),
    close,
  };
}

/** One connection attempt between two hosts by name. */
export async function probeBetween(
  network: LabNetwork,
  from: HostName,
  to: HostName,
  probe: Omit<Probe, 'address'>,
): Promise<ProbeResult> {
  const [result] = await network.host(from).probe([{ ...probe, address: network.addressOf(to) }]);
  if (!result) throw new LabError(`host ${from} gave no result`);
  return result;
}
