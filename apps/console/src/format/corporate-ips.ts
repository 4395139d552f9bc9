/** Checks one line of Corporate Public IPs, and offers the likely correction. */
import {
  formatAddress,
  networkOf,
  parseAddress,
  parsePrefix,
  spansHold,
  parseSpan,
} from '@bulkhead/net';

export type LineCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly corrections: readonly string[] };

const bad = (message: string, corrections: readonly string[] = []): LineCheck => ({
  ok: false,
  message,
  corrections,
});

export function checkCorporateIp(text: string): LineCheck {
  const value = text.trim();
  if (value === '') return bad('Write an IPv4 address or a CIDR block, such as 203.0.113.0/26.');
  if (value.includes(':'))
    return bad('Only IPv4 is supported here. Detection requests are sent over IPv4.');
  if (value.includes('-'))
    return bad('Ranges are not supported here. Write CIDR blocks, such as 203.0.113.0/26.');
  if (/[a-z]/i.test(value))
    return bad('Names are not supported here. Write the public IPv4 address itself.');
  const [base = '', length] = value.split('/');
  const address = parseAddress(base);
  if (address === null) return bad(`${base} is not an IPv4 address.`);
  if (length === undefined) return { ok: true };
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32)
    return bad(`/${length} is not a prefix length. It is 0 to 32.`, [base]);
  const network = networkOf(address, Number(length));
  if (network.first !== address.value) {
    const block = `${formatAddress({ family: 4, value: network.first })}/${Number(length)}`;
    return bad(`This is a host inside ${block}. Is the whole block meant?`, [block, base]);
  }
  const parsed = parsePrefix(value);
  return parsed.ok ? { ok: true } : bad(parsed.message);
}

/** The first entry that holds the address; null when none does or the address is not one. */
export function entryThatHolds(entries: readonly string[], address: string): string | null {
  const parsed = parseAddress(address.trim());
  if (parsed === null) return null;
  return (
    entries.find((entry) => {
      const span = parseSpan(entry.trim());
      return span.ok && spansHold([span.value], parsed);
    }) ?? null
  );
}
