/** The arguments of `illumio-ven-ctl explain SRC DST PORT[/PROTO]`. */
import { formatAddress, parseAddress, type Family } from '@bulkhead/net';
import { PROTOCOLS } from '@bulkhead/policy';
import { SELF, type ExplainQuestion } from './agent/explain.ts';

/** What is wrong with an argument, and what would be right. */
export class ExplainArgumentError extends Error {
  override readonly name = 'ExplainArgumentError';
}

const WITH_PORTS = ['tcp', 'udp', 'sctp'] as const;
const MAX_PORT = 65_535;
const MAX_ICMP = 255;

/** Throws ExplainArgumentError. */
export function readQuestion(
  source: string,
  destination: string,
  service: string,
): ExplainQuestion {
  const ends = [source, destination].map(readEnd);
  const families = ends.flatMap((end) => (end.family === null ? [] : [end.family]));
  if (families.length === 0) {
    throw new ExplainArgumentError('one of SRC and DST is "self", the other one is an address');
  }
  if (new Set(families).size > 1) {
    throw new ExplainArgumentError(`${source} and ${destination} are of different IP versions`);
  }
  const [from, to] = ends;
  return {
    source: from?.text ?? SELF,
    destination: to?.text ?? SELF,
    ...readService(service, families[0] ?? 4),
  };
}

function readEnd(text: string): { readonly text: string; readonly family: Family | null } {
  if (text === SELF) return { text, family: null };
  const address = parseAddress(text);
  if (address === null) {
    throw new ExplainArgumentError(`"${text}" is neither an address nor "self"`);
  }
  return { text: formatAddress(address), family: address.family };
}

function readService(
  text: string,
  family: Family,
): Pick<ExplainQuestion, 'protocol' | 'port' | 'icmpType' | 'icmpCode'> {
  const [number = '', name = 'tcp', ...rest] = text.toLowerCase().split('/');
  const withPort = WITH_PORTS.find((protocol) => protocol === name);
  if (rest.length === 0 && withPort !== undefined) {
    const port = readNumber(number, 1, MAX_PORT);
    if (port === null) throw new ExplainArgumentError(`"${number}" is not a port from 1 to 65535`);
    return { protocol: PROTOCOLS[withPort], port, icmpType: null, icmpCode: null };
  }
  if (rest.length === 0 && (name === 'icmp' || name === 'icmpv6')) {
    const ours = family === 4 ? 'icmp' : 'icmpv6';
    if (name !== ours) {
      throw new ExplainArgumentError(
        `${name} does not go over IPv${family}; write ${number}/${ours}`,
      );
    }
    const [type, code = null, ...more] = number.split(':');
    const icmpType = readNumber(type ?? '', 0, MAX_ICMP);
    const icmpCode = code === null ? null : readNumber(code, 0, MAX_ICMP);
    if (icmpType !== null && (code === null || icmpCode !== null) && more.length === 0) {
      return { protocol: PROTOCOLS[name], port: null, icmpType, icmpCode };
    }
  }
  throw new ExplainArgumentError(
    `"${text}" is not a service: write 443, 53/udp, 36/sctp, 8/icmp, 8:0/icmp or 128/icmpv6`,
  );
}

function readNumber(text: string, least: number, most: number): number | null {
  const value = Number(text);
  return /^\d{1,5}$/.test(text) && value >= least && value <= most ? value : null;
}
