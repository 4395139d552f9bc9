import { ANY_PROTOCOL, PROTOCOLS, type ServicePort } from '@bulkhead/policy';
import type { ServiceMatch } from './plan.ts';
import type { PortRange } from './port-range.ts';

const LAST_PORT = 65_535;
const PORT_PROTOCOLS: ReadonlySet<number> = new Set([PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp]);
const ICMP_PROTOCOLS: ReadonlySet<number> = new Set([PROTOCOLS.icmp, PROTOCOLS.icmpv6]);

const ALL_SERVICES: ServiceMatch = { all: true, protocols: [], ports: [], icmp: [] };

/** True for the protocols whose header starts with a source and a destination port that policy can name. */
export function hasPorts(protocol: number): boolean {
  return PORT_PROTOCOLS.has(protocol);
}

/** Systems give clients ports above this one: Linux from 32768 on, others from 49152 on. */
const LAST_SERVICE_PORT = 32_767;

/** Joins the services of a rule into a form in which no two parts overlap. No service at all matches nothing. */
export function matchServices(services: readonly ServicePort[]): ServiceMatch {
  const whole = new Set<number>();
  const ports = new Map<number, PortRange[]>();
  const icmp = new Map<string, { protocol: number; type: number; code: number | null }>();
  for (const service of services) {
    const { protocol } = service;
    if (protocol === ANY_PROTOCOL) return ALL_SERVICES;
    const { port, toPort } = service;
    // 0 alone is every port (PS-89)
    if (PORT_PROTOCOLS.has(protocol) && port !== null && (port > 0 || toPort !== null)) {
      const ranges = ports.get(protocol) ?? [];
      ranges.push({ from: port, to: toPort ?? port });
      ports.set(protocol, ranges);
    } else if (ICMP_PROTOCOLS.has(protocol) && service.icmpType !== null) {
      const entry = { protocol, type: service.icmpType, code: service.icmpCode };
      icmp.set(`${protocol}/${entry.type}/${entry.code ?? ''}`, entry);
    } else {
      whole.add(protocol);
    }
  }
  const joined = [...ports].map(([protocol, ranges]) => ({ protocol, ranges: joinRanges(ranges) }));
  for (const { protocol, ranges } of joined) if (ranges.some(isEveryPort)) whole.add(protocol);
  return {
    all: false,
    protocols: [...whole].sort(ascending),
    ports: joined
      .filter(({ protocol }) => !whole.has(protocol))
      .sort((left, right) => left.protocol - right.protocol),
    icmp: [...icmp.values()]
      .filter((entry) => !whole.has(entry.protocol))
      .filter((entry) => entry.code === null || !icmp.has(`${entry.protocol}/${entry.type}/`))
      .sort(
        (left, right) =>
          left.protocol - right.protocol ||
          left.type - right.type ||
          (left.code ?? -1) - (right.code ?? -1),
      ),
  };
}

/**
 * What the replies of a stateless rule come from, in the other direction (PS-17). TCP: its ports, or any port of it as a whole, in packets
 * that open nothing. Other protocols cannot tell a reply from a packet that opens something, so that ports which the provider's system
 * gives to its own clients are left to connection tracking, and whole protocols too.
 */
export function replyServices({ all, protocols, ports }: ServiceMatch): ServiceMatch {
  return {
    all: false,
    protocols: all || protocols.includes(PROTOCOLS.tcp) ? [PROTOCOLS.tcp] : [],
    ports: ports.flatMap((entry) => {
      const { protocol, ranges } = entry;
      if (protocol === PROTOCOLS.tcp) return entry;
      const known = ranges.flatMap(({ from, to }) =>
        from <= LAST_SERVICE_PORT ? [{ from, to: Math.min(to, LAST_SERVICE_PORT) }] : [],
      );
      return known.length === 0 ? [] : [{ protocol, ranges: known }];
    }),
    icmp: [],
  };
}

function isEveryPort({ from, to }: PortRange): boolean {
  return from <= 1 && to === LAST_PORT;
}

/** The parts of a packet that services look at. `port` is the one at the provider. */
export interface ServicePacket {
  readonly protocol: number;
  readonly port: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

/** Whether a packet is of one of the services. A port or type that is not known matches whole protocols only. */
export function servicesMatch(services: ServiceMatch, packet: ServicePacket): boolean {
  if (services.all || services.protocols.includes(packet.protocol)) return true;
  const { port } = packet;
  if (port !== null) {
    for (const { protocol, ranges } of services.ports) {
      if (protocol !== packet.protocol) continue;
      if (ranges.some((range) => range.from <= port && port <= range.to)) return true;
    }
  }
  return services.icmp.some(
    (entry) =>
      entry.protocol === packet.protocol &&
      entry.type === packet.icmpType &&
      (entry.code === null || entry.code === packet.icmpCode),
  );
}

function joinRanges(ranges: readonly PortRange[]): PortRange[] {
  const joined: PortRange[] = [];
  for (const range of [...ranges].sort((left, right) => left.from - right.from)) {
    const to = Math.min(range.to, LAST_PORT);
    const last = joined.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    } else {
      joined.push({ from: range.from, to });
    }
  }
  return joined;
}

function ascending(left: number, right: number): number {
  return left - right;
}
