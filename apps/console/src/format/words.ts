/** The product's words for what the API abbreviates. */
import {
  PROTOCOLS,
  type EnforcementMode,
  type NetworkType,
  type PolicyDecision,
  type VisibilityLevel,
} from '@bulkhead/policy';
import type { InterfaceWire } from '@bulkhead/contract';

export const ENFORCEMENT_NAMES: Record<EnforcementMode, string> = {
  idle: 'Idle',
  visibility_only: 'Visibility Only',
  selective: 'Selective',
  full: 'Full',
};
export const ENFORCEMENT_NOTES: Record<EnforcementMode, string> = {
  idle: 'The VEN reports the host and touches no firewall',
  visibility_only: 'No traffic is blocked by policy',
  selective: 'Only what an enforcement boundary names is blocked',
  full: 'What no rule allows is blocked',
};
export const VISIBILITY_NAMES: Record<VisibilityLevel, string> = {
  flow_off: 'Off',
  flow_drops: 'Blocked',
  flow_summary: 'Blocked + Allowed',
  flow_full_detail: 'Blocked + Allowed',
  enhanced_data_collection: 'Enhanced Data Collection',
};
/** What can be chosen: one level per name. */
export const VISIBILITY_CHOICES = [
  'flow_off',
  'flow_drops',
  'flow_summary',
  'enhanced_data_collection',
] as const satisfies readonly VisibilityLevel[];
export const VISIBILITY_NOTES: Record<VisibilityLevel, string> = {
  flow_off: 'VEN logs no connection information',
  flow_drops: 'VEN logs connection information for blocked traffic',
  flow_summary:
    'VEN logs connection information for allowed, blocked and potentially blocked traffic',
  flow_full_detail:
    'VEN logs connection information for allowed, blocked and potentially blocked traffic',
  enhanced_data_collection: 'VEN logs connection information and byte counts',
};
export const DECISION_NAMES: Record<PolicyDecision | 'unknown', string> = {
  allowed: 'Allowed',
  potentially_blocked: 'Potentially blocked',
  blocked: 'Blocked',
  unknown: 'Unknown',
};
export const NETWORK_PROFILE_NAMES: Record<NetworkType, string> = {
  brn: 'Corporate Network',
  non_brn: 'Non-Corporate Networks (Endpoints Only)',
  all: 'All Networks',
};
export const SYNC_NAMES = {
  applied: 'Active',
  syncing: 'Syncing',
  staged: 'Staged',
  error: 'Error',
} as const;
export const VEN_TYPE_NAMES = {
  server: 'Server VEN',
  endpoint: 'Endpoint VEN',
  specified_during_activation: 'Specified during activation',
} as const;
export const KEY_NAMES: Record<string, string> = {
  role: 'Role',
  app: 'Application',
  env: 'Environment',
  loc: 'Location',
};
export const FIREWALL_RESTORE_CHOICES = [
  { value: 'saved', label: 'Remove Illumio Policy', note: 'As it was before pairing (default)' },
  { value: 'disable', label: 'Open all ports', note: 'Nothing is blocked' },
  {
    value: 'default',
    label: 'Close all ports except remote management',
    note: 'SSH 22 on Linux, until the next reboot',
  },
] as const;

export function protocolName(protocol: number): string {
  if (protocol === -1) return 'All';
  const found = Object.entries(PROTOCOLS).find(([, number]) => number === protocol);
  if (found === undefined) return `IP ${protocol}`;
  return found[0] === 'icmpv6' ? 'ICMPv6' : found[0].toUpperCase();
}

/** `eth0: 10.8.6.52/16 10.8.0.1 (External)`, without the last part. */
export function interfaceText(
  nic: Pick<InterfaceWire, 'name' | 'address' | 'cidr_block' | 'default_gateway_address'>,
): string {
  const prefix = nic.cidr_block === null ? '' : `/${nic.cidr_block}`;
  const gateway = nic.default_gateway_address === null ? '' : ` ${nic.default_gateway_address}`;
  return `${nic.name}: ${nic.address}${prefix}${gateway}`;
}

/** Last part of an href. */
export function idOf(href: string): string {
  return href.split('/').at(-1) ?? '';
}

/** A workload's name, else its host's. */
export function workloadName(one: {
  readonly name: string | null;
  readonly hostname: string | null;
}): string {
  return one.name ?? one.hostname ?? 'Unnamed workload';
}
