/** What a workload and an IP list contribute to address sets. */
import {
  ADDRESS_BITS,
  formatAddress,
  formatSpan,
  ipv4Number,
  ipv4Text,
  isPeerAddress,
  isPeerIpv4,
  joinSpans,
  networkOf,
  parseAddress,
  parsePrefix,
  parseRange,
  parseSpan,
  subtractSpans,
  type Address,
  type AddressSpan,
} from '@bulkhead/net';
import type { InterfaceAddress, IpList, IpRange, Workload, WorkloadInterface } from '../model.ts';
import type { OwnMembers } from './holder.ts';

/** Prefixes that stand for every host prefix inside them (PS-24), the longest first. */
export type VpnPools = readonly (AddressSpan & { readonly prefixLength: number })[];

const NOBODY: readonly string[] = [];
/** A shorter prefix is refused as a subnet: the address stands alone (policy model, Use Workload Subnets). */
const SHORTEST_SUBNET = { 4: 8, 6: 32 } as const;

/** Pools in text; what is no CIDR block is left out. */
export function readVpnPools(texts: readonly string[]): VpnPools {
  return texts
    .flatMap((text) => {
      const parsed = parsePrefix(text);
      return parsed.ok ? [parsed.value] : [];
    })
    .sort((a, b) => b.prefixLength - a.prefixLength);
}

/** Whether the addresses of an interface are a peer's: corporate ones of endpoints, all of others, none while it is offline (PS-20, PS-21). */
function isPeering(workload: Workload, entry: WorkloadInterface): boolean {
  return workload.online && (workload.type !== 'endpoint' || entry.networkProfile === 'corporate');
}

/** Canonical addresses by which a workload is a peer, without duplicates (PS-20). */
export function addressesOf(workload: Workload): readonly string[] {
  let found = NOBODY;
  for (const entry of workload.interfaces) {
    if (!isPeering(workload, entry)) continue;
    for (const { address: text } of entry.addresses) {
      const host = peerHost(text);
      if (host === null || found.includes(host)) continue;
      // most have one, and a list that grows keeps room for more
      found = found.length === 0 ? [host] : [...found, host];
    }
  }
  return found;
}

/** Canonical text of an address that may be a peer's, else null. */
function peerHost(text: string): string | null {
  const number = ipv4Number(text);
  if (number >= 0) return isPeerIpv4(number) ? text : null;
  const address = parseAddress(text);
  return address === null || !isPeerAddress(address) ? null : formatAddress(address);
}

/** What the workload gives to a set in the form of subnets: hosts and CIDR blocks, without duplicates (PS-22, PS-23, PS-24). */
export function subnetsOf(workload: Workload, pools: VpnPools): readonly string[] {
  let found = NOBODY;
  for (const entry of workload.interfaces) {
    if (!isPeering(workload, entry)) continue;
    for (const item of entry.addresses) {
      const text = subnetOf(item, workload.type !== 'unmanaged', pools);
      if (text === null || found.includes(text)) continue;
      found = found.length === 0 ? [text] : [...found, text];
    }
  }
  return found;
}

function subnetOf(
  { address: text, prefixLength }: InterfaceAddress,
  managed: boolean,
  pools: VpnPools,
): string | null {
  const number = ipv4Number(text);
  if (number >= 0) {
    if (!isPeerIpv4(number)) return null;
    if (!managed || prefixLength < SHORTEST_SUBNET[4]) return text;
    if (prefixLength < 32) return ipv4Network(number, prefixLength);
  }
  const address = parseAddress(text);
  if (address === null || !isPeerAddress(address)) return null;
  const host = formatAddress(address);
  const bits = ADDRESS_BITS[address.family];
  if (!managed || prefixLength < SHORTEST_SUBNET[address.family] || prefixLength > bits)
    return host;
  if (prefixLength === bits) return poolOf(address, pools) ?? host;
  return formatSpan(networkOf(address, prefixLength));
}

/** Texts of networks by their number, for each length of prefix: a fleet has few, and asks for each of them again and again. */
const ipv4Networks: (Map<number, string> | undefined)[] = [];
/** Then they are forgotten, so that they take no memory for ever. */
const MANY_NETWORKS = 2 ** 20;

function ipv4Network(address: number, prefixLength: number): string {
  const network = address & (-1 << (32 - prefixLength));
  const texts = (ipv4Networks[prefixLength] ??= new Map<number, string>());
  let text = texts.get(network);
  if (text === undefined) {
    if (texts.size >= MANY_NETWORKS) texts.clear();
    text = `${ipv4Text(network >>> 0)}/${prefixLength}`;
    texts.set(network, text);
  }
  return text;
}

function poolOf({ family, value }: Address, pools: VpnPools): string | null {
  const pool = pools.find(
    (item) => item.family === family && item.first <= value && value <= item.last,
  );
  return pool === undefined ? null : formatSpan(pool);
}

function rangeSpans(range: IpRange): AddressSpan[] {
  const parsed = range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
  return parsed.ok ? [parsed.value] : [];
}

/** What an IP list's ranges cover, exclusions subtracted (PS-7). */
export function ipListSpans(list: IpList): AddressSpan[] {
  const of = (exclusion: boolean) =>
    list.ranges.filter((range) => range.exclusion === exclusion).flatMap(rangeSpans);
  return subtractSpans(of(false), of(true));
}

/** Spans as members of a set: single addresses apart from ranges. */
export function ownMembers(spans: readonly AddressSpan[]): OwnMembers {
  const hosts = new Set<string>();
  const wide: AddressSpan[] = [];
  for (const span of spans) {
    if (span.first === span.last) hosts.add(formatSpan(span));
    else wide.push(span);
  }
  return { hosts, ranges: joinSpans(wide).map(formatSpan) };
}
