/** Corporate or external: what each interface of an endpoint is (R-NET-1, R-NET-3). */
import { NETWORK_PROFILES, type NetworkProfile } from '@bulkhead/policy';
import { z } from 'zod';
import type { NetworkInterface } from '../platform/port.ts';

/** Last answer of the PCE by network. */
export const networkProfileCacheSchema = z.record(
  z.string(),
  z.object({ profile: z.enum(NETWORK_PROFILES), at: z.number() }),
);
export type NetworkProfileCache = z.infer<typeof networkProfileCacheSchema>;

const MAX_AGE_MS = 24 * 3_600_000;
const MAX_NETWORKS = 200;

/** The network that an interface is on: its gateway's link address and its prefixes. Null without an address. */
export function networkKey(link: NetworkInterface): string | null {
  if (link.addresses.length === 0) return null;
  const prefixes = link.addresses
    .filter(({ address }) => !address.includes(':'))
    .map(({ address, prefixLength }) => `${networkOf(address, prefixLength)}/${prefixLength}`);
  const seen = prefixes.length > 0 ? prefixes : link.addresses.map(({ address }) => address);
  return [link.type, link.gatewayMac ?? link.gateway ?? '-', ...[...seen].sort()].join(' ');
}

function networkOf(address: string, prefixLength: number): string {
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - prefixLength);
  return String(value - (value % size));
}

/** The address that a detection request is sent from: IPv4 where there is one, as corporate public IPs are. */
export function detectionAddress(link: NetworkInterface): string | null {
  const addresses = link.addresses.map(({ address }) => address);
  return addresses.find((address) => !address.includes(':')) ?? addresses[0] ?? null;
}

/** The last answer for a network; null when there is none, or it is more than 24 hours old. */
export function recall(
  cache: NetworkProfileCache,
  key: string | null,
  nowMs: number,
): NetworkProfile | null {
  const entry = key === null ? undefined : cache[key];
  if (entry === undefined || nowMs - entry.at > MAX_AGE_MS) return null;
  return entry.profile;
}

/** The cache with one more answer; the oldest leave. */
export function remember(
  cache: NetworkProfileCache,
  key: string | null,
  profile: NetworkProfile,
  nowMs: number,
): NetworkProfileCache {
  if (key === null) return cache;
  const entries = Object.entries({ ...cache, [key]: { profile, at: nowMs } })
    .filter(([, { at }]) => nowMs - at <= MAX_AGE_MS)
    .sort(([, one], [, other]) => other.at - one.at);
  return Object.fromEntries(entries.slice(0, MAX_NETWORKS));
}
