/** Firewall settings in words, for their page and for what a draft changes. */
import type { FirewallSettingsWire } from '@bulkhead/contract';
import type { Ipv6Mode } from '@bulkhead/policy';
import { ENFORCEMENT_NAMES, KEY_NAMES } from './words.ts';

export const IPV6_NAMES: Record<Ipv6Mode, string> = {
  policy_based: 'By the policy, like IPv4',
  allow_all: 'Allow all IPv6',
  block_all: 'Block all IPv6',
};
export const PRIMARY_NAMES = {
  illumio: 'Illumio Core is Primary Firewall',
  other: "The host's firewall decides too",
} as const;

/** Workload modes of coexistence, as the enforcement that they stand for. */
export const MODE_NAMES = {
  enforced: ENFORCEMENT_NAMES.full,
  illuminated: ENFORCEMENT_NAMES.visibility_only,
} as const;

/** `Application Shop, not Environment Development`. */
export function scopeText(
  scope: FirewallSettingsWire['blocked_connection_reject_scopes'][number],
): string {
  const entries = scope.map((entry) => {
    const key = entry.label?.key ?? entry.label_group?.key ?? '';
    const value = entry.label?.value ?? entry.label_group?.name ?? '';
    return `${entry.exclusion === true ? 'not ' : ''}${KEY_NAMES[key] ?? key} ${value}`;
  });
  return entries.length === 0 ? 'all workloads' : entries.join(', ');
}
