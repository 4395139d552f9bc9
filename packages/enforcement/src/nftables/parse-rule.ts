import { PROTOCOLS } from '@bulkhead/policy';
import type { PortRange } from '../plan/port-range.ts';
import { addressText, asList, asNumber, asRecord, asText, lookUp, type Json } from './json.ts';
import {
  DEFAULT_LEVEL,
  type ConnectionState,
  type NftLimit,
  type NftLog,
  type NftMatch,
  type NftRule,
  type NftVerdict,
  type NftVerdictMap,
  type SyslogLevel,
} from './table.ts';

type Fields = Readonly<Record<string, Json>>;

/** One rule object of nft's JSON. What a plan never says becomes a `foreign` condition. */
export function parseRule(fields: Fields): NftRule {
  const matches: NftMatch[] = [];
  let log: NftLog | null = null;
  let verdict: NftVerdict | null = null;
  for (const expression of asList(fields['expr']) ?? []) {
    const [kind, body] = Object.entries(asRecord(expression) ?? {})[0] ?? ['', null];
    const foreign: NftMatch = { kind: 'foreign', text: JSON.stringify(expression) };
    if (kind === 'match') {
      matches.push(parseMatch(asRecord(body) ?? {}) ?? foreign);
    } else if (kind === 'mangle') {
      matches.push(parseRewrite(asRecord(body) ?? {}) ?? foreign);
    } else if (kind === 'limit') {
      matches.push(parseLimit(asRecord(body) ?? {}) ?? foreign);
    } else if (kind === 'log') {
      log = parseLog(asRecord(body) ?? {});
      if (log === null) matches.push(foreign);
    } else {
      const found = parseVerdict(kind, asRecord(body));
      if (found === null) matches.push(foreign);
      else verdict = found;
    }
  }
  return { matches, log, verdict, comment: asText(fields['comment']) };
}

function parseLog(body: Fields): NftLog | null {
  const known = ['prefix', 'group', 'snaplen', 'level'];
  if (Object.keys(body).some((key) => !known.includes(key))) return null;
  if (body['group'] === undefined && body['snaplen'] === undefined) {
    const level = lookUp(LEVELS, asText(body['level']) ?? DEFAULT_LEVEL);
    return level === undefined ? null : { prefix: asText(body['prefix']), level };
  }
  const prefix = asText(body['prefix']);
  const group = asNumber(body['group']);
  const snaplen = asNumber(body['snaplen']);
  return prefix === null || group === null || snaplen === null ? null : { prefix, group, snaplen };
}

function parseVerdict(kind: string, body: Fields | null): NftVerdict | null {
  if (kind === 'accept' || kind === 'drop' || kind === 'return') return { kind };
  if (kind === 'jump' || kind === 'goto') {
    const chain = asText(body?.['target']);
    return chain === null ? null : { kind, chain };
  }
  if (kind === 'vmap') return parseMap(body ?? {});
  if (kind !== 'reject' || body === null) return null;
  const { type, expr } = body;
  if (type === 'tcp reset') return { kind: 'reset' };
  if (type === 'icmpx') {
    return expr === 3 || expr === 'admin-prohibited' ? { kind: 'prohibit' } : null;
  }
  if (type !== 'icmp' && type !== 'icmpv6') return null;
  const names = lookUp(ICMP_NAMES, `${type} code`) ?? {};
  const code = typeof expr === 'string' ? lookUp(names, expr) : asNumber(expr ?? null);
  // port unreachable is what reject says when nothing is named
  const given = expr === undefined ? names['port-unreachable'] : code;
  return typeof given === 'number'
    ? { kind: 'unreachable', family: type === 'icmp' ? 4 : 6, code: given }
    : null;
}

function parseMap(body: Fields): NftVerdictMap | null {
  const key = parseMapKey(asRecord(body['key']) ?? {});
  const pairs = asList(asRecord(body['data'])?.['set']);
  if (key === null || pairs === null) return null;
  const entries = pairs.map((pair) => {
    const [value, verdict] = asList(pair) ?? [];
    const range =
      value === undefined ? null : key.kind === 'protocol' ? single(value) : portRange(value);
    const chain = asText(asRecord(asRecord(verdict)?.['goto'])?.['target']);
    return range === null || chain === null ? null : { first: range.from, last: range.to, chain };
  });
  return entries.every((entry) => entry !== null)
    ? { kind: 'map', key, entries: [...entries].sort((one, other) => one.first - other.first) }
    : null;
}

function parseMapKey(key: Fields): NftVerdictMap['key'] | null {
  if (asText(asRecord(key['meta'])?.['key']) === 'l4proto') return { kind: 'protocol' };
  const tracked = asRecord(key['ct']);
  if (tracked?.['key'] === 'proto-dst' && tracked['dir'] === 'original') {
    return { kind: 'asked_port' };
  }
  const payload = asRecord(key['payload']);
  const protocol = asText(payload?.['protocol']);
  if (payload?.['field'] !== 'dport') return null;
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
    ? { kind: 'port', protocol: PROTOCOLS[protocol] }
    : null;
}

function single(value: Json): PortRange | null {
  const protocol = protocolNumber(value);
  return protocol === null ? null : { from: protocol, to: protocol };
}

const PERIODS: readonly NftLimit['per'][] = ['second', 'minute', 'hour', 'day'];

function parseLimit(body: Fields): NftLimit | null {
  const { rate, burst, per, inv } = body;
  const period = PERIODS.find((known) => known === per);
  const isOther = Object.keys(body).some((key) => key.endsWith('_unit'));
  if (typeof rate !== 'number' || typeof burst !== 'number' || period === undefined) return null;
  return inv === true || isOther ? null : { kind: 'limit', rate, per: period, burst };
}

function parseMatch(body: Fields): NftMatch | null {
  const op = asText(body['op']);
  const left = asRecord(body['left']);
  const right = body['right'];
  if (left === null || right === undefined) return null;
  const flags = parseFlags(op, left, right);
  if (flags !== null) return flags;
  const parsed = parseField(left, right);
  if (op === '==' || op === 'in') return parsed;
  return op === '!=' && parsed !== null ? negate(parsed) : null;
}

function negate(match: NftMatch): NftMatch | null {
  switch (match.kind) {
    case 'interface':
    case 'state':
    case 'address':
    case 'protocol':
    case 'port':
    case 'icmp_type':
      return { ...match, negated: true };
    case 'interface_set':
    case 'interface_kind':
    case 'translated':
    case 'asked_address_set':
    case 'asked_port':
    case 'rewrite':
    case 'family':
    case 'address_set':
    case 'icmp_code':
    case 'without_syn':
    case 'tcp_flags':
    case 'limit':
    case 'tuple_set':
    case 'foreign':
      return null;
  }
}

function parseField(left: Fields, right: Json): NftMatch | null {
  const meta = asText(asRecord(left['meta'])?.['key']);
  if (meta !== null) return parseMeta(meta, right);
  const tracked = asRecord(left['ct']);
  if (tracked !== null) return parseTracked(tracked, right);
  const payload = asRecord(left['payload']);
  if (payload !== null) {
    return parsePayload(asText(payload['protocol']), asText(payload['field']), right);
  }
  const concat = asList(left['concat']);
  return concat === null ? null : parseTuple(concat, right);
}

const TRANSLATIONS: Readonly<Record<string, 'source' | 'destination'>> = {
  snat: 'source',
  16: 'source',
  dnat: 'destination',
  32: 'destination',
};

function parseTracked(field: Fields, right: Json): NftMatch | null {
  const [key, value] = [asText(field['key']), asText(right)];
  const number = asNumber(right);
  if (key === 'state') return parseState(right);
  if (key === 'status') {
    const end = lookUp(TRANSLATIONS, value ?? `${number}`);
    return end === undefined ? null : { kind: 'translated', end };
  }
  if (field['dir'] !== 'original') return null;
  if (key === 'proto-dst') {
    const range = portRange(right);
    return range === null ? null : { kind: 'asked_port', range };
  }
  if ((key !== 'ip daddr' && key !== 'ip6 daddr') || value?.startsWith('@') !== true) return null;
  return { kind: 'asked_address_set', family: key === 'ip daddr' ? 4 : 6, set: value.slice(1) };
}

const REWRITES: Readonly<Record<string, Extract<NftMatch, { kind: 'rewrite' }>>> = {
  'ip daddr=original ip daddr': { kind: 'rewrite', part: 'ip', to: 'asked' },
  'ip daddr=reply ip saddr': { kind: 'rewrite', part: 'ip', to: 'sent' },
  'ip6 daddr=original ip6 daddr': { kind: 'rewrite', part: 'ip6', to: 'asked' },
  'ip6 daddr=reply ip6 saddr': { kind: 'rewrite', part: 'ip6', to: 'sent' },
  'th dport=original proto-dst': { kind: 'rewrite', part: 'port', to: 'asked' },
  'th dport=reply proto-src': { kind: 'rewrite', part: 'port', to: 'sent' },
};

function parseRewrite(body: Fields): NftMatch | null {
  const payload = asRecord(asRecord(body['key'])?.['payload']);
  const tracked = asRecord(asRecord(body['value'])?.['ct']);
  const field = [payload?.['protocol'], payload?.['field']].map((part) => asText(part ?? null));
  const value = [tracked?.['dir'], tracked?.['key']].map((part) => asText(part ?? null));
  return lookUp(REWRITES, `${field.join(' ')}=${value.join(' ')}`) ?? null;
}

/** `tcp flags ! syn`, or in other versions and for other flags `tcp flags & mask == value`. */
function parseFlags(op: string | null, left: Fields, right: Json): NftMatch | null {
  const masked = asList(left['&']);
  const payload = asRecord(asRecord(masked?.[0] ?? left)?.['payload']);
  if (payload?.['protocol'] !== 'tcp' || payload['field'] !== 'flags') return null;
  const value = flagBits(right);
  const mask = flagBits(masked?.[1] ?? null);
  if (value === null) return null;
  if (masked === null) {
    // any of the flags, or none of them
    if (op === 'in') return { kind: 'tcp_flags', mask: value, value: 0, negated: true };
    if (op !== '!') return null;
    return value === 2 ? { kind: 'without_syn' } : { kind: 'tcp_flags', mask: value, value: 0 };
  }
  if (mask === null || (op !== '==' && op !== '!=')) return null;
  if (mask === 2 && value === 0 && op === '==') return { kind: 'without_syn' };
  return { kind: 'tcp_flags', mask, value, ...(op === '!=' ? { negated: true } : {}) };
}

const FLAG_BITS: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
};

function flagBits(value: Json): number | null {
  const bits = values(value).map((part) =>
    typeof part === 'string' ? (lookUp(FLAG_BITS, part) ?? null) : asNumber(part),
  );
  return everyNumber(bits) ? bits.reduce((sum: number, bit: number) => sum | bit, 0) : null;
}

function parseMeta(key: string, right: Json): NftMatch | null {
  if (key === 'iifname' || key === 'oifname') {
    const text = asText(right);
    if (text === null) return null;
    return text.startsWith('@')
      ? { kind: 'interface_set', side: key, set: text.slice(1) }
      : { kind: 'interface', side: key, name: text };
  }
  if (key === 'iifkind') {
    const kinds = values(right).map((value) => asText(value));
    return kinds.every((kind) => kind !== null) ? { kind: 'interface_kind', kinds } : null;
  }
  if (key === 'nfproto') {
    if (right === 2 || right === 'ipv4') return { kind: 'family', family: 4 };
    return right === 10 || right === 'ipv6' ? { kind: 'family', family: 6 } : null;
  }
  if (key !== 'l4proto') return null;
  const protocols = values(right).map(protocolNumber);
  return everyNumber(protocols) ? { kind: 'protocol', protocols: sorted(protocols) } : null;
}

const STATES: readonly ConnectionState[] = [
  'invalid',
  'established',
  'related',
  'new',
  'untracked',
];
const STATE_BITS = [1, 2, 4, 8, 64];

function parseState(right: Json): NftMatch | null {
  const given = values(right);
  const states = STATES.filter(
    (state, index) => given.includes(state) || given.includes(STATE_BITS[index] ?? -1),
  );
  return states.length === given.length ? { kind: 'state', states: [...states].sort() } : null;
}

function parsePayload(protocol: string | null, field: string | null, right: Json): NftMatch | null {
  if (protocol === 'ip' || protocol === 'ip6') {
    const family = protocol === 'ip' ? 4 : 6;
    if (field !== 'saddr' && field !== 'daddr') return null;
    if (typeof right === 'string' && right.startsWith('@')) {
      return { kind: 'address_set', family, side: field, set: right.slice(1) };
    }
    const texts = values(right).map((value) => addressText(value));
    return texts.every((text) => text !== null)
      ? { kind: 'address', family, side: field, values: [...texts].sort() }
      : null;
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const family = protocol === 'icmp' ? 4 : 6;
    const names = lookUp(ICMP_NAMES, `${protocol} ${field ?? ''}`) ?? {};
    const numbers = values(right).map((value) =>
      typeof value === 'string' ? (lookUp(names, value) ?? null) : asNumber(value),
    );
    if (!everyNumber(numbers)) return null;
    if (field === 'type') return { kind: 'icmp_type', family, types: sorted(numbers) };
    const [code] = numbers;
    return field === 'code' && code !== undefined && numbers.length === 1 && !Array.isArray(right)
      ? { kind: 'icmp_code', family, code }
      : null;
  }
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return null;
  if (field !== 'sport' && field !== 'dport') return null;
  const ranges = values(right).map(portRange);
  return ranges.every((range) => range !== null)
    ? {
        kind: 'port',
        protocol: PROTOCOLS[protocol],
        side: field,
        ranges: [...ranges].sort((one, other) => one.from - other.from),
      }
    : null;
}

function parseTuple(concat: readonly Json[], right: Json): NftMatch | null {
  const fields = concat.map((part) => {
    const payload = asRecord(asRecord(part)?.['payload']);
    return asText(payload?.['field']) ?? asText(asRecord(asRecord(part)?.['meta'])?.['key']);
  });
  const protocol = asText(asRecord(asRecord(concat[0])?.['payload'])?.['protocol']);
  if (fields.join(' ') !== 'saddr sport daddr dport l4proto') return null;
  if (typeof right !== 'string' || !right.startsWith('@')) return null;
  return { kind: 'tuple_set', family: protocol === 'ip' ? 4 : 6, set: right.slice(1) };
}

function portRange(value: Json): PortRange | null {
  if (typeof value === 'number') return { from: value, to: value };
  const [from, to] = asList(asRecord(value)?.['range']) ?? [];
  return typeof from === 'number' && typeof to === 'number' ? { from, to } : null;
}

/** The right side as a list: a plain value, a list of flags, or an anonymous set. */
function values(right: Json): readonly Json[] {
  return asList(asRecord(right)?.['set']) ?? asList(right) ?? [right];
}

function protocolNumber(value: Json): number | null {
  if (typeof value === 'number') return value;
  const names: Readonly<Record<string, number>> = { ...PROTOCOLS, 'ipv6-icmp': PROTOCOLS.icmpv6 };
  return typeof value === 'string' ? (lookUp(names, value) ?? null) : null;
}

function everyNumber(list: readonly (number | null)[]): list is readonly number[] {
  return list.every((value) => value !== null);
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((one, other) => one - other);
}

const LEVELS: Readonly<Record<string, SyslogLevel>> = {
  emerg: 'emerg',
  alert: 'alert',
  crit: 'crit',
  err: 'err',
  warn: 'warn',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
};

/** Names that nft prints without -n (RFC 792, RFC 4443, RFC 4861, RFC 2710, RFC 3810). */
const ICMP_TYPES: Readonly<Record<string, number>> = {
  'echo-reply': 0,
  'destination-unreachable': 3,
  'source-quench': 4,
  redirect: 5,
  'echo-request': 8,
  'router-advertisement': 9,
  'router-solicitation': 10,
  'time-exceeded': 11,
  'parameter-problem': 12,
  'timestamp-request': 13,
  'timestamp-reply': 14,
  'info-request': 15,
  'info-reply': 16,
  'address-mask-request': 17,
  'address-mask-reply': 18,
};

const ICMP_CODES: Readonly<Record<string, number>> = {
  'net-unreachable': 0,
  'host-unreachable': 1,
  'prot-unreachable': 2,
  'port-unreachable': 3,
  'frag-needed': 4,
  'net-prohibited': 9,
  'host-prohibited': 10,
  'admin-prohibited': 13,
};

const ICMPV6_CODES: Readonly<Record<string, number>> = {
  'no-route': 0,
  'admin-prohibited': 1,
  'addr-unreachable': 3,
  'port-unreachable': 4,
  'policy-fail': 5,
  'reject-route': 6,
};

const ICMPV6_TYPES: Readonly<Record<string, number>> = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  'echo-reply': 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'mld-listener-reduction': 132,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
  'router-renumbering': 138,
  'ind-neighbor-solicit': 141,
  'ind-neighbor-advert': 142,
  'mld2-listener-report': 143,
};

const ICMP_NAMES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'icmp type': ICMP_TYPES,
  'icmp code': ICMP_CODES,
  'icmpv6 type': ICMPV6_TYPES,
  'icmpv6 code': ICMPV6_CODES,
};
