/** Settings of the organization that are part of its policy: drafted and provisioned like any policy object. */
import { z } from 'zod';
import { IPV6_MODES } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  capsSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  refSchema,
  scopesSchema,
  scopesWriteSchema,
  versionParams,
  versioned,
} from '../shared.ts';

/** Flags that are kept for older clients and change nothing that hosts enforce. */
const SHOWN = 'Stored and shown; changes nothing that hosts enforce';
export const FIREWALL_FLAGS = [
  'allow_dhcp_client',
  'allow_traceroute',
  'allow_igmp',
  'allow_captive_portal_outbound',
  'log_dropped_multicast',
  'log_dropped_broadcast',
] as const;
export type FirewallFlag = (typeof FIREWALL_FLAGS)[number];
/** Scopes that are kept; those that hosts are told of are members of their own. */
export const FIREWALL_SCOPES = [
  'static_policy_scopes',
  'containers_inherit_host_policy_scopes',
  'loopback_interfaces_in_policy_scopes',
  'ip_forwarding_enabled_scopes',
  'rule_hit_count_enabled_scopes',
] as const;
export type FirewallScopes = (typeof FIREWALL_SCOPES)[number];

function each<K extends string, V>(names: readonly K[], value: V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, value])) as Record<K, V>; // one entry per name
}

const workloadMode = z
  .enum(['enforced', 'illuminated'])
  .describe(
    'Only for workloads in this mode: enforced is full, illuminated is visibility_only; null: all',
  );
const vpnPools = z
  .array(z.string().trim().max(64))
  .max(1000)
  .describe(
    'CIDR blocks, each standing for every host prefix (/32, /128) that lies in it when subnets are used (ours)',
  );
export const firewallSettingsSchema = z
  .object({
    href: hrefSchema,
    firewall_coexistence: z
      .array(
        z.object({
          scope: z.array(refSchema).describe('Labels that the hosts have'),
          illumio_primary: z.boolean().describe("true: the VEN's firewall decides first"),
          workload_mode: workloadMode
            .nullable()
            .describe('Always null: an entry is for every mode'),
        }),
      )
      .describe('The first entry whose scope holds a workload counts; none: the VEN is alone'),
    blocked_connection_reject_scopes: scopesSchema.describe(
      'Blocked inbound connections are rejected on workloads in any of these, dropped on others',
    ),
    ipv6_mode: z.enum(IPV6_MODES).describe('How IPv6 is treated'),
    allow_ipv6: z.boolean().describe('False: ipv6_mode is block_all'),
    vpn_pools: vpnPools,
    ike_authentication_type: z.enum(['psk', 'certificate']).describe(SHOWN),
    network_detection_mode: z.string().nullable().describe(SHOWN),
    ...each(FIREWALL_FLAGS, z.boolean().describe(SHOWN)),
    ...each(FIREWALL_SCOPES, scopesSchema.describe(SHOWN)),
    ...versioned,
    caps: capsSchema,
  })
  .meta({ id: 'FirewallSettings', description: 'What hosts enforce besides rules' });
export type FirewallSettingsWire = z.infer<typeof firewallSettingsSchema>;

const firewallSettingsWrite = z
  .strictObject({
    firewall_coexistence: z
      .array(
        z.strictObject({
          scope: z.array(refSchema).max(20).describe('Labels that the hosts have'),
          illumio_primary: z.boolean().describe("true: the VEN's firewall decides first"),
          workload_mode: workloadMode
            .nullable()
            .optional()
            .describe('Always null: an entry is for every mode'),
        }),
      )
      .max(1000)
      .describe("Whether other firewalls stand beside the VEN's"),
    blocked_connection_reject_scopes: scopesWriteSchema.describe(
      'Where blocked connections are rejected instead of dropped',
    ),
    ipv6_mode: z.enum(IPV6_MODES).describe('How IPv6 is treated'),
    allow_ipv6: z.boolean().describe('Whether IPv6 passes whatever the rules say'),
    vpn_pools: vpnPools,
    ike_authentication_type: z
      .enum(['psk', 'certificate'])
      .describe('Stored and shown, without effect'),
    network_detection_mode: z
      .string()
      .max(64)
      .nullable()
      .describe('How the network of the interface was found, such as single_private_brn'),
    ...each(FIREWALL_FLAGS, z.boolean().describe(SHOWN)),
    ...each(FIREWALL_SCOPES, scopesWriteSchema.describe(SHOWN)),
  })
  .partial();
export type FirewallSettingsWrite = z.infer<typeof firewallSettingsWrite>;

const F = '/orgs/:org_id/sec_policy/:pversion/firewall_settings';
export const firewallSettingsEndpoints = {
  'firewall_settings.get': endpoint({
    method: 'GET',
    path: F,
    permission: 'glob',
    tag: 'Settings',
    params: versionParams,
    summary: 'Firewall settings',
    status: 200,
    answer: 'json',
    response: firewallSettingsSchema,
  }),
  'essential_service_rules.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/sec_policy/:pversion/essential_service_rules',
    permission: 'glob',
    tag: 'Settings',
    params: versionParams,
    summary: 'What every host always lets pass, whatever the policy says; part of the product',
    status: 200,
    answer: 'collection',
    response: z
      .object({ name: z.string().describe('Name, such as Web servers') })
      .meta({ id: 'EssentialServiceRule', description: 'Traffic that always passes' }),
  }),
  'firewall_settings.update': endpoint({
    method: 'PUT',
    path: F,
    permission: 'edit',
    events: ['firewall_settings.update'],
    tag: 'Settings',
    params: versionParams,
    summary: 'Changes the firewall settings in draft',
    body: firewallSettingsWrite,
    represents: firewallSettingsSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
};
