/**
 * The platform port: everything of the VEN that knows an operating system. `agent/` is written against it alone.
 * Implementations: `linux/` (nftables, netlink), `fake/` (memory, for tests). `port.conformance.ts` holds them alike.
 */
import type { CompatibilityCheck, VenWarning } from '@bulkhead/contract';
import type { FirewallPlan } from '@bulkhead/enforcement';

/** What the host is. */
interface HostDescription {
  readonly hostname: string;
  readonly osPlatform: 'linux' | 'windows' | 'mac';
  /** Short, such as `debian-x86_64-12`. */
  readonly osId: string;
  /** For people: kernel or edition. */
  readonly osDetail: string;
  readonly uptimeSeconds: number;
  /** Changes with every boot. */
  readonly bootId: string;
  /** What the system knows this installation by, empty where it has nothing; equal on copies of one image that were not made ready for copying. */
  readonly machineId: string;
}

export type InterfaceType =
  | 'ethernet'
  | 'usb_ethernet'
  | 'thunderbolt'
  | 'wifi'
  | 'ppp'
  | 'tunnel'
  | 'other';

/** A network interface with at least one address of its own; loopback is none. */
export interface NetworkInterface {
  readonly name: string;
  /** Global addresses only, without those still being checked for duplicates. */
  readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
  readonly gateway: string | null;
  /** Link address of the gateway where the host has learned it: tells networks with equal prefixes apart. */
  readonly gatewayMac: string | null;
  readonly mac: string | null;
  readonly type: InterfaceType;
  readonly linkState: 'up' | 'down' | 'unknown';
}

/** The system refused a firewall transaction. Nothing of it was applied. */
export class FirewallError extends Error {
  override readonly name = 'FirewallError';
}

/** Who changed the firewall besides us, where the system tells. */
export interface FirewallChange {
  /** Name and id of the process. */
  readonly by: string | null;
}

/** What is left of the firewall by unpairing: as before pairing; only remote management open; nothing blocked. */
export type FirewallRestore = 'saved' | 'recommended' | 'open';

export interface Firewall {
  /** Enforces the plan whole, in one transaction. Rejects with FirewallError and has changed nothing then. */
  apply(plan: FirewallPlan): Promise<void>;
  /**
   * Moves from what `before` says to `after` in one step that reads nothing back, at a cost that grows with what moves alone.
   * The system refuses it unless all that goes is there and all that comes is not, so that from what was as planned comes
   * what is as planned. False, and nothing changed: they differ in more than members of sets and interfaces. Rejects with
   * FirewallError, and has changed nothing then.
   */
  move(before: FirewallPlan, after: FirewallPlan): Promise<boolean>;
  /** Where the system's state differs from the plan, for people; empty: exactly as planned. */
  differences(plan: FirewallPlan): Promise<readonly string[]>;
  /** Those of the addresses that connections of this host go to or come from now. */
  peersInUse(addresses: readonly string[]): Promise<ReadonlySet<string>>;
  /** Cuts established connections that the plan does not allow; answers how many. */
  cut(plan: FirewallPlan): Promise<number>;
  /** Takes everything of ours away and leaves the firewall as asked. Answers what a person should know besides, or null. */
  restore(restore: FirewallRestore, venType: 'server' | 'endpoint'): Promise<string | null>;
  /** Calls back after somebody else changed a firewall table. Returns a function that ends it. */
  watch(changed: (change: FirewallChange) => void): () => void;
}

/** The system's service manager would not do what was asked, or its files could not be written. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
}

export type ServiceManager = 'systemd' | 'sysvinit';

/** Where the VEN lies that a service starts. */
export interface ServiceFolders {
  /** Folder of the installation; `illumio-ven-ctl` is in it. */
  readonly install: string;
  readonly data: string;
}

/** The service of the system that starts the VEN at boot. */
export interface BootService {
  /**
   * Has the VEN started at every boot, before the network is set up. Calling it again changes nothing. Answers who starts
   * it; null: there is no service manager that the VEN knows, and nothing was installed. Rejects with ServiceError.
   */
  install(folders: ServiceFolders): Promise<ServiceManager | null>;
  /** Has the service manager start the VEN and waits until its last policy is in force; false: none keeps its process. Rejects with ServiceError. */
  start(): Promise<boolean>;
  /** Has the service manager keep the VEN stopped until the next start or boot; false: none keeps its process. Rejects with ServiceError. */
  stop(): Promise<boolean>;
  /** Takes away what `install` made; a VEN that runs goes on. Rejects with ServiceError after everything was tried. */
  remove(): Promise<void>;
}

/** The first packet of a connection on which the firewall gave a verdict. */
export interface ObservedPacket {
  /** Log prefix of the verdict: a key of the plan's log index. */
  readonly prefix: string;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  readonly protocol: number;
  /** Null where the protocol has no ports. */
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  readonly interfaceName: string | null;
  /** User who owns the sending socket, where known. */
  readonly userId: number | null;
}

/** A tracked connection that is over, ends as the filter saw them. */
export interface EndedConnection {
  readonly protocol: number;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** Zero where the system does not count. */
  readonly bytesFromSource: number;
  readonly bytesToSource: number;
  readonly packetsFromSource: number;
  readonly packetsToSource: number;
  /** Nobody closed it; false: it was closed. */
  readonly isTimedOut: boolean;
}

/** A connection that runs, or ran lately, with what it has carried so far. */
export type LiveConnection = Omit<EndedConnection, 'isTimedOut'>;

/** A TCP or UDP socket of this host by both ends of a connection. */
export interface SocketQuestion {
  readonly protocol: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export interface SocketOwner {
  /** File name of the program, such as `nginx`. */
  readonly process: string | null;
  readonly user: string | null;
}

/** A name that this host asked for, and an answer that it got. */
export interface ResolvedName {
  /** As it was asked, in lower case, without a final dot; never an alias that the answer leads over. */
  readonly name: string;
  readonly addresses: readonly { readonly address: string; readonly ttlSeconds: number }[];
}

export interface Platform {
  describe(): HostDescription;
  interfaces(): Promise<readonly NetworkInterface[]>;
  /** Calls back after a link, address or route changed. Returns a function that ends it. */
  watchNetwork(changed: () => void): () => void;
  /** Calls back with verdicts of the firewall as they are given. Returns a function that ends it. */
  watchFlows(observed: (packets: readonly ObservedPacket[]) => void): () => void;
  /** Calls back with connections that ended. Has the system count what they carry. Returns a function that ends it. */
  watchConnections(ended: (connections: readonly EndedConnection[]) => void): () => void;
  /** What is tracked now. */
  liveConnections(): Promise<readonly LiveConnection[]>;
  /** Whose socket it is, where the system tells; asked right after its first packet. Bounded in what it costs. */
  ownerOf(question: SocketQuestion): Promise<SocketOwner>;
  /**
   * Calls back with answers to names that programs of this host asked `isResolver` addresses or loopback for, right after
   * they got them. Returns a function that ends it. Costs a little on every packet: watch only while names matter.
   */
  watchNames(
    isResolver: (address: string) => boolean,
    resolved: (names: readonly ResolvedName[]) => void,
  ): () => void;
  /** Addresses of the DNS servers that the host asks, loopback left out. */
  resolvers(): Promise<readonly string[]>;
  /** Whether the VEN can work here, check by check (R-VEN-7). Changes nothing and never rejects. */
  checkEnvironment(): Promise<readonly CompatibilityCheck[]>;
  /** What is wrong with the host now, such as a connection table that is nearly full; empty: nothing. */
  warnings(): Promise<readonly VenWarning[]>;
  readonly firewall: Firewall;
  readonly service: BootService;
  /** Gives back memory that only the start needed. */
  releaseMemory(): void;
  /** Ends every watcher and frees what they hold. */
  close(): Promise<void>;
}
