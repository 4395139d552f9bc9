import type { IngressService, Service, ServicePort } from './model.ts';
import { ANY_PROTOCOL } from './vocabulary.ts';

/** Every protocol and port: what a service without ports, such as All Services, stands for. */
export const ALL_TRAFFIC: ServicePort = {
  protocol: ANY_PROTOCOL,
  port: null,
  toPort: null,
  icmpType: null,
  icmpCode: null,
};

/** What of a connection a service is matched against. */
export interface ServiceQuery {
  readonly protocol: number;
  readonly port: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** Program and Windows service that answer; absent: not known, which matches no entry that names one. */
  readonly process?: string | undefined;
  readonly windowsService?: string | undefined;
}

const LAST_PORT = 65_535;

/**
 * Canonical form of a list of service ports: sorted, overlapping and touching port ranges of one protocol joined, those of all ports to
 * the whole protocol (PS-60), what another entry covers left out. Entries of a program or Windows service are kept apart by name, after those of none; one that an entry without name
 * covers is left out. Where nothing is named, equal coverage of ports gives equal lists. An empty list stays empty.
 */
export function normalizeServices(ports: readonly ServicePort[]): readonly ServicePort[] {
  const byName = new Map<string, ServicePort[]>();
  for (const port of ports) {
    const key = nameKey(port);
    const group = byName.get(key);
    if (group === undefined) byName.set(key, [port]);
    else group.push(port);
  }
  const forAnyone = normalizeAlike(byName.get(nameKey(ALL_TRAFFIC)) ?? []);
  byName.delete(nameKey(ALL_TRAFFIC));
  const named = [...byName].sort(([left], [right]) => (left < right ? -1 : 1));
  return [
    ...forAnyone,
    ...named.flatMap(([, group]) => {
      const names = namesOf(group);
      return normalizeAlike(group)
        .filter((entry) => !forAnyone.some((wider) => covers(wider, entry)))
        .map((entry) => ({ ...entry, ...names }));
    }),
  ];
}

/** Names of programs and Windows services differ in more than their letter case, or they are the same. */
function nameKey({ process, windowsService }: ServicePort): string {
  return JSON.stringify([process?.toLowerCase() ?? null, windowsService?.toLowerCase() ?? null]);
}

/** Names of entries that are alike; of several spellings always the same one. */
function namesOf(entries: readonly ServicePort[]): Pick<ServicePort, 'process' | 'windowsService'> {
  const process = entries.flatMap((entry) => entry.process ?? []).sort()[0];
  const windowsService = entries.flatMap((entry) => entry.windowsService ?? []).sort()[0];
  return {
    ...(process === undefined ? {} : { process }),
    ...(windowsService === undefined ? {} : { windowsService }),
  };
}

/** Whether every connection of `inner` is one of `outer`, both canonical and names apart. */
function covers(outer: ServicePort, inner: ServicePort): boolean {
  if (outer.protocol === ANY_PROTOCOL) return true;
  if (outer.protocol !== inner.protocol) return false;
  if (outer.port !== null) {
    if (inner.port === null) return false;
    return outer.port <= inner.port && (inner.toPort ?? inner.port) <= (outer.toPort ?? outer.port);
  }
  if (outer.icmpType === null) return true;
  if (outer.icmpType !== inner.icmpType) return false;
  return outer.icmpCode === null || outer.icmpCode === inner.icmpCode;
}

/** Canonical form of entries whose names are the same, without these. */
function normalizeAlike(ports: readonly ServicePort[]): readonly ServicePort[] {
  if (ports.some((port) => port.protocol === ANY_PROTOCOL)) return [ALL_TRAFFIC];
  const protocols = [...new Set(ports.map((port) => port.protocol))].sort((a, b) => a - b);
  return protocols.flatMap((protocol) => {
    const entries = ports.filter((port) => port.protocol === protocol);
    if (entries.some((entry) => entry.port === null && entry.icmpType === null)) {
      return [{ ...ALL_TRAFFIC, protocol }];
    }
    const withPorts = entries.filter((entry) => entry.port !== null);
    return withPorts.length > 0 ? joinPorts(protocol, withPorts) : joinIcmp(protocol, entries);
  });
}

function joinPorts(protocol: number, entries: readonly ServicePort[]): ServicePort[] {
  const ranges = entries
    .map(({ port, toPort }) => ({ first: port ?? 0, last: toPort ?? port ?? 0 }))
    .sort((a, b) => a.first - b.first);
  const joined: { first: number; last: number }[] = [];
  for (const range of ranges) {
    const previous = joined.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) {
      previous.last = Math.max(previous.last, range.last);
    } else {
      joined.push({ ...range });
    }
  }
  const isWhole = joined.some(({ first, last }) => first <= 1 && last >= LAST_PORT);
  if (isWhole) return [{ ...ALL_TRAFFIC, protocol }];
  return joined.map(({ first, last }) => ({
    ...ALL_TRAFFIC,
    protocol,
    port: first,
    toPort: last === first ? null : last,
  }));
}

function joinIcmp(protocol: number, entries: readonly ServicePort[]): ServicePort[] {
  const types = [...new Set(entries.map((entry) => entry.icmpType ?? 0))].sort((a, b) => a - b);
  return types.flatMap((icmpType) => {
    const codes = entries.filter((entry) => entry.icmpType === icmpType).map((e) => e.icmpCode);
    const kept: (number | null)[] = codes.includes(null) ? [null] : [...new Set(codes)];
    return kept
      .sort((a, b) => (a ?? -1) - (b ?? -1))
      .map((icmpCode) => ({ ...ALL_TRAFFIC, protocol, icmpType, icmpCode }));
  });
}

/** Ports of ingress services, by reference or in place. A reference to no service adds nothing. */
export function resolveServices(
  ingress: readonly IngressService[],
  find: (href: string) => Service | undefined,
): readonly ServicePort[] {
  return normalizeServices(
    ingress.flatMap((item) => ('port' in item ? [item.port] : (find(item.href)?.ports ?? []))),
  );
}

/** Whether a connection's protocol, port, ICMP type and answering program are among the service ports. */
export function servicesMatch(ports: readonly ServicePort[], query: ServiceQuery): boolean {
  return ports.some((entry) => namesMatch(entry, query) && trafficMatches(entry, query));
}

function namesMatch({ process, windowsService }: ServicePort, query: ServiceQuery): boolean {
  const isNamed = (name: string | undefined, asked: string | undefined) =>
    name === undefined || name.toLowerCase() === asked?.toLowerCase();
  return isNamed(windowsService, query.windowsService) && isNamed(process, query.process);
}

function trafficMatches(entry: ServicePort, query: ServiceQuery): boolean {
  if (entry.protocol === ANY_PROTOCOL) return true;
  if (entry.protocol !== query.protocol) return false;
  if (entry.port !== null) {
    const last = entry.toPort ?? entry.port;
    return query.port !== null && query.port >= entry.port && query.port <= last;
  }
  if (entry.icmpType === null) return true;
  if (entry.icmpType !== query.icmpType) return false;
  return entry.icmpCode === null || entry.icmpCode === query.icmpCode;
}
