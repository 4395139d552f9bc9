/** Observed packets become flow records: one for each 5-tuple less the client port, sent in numbered reports. */
import type { FlowRecord, FlowReport } from '@bulkhead/contract';
import type { LogEntry } from '@bulkhead/enforcement';
import type { NetworkProfile } from '@bulkhead/policy';
import type { ObservedPacket } from '../platform/port.ts';
import { messageOf, type Log } from './log.ts';
import { PceError } from './pce-client.ts';

const MAX_RECORDS_PER_REPORT = 5_000;
const MAX_BUFFERED_RECORDS = 50_000;
const MAX_PORTS_COUNTED = 10_000;

interface Aggregate {
  readonly record: Omit<FlowRecord, 'connections' | 'last_seen'>;
  /** Client ports seen: a packet that is sent again is no further connection. */
  readonly ports: Set<number>;
  connections: number;
  lastSeen: string;
}

export interface FlowReporterDeps {
  readonly logEntry: (prefix: string) => LogEntry | undefined;
  readonly profileOf: (interfaceName: string | null) => NetworkProfile;
  readonly send: (report: FlowReport) => Promise<void>;
  /** Written before a number is used, so that none is used twice. */
  readonly persistSequence: (next: number) => Promise<void>;
  readonly firstSequence: number;
  readonly log: Log;
  readonly now: () => Date;
}

export interface FlowReporter {
  observe(packets: readonly ObservedPacket[]): void;
  /** Sends what has gathered, oldest first; what cannot be sent is kept, within bounds. */
  flush(): Promise<void>;
  statistics(): { readonly buffered: number; readonly dropped: number; readonly sent: number };
}

export function createFlowReporter(deps: FlowReporterDeps): FlowReporter {
  let gathering = new Map<string, Aggregate>();
  let waiting: FlowReport[] = [];
  let sequence = deps.firstSequence;
  let dropped = 0;
  let droppedEver = 0;
  let sent = 0;
  let flushing: Promise<void> | null = null;
  let failing = false;

  const buffered = (): number =>
    gathering.size + waiting.reduce((sum, { flows }) => sum + flows.length, 0);

  function observeOne(packet: ObservedPacket, at: string): void {
    const entry = deps.logEntry(packet.prefix);
    if (entry === undefined) return;
    const key = [
      packet.prefix,
      packet.sourceAddress,
      packet.destinationAddress,
      packet.protocol,
      packet.destinationPort,
      packet.icmpType,
      packet.icmpCode,
      packet.interfaceName,
    ].join(' ');
    const known = gathering.get(key);
    if (known !== undefined) {
      known.lastSeen = at;
      const port = packet.sourcePort ?? -1;
      if (known.ports.has(port) || known.ports.size >= MAX_PORTS_COUNTED) return;
      known.ports.add(port);
      known.connections += 1;
      return;
    }
    if (gathering.size >= MAX_BUFFERED_RECORDS) {
      dropped += 1;
      droppedEver += 1;
      return;
    }
    gathering.set(key, {
      record: {
        src_ip: packet.sourceAddress,
        dst_ip: packet.destinationAddress,
        protocol: packet.protocol,
        dst_port: packet.destinationPort ?? 0,
        icmp_type: packet.icmpType,
        icmp_code: packet.icmpCode,
        direction: entry.direction,
        decision: entry.decision,
        rules: entry.origins.map(({ href }) => href),
        reason: entry.reason,
        interface: packet.interfaceName,
        network_profile: deps.profileOf(packet.interfaceName),
        state: 'new',
        bytes_in: 0,
        bytes_out: 0,
        first_seen: at,
        process_name: null,
        user_name: null,
      },
      ports: new Set([packet.sourcePort ?? -1]),
      connections: 1,
      lastSeen: at,
    });
  }

  function close(): void {
    const records = [...gathering.values()].map(
      ({ record, connections, lastSeen }): FlowRecord => ({
        ...record,
        connections,
        last_seen: lastSeen,
      }),
    );
    gathering = new Map();
    for (let start = 0; start < records.length; start += MAX_RECORDS_PER_REPORT) {
      const flows = records.slice(start, start + MAX_RECORDS_PER_REPORT);
      waiting.push({ sequence, dropped: 0, flows });
      sequence += 1;
    }
    while (waiting.length > 1 && buffered() > MAX_BUFFERED_RECORDS) {
      const lost = waiting.shift()?.flows.length ?? 0;
      dropped += lost;
      droppedEver += lost;
    }
  }

  async function sendAll(): Promise<void> {
    const before = sequence;
    close();
    if (sequence !== before) await deps.persistSequence(sequence);
    while (waiting[0] !== undefined) {
      const report = { ...waiting[0], dropped: waiting[0].dropped + dropped };
      try {
        await deps.send(report);
      } catch (error) {
        if (isRefusal(error)) {
          // asking again with the same report would stop all reports behind it
          deps.log.error('the PCE refused a flow report', { reason: messageOf(error) });
          dropped += report.flows.length;
          droppedEver += report.flows.length;
          waiting = waiting.filter((other) => other.sequence !== report.sequence);
          continue;
        }
        if (!failing) deps.log.warn('flows could not be sent', { reason: messageOf(error) });
        failing = true;
        return;
      }
      if (failing) deps.log.info('flows are sent again');
      failing = false;
      // losses while this was sent are told in the next report
      dropped -= report.dropped;
      sent += report.flows.length;
      waiting = waiting.filter((other) => other.sequence !== report.sequence);
    }
  }

  return {
    observe(packets) {
      const at = deps.now().toISOString();
      for (const packet of packets) observeOne(packet, at);
    },
    flush() {
      flushing ??= sendAll().finally(() => (flushing = null));
      return flushing;
    },
    statistics: () => ({ buffered: buffered(), dropped: droppedEver, sent }),
  };
}

/** An answer that says that the report itself is at fault. */
function isRefusal(error: unknown): boolean {
  return error instanceof PceError && [400, 406, 413, 422].includes(error.status);
}
