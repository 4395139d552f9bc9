import { ALL_TRAFFIC, PROTOCOLS, type ServicePort } from '@bulkhead/policy';
import type { ServicePortText } from './format.ts';

const WORDS: Readonly<Record<string, number>> = PROTOCOLS;

export function protocolNumber(text: string | number): number | null {
  const number = typeof text === 'number' ? text : (WORDS[text] ?? Number(text));
  return Number.isInteger(number) && number >= 0 && number <= 255 ? number : null;
}

/** A service port from its text (`tcp/8000-8099`, `icmp/3/4`, `50`) or members; a sentence when it is none. */
export function parseServicePort(item: ServicePortText): ServicePort | string {
  return typeof item === 'string' ? parseText(item) : fromMembers(item);
}

/** Whether a text has the look of a service port rather than of a service's name. */
export function looksLikePort(text: string): boolean {
  const [word = ''] = text.split('/');
  return word in WORDS || /^\d+$/.test(word);
}

function parseText(text: string): ServicePort | string {
  const [word = '', first, second, ...rest] = text.split('/');
  const protocol = protocolNumber(word);
  if (protocol === null || rest.length > 0) {
    return `"${text}" is no service port; write one such as tcp/443, udp, icmp/8 or 50`;
  }
  if (first === undefined) return { ...ALL_TRAFFIC, protocol };
  if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6) {
    const type = Number(first);
    const code = second === undefined ? null : Number(second);
    const fits = (value: number) => Number.isInteger(value) && value >= 0 && value <= 255;
    if (!fits(type) || (code !== null && !fits(code)))
      return `"${text}": type and code are 0 to 255`;
    return { ...ALL_TRAFFIC, protocol, icmpType: type, icmpCode: code };
  }
  if (!hasPorts(protocol) || second !== undefined) {
    return `"${text}": only TCP, UDP and SCTP have ports`;
  }
  const match = /^(\d+)(?:-(\d+))?$/.exec(first);
  if (match === null) return `"${text}": the port must be a number or a range such as 8000-8099`;
  return ports(text, protocol, {
    port: Number(match[1]),
    toPort: match[2] === undefined ? null : Number(match[2]),
  });
}

function fromMembers(item: Exclude<ServicePortText, string>): ServicePort | string {
  const protocol = protocolNumber(item.proto);
  if (protocol === null) return `${item.proto} is no protocol`;
  if (item.icmp_type !== undefined) {
    return { ...ALL_TRAFFIC, protocol, icmpType: item.icmp_type, icmpCode: item.icmp_code ?? null };
  }
  const port = item.port ?? 0;
  if (port <= 0) return { ...ALL_TRAFFIC, protocol };
  if (!hasPorts(protocol)) return 'only TCP, UDP and SCTP have ports';
  const toPort = item.to_port === undefined || item.to_port <= 0 ? null : item.to_port;
  return ports(JSON.stringify(item), protocol, { port, toPort });
}

function ports(
  text: string,
  protocol: number,
  range: { readonly port: number; readonly toPort: number | null },
): ServicePort | string {
  const { port, toPort } = range;
  if (port === 0 && toPort === null) return { ...ALL_TRAFFIC, protocol };
  if (port < 1 || port > 65535 || (toPort ?? port) > 65535)
    return `"${text}": ports are 1 to 65535`;
  if (toPort !== null && toPort < port) {
    return `"${text}": the range runs backwards; write ${toPort}-${port}`;
  }
  return { ...ALL_TRAFFIC, protocol, port, toPort: toPort === port ? null : toPort };
}

function hasPorts(protocol: number): boolean {
  return [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp].some((other) => other === protocol);
}
