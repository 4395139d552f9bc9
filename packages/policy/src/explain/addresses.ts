/** Which of its ranges makes an IP list or a virtual service hold an address, in canonical text. */
import { formatSpan, parseSpan, parseRange, type Address, type AddressSpan } from '@bulkhead/net';
import { ipListSpans } from '../engine/addresses.ts';
import type { IpList, IpRange, VirtualService } from '../model.ts';

/** The narrowest range of the list that holds the address; null where none does or an exclusion takes it away. */
export function ipListRange(list: IpList, address: Address): string | null {
  if (excludes(list, address)) return null;
  return narrowest(list.ranges.filter((range) => !range.exclusion).flatMap(spansOfRange), address);
}

/** Whether an exclusion of the list takes the address away, so that no further range of it could bring it in. */
export function excludes(list: IpList, address: Address): boolean {
  return list.ranges
    .filter((range) => range.exclusion)
    .flatMap(spansOfRange)
    .some((span) => spanHolds(span, address));
}

/** The narrowest of the virtual service's own addresses that holds the address. */
export function virtualServiceRange(item: VirtualService, address: Address): string | null {
  const spans = item.addresses.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
  return narrowest(spans, address);
}

/**
 * The list of fewest addresses that holds the address. Lists that hold every address of its family are passed over: they say nothing
 * about this one.
 */
export function smallestListFor(lists: Iterable<IpList>, address: Address): IpList | null {
  const whole = address.family === 4 ? 1n << 32n : 1n << 128n;
  let best: { readonly list: IpList; readonly size: bigint } | null = null;
  for (const list of lists) {
    if (ipListRange(list, address) === null) continue;
    const spans = ipListSpans(list).filter((span) => span.family === address.family);
    const size = spans.reduce((sum, span) => sum + sizeOf(span), 0n);
    if (size === whole) continue;
    const smaller = best === null || size < best.size;
    const equal = best !== null && size === best.size && list.href < best.list.href;
    if (smaller || equal) best = { list, size };
  }
  return best?.list ?? null;
}

function narrowest(spans: readonly AddressSpan[], address: Address): string | null {
  let best: AddressSpan | null = null;
  for (const span of spans) {
    if (!spanHolds(span, address)) continue;
    if (best === null || sizeOf(span) < sizeOf(best)) best = span;
  }
  return best === null ? null : formatSpan(best);
}

function spansOfRange(range: IpRange): AddressSpan[] {
  const parsed = range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
  return parsed.ok ? [parsed.value] : [];
}

function spanHolds(span: AddressSpan, { family, value }: Address): boolean {
  return span.family === family && span.first <= value && value <= span.last;
}

function sizeOf(span: AddressSpan): bigint {
  return span.last - span.first + 1n;
}
