import {
  canonicalAddress,
  formatSpan,
  joinSpans,
  parseAddress,
  parseSpan,
  spansHold,
  type Address,
  type AddressSpan,
} from '@bulkhead/net';

/** Whether a single address is in a set. */
export type AddressMatcher = (address: Address) => boolean;

/** Prepares members of an address set for many questions. What is no address matches nothing. */
export function createMatcher(hosts: readonly string[], ranges: readonly string[]): AddressMatcher {
  const singles = { 4: new Set<bigint>(), 6: new Set<bigint>() };
  for (const host of hosts) {
    const address = parseAddress(host);
    if (address !== null) singles[address.family].add(address.value);
  }
  const spans = joinSpans(readSpans(ranges));
  return (address) => singles[address.family].has(address.value) || spansHold(spans, address);
}

/** Texts that are equal for equal addresses. What is no address stands for itself. */
export function addressKeys(texts: readonly string[]): string[] {
  return texts.map((text) => canonicalAddress(text) ?? text);
}

/** Texts that are equal for equal coverage, whatever it is cut into. What cannot be read stands for itself. */
export function coverageKeys(texts: readonly string[]): string[] {
  const unreadable = texts.filter((text) => !parseSpan(text).ok);
  return [...joinSpans(readSpans(texts)).map(formatSpan), ...unreadable];
}

function readSpans(texts: readonly string[]): AddressSpan[] {
  return texts.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
}
