/** Ports as people write them: "TCP 631, 9100", "UDP 137-138, TCP 139", "tcp/443" typed in. */
import { PROTOCOLS } from '@bulkhead/policy';
import { protocolName } from './words.ts';

export interface PortLike {
  readonly proto?: number | undefined;
  readonly port?: number | null | undefined;
  readonly to_port?: number | null | undefined;
  readonly icmp_type?: number | null | undefined;
  readonly icmp_code?: number | null | undefined;
}

function portText(port: PortLike): string {
  if (port.icmp_type != null)
    return port.icmp_code == null
      ? `type ${port.icmp_type}`
      : `type ${port.icmp_type} code ${port.icmp_code}`;
  if (port.port == null || port.port <= 0) return '';
  return port.to_port != null && port.to_port > port.port
    ? `${port.port}-${port.to_port}`
    : String(port.port);
}

/** Groups neighbours of one protocol: `TCP 631, 9100; UDP 161`. */
export function portsText(ports: readonly PortLike[]): string {
  const groups: { proto: number; texts: string[] }[] = [];
  for (const port of ports) {
    const proto = port.proto ?? -1;
    const last = groups.at(-1);
    if (last?.proto === proto) last.texts.push(portText(port));
    else groups.push({ proto, texts: [portText(port)] });
  }
  return groups
    .map(({ proto, texts }) =>
      [protocolName(proto), texts.filter((text) => text !== '').join(', ')]
        .filter((text) => text !== '')
        .join(' '),
    )
    .join(', ');
}

export interface PortValue {
  proto: number;
  port?: number;
  to_port?: number;
  icmp_type?: number;
  icmp_code?: number;
}
export type ParsedPort =
  | { readonly ok: true; readonly value: PortValue }
  | { readonly ok: false; readonly message: string };

const FORM = /^(tcp|udp|sctp|icmpv6|icmp|gre|igmp|\d{1,3})(?:[\s/]+(\d+)(?:\s*-\s*(\d+))?)?$/i;
const ICMP = /^(icmpv6|icmp)[\s/]+(\d{1,5})(?:[\s/]+(\d{1,5}))?$/i;

function parseIcmp(match: RegExpExecArray): ParsedPort {
  const [type, code] = [Number(match[2]), match[3] === undefined ? undefined : Number(match[3])];
  if (type > 255 || (code ?? 0) > 255)
    return { ok: false, message: 'ICMP types and codes are 0 to 255. Write icmp/8 or icmp/3/1.' };
  const proto = (match[1] ?? '').toLowerCase() === 'icmp' ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
  return {
    ok: true,
    value: { proto, icmp_type: type, ...(code === undefined ? {} : { icmp_code: code }) },
  };
}

/** Reads `tcp/443`, `tcp 8000-8010`, `443/tcp`, `icmp`, `icmp/8` by type, `icmp/3/1` by type and code, and `all`. */
export function parsePort(text: string): ParsedPort {
  const trimmed = text.trim();
  if (trimmed.toLowerCase() === 'all') return { ok: true, value: { proto: -1 } };
  const icmp = ICMP.exec(trimmed);
  if (icmp !== null) return parseIcmp(icmp);
  const turned = /^(\d+(?:\s*-\s*\d+)?)[\s/]+([a-z]+)$/i.exec(trimmed);
  const match = FORM.exec(turned === null ? trimmed : `${turned[2] ?? ''}/${turned[1] ?? ''}`);
  if (match === null)
    return {
      ok: false,
      message: `"${trimmed}" is not a port. Write tcp/443, udp/5000-5010 or icmp.`,
    };
  const word = (match[1] ?? '').toLowerCase();
  const named = Object.entries(PROTOCOLS).find(([name]) => name === word)?.[1];
  const proto = named ?? Number(word);
  if (!Number.isInteger(proto) || proto > 255)
    return {
      ok: false,
      message: `Protocol ${word} does not exist. Use tcp, udp, icmp or a number up to 255.`,
    };
  if (match[2] === undefined) return { ok: true, value: { proto } };
  const port = Number(match[2]);
  const toPort = match[3] === undefined ? undefined : Number(match[3]);
  for (const one of [port, toPort])
    if (one !== undefined && (one < 1 || one > 65_535))
      return { ok: false, message: `Port ${one} does not exist. Ports are 1 to 65535.` };
  if (![6, 17, 132].includes(proto))
    return { ok: false, message: `${protocolName(proto)} has no ports. Leave the port out.` };
  if (toPort !== undefined && toPort < port)
    return { ok: false, message: `The range runs backwards. Write ${toPort}-${port}.` };
  return {
    ok: true,
    value: { proto, port, ...(toPort === undefined || toPort === port ? {} : { to_port: toPort }) },
  };
}

/** A port as it is typed: `tcp/443`, `udp/5000-5010`, `icmp/8`. */
export function portLine(port: PortLike): string {
  const name = protocolName(port.proto ?? -1)
    .toLowerCase()
    .replace(/^ip /, '');
  if (port.icmp_type != null) return [name, port.icmp_type, port.icmp_code ?? []].flat().join('/');
  return [name, portText(port)].filter((part) => part !== '').join('/');
}

export type ParsedPorts =
  | { readonly ok: true; readonly value: readonly PortValue[] }
  | { readonly ok: false; readonly message: string };

/** Reads ports, one a line or parted by commas; the first that is wrong is named. */
export function parsePorts(text: string): ParsedPorts {
  const value: PortValue[] = [];
  for (const line of text.split(/[\n,]+/).filter((one) => one.trim() !== '')) {
    const port = parsePort(line);
    if (!port.ok) return port;
    value.push(port.value);
  }
  return { ok: true, value };
}
