/** Gathers flows: one record for each 5-tuple less the client port, its decision and its state. */
import type { FlowRecord } from '@bulkhead/contract';
import type { LogEntry } from '@bulkhead/enforcement';
import type { NetworkProfile } from '@bulkhead/policy';
import type {
  EndedConnection,
  LiveConnection,
  ObservedPacket,
  SocketOwner,
  SocketQuestion,
} from '../platform/port.ts';

const MAX_PORTS_COUNTED = 10_000;
/** Connections whose end is waited for; the oldest are forgotten, and their bytes with them. */
const MAX_OPEN = 65_536;
/** Owners that are asked for at once; a burst of more goes without. */
const MAX_QUESTIONS = 256;

type Ends = Pick<
  ObservedPacket,
  'protocol' | 'sourceAddress' | 'destinationAddress' | 'sourcePort' | 'destinationPort'
>;

/** What is the same of all connections of a record. */
interface Kind {
  readonly key: string;
  readonly record: Omit<
    FlowRecord,
    | 'connections'
    | 'first_seen'
    | 'last_seen'
    | 'state'
    | 'bytes_in'
    | 'bytes_out'
    | 'process_name'
    | 'user_name'
  >;
  owner: SocketOwner;
}

interface Gathered {
  readonly kind: Kind;
  readonly state: FlowRecord['state'];
  readonly firstSeen: string;
  lastSeen: string;
  /** Client ports seen: a packet that is sent again is no further connection. */
  readonly ports: Set<number>;
  connections: number;
  bytesIn: number;
  bytesOut: number;
}

export interface FlowRecordsDeps {
  readonly logEntry: (prefix: string) => LogEntry | undefined;
  readonly profileOf: (interfaceName: string | null) => NetworkProfile;
  readonly ownerOf: (question: SocketQuestion) => Promise<SocketOwner>;
  readonly now: () => Date;
  readonly maxRecords: number;
  /** A record more than fits. */
  readonly lost: (records: number) => void;
}

export interface FlowRecords {
  observe(packets: readonly ObservedPacket[]): void;
  ended(connections: readonly EndedConnection[]): void;
  /** What ran before the VEN came; `ownAddresses` tell which end is here. */
  snapshot(connections: readonly LiveConnection[], ownAddresses: ReadonlySet<string>): void;
  size(): number;
  /** All that has gathered, which begins anew then. Waits for owners that were asked for, which takes a second at most. */
  take(): Promise<FlowRecord[]>;
}

export function createFlowRecords(deps: FlowRecordsDeps): FlowRecords {
  let gathered = new Map<string, Gathered>();
  const open = new Map<string, Kind>();
  const questions = new Set<Promise<void>>();

  function ask(kind: Kind, packet: ObservedPacket): void {
    const { sourcePort, destinationPort } = packet;
    if (sourcePort === null || destinationPort === null || questions.size >= MAX_QUESTIONS) return;
    const source = { address: packet.sourceAddress, port: sourcePort };
    const destination = { address: packet.destinationAddress, port: destinationPort };
    const isOutbound = kind.record.direction === 'outbound';
    const [local, remote] = isOutbound ? [source, destination] : [destination, source];
    const question = deps
      .ownerOf({
        protocol: packet.protocol,
        localAddress: local.address,
        localPort: local.port,
        remoteAddress: remote.address,
        remotePort: remote.port,
      })
      .then((owner) => {
        kind.owner = owner;
      })
      .catch(() => undefined)
      .finally(() => questions.delete(question));
    questions.add(question);
  }

  /** The record to add to; undefined when there is no room for another. */
  function recordOf(kind: Kind, state: FlowRecord['state'], at: string): Gathered | undefined {
    const key = `${state} ${kind.key}`;
    const known = gathered.get(key);
    if (known !== undefined) {
      known.lastSeen = at;
      return known;
    }
    if (gathered.size >= deps.maxRecords) {
      deps.lost(1);
      return undefined;
    }
    const fresh: Gathered = {
      kind,
      state,
      firstSeen: at,
      lastSeen: at,
      ports: new Set(),
      connections: 0,
      bytesIn: 0,
      bytesOut: 0,
    };
    gathered.set(key, fresh);
    return fresh;
  }

  function remember(packet: Ends, kind: Kind): void {
    if (open.size >= MAX_OPEN) {
      const [oldest] = open.keys();
      if (oldest !== undefined) open.delete(oldest);
    }
    open.set(connectionKey(packet), kind);
  }

  function observeOne(packet: ObservedPacket, at: string): void {
    const entry = deps.logEntry(packet.prefix);
    if (entry === undefined) return;
    const key = keyOf(packet);
    const known = gathered.get(`new ${key}`);
    const kind = known?.kind ?? {
      key,
      record: {
        ...placeOf(packet),
        direction: entry.direction,
        decision: entry.decision,
        rules: entry.origins.map(({ href }) => href),
        reason: entry.reason,
        interface: packet.interfaceName,
        network_profile: deps.profileOf(packet.interfaceName),
      },
      owner: { process: null, user: null },
    };
    const record = recordOf(kind, 'new', at);
    if (record === undefined) return;
    if (known === undefined) ask(kind, packet);
    const port = packet.sourcePort ?? -1;
    if (record.ports.has(port) || record.ports.size >= MAX_PORTS_COUNTED) return;
    record.ports.add(port);
    record.connections += 1;
    if (entry.decision !== 'blocked') remember(packet, kind);
  }

  function addBytes(record: Gathered, connection: LiveConnection): void {
    const isOutbound = record.kind.record.direction === 'outbound';
    record.bytesIn += isOutbound ? connection.bytesToSource : connection.bytesFromSource;
    record.bytesOut += isOutbound ? connection.bytesFromSource : connection.bytesToSource;
  }

  return {
    observe(packets) {
      const at = deps.now().toISOString();
      for (const packet of packets) observeOne(packet, at);
    },
    ended(connections) {
      const at = deps.now().toISOString();
      for (const connection of connections) {
        const key = connectionKey(connection);
        const kind = open.get(key);
        if (kind === undefined) continue;
        open.delete(key);
        const record = recordOf(kind, connection.isTimedOut ? 'timed out' : 'closed', at);
        if (record !== undefined) addBytes(record, connection);
      }
    },
    snapshot(connections, ownAddresses) {
      const at = deps.now().toISOString();
      for (const connection of connections) {
        const isOutbound = ownAddresses.has(connection.sourceAddress);
        if (!isOutbound && !ownAddresses.has(connection.destinationAddress)) continue;
        const kind: Kind = {
          key: keyOf({ ...connection, prefix: isOutbound ? 'out' : 'in', interfaceName: null }),
          record: {
            ...placeOf(connection),
            direction: isOutbound ? 'outbound' : 'inbound',
            // nobody judged it
            decision: 'allowed',
            rules: [],
            reason: 'default',
            interface: null,
            network_profile: deps.profileOf(null),
          },
          owner: { process: null, user: null },
        };
        const record = recordOf(kind, 'snapshot', at);
        if (record === undefined) continue;
        record.connections += 1;
        addBytes(record, connection);
        remember(connection, record.kind);
      }
    },
    size: () => gathered.size,
    async take() {
      await Promise.all(questions);
      const records = [...gathered.values()].map(
        ({ kind, state, firstSeen, lastSeen, connections, bytesIn, bytesOut }): FlowRecord => ({
          ...kind.record,
          state,
          connections,
          bytes_in: bytesIn,
          bytes_out: bytesOut,
          first_seen: firstSeen,
          last_seen: lastSeen,
          process_name: kind.owner.process,
          user_name: kind.owner.user,
        }),
      );
      gathered = new Map();
      return records;
    },
  };
}

function placeOf(
  ends: Ends & Pick<ObservedPacket, 'icmpType' | 'icmpCode'>,
): Pick<FlowRecord, 'src_ip' | 'dst_ip' | 'protocol' | 'dst_port' | 'icmp_type' | 'icmp_code'> {
  return {
    src_ip: ends.sourceAddress,
    dst_ip: ends.destinationAddress,
    protocol: ends.protocol,
    dst_port: ends.destinationPort ?? 0,
    icmp_type: ends.icmpType,
    icmp_code: ends.icmpCode,
  };
}

function keyOf(packet: Omit<ObservedPacket, 'userId'>): string {
  return [
    packet.prefix,
    packet.sourceAddress,
    packet.destinationAddress,
    packet.protocol,
    packet.destinationPort,
    packet.icmpType,
    packet.icmpCode,
    packet.interfaceName,
  ].join(' ');
}

function connectionKey(ends: Ends): string {
  return `${ends.protocol} ${ends.sourceAddress} ${ends.sourcePort} ${ends.destinationAddress} ${ends.destinationPort}`;
}
