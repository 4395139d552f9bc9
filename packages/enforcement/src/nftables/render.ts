import { PROTOCOLS } from '@bulkhead/policy';
import { isInterfaceName } from '../plan/interfaces.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import type { PortRange } from '../plan/port-range.ts';
import { buildTable } from './build-table.ts';
import {
  DEFAULT_LEVEL,
  NFT_TABLE,
  type NftChain,
  type NftLog,
  type NftMatch,
  type NftRule,
  type NftSet,
  type NftTable,
  type NftVerdict,
  type NftVerdictMap,
} from './table.ts';

/** Something that must not reach the kernel's parser as text. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}

const SET_TYPES = {
  ipv4_addr: 'ipv4_addr',
  ipv6_addr: 'ipv6_addr',
  ifname: 'ifname',
  tuple4: 'ipv4_addr . inet_service . ipv4_addr . inet_service . inet_proto',
  tuple6: 'ipv6_addr . inet_service . ipv6_addr . inet_service . inet_proto',
} as const;

const IDENTIFIER = /^[a-z][a-z0-9_]{0,63}$/;
const ADDRESS_TEXT = /^[0-9a-f:.]+(?:\/[0-9]{1,3}|-[0-9a-f:.]+)?$/;
const ELEMENTS_PER_LINE = 64;

/**
 * The plan as one `nft -f` transaction that replaces our table whole, or takes it away when the plan owns none.
 * No other table is named. Throws RenderError on text that could mean anything but itself.
 */
export function renderNftables(plan: FirewallPlan): string {
  return renderTable(buildTable(plan));
}

/** As `renderNftables`, for a table. */
export function renderTable(table: NftTable): string {
  // Adding first makes the deletion valid where there is no table yet.
  const replace = [`table inet ${NFT_TABLE}`, `delete table inet ${NFT_TABLE}`];
  if (!table.exists) return `${replace.join('\n')}\n`;
  return `${[
    ...replace,
    `table inet ${NFT_TABLE} {`,
    ...table.sets.flatMap(renderSet),
    ...table.chains.flatMap(renderChain),
    '}',
  ].join('\n')}\n`;
}

/** `add element`, or `` without elements. */
export function renderElements(
  set: Pick<NftSet, 'name' | 'type'>,
  elements: readonly string[],
): string {
  if (elements.length === 0) return '';
  const list = elements.map((element) => renderElement(set.type, element)).join(', ');
  return `add element inet ${NFT_TABLE} ${identifier(set.name)} { ${list} }\n`;
}

function renderSet(set: NftSet): string[] {
  if (set.type === 'foreign') throw new RenderError(`set ${set.name} has a type of another's`);
  const lines = [`  set ${identifier(set.name)} {`, `    type ${SET_TYPES[set.type]}`];
  if (set.interval) lines.push('    flags interval');
  if (set.timeout !== null) lines.push('    flags timeout', `    timeout ${set.timeout}s`);
  if (set.elements.length > 0) {
    const elements = set.elements.map((element) => renderElement(set.type, element));
    lines.push('    elements = {');
    for (let start = 0; start < elements.length; start += ELEMENTS_PER_LINE) {
      lines.push(`      ${elements.slice(start, start + ELEMENTS_PER_LINE).join(', ')},`);
    }
    lines.push('    }');
  }
  return [...lines, '  }'];
}

function renderElement(type: NftSet['type'], element: string): string {
  if (type === 'ifname') {
    if (isInterfaceName(element)) return `"${element}"`;
    throw new RenderError(`"${element}" cannot be an interface name in a set`);
  }
  if (type === 'tuple4' || type === 'tuple6') return element;
  if (ADDRESS_TEXT.test(element)) return element;
  throw new RenderError(
    `"${element}" is not an address, a CIDR block or first-last in canonical text`,
  );
}

function renderChain(chain: NftChain): string[] {
  const lines = [`  chain ${identifier(chain.name)} {`];
  if (chain.base !== null) {
    const { hook, priority, policy } = chain.base;
    lines.push(`    type filter hook ${hook} priority ${priority}; policy ${policy};`);
  }
  return [...lines, ...chain.rules.map((rule) => `    ${renderRule(rule)}`), '  }'];
}

/** One rule as nft writes it. */
export function renderRule(rule: NftRule): string {
  const parts = rule.matches.map(renderMatch);
  if (rule.log !== null) parts.push(renderLog(rule.log));
  if (rule.verdict !== null) parts.push(renderVerdict(rule.verdict));
  if (rule.comment !== null) parts.push(`comment "${rule.comment}"`);
  return parts.join(' ');
}

function renderLog(log: NftLog): string {
  if ('group' in log) {
    return `log prefix "${log.prefix}" group ${log.group} snaplen ${log.snaplen}`;
  }
  const prefix = log.prefix === null ? '' : ` prefix "${log.prefix}"`;
  return `log${prefix}${log.level === DEFAULT_LEVEL ? '' : ` level ${log.level}`}`;
}

function renderMatch(match: NftMatch): string {
  const not = 'negated' in match && match.negated === true ? '!= ' : '';
  switch (match.kind) {
    case 'interface':
      return `${match.side} ${not}"${match.name}"`;
    case 'interface_set':
      return `${match.side} @${identifier(match.set)}`;
    case 'state':
      return not === ''
        ? `ct state ${match.states.join(',')}`
        : `ct state != { ${match.states.join(', ')} }`;
    case 'interface_kind':
      return `meta iifkind ${anyOf(match.kinds.map((kind) => `"${identifier(kind)}"`))}`;
    case 'translated':
      return `ct status ${match.end === 'source' ? 'snat' : 'dnat'}`;
    case 'asked_address_set':
      return `ct original ${match.family === 4 ? 'ip' : 'ip6'} daddr @${identifier(match.set)}`;
    case 'rewrite':
      return renderRewrite(match);
    case 'asked_port':
      return `ct original proto-dst ${renderRange(match.range)}`;
    case 'family':
      return `meta nfproto ${match.family === 4 ? 'ipv4' : 'ipv6'}`;
    case 'address':
      return `${addressField(match)} ${not}${anyOf(match.values.map((value) => renderElement('ipv4_addr', value)))}`;
    case 'address_set':
      return `${addressField(match)} @${identifier(match.set)}`;
    case 'protocol':
      return `meta l4proto ${not}${anyOf(match.protocols)}`;
    case 'port':
      return `${portProtocol(match.protocol)} ${match.side} ${not}${anyOf(match.ranges.map(renderRange))}`;
    case 'icmp_type':
      return `${icmpName(match.family)} type ${not}${anyOf(match.types)}`;
    case 'icmp_code':
      return `${icmpName(match.family)} code ${match.code}`;
    case 'without_syn':
      return 'tcp flags & syn == 0';
    case 'tcp_flags':
      return `tcp flags & ${match.mask} ${not === '' ? '==' : '!='} ${match.value}`;
    case 'limit':
      return `limit rate ${match.rate}/${match.per} burst ${match.burst} packets`;
    case 'tuple_set': {
      const ip = match.family === 4 ? 'ip' : 'ip6';
      return `${ip} saddr . th sport . ${ip} daddr . th dport . meta l4proto @${identifier(match.set)}`;
    }
    case 'foreign':
      throw new RenderError(`not a condition of ours: ${match.text}`);
  }
}

const REWRITTEN = { ip: 'ip daddr', ip6: 'ip6 daddr', port: 'th dport' } as const;

function renderRewrite({ part, to }: Extract<NftMatch, { kind: 'rewrite' }>): string {
  const address = `${part} ${to === 'asked' ? 'daddr' : 'saddr'}`;
  const port = to === 'asked' ? 'proto-dst' : 'proto-src';
  const direction = to === 'asked' ? 'original' : 'reply';
  return `${REWRITTEN[part]} set ct ${direction} ${part === 'port' ? port : address}`;
}

function renderVerdict(verdict: NftVerdict): string {
  switch (verdict.kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return verdict.kind;
    case 'unreachable':
      return `reject with ${icmpName(verdict.family)} type ${verdict.code}`;
    case 'reset':
      return 'reject with tcp reset';
    case 'prohibit':
      return 'reject with icmpx type admin-prohibited';
    case 'jump':
    case 'goto':
      return `${verdict.kind} ${identifier(verdict.chain)}`;
    case 'map':
      return renderMap(verdict);
  }
}

function renderMap({ key, entries }: NftVerdictMap): string {
  const field =
    key.kind === 'protocol'
      ? 'meta l4proto'
      : key.kind === 'asked_port'
        ? 'ct original proto-dst'
        : `${portProtocol(key.protocol)} dport`;
  const list = entries.map(
    ({ first, last, chain }) =>
      `${renderRange({ from: first, to: last })} : goto ${identifier(chain)}`,
  );
  return `${field} vmap { ${list.join(', ')} }`;
}

function addressField(match: { family: 4 | 6; side: string }): string {
  return `${match.family === 4 ? 'ip' : 'ip6'} ${match.side}`;
}

function icmpName(family: 4 | 6): string {
  return family === 4 ? 'icmp' : 'icmpv6';
}

function portProtocol(protocol: number): string {
  if (protocol === PROTOCOLS.tcp) return 'tcp';
  if (protocol === PROTOCOLS.udp) return 'udp';
  if (protocol === PROTOCOLS.sctp) return 'sctp';
  throw new RenderError(`protocol ${protocol} has no ports; TCP, UDP and SCTP have`);
}

function renderRange(range: PortRange): string {
  return range.from === range.to ? `${range.from}` : `${range.from}-${range.to}`;
}

function anyOf(values: readonly (string | number)[]): string {
  const [first] = values;
  if (first === undefined) throw new RenderError('a condition without a value matches nothing');
  return values.length === 1 ? `${first}` : `{ ${values.join(', ')} }`;
}

function identifier(name: string): string {
  if (IDENTIFIER.test(name)) return name;
  throw new RenderError(`"${name}" cannot name a set or chain: a letter, then letters, digits, _`);
}
