import {
  canonicalAddress,
  formatSpan,
  joinSpans,
  parseSpan,
  type AddressSpan,
} from '@bulkhead/net';

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
