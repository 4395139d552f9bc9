/** The form of the firewall settings, between people and the API. */
import {
  FIREWALL_FLAGS,
  FIREWALL_SCOPES,
  type FirewallFlag,
  type FirewallScopes,
  type FirewallSettingsWire,
  type FirewallSettingsWrite,
} from '@bulkhead/contract';
import { parsePrefix } from '@bulkhead/net';
import type { Ipv6Mode } from '@bulkhead/policy';
import { writeScopes, type Scopes } from '../rulesets/Scopes.tsx';

export const WORKLOAD_MODES = ['enforced', 'illuminated'] as const;
export type WorkloadMode = (typeof WORKLOAD_MODES)[number];

export interface CoexistenceEntry {
  readonly key: number;
  /** Hrefs of labels and label groups. */
  readonly scope: readonly string[];
  readonly primary: boolean;
  /** Only for workloads in this mode; null: in every mode. */
  readonly mode: WorkloadMode | null;
}
export interface FirewallForm {
  readonly ipv6: Ipv6Mode;
  readonly pools: string;
  readonly reject: Scopes;
  readonly coexistence: readonly CoexistenceEntry[];
  readonly scopes: Readonly<Record<FirewallScopes, Scopes>>;
  readonly flags: Readonly<Record<FirewallFlag, boolean>>;
}

let nextKey = 0;
export function coexistenceEntry(entry: Omit<CoexistenceEntry, 'key'>): CoexistenceEntry {
  return { key: nextKey++, ...entry };
}

function each<K extends string, V>(names: readonly K[], valueOf: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<K, V>; // one entry per name
}

export function toForm(settings: FirewallSettingsWire): FirewallForm {
  return {
    ipv6: settings.ipv6_mode,
    pools: settings.vpn_pools.join('\n'),
    reject: settings.blocked_connection_reject_scopes,
    coexistence: settings.firewall_coexistence.map((entry) =>
      coexistenceEntry({
        scope: entry.scope.map((ref) => ref.href),
        primary: entry.illumio_primary,
        mode: entry.workload_mode,
      }),
    ),
    scopes: each(FIREWALL_SCOPES, (member) => settings[member]),
    flags: each(FIREWALL_FLAGS, (flag) => settings[flag]),
  };
}

function poolLines(form: FirewallForm): string[] {
  return form.pools
    .split(/[\n,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What is wrong with the VPN pools; undefined: nothing. */
export function poolError(form: FirewallForm): string | undefined {
  for (const line of poolLines(form)) {
    if (!line.includes('/'))
      return `"${line}" is no CIDR block. Write the pool, such as 10.200.0.0/16.`;
    const parsed = parsePrefix(line);
    if (!parsed.ok) return parsed.message;
  }
  return undefined;
}

/** The members that differ from what the form began with: what somebody else changed meanwhile is not put back. */
export function changesOf(form: FirewallForm, initial: FirewallForm): FirewallSettingsWrite {
  const differs = (member: keyof FirewallForm): boolean =>
    JSON.stringify(form[member]) !== JSON.stringify(initial[member]);
  return {
    ...(differs('ipv6') ? { ipv6_mode: form.ipv6 } : {}),
    ...(differs('pools') ? { vpn_pools: poolLines(form) } : {}),
    ...(differs('reject') ? { blocked_connection_reject_scopes: writeScopes(form.reject) } : {}),
    ...(differs('coexistence')
      ? {
          firewall_coexistence: form.coexistence.map((entry) => ({
            scope: entry.scope.map((href) => ({ href })),
            illumio_primary: entry.primary,
            workload_mode: entry.mode,
          })),
        }
      : {}),
    ...(differs('scopes')
      ? each(FIREWALL_SCOPES, (member) => writeScopes(form.scopes[member]))
      : {}),
    ...(differs('flags') ? form.flags : {}),
  };
}
