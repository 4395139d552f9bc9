/** A host in memory. Held to the same conformance suite as the real platforms. */
import type { CompatibilityCheck, VenWarning } from '@bulkhead/contract';
import {
  connectionsToCut,
  elementChanges,
  renderNftables,
  type FirewallPlan,
  type TrackedConnection,
} from '@bulkhead/enforcement';
import {
  FirewallError,
  ServiceError,
  type EndedConnection,
  type FirewallChange,
  type FirewallRestore,
  type LiveConnection,
  type NetworkInterface,
  type ObservedPacket,
  type ResolvedName,
  type Platform,
  type ServiceFolders,
  type ServiceManager,
  type SocketOwner,
} from '../port.ts';

export interface FakePlatform extends Platform {
  /** What is enforced; null: no table of ours. */
  enforced(): FirewallPlan | null;
  /** Whole plans applied so far. */
  wholeApplications(): number;
  /** Message of the refusal of every further transaction; null: none. */
  refuse: string | null;
  restored(): FirewallRestore | null;
  /** Who starts services at boot; null: nobody. Given before anything is installed. */
  serviceManager: ServiceManager | null;
  /** What is started at boot; null: nothing. */
  bootService(): ServiceFolders | null;
  /** Message of the refusal of every further change of the boot service; null: none. */
  refuseService: string | null;
  connections: TrackedConnection[];
  machineId: string;
  /** What `checkEnvironment` finds. */
  environment: readonly CompatibilityCheck[];
  /** What is wrong with the host. */
  trouble: readonly VenWarning[];
  /** DNS servers of the host; read at a start and when the network changes. */
  resolverAddresses: readonly string[];
  setInterfaces(links: readonly NetworkInterface[]): void;
  observe(packets: readonly ObservedPacket[]): void;
  /** What is tracked now. */
  live: readonly LiveConnection[];
  /** Whose sockets all are. */
  owner: SocketOwner;
  /** Connections end. */
  end(connections: readonly EndedConnection[]): void;
  /** A program of the host gets an answer from a server. */
  resolve(name: ResolvedName, from: string): void;
  /** Whether answers are watched. */
  watchesNames(): boolean;
  /** Somebody else takes our table away. */
  tamper(by: string): void;
}

/** A wired interface. Its address is one of loopback's, so that detection requests can be bound to it. */
export function anInterface(parts: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    name: 'eth0',
    addresses: [{ address: '127.0.0.10', prefixLength: 24 }],
    gateway: '127.0.0.1',
    gatewayMac: '02:00:00:00:00:01',
    mac: '02:00:00:00:00:10',
    type: 'ethernet',
    linkState: 'up',
    ...parts,
  };
}

export function createFakePlatform(): FakePlatform {
  let links: readonly NetworkInterface[] = [anInterface()];
  let enforced: FirewallPlan | null = null;
  let whole = 0;
  let restoredTo: FirewallRestore | null = null;
  const networkWatchers = new Set<() => void>();
  const flowWatchers = new Set<(packets: readonly ObservedPacket[]) => void>();
  const endWatchers = new Set<(connections: readonly EndedConnection[]) => void>();
  const nameWatchers = new Set<{
    readonly isResolver: (address: string) => boolean;
    readonly resolved: (names: readonly ResolvedName[]) => void;
  }>();
  const firewallWatchers = new Set<(change: FirewallChange) => void>();

  let bootService: ServiceFolders | null = null;

  function watch<Callback>(watchers: Set<Callback>, callback: Callback): () => void {
    watchers.add(callback);
    return () => void watchers.delete(callback);
  }
  function refuseIfAsked(): void {
    if (platform.refuse !== null) throw new FirewallError(platform.refuse);
  }
  function refuseServiceIfAsked(): void {
    if (platform.refuseService !== null) throw new ServiceError(platform.refuseService);
  }
  const keptBySystemd = (): boolean =>
    platform.serviceManager === 'systemd' && bootService !== null;
  const textOf = (plan: FirewallPlan | null): string =>
    plan === null || !plan.ownsTable ? '' : renderNftables(plan);

  const differences = (plan: FirewallPlan): Promise<string[]> =>
    Promise.resolve(textOf(enforced) === textOf(plan) ? [] : ['the table is another']);

  const platform: FakePlatform = {
    refuse: null,
    serviceManager: 'systemd',
    refuseService: null,
    bootService: () => bootService,
    connections: [],
    machineId: 'machine-1',
    environment: [{ name: 'kernel', status: 'green', detail: 'a kernel in memory' }],
    trouble: [],
    checkEnvironment: () => Promise.resolve(platform.environment),
    warnings: () => Promise.resolve(platform.trouble),
    enforced: () => enforced,
    wholeApplications: () => whole,
    restored: () => restoredTo,
    setInterfaces(next) {
      links = next;
      for (const changed of networkWatchers) changed();
    },
    observe(packets) {
      for (const observed of flowWatchers) observed(packets);
    },
    resolve(name, from) {
      for (const { isResolver, resolved } of nameWatchers) if (isResolver(from)) resolved([name]);
    },
    watchesNames: () => nameWatchers.size > 0,
    tamper(by) {
      enforced = null;
      for (const changed of firewallWatchers) changed({ by });
    },
    describe: () => ({
      hostname: 'fake-host',
      osPlatform: 'linux',
      osId: 'fake-x86_64-1',
      osDetail: 'a host in memory',
      uptimeSeconds: 1,
      bootId: '00000000-0000-4000-8000-000000000000',
      machineId: platform.machineId,
    }),
    interfaces: () => Promise.resolve(links),
    watchNetwork: (changed) => watch(networkWatchers, changed),
    watchFlows: (observed) => watch(flowWatchers, observed),
    watchConnections: (ended) => watch(endWatchers, ended),
    liveConnections: () => Promise.resolve(platform.live),
    live: [],
    owner: { process: null, user: null },
    ownerOf: () => Promise.resolve(platform.owner),
    end(connections) {
      for (const ended of endWatchers) ended(connections);
    },
    watchNames: (isResolver, resolved) => watch(nameWatchers, { isResolver, resolved }),
    resolvers: () => Promise.resolve(platform.resolverAddresses),
    resolverAddresses: [],
    releaseMemory: () => undefined,
    close: () => Promise.resolve(),
    service: {
      async install(folders) {
        if (platform.serviceManager === null) return null;
        refuseServiceIfAsked();
        bootService = folders;
        return platform.serviceManager;
      },
      start: () => Promise.resolve(keptBySystemd()),
      stop: () => Promise.resolve(keptBySystemd()),
      async remove() {
        refuseServiceIfAsked();
        bootService = null;
      },
    },
    firewall: {
      async apply(plan) {
        refuseIfAsked();
        renderNftables(plan);
        enforced = plan.ownsTable ? plan : null;
        whole += 1;
      },
      async move(before, after) {
        refuseIfAsked();
        const changes = elementChanges(before, after);
        if (changes === null) return false;
        if (changes.length > 0 && textOf(enforced) !== textOf(before)) {
          throw new FirewallError('the firewall is not what the plan says');
        }
        if (before.ownsTable) enforced = after;
        return true;
      },
      differences,
      async peersInUse(addresses) {
        const used = new Set(
          platform.connections.flatMap((tracked) => [
            tracked.sourceAddress,
            tracked.destinationAddress,
          ]),
        );
        return new Set(addresses.filter((address) => used.has(address)));
      },
      async cut(plan) {
        const cut = new Set(connectionsToCut(plan, platform.connections));
        platform.connections = platform.connections.filter((connection) => !cut.has(connection));
        return cut.size;
      },
      async restore(restore) {
        refuseIfAsked();
        enforced = null;
        restoredTo = restore;
        return null;
      },
      watch: (changed) => watch(firewallWatchers, changed),
    },
  };
  return platform;
}
