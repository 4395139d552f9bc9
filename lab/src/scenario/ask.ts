/** The connections that a scenario's expectations ask about. */
import { canonicalAddress, parseAddress } from '@bulkhead/net';
import { PROTOCOLS, type Connection } from '@bulkhead/policy';
import type { EndExpectation, Expectation, Fault, Scenario } from './format.ts';
import { protocolNumber } from './service-text.ts';
import type { Host, Translation } from './translate.ts';

/** One connection that an expectation asks about. */
export interface AskedConnection {
  readonly path: readonly (string | number)[];
  readonly expectation: Expectation;
  /** Names of the two hosts. */
  readonly from: string;
  readonly to: string;
  readonly connection: Connection;
  readonly text: string;
}

const DHCP_PORTS = [67, 68, 546, 547];

/** Connections that a scenario asks about, one per combination, and faults where one cannot be made. */
export function askedConnections(
  scenario: Scenario,
  translation: Translation,
): { readonly asked: readonly AskedConnection[]; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const asked = scenario.expect.flatMap((expectation, index) => {
    const path = ['expect', index];
    const protocol = protocolNumber(expectation.proto) ?? PROTOCOLS.tcp;
    const hasPorts = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp].some((p) => p === protocol);
    const ports: readonly (number | null)[] = expectation.port ?? [null];
    if (hasPorts !== (expectation.port !== undefined)) {
      const message = hasPorts
        ? 'is required for tcp, udp and sctp'
        : 'only tcp, udp and sctp have one';
      faults.push({ path: [...path, 'port'], message });
    }
    if (protocol === PROTOCOLS.udp && ports.some((port) => DHCP_PORTS.includes(port ?? 0))) {
      faults.push({
        path: [...path, 'port'],
        message: 'DHCP always passes; ask about another port',
      });
    }
    const named = [
      { at: ['by'], names: expectation.by ?? [] },
      { at: ['outbound', 'by'], names: namesIn(expectation.outbound) },
      { at: ['inbound', 'by'], names: namesIn(expectation.inbound) },
    ];
    for (const { at, names } of named) {
      for (const name of names) {
        if (['default', 'essential'].includes(name) || translation.statements.has(name)) continue;
        const message = `there is no rule or boundary named "${name}"`;
        faults.push({ path: [...path, ...at], message });
      }
    }
    const icmpOnly = ['icmp_type', 'icmp_code'] as const;
    const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
    for (const field of isIcmp ? [] : icmpOnly) {
      if (expectation[field] === undefined) continue;
      faults.push({ path: [...path, field], message: 'only icmp and icmpv6 have one' });
    }
    return expectation.from.flatMap((from) =>
      expectation.to.flatMap((to) =>
        ports.flatMap((port): AskedConnection[] => {
          const ends = pickEnds(translation, { from, to, protocol }, expectation);
          if ('message' in ends) {
            faults.push({ path: [...path, ...ends.path], message: ends.message });
            return [];
          }
          const icmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
          const echo = protocol === PROTOCOLS.icmp ? 8 : 128;
          const connection: Connection = {
            ...ends,
            protocol,
            port,
            icmpType: icmp ? (expectation.icmp_type ?? echo) : null,
            icmpCode: icmp ? (expectation.icmp_code ?? 0) : null,
          };
          const service = port === null ? `${expectation.proto}` : `${expectation.proto}/${port}`;
          const text = `${from} (${ends.source.address}) -> ${to} (${ends.destination.address}) ${service}`;
          return [{ path, expectation, from, to, connection, text }];
        }),
      ),
    );
  });
  return { asked, faults };
}

function namesIn(end: EndExpectation | undefined): readonly string[] {
  return typeof end === 'object' ? (end.by ?? []) : [];
}

function pickEnds(
  translation: Translation,
  ends: { readonly from: string; readonly to: string; readonly protocol: number },
  item: Expectation,
): Pick<Connection, 'source' | 'destination'> | Fault {
  const from = translation.hosts.get(ends.from);
  const to = translation.hosts.get(ends.to);
  if (from === undefined)
    return { path: ['from'], message: `there is no host named "${ends.from}"` };
  if (to === undefined) return { path: ['to'], message: `there is no host named "${ends.to}"` };
  for (const field of ['from_address', 'to_address'] as const) {
    const text = item[field];
    if (text !== undefined && parseAddress(text) === null) {
      const message = `"${text}" is not an address; write one such as 10.0.1.10`;
      return { path: [field], message };
    }
  }
  const choices = (host: Host, address: string | undefined, name: string | undefined) =>
    host.addresses.filter(
      (entry) =>
        (address === undefined || canonicalAddress(entry.address) === canonicalAddress(address)) &&
        (name === undefined || entry.interfaceName === name),
    );
  for (const [host, field] of [
    [from, 'from_interface'],
    [to, 'to_interface'],
  ] as const) {
    if (host.workload === null && item[field] !== undefined) {
      return { path: [field], message: `${host.name} is an external host; it has no interfaces` };
    }
  }
  const sources = choices(from, item.from_address, item.from_interface);
  const targets = choices(to, item.to_address, item.to_interface);
  const family = familyOf(ends.protocol, item, [sources, targets]);
  const pick = (list: typeof sources) =>
    list.find((entry) => familyOfText(entry.address) === family);
  const [source, target] = [pick(sources), pick(targets)];
  if (source === undefined) {
    return { path: ['from'], message: `"${ends.from}" has no such address of IPv${family}` };
  }
  if (target === undefined) {
    return { path: ['to'], message: `"${ends.to}" has no such address of IPv${family}` };
  }
  return { source: end(from, source), destination: end(to, target) };
}

function end(host: Host, entry: Host['addresses'][number]): Connection['source'] {
  return {
    workload: host.workload,
    address: entry.address,
    interfaceName: host.workload === null ? null : entry.interfaceName,
    fqdn: host.fqdn,
  };
}

function familyOfText(text: string): 4 | 6 {
  return parseAddress(text)?.family ?? 4;
}

function familyOf(
  protocol: number,
  item: Expectation,
  ends: readonly (readonly { readonly address: string }[])[],
): 4 | 6 {
  if (item.family !== undefined) return item.family === 'ipv4' ? 4 : 6;
  const given = item.from_address ?? item.to_address;
  if (given !== undefined) return familyOfText(given);
  if (protocol === PROTOCOLS.icmp) return 4;
  if (protocol === PROTOCOLS.icmpv6) return 6;
  return ends.every((list) => list.some((e) => familyOfText(e.address) === 4)) ? 4 : 6;
}
