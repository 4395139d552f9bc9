/** Options of iptables that are conditions. */
import type { NftMatch } from '../nftables/table.ts';
import { isInterfaceName } from '../plan/interfaces.ts';
import { protocolFor, type Draft } from './draft.ts';
import {
  readAddresses,
  readIcmpType,
  readPortList,
  readPorts,
  readRate,
  readStates,
  readTcpFlags,
} from './values.ts';

export interface GivenOption {
  readonly name: string;
  /** The words behind it, the first of them its value. */
  readonly values: readonly [string, ...string[]];
  readonly negated: boolean;
}

/** Puts the condition into the draft; answers how many values it took, or what is wrong. */
type ReadOption = (draft: Draft, option: GivenOption) => number | string;

const READERS: readonly (readonly [names: readonly string[], read: ReadOption])[] = [
  [['-s', '--source', '--src'], (draft, option) => readSide(draft, option, 'saddr')],
  [['-d', '--destination', '--dst'], (draft, option) => readSide(draft, option, 'daddr')],
  [['-i', '--in-interface'], (draft, option) => readInterface(draft, option, 'iifname')],
  [['-o', '--out-interface'], (draft, option) => readInterface(draft, option, 'oifname')],
  [['--sport', '--source-port'], (draft, option) => readPort(draft, option, 'sport')],
  [['--dport', '--destination-port'], (draft, option) => readPort(draft, option, 'dport')],
  [['--sports', '--source-ports'], (draft, option) => readPort(draft, option, 'sport')],
  [['--dports', '--destination-ports'], (draft, option) => readPort(draft, option, 'dport')],
  [['--icmp-type', '--icmpv6-type'], readIcmp],
  [['--ctstate', '--state'], readState],
  [['--tcp-flags'], readFlags],
  [['--limit'], readLimit],
  [['--limit-burst'], readBurst],
  [['--comment'], () => 1],
];

/** By every spelling that iptables takes. */
export const MATCH_OPTIONS: ReadonlyMap<string, ReadOption> = new Map(
  READERS.flatMap(([names, read]) => names.map((name) => [name, read] as const)),
);

/** `--syn`, which has no value. */
export function readSyn(draft: Draft, negated: boolean): string | null {
  const protocol = protocolFor(draft, '--syn');
  if (typeof protocol === 'string') return protocol;
  draft.matches.push({ kind: 'tcp_flags', mask: 0x17, value: 2, ...not(negated) });
  return null;
}

function not(negated: boolean): { readonly negated?: true } {
  return negated ? { negated: true } : {};
}

function readSide(
  { family, matches }: Draft,
  { values: [text], negated }: GivenOption,
  side: 'saddr' | 'daddr',
): number | string {
  const read = readAddresses(text, family);
  if (!read.ok) return read.message;
  if (negated && read.value.length > 1) {
    return `! with several addresses ("${text}") is not iptables either; write one statement each`;
  }
  matches.push({ kind: 'address', family, side, values: read.value, ...not(negated) });
  return 1;
}

function readInterface(
  { hook, matches }: Draft,
  { name: option, values: [text], negated }: GivenOption,
  side: 'iifname' | 'oifname',
): number | string {
  if ((side === 'iifname' && hook === 'output') || (side === 'oifname' && hook === 'input')) {
    return `${option} has no meaning in ${hook === 'input' ? 'INPUT' : 'OUTPUT'}`;
  }
  const isPattern = text.endsWith('+');
  const name = isPattern ? text.slice(0, -1) : text;
  if (name === '' ? !isPattern || negated : !isInterfaceName(name)) {
    return `"${text}" is not the name of an interface, of at most 15 characters`;
  }
  if (name !== '') {
    matches.push({ kind: 'interface', side, name: isPattern ? `${name}*` : name, ...not(negated) });
  }
  return 1;
}

function readPort(
  draft: Draft,
  { name: option, values: [text], negated }: GivenOption,
  side: 'sport' | 'dport',
): number | string {
  const protocol = protocolFor(draft, option);
  if (typeof protocol === 'string') return protocol;
  const isList = option.endsWith('s');
  const read = isList ? readPortList(text) : readPorts(text);
  if (!read.ok) return read.message;
  const ranges = 'from' in read.value ? [read.value] : read.value;
  draft.matches.push({ kind: 'port', protocol, side, ranges, ...not(negated) });
  return 1;
}

function readIcmp(
  draft: Draft,
  { name: option, values: [text], negated }: GivenOption,
): number | string {
  const protocol = protocolFor(draft, option);
  if (typeof protocol === 'string') return protocol;
  const { family, matches } = draft;
  const read = readIcmpType(text, family);
  if (!read.ok) return read.message;
  if (read.value === null) return negated ? `! ${option} any matches nothing` : 1;
  const { type, code } = read.value;
  if (negated && code !== null) return `! ${option} with a code cannot be said; negate the type`;
  matches.push({ kind: 'icmp_type', family, types: [type], ...not(negated) });
  if (code !== null) matches.push({ kind: 'icmp_code', family, code });
  return 1;
}

function readState({ matches }: Draft, { values: [text], negated }: GivenOption): number | string {
  const read = readStates(text);
  if (!read.ok) return read.message;
  matches.push({ kind: 'state', states: read.value, ...not(negated) });
  return 1;
}

function readFlags(
  draft: Draft,
  { name: option, values: [maskText, valueText], negated }: GivenOption,
): number | string {
  const protocol = protocolFor(draft, option);
  if (typeof protocol === 'string') return protocol;
  if (valueText === undefined)
    return '--tcp-flags has two values: a mask, and what must be set of it';
  const mask = readTcpFlags(maskText);
  const value = readTcpFlags(valueText);
  if (!mask.ok) return mask.message;
  if (!value.ok) return value.message;
  if (mask.value === 0 || (value.value & ~mask.value) !== 0) {
    return `--tcp-flags ${maskText} ${valueText}: what must be set is not in the mask`;
  }
  const flags: NftMatch =
    mask.value === 2 && value.value === 0 && !negated
      ? { kind: 'without_syn' }
      : { kind: 'tcp_flags', mask: mask.value, value: value.value, ...not(negated) };
  draft.matches.push(flags);
  return 2;
}

function readLimit(draft: Draft, { values: [text], negated }: GivenOption): number | string {
  const read = readRate(text);
  if (!read.ok) return read.message;
  if (negated) return '! --limit is not iptables either; order the statements instead';
  draft.rate = read.value;
  return 1;
}

function readBurst(draft: Draft, { values: [text], negated }: GivenOption): number | string {
  if (!/^[1-9]\d{0,4}$/.test(text) || negated) {
    return `--limit-burst "${text}" is not a number from 1 to 99999`;
  }
  draft.burst = Number(text);
  return 1;
}
