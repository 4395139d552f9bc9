import { NFT_TABLE, type NftChain, type NftSet, type NftSetType, type NftTable } from './table.ts';
import { addressText, asList, asNumber, asRecord, asText, lookUp, type Json } from './json.ts';
import { parseRule } from './parse-rule.ts';

/** Output of nft that is not what nft prints. */
export class RulesetParseError extends Error {
  override readonly name = 'RulesetParseError';
}

/**
 * Reads `nft -j list table inet bulkhead` (with or without `-n`), or a whole ruleset, of which only our table counts.
 * What a plan never says is kept as `foreign`, so that it shows as a difference. Throws RulesetParseError on other output.
 */
export function parseRuleset(output: string): NftTable {
  const entries = readEntries(output);
  let exists = false;
  const sets: NftSet[] = [];
  const chains = new Map<string, NftChain>();
  const rules = new Map<string, NftChain['rules'][number][]>();
  for (const entry of entries) {
    const [kind, body] = Object.entries(entry)[0] ?? ['', null];
    const fields = asRecord(body);
    if (fields === null) continue;
    if (kind === 'table') exists ||= isOurs(fields, 'name');
    if (!isOurs(fields, 'table')) continue;
    const name = asText(fields['name']) ?? '';
    if (kind === 'set') sets.push(parseSet(name, fields));
    else if (kind === 'chain') chains.set(name, parseChain(name, fields));
    else if (kind === 'rule') {
      const chain = asText(fields['chain']) ?? '';
      const list = rules.get(chain) ?? [];
      list.push(parseRule(fields));
      rules.set(chain, list);
    } else sets.push({ ...NO_SET, name: `${kind} ${name}` });
  }
  return {
    exists,
    sets,
    chains: [...chains.values()].map((chain) => ({ ...chain, rules: rules.get(chain.name) ?? [] })),
  };
}

const NO_SET: NftSet = { name: '', type: 'foreign', interval: false, timeout: null, elements: [] };

function readEntries(output: string): Readonly<Record<string, Json>>[] {
  let document: unknown;
  try {
    document = JSON.parse(output);
  } catch (error) {
    throw new RulesetParseError('nft printed no JSON; run it with -j', { cause: error });
  }
  const list = asList(asRecord(document)?.['nftables']);
  if (list === null) {
    throw new RulesetParseError('the JSON of nft has no list "nftables"');
  }
  return list.map((entry) => asRecord(entry) ?? {});
}

function isOurs(fields: Readonly<Record<string, Json>>, key: 'name' | 'table'): boolean {
  return fields['family'] === 'inet' && fields[key] === NFT_TABLE;
}

function parseChain(name: string, fields: Readonly<Record<string, Json>>): NftChain {
  const hook = asText(fields['hook']);
  const type = asText(fields['type']);
  if (hook === null) return { name, base: null, rules: [] };
  return {
    name,
    base: {
      hook: type === 'filter' ? hook : `${type ?? '?'} ${hook}`,
      priority: asNumber(fields['prio']) ?? Number.NaN,
      policy: asText(fields['policy']) ?? '',
    },
    rules: [],
  };
}

const SET_TYPES: Readonly<Record<string, NftSetType>> = {
  ipv4_addr: 'ipv4_addr',
  ipv6_addr: 'ipv6_addr',
  ifname: 'ifname',
  'ipv4_addr inet_service ipv4_addr inet_service inet_proto': 'tuple4',
  'ipv6_addr inet_service ipv6_addr inet_service inet_proto': 'tuple6',
};

function parseSet(name: string, fields: Readonly<Record<string, Json>>): NftSet {
  const typeText = asText(fields['type']) ?? (asList(fields['type']) ?? []).map(asText).join(' ');
  const flags = asList(fields['flags']) ?? [asText(fields['flags'])];
  const type = lookUp(SET_TYPES, typeText) ?? 'foreign';
  const timeout = asNumber(fields['timeout']);
  return {
    name,
    type,
    interval: flags.includes('interval'),
    timeout,
    elements:
      timeout === null && type !== 'foreign'
        ? (asList(fields['elem']) ?? []).map((element) => elementText(element))
        : [],
  };
}

/** Elements with a timeout, counter or comment are objects around the value. */
function elementText(element: Json): string {
  const inner = asRecord(asRecord(element)?.['elem'])?.['val'];
  return addressText(inner ?? element) ?? JSON.stringify(element);
}
