/** Keeps what is known of the host's interfaces and their network profiles, and tells when it changed. */
import type { ReportedInterface } from '@bulkhead/contract';
import type { HostInterface } from '@bulkhead/enforcement';
import type { NetworkProfile } from '@bulkhead/policy';
import type { NetworkInterface } from '../platform/port.ts';
import { messageOf, type Log } from './log.ts';
import {
  detectionAddress,
  networkKey,
  recall,
  remember,
  type NetworkProfileCache,
} from './network-profile.ts';

const SETTLE_MS = 150;
const SETTLED_AT_LATEST_MS = 800;
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

export interface InterfaceWatcherDeps {
  readonly endpoint: boolean;
  readonly read: () => Promise<readonly NetworkInterface[]>;
  readonly detect: (interfaceName: string, address: string) => Promise<NetworkProfile>;
  readonly cache: NetworkProfileCache;
  readonly persistCache: (cache: NetworkProfileCache) => Promise<void>;
  /** The interfaces, or the profile of one, are others than before. */
  readonly changed: () => Promise<void>;
  /** All that can be known now is known: time to report. */
  readonly settled: () => Promise<void>;
  readonly log: Log;
  readonly nowMs: () => number;
}

export interface InterfaceWatcher {
  /** As firewall plans want them. */
  hostInterfaces(): readonly HostInterface[];
  /** As the PCE wants them. */
  reported(): ReportedInterface[];
  links(): readonly NetworkInterface[];
  profileOf(interfaceName: string | null): NetworkProfile;
  /** Reads the interfaces without asking anybody else. */
  read(): Promise<void>;
  /** After an event of the system: waits until it is quiet, reads, then detects what is on another network now. */
  poke(): void;
  /** Detects every interface; `onlyUnknown`: those that the PCE has not answered for yet. */
  detect(onlyUnknown: boolean): Promise<void>;
  close(): void;
}

export function createInterfaceWatcher(deps: InterfaceWatcherDeps): InterfaceWatcher {
  let links: readonly NetworkInterface[] = [];
  let cache = deps.cache;
  /** Answers for the network that an interface is on now. */
  let answered = new Map<string, { readonly key: string; readonly profile: NetworkProfile }>();
  let timer: NodeJS.Timeout | null = null;
  let retryTimer: NodeJS.Timeout | null = null;
  let retryMs = FIRST_RETRY_MS;
  let firstPoke = 0;
  let seen = '';
  let closed = false;

  function profileOfLink(link: NetworkInterface): NetworkProfile {
    if (!deps.endpoint) return 'corporate';
    const key = networkKey(link);
    const answer = answered.get(link.name);
    if (answer !== undefined && answer.key === key) return answer.profile;
    return recall(cache, key, deps.nowMs()) ?? 'external';
  }

  /** Servers report neither Wi-Fi nor PPP interfaces (design of the VEN, R-NET-8). */
  function managed(link: NetworkInterface): boolean {
    return deps.endpoint || (link.type !== 'wifi' && link.type !== 'ppp');
  }

  function hostInterfaces(): HostInterface[] {
    return links.map((link) => ({
      name: link.name,
      profile: profileOfLink(link),
      addresses: link.addresses.map(({ address }) => address),
    }));
  }

  async function announce(): Promise<void> {
    const now = JSON.stringify([links, hostInterfaces()]);
    if (now === seen) return;
    seen = now;
    await deps.changed();
  }

  async function read(): Promise<void> {
    links = (await deps.read()).filter(managed);
    const names = new Set(links.map(({ name }) => name));
    answered = new Map([...answered].filter(([name]) => names.has(name)));
    await announce();
  }

  async function detectLink(link: NetworkInterface): Promise<void> {
    const address = detectionAddress(link);
    const key = networkKey(link);
    if (address === null || key === null) return;
    try {
      const profile = await deps.detect(link.name, address);
      const now = links.find(({ name }) => name === link.name);
      // the interface may be on another network by the time of the answer
      if (now === undefined || networkKey(now) !== key) return;
      answered.set(link.name, { key, profile });
      cache = remember(cache, key, profile, deps.nowMs());
    } catch (error) {
      deps.log.info('no network profile from the PCE', {
        interface: link.name,
        reason: messageOf(error),
      });
    }
  }

  function unanswered(link: NetworkInterface): boolean {
    return answered.get(link.name)?.key !== networkKey(link);
  }

  /** Asks again for interfaces that got no answer, less and less often. */
  function retryLater(): void {
    if (retryTimer !== null) clearTimeout(retryTimer);
    retryTimer = null;
    if (!links.some(unanswered)) {
      retryMs = FIRST_RETRY_MS;
      return;
    }
    retryTimer = setTimeout(() => {
      detect(true).catch((error: unknown) =>
        deps.log.error('network profiles could not be detected', { reason: messageOf(error) }),
      );
    }, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }

  async function detect(onlyUnknown: boolean): Promise<void> {
    if (deps.endpoint) {
      const asked = links.filter((link) => !onlyUnknown || unanswered(link));
      const before = JSON.stringify(cache);
      await Promise.all(asked.map(detectLink));
      if (closed) return;
      await announce();
      if (JSON.stringify(cache) !== before) await deps.persistCache(cache);
      retryLater();
    }
    await deps.settled();
  }

  function poke(): void {
    if (closed) return;
    const now = deps.nowMs();
    if (timer === null) firstPoke = now;
    else clearTimeout(timer);
    const wait = Math.max(0, Math.min(SETTLE_MS, firstPoke + SETTLED_AT_LATEST_MS - now));
    timer = setTimeout(() => {
      timer = null;
      read()
        .then(() => detect(true))
        .catch((error: unknown) =>
          deps.log.error('interfaces could not be read', { reason: messageOf(error) }),
        );
    }, wait);
  }

  return {
    hostInterfaces,
    reported: () =>
      links.map((link) => ({
        name: link.name,
        addresses: link.addresses.map(({ address, prefixLength }) => ({
          address,
          prefix_length: prefixLength,
        })),
        gateway: link.gateway,
        mac: link.mac,
        type: link.type,
        link_state: link.linkState,
        network_profile: profileOfLink(link),
      })),
    links: () => links,
    profileOf(interfaceName) {
      const link = links.find(({ name }) => name === interfaceName);
      if (link !== undefined) return profileOfLink(link);
      return deps.endpoint ? 'external' : 'corporate';
    },
    read,
    poke,
    detect,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      if (retryTimer !== null) clearTimeout(retryTimer);
    },
  };
}
