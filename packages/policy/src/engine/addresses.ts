/** What a workload and an IP list contribute to address sets. */
import {
  ADDRESS_BITS,
  formatAddress,
  formatSpan,
  isPeerAddress,
  joinSpans,
  networkOf,
  parseAddress,
  parseRange,
  parseSpan,
  subtractSpans,
  type AddressSpan,
} from '@bulkhead/net';
import type { IpList, IpRange, Workload } from '../model.ts';

/** Addresses by which a workload is a peer, and the members it gives to a set in the form of subnets. */
export interface Contribution {
  /** Canonical, without duplicates. */
  readonly addresses: readonly string[];
  /** Hosts and CIDR blocks. */
  readonly subnets: readonly string[];
}

const NOTHING: Contribution = { addresses: [], subnets: [] };
/** A shorter prefix is refused as a subnet: the address stands alone (policy model, Use Workload Subnets). */
const SHORTEST_SUBNET = { 4: 8, 6: 32 } as const;

/** Corporate interfaces only; link-local and the like never; nothing at all while the workload is offline. */
export function contributionOf(workload: Workload): Contribution {
  if (!workload.online) return NOTHING;
  const addresses = new Set<string>();
  const subnets = new Set<string>();
  for (const entry of workload.interfaces) {
    if (workload.type === 'endpoint' && entry.networkProfile !== 'corporate') continue;
    for (const { address: text, prefixLength } of entry.addresses) {
      const address = parseAddress(text);
      if (address === null || !isPeerAddress(address)) continue;
      const host = formatAddress(address);
      addresses.add(host);
      const asSubnet =
        workload.type !== 'unmanaged' &&
        prefixLength >= SHORTEST_SUBNET[address.family] &&
        prefixLength <= ADDRESS_BITS[address.family];
      subnets.add(asSubnet ? formatSpan(networkOf(address, prefixLength)) : host);
    }
  }
  return { addresses: [...addresses], subnets: [...subnets] };
}

export function sameContribution(left: Contribution, right: Contribution): boolean {
  const equal = (a: readonly string[], b: readonly string[]) =>
    a.length === b.length && a.every((text, index) => text === b[index]);
  return equal(left.addresses, right.addresses) && equal(left.subnets, right.subnets);
}

function rangeSpans(range: IpRange): AddressSpan[] {
  const parsed = range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
  return parsed.ok ? [parsed.value] : [];
}

/** What an IP list's ranges cover, exclusions subtracted. */
export function ipListSpans(list: IpList): AddressSpan[] {
  const of = (exclusion: boolean) =>
    list.ranges.filter((range) => range.exclusion === exclusion).flatMap(rangeSpans);
  return subtractSpans(of(false), of(true));
}

/** Canonical members of a set: single addresses apart from ranges. */
export function splitMembers(texts: Iterable<string>): { hosts: string[]; ranges: string[] } {
  const hosts: string[] = [];
  const spans: AddressSpan[] = [];
  for (const text of texts) {
    const parsed = parseSpan(text);
    if (!parsed.ok) continue;
    if (parsed.value.first === parsed.value.last) hosts.push(text);
    else spans.push(parsed.value);
  }
  return { hosts: hosts.sort(), ranges: joinSpans(spans).map(formatSpan) };
}
