/** Values of iptables options. Each answers the value or a sentence that says what would be right. */
import { formatAddress, formatSpan, networkOf, parseAddress, type Family } from '@bulkhead/net';
import { PROTOCOLS } from '@bulkhead/policy';
import type { PortRange } from '../plan/port-range.ts';
import type { ConnectionState, NftLimit, SyslogLevel } from '../nftables/table.ts';

export type Value<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

const LAST_PORT = 65_535;

function fine<T>(value: T): Value<T> {
  return { ok: true, value };
}

export function refuse(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(PROTOCOLS),
  ['ipv6-icmp', PROTOCOLS.icmpv6],
  ['icmp6', PROTOCOLS.icmpv6],
  ['dccp', 33],
  ['esp', 50],
  ['ah', 51],
  ['udplite', 136],
]);

/** Null: every protocol. */
export function readProtocol(text: string): Value<number | null> {
  if (text === 'all' || text === '0') return fine(null);
  const known = PROTOCOL_NUMBERS.get(text.toLowerCase());
  if (known !== undefined) return fine(known);
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 256;
  if (number <= 255) return fine(number);
  return refuse(`protocol "${text}" is not known; write its number, 1 to 255`);
}

/** Addresses, blocks (masked, as iptables does it) and lists of them. */
export function readAddresses(text: string, family: Family): Value<readonly string[]> {
  const spans: string[] = [];
  for (const part of text.split(',')) {
    const [base = '', mask, ...more] = part.split('/');
    const address = parseAddress(base);
    const length = mask === undefined ? (family === 4 ? 32 : 128) : readMask(mask, family);
    if (address?.family !== family || length === null || more.length > 0) {
      return refuse(
        `"${part}" is not an IPv${family} address or block; names and other families cannot be matched`,
      );
    }
    const network = networkOf(address, length);
    spans.push(mask === undefined ? formatAddress(address) : formatSpan(network));
  }
  return fine(spans);
}

function readMask(text: string, family: Family): number | null {
  const bits = family === 4 ? 32 : 128;
  if (/^\d{1,3}$/.test(text)) return Number(text) <= bits ? Number(text) : null;
  const mask = parseAddress(text);
  if (mask?.family !== family) return null;
  const ones = mask.value.toString(2).padStart(bits, '0');
  return /^1*0*$/.test(ones) ? ones.replace(/0+$/, '').length : null;
}

/** A port, or `first:last` with either left out. */
export function readPorts(text: string): Value<PortRange> {
  const match = /^(\d{0,5})(:?)(\d{0,5})$/.exec(text);
  const [, first = '', colon = '', last = ''] = match ?? [];
  if (match !== null && (colon !== '' || first !== '')) {
    const from = first === '' ? 0 : Number(first);
    const to = colon === '' ? from : last === '' ? LAST_PORT : Number(last);
    if (from <= to && to <= LAST_PORT) return fine({ from, to });
  }
  return refuse(`"${text}" is not a port or first:last between 0 and ${LAST_PORT}`);
}

/** A list of them, in canonical order and without overlap. */
export function readPortList(text: string): Value<readonly PortRange[]> {
  const ranges: PortRange[] = [];
  for (const part of text.split(',')) {
    const range = readPorts(part);
    if (!range.ok) return range;
    ranges.push(range.value);
  }
  ranges.sort((one, other) => one.from - other.from);
  const overlap = ranges.find((range, index) => range.from <= (ranges[index - 1]?.to ?? -1));
  return overlap === undefined
    ? fine(ranges)
    : refuse(`the ports "${text}" overlap at ${overlap.from}; write each once`);
}

const STATES: Readonly<Record<string, ConnectionState>> = {
  INVALID: 'invalid',
  ESTABLISHED: 'established',
  RELATED: 'related',
  NEW: 'new',
  UNTRACKED: 'untracked',
};

export function readStates(text: string): Value<readonly ConnectionState[]> {
  const states: ConnectionState[] = [];
  for (const part of text.split(',')) {
    const state = Object.hasOwn(STATES, part.toUpperCase())
      ? STATES[part.toUpperCase()]
      : undefined;
    if (state === undefined) {
      return refuse(`"${part}" is not one of the states ${Object.keys(STATES).join(', ')}`);
    }
    states.push(state);
  }
  return fine([...new Set(states)].sort());
}

const ICMP_TYPES: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  4: {
    'echo-reply': 0,
    pong: 0,
    'destination-unreachable': 3,
    'source-quench': 4,
    redirect: 5,
    'echo-request': 8,
    ping: 8,
    'router-advertisement': 9,
    'router-solicitation': 10,
    'time-exceeded': 11,
    'ttl-exceeded': 11,
    'parameter-problem': 12,
    'timestamp-request': 13,
    'timestamp-reply': 14,
    'address-mask-request': 17,
    'address-mask-reply': 18,
  },
  6: {
    'destination-unreachable': 1,
    'packet-too-big': 2,
    'time-exceeded': 3,
    'ttl-exceeded': 3,
    'parameter-problem': 4,
    'echo-request': 128,
    ping: 128,
    'echo-reply': 129,
    pong: 129,
    'router-solicitation': 133,
    'router-advertisement': 134,
    'neighbour-solicitation': 135,
    'neighbor-solicitation': 135,
    'neighbour-advertisement': 136,
    'neighbor-advertisement': 136,
    redirect: 137,
  },
};

/** `type`, `type/code` or the name of a type; null: any. */
export function readIcmpType(
  text: string,
  family: Family,
): Value<{ readonly type: number; readonly code: number | null } | null> {
  if (text === 'any') return fine(null);
  const names = ICMP_TYPES[family];
  const named = Object.hasOwn(names, text) ? names[text] : undefined;
  if (named !== undefined) return fine({ type: named, code: null });
  const [, type, code] = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (type !== undefined && Number(type) <= 255 && Number(code ?? 0) <= 255) {
    return fine({ type: Number(type), code: code === undefined ? null : Number(code) });
  }
  return refuse(`ICMP type "${text}" is not known; write it as a number, or type/code`);
}

const FLAGS: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ALL: 63,
  NONE: 0,
};

export function readTcpFlags(text: string): Value<number> {
  let bits = 0;
  for (const part of text.split(',')) {
    const flag = Object.hasOwn(FLAGS, part.toUpperCase()) ? FLAGS[part.toUpperCase()] : undefined;
    if (flag === undefined) {
      return refuse(`"${part}" is not one of the TCP flags ${Object.keys(FLAGS).join(', ')}`);
    }
    bits |= flag;
  }
  return fine(bits);
}

const PERIODS: Readonly<Record<string, NftLimit['per']>> = {
  second: 'second',
  minute: 'minute',
  hour: 'hour',
  day: 'day',
};

export function readRate(text: string): Value<Pick<NftLimit, 'rate' | 'per'>> {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})(?:\/([a-z]+))?$/.exec(text) ?? [];
  const per = Object.entries(PERIODS).find(([name]) =>
    name.startsWith(unit === '' ? 'second' : unit),
  )?.[1];
  if (count !== '' && per !== undefined) return fine({ rate: Number(count), per });
  return refuse(`"${text}" is not a rate; write one such as 5/minute`);
}

const LEVELS: Readonly<Record<string, SyslogLevel>> = {
  0: 'emerg',
  1: 'alert',
  2: 'crit',
  3: 'err',
  4: 'warn',
  5: 'notice',
  6: 'info',
  7: 'debug',
  emerg: 'emerg',
  panic: 'emerg',
  alert: 'alert',
  crit: 'crit',
  err: 'err',
  error: 'err',
  warning: 'warn',
  warn: 'warn',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
};

export function readLevel(text: string): Value<SyslogLevel> {
  const level = Object.hasOwn(LEVELS, text) ? LEVELS[text] : undefined;
  return level === undefined
    ? refuse(`"${text}" is not a log level; write 0 to 7, or a name such as warning`)
    : fine(level);
}
