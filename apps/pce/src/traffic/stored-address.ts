/** Addresses as the flow engine keeps them. */
import { canonicalAddress, formatAddress, parseAddress, unmapAddress } from '@bulkhead/net';

/** Out of the IPv6 form in which the flow engine keeps every address. */
export function plainAddress(stored: string): string {
  const parsed = parseAddress(stored);
  return parsed === null
    ? (canonicalAddress(stored) ?? stored)
    : formatAddress(unmapAddress(parsed));
}

export function transmissionOf(stored: string): 'broadcast' | 'multicast' | 'unicast' {
  const ip = plainAddress(stored);
  if (ip === '255.255.255.255') return 'broadcast';
  const first = Number(ip.split('.')[0]);
  const isMulticast = ip.includes(':') ? ip.startsWith('ff') : first >= 224 && first <= 239;
  return isMulticast ? 'multicast' : 'unicast';
}
