/**
 * Raw iptables rules in the words of the firewall's own table. What cannot be said there with the same meaning is refused
 * with the reason, so that the PCE can refuse it when it is saved (`custom_iptables_unsupported`).
 */
import type { Family } from '@bulkhead/net';
import type { IpTablesStatement } from '@bulkhead/policy';
import type { NftMatch } from '../nftables/table.ts';
import { namesProtocol, type Draft } from './draft.ts';
import { MATCH_OPTIONS, readSyn } from './match-options.ts';
import type { CustomHook, StatementTarget, TranslatedStatement } from './statement.ts';
import { readTarget, TARGET_OPTIONS } from './targets.ts';
import { splitWords } from './tokens.ts';
import { readProtocol, refuse } from './values.ts';

export type Translation =
  | { readonly ok: true; readonly statement: TranslatedStatement }
  /** What is wrong and what would be right, as a sentence; it does not repeat the statement. */
  | { readonly ok: false; readonly message: string };

const HOOKS: ReadonlyMap<string, CustomHook> = new Map([
  ['INPUT', 'input'],
  ['OUTPUT', 'output'],
  ['FORWARD', 'forward'],
]);
/** What `-m` may name; none of them is a condition by itself. */
const MODULES: readonly string[] =
  'tcp udp sctp icmp icmp6 icmpv6 multiport conntrack state limit comment'.split(' ');
const DEFAULT_BURST = 5;

/**
 * Translates one statement for IPv4 or IPv6. Understood are the chains INPUT, OUTPUT and FORWARD of the table filter; `-p`,
 * `-s`, `-d`, `-i`, `-o`, ports, `-m multiport`, `conntrack`, `state`, `limit` and `comment`, ICMP types, TCP flags, `!`;
 * the targets ACCEPT, DROP, REJECT, LOG and RETURN, all as in iptables(8) and iptables-extensions(8).
 */
export function translateIpTables(
  { table, chain, parameters }: IpTablesStatement,
  ipVersion: Family,
): Translation {
  const hook = HOOKS.get(chain);
  if (table !== 'filter' || hook === undefined) {
    return refuse(
      `chain ${chain} of table ${table} cannot be said in the VEN's own table; INPUT, OUTPUT and FORWARD of filter can`,
    );
  }
  const words = splitWords(parameters);
  if (words === null) return refuse('a quote is not closed');
  const draft: Draft = {
    family: ipVersion,
    hook,
    protocol: null,
    protocolNegated: false,
    matches: [],
    rate: null,
    burst: null,
    target: null,
    targetOptions: new Map(),
  };
  const wrong = readProtocolOf(words, draft) ?? readWords(words, draft);
  return wrong === null ? finish(draft) : refuse(wrong);
}

/** Other options mean what the protocol says, wherever it stands. */
function readProtocolOf(words: readonly string[], draft: Draft): string | null {
  const at = words.findIndex(isProtocolOption);
  const value = at < 0 ? 'all' : words[at + 1];
  if (value === undefined) return `${words[at]} has no value; name a protocol`;
  if (value === '!') return misplacedNegation(words[at] ?? '');
  const protocol = readProtocol(value);
  if (!protocol.ok) return protocol.message;
  draft.protocol = protocol.value;
  draft.protocolNegated = words[at - 1] === '!';
  return draft.protocolNegated && protocol.value === null ? '! -p all matches nothing' : null;
}

function misplacedNegation(name: string): string {
  return `${name} ! is no longer iptables; write ! ${name}`;
}

function isProtocolOption(word: string): boolean {
  return word === '-p' || word === '--protocol';
}

function readWords(words: readonly string[], draft: Draft): string | null {
  const seen = new Set<string>();
  let at = 0;
  while (at < words.length) {
    const negated = words[at] === '!';
    const begin = negated ? at + 1 : at;
    const name = words[begin] ?? '';
    if (!name.startsWith('-')) return `"${name}" is no option; options begin with -`;
    if (seen.has(name) && !isModuleOption(name)) return `${name} stands twice; write it once`;
    seen.add(name);
    const taken = readOption(draft, name, words.slice(begin + 1), negated);
    if (typeof taken === 'string') return taken;
    at = begin + 1 + taken;
  }
  return null;
}

function isModuleOption(name: string): boolean {
  return name === '-m' || name === '--match';
}

/** How many values the option took, or what is wrong. */
function readOption(
  draft: Draft,
  name: string,
  following: readonly string[],
  negated: boolean,
): number | string {
  if (name === '--syn') return readSyn(draft, negated) ?? 0;
  const readMatch = MATCH_OPTIONS.get(name);
  const isJump = name === '-j' || name === '--jump';
  const isKnown =
    isJump || isProtocolOption(name) || isModuleOption(name) || TARGET_OPTIONS.has(name);
  if (!isKnown && readMatch === undefined) return `${name} is not understood`;
  const [value, ...more] = following;
  if (value === undefined) return `${name} has no value`;
  if (value === '!') return misplacedNegation(name);
  if (readMatch !== undefined) return readMatch(draft, { name, values: [value, ...more], negated });
  if (isProtocolOption(name)) return 1;
  if (negated) return `${name} cannot be negated`;
  if (isModuleOption(name)) {
    return MODULES.includes(value)
      ? 1
      : `-m ${value} cannot be said; understood are ${MODULES.join(', ')}`;
  }
  if (isJump) draft.target = value;
  else draft.targetOptions.set(name, value);
  return 1;
}

function finish(draft: Draft): Translation {
  const { hook, protocol, protocolNegated, rate, burst } = draft;
  const target = readTarget(draft);
  if (!target.ok) return target;
  if (rate === null && burst !== null) return refuse('--limit-burst needs --limit');
  const matches: NftMatch[] = [...draft.matches];
  if (protocol !== null && !namesProtocol(draft)) {
    const negated = protocolNegated ? { negated: true } : {};
    matches.unshift({ kind: 'protocol', protocols: [protocol], ...negated });
  }
  // last, so that only packets count that meet the other conditions
  if (rate !== null) matches.push({ kind: 'limit', ...rate, burst: burst ?? DEFAULT_BURST });
  const unmet = hook === 'forward' ? null : neverMet(matches, target.value);
  return unmet === null
    ? { ok: true, statement: { hook, matches, target: target.value } }
    : refuse(unmet);
}

/** Packets that always pass never come to custom rules: a statement about them alone would be ignored. */
function neverMet(matches: readonly NftMatch[], target: StatementTarget): string | null {
  if (target.kind === 'accept' || target.kind === 'return') return null;
  const stands = (holds: (match: NftMatch) => boolean) => matches.some(holds);
  if (stands((match) => match.kind === 'interface' && match.name === 'lo' && !match.negated)) {
    return 'traffic within the host (lo) always passes; leave the statement out';
  }
  const established = stands(
    (match) =>
      match.kind === 'state' &&
      !match.negated &&
      match.states.every((state) => state === 'established' || state === 'related'),
  );
  return established
    ? 'established and related packets always pass; write the statement for the state NEW'
    : null;
}
