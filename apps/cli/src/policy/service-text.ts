/** Services of a rule or an object as one text: `tcp/443`, `udp/8000-8099`, `icmp/3/4`, `gre`, `50`, `all`. */
import type { ServicePortWire } from '@bulkhead/contract';
import { ANY_PROTOCOL, PROTOCOLS } from '@bulkhead/policy';

const WORDS: Readonly<Record<string, number>> = { ...PROTOCOLS, all: ANY_PROTOCOL };
const PORT_PROTOCOLS: readonly number[] = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp];
const ICMP_PROTOCOLS: readonly number[] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];

export type PortNumbers = Pick<
  ServicePortWire,
  'proto' | 'port' | 'to_port' | 'icmp_type' | 'icmp_code'
>;

export function protocolOf(text: string | number): number | undefined {
  const number = typeof text === 'number' ? text : (WORDS[text] ?? decimal(text));
  return number !== undefined && number >= ANY_PROTOCOL && number <= 255 ? number : undefined;
}

/** The word of a protocol where it has one, else its number. */
export function protocolWord(proto: number): string | number {
  return Object.keys(WORDS).find((word) => WORDS[word] === proto) ?? proto;
}

/** Whether a text is meant as a port rather than as the name of a service. */
export function looksLikePort(text: string): boolean {
  const [word = ''] = text.split('/');
  return word in WORDS || /^\d+$/.test(word);
}

/** The port that a text says; a sentence about what would be right when it says none. */
export function parsePort(text: string): PortNumbers | string {
  const [word = '', first, second, ...rest] = text.split('/');
  const proto = protocolOf(word);
  if (proto === undefined || rest.length > 0)
    return `"${text}" is no service port; write one such as tcp/443, udp/8000-8099, icmp/8, 50 or all`;
  if (first === undefined) return { proto };
  if (ICMP_PROTOCOLS.includes(proto)) {
    const type = decimal(first);
    const code = second === undefined ? undefined : decimal(second);
    if (type === undefined || type > 255 || (second !== undefined && (code ?? 256) > 255))
      return `"${text}": type and code are numbers from 0 to 255`;
    return { proto, icmp_type: type, ...(code === undefined ? {} : { icmp_code: code }) };
  }
  if (!PORT_PROTOCOLS.includes(proto) || second !== undefined)
    return `"${text}": only TCP, UDP and SCTP have ports`;
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(first);
  const port = Number(range?.[1]);
  const last = range?.[2] === undefined ? port : Number(range[2]);
  if (range === null || port < 1 || last > 65535)
    return `"${text}": a port is a number from 1 to 65535, or a range such as 8000-8099`;
  if (last < port) return `"${text}": the range runs backwards; write ${last}-${port}`;
  return { proto, port, ...(last > port ? { to_port: last } : {}) };
}

/** The text of a port. `parsePort` of it says the same. */
export function portText(numbers: {
  readonly proto: number;
  readonly port?: number | null | undefined;
  readonly to_port?: number | null | undefined;
  readonly icmp_type?: number | null | undefined;
  readonly icmp_code?: number | null | undefined;
}): string {
  const { proto, port, to_port: last, icmp_type: type, icmp_code: code } = numbers;
  const word = String(protocolWord(proto));
  if (type != null) return `${word}/${type}${code == null ? '' : `/${code}`}`;
  if (port == null || port <= 0) return word;
  return `${word}/${port}${last == null || last <= port ? '' : `-${last}`}`;
}

function decimal(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
