/** Which addresses stand for workloads, IP lists and virtual services, counted out one by one. */
import {
  ADDRESS_BITS,
  isPeerAddress,
  joinSpans,
  networkOf,
  parseAddress,
  parseRange,
  parseSpan,
  type AddressSpan,
} from '@bulkhead/net';
import type { IpList, PolicyModel, Workload } from '../model.ts';
import type { Side } from './resolve.ts';

export function spansOf(texts: readonly string[]): AddressSpan[] {
  return texts.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

export function within(spans: readonly AddressSpan[], span: AddressSpan): boolean {
  return spans.some(
    (s) => s.family === span.family && s.first <= span.first && span.last <= s.last,
  );
}

/** The smallest VPN pool that holds the address. */
function poolOf(model: PolicyModel, address: AddressSpan): AddressSpan | undefined {
  const size = (span: AddressSpan) => span.last - span.first;
  return spansOf(model.firewallSettings.vpnPools)
    .filter((pool) => within([pool], address))
    .toSorted((a, b) => (size(a) < size(b) ? -1 : 1))[0];
}

/** What a workload is as a peer: its addresses, or where `subnets` is asked for the networks that it is in. */
export function peerSpans(model: PolicyModel, workload: Workload, subnets: boolean): AddressSpan[] {
  if (!workload.online) return [];
  return workload.interfaces
    .filter((item) => workload.type !== 'endpoint' || item.networkProfile === 'corporate')
    .flatMap((item) => item.addresses)
    .flatMap(({ address: text, prefixLength }) => {
      const address = parseAddress(text);
      if (address === null || !isPeerAddress(address)) return [];
      const bits = ADDRESS_BITS[address.family];
      const alone = networkOf(address, bits);
      if (!subnets || workload.type === 'unmanaged') return [alone];
      if (prefixLength === bits) return [poolOf(model, alone) ?? alone];
      const shortest = address.family === 4 ? 8 : 32;
      return [prefixLength >= shortest ? networkOf(address, prefixLength) : alone];
    });
}

/** What the ranges of a list cover, its exclusions taken out. */
export function listSpans(list: IpList): AddressSpan[] {
  const of = (exclusion: boolean) =>
    list.ranges
      .filter((range) => range.exclusion === exclusion)
      .flatMap((range) => {
        const parsed = range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
        return parsed.ok ? [parsed.value] : [];
      });
  return of(true).reduce(
    (left, hole) => left.flatMap((span) => without(span, hole)),
    joinSpans(of(false)),
  );
}

function without(span: AddressSpan, hole: AddressSpan): AddressSpan[] {
  if (span.family !== hole.family || hole.last < span.first || span.last < hole.first)
    return [span];
  const left: AddressSpan[] = [];
  if (span.first < hole.first) left.push({ ...span, last: hole.first - 1n });
  if (hole.last < span.last) left.push({ ...span, first: hole.last + 1n });
  return left;
}

/** What a virtual service is as a peer: its own addresses and its bound workloads'. */
export function virtualSpans(model: PolicyModel, item: Side['virtual'][number]): AddressSpan[] {
  return [
    ...spansOf(item.addresses),
    ...model.workloads
      .filter((workload) => item.workloads.includes(workload.href))
      .flatMap((workload) => peerSpans(model, workload, false)),
  ];
}

/** What a side is as a peer, its virtual services apart. */
export function sideSpans(model: PolicyModel, side: Side, subnets: boolean): AddressSpan[] {
  return [
    ...side.byLabel.flatMap((workload) => peerSpans(model, workload, subnets)),
    ...side.explicit.flatMap((workload) => peerSpans(model, workload, false)),
    ...side.lists.flatMap(listSpans),
  ];
}
