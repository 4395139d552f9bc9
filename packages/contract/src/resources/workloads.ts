/** Workloads. */
import { z } from 'zod';
import {
  BLOCKED_CONNECTION_ACTIONS,
  ENFORCEMENT_MODES,
  LINK_STATES,
  VISIBILITY_LEVELS,
} from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  bulkResultSchema,
  capsSchema,
  descriptionSchema,
  externalData,
  externalDataWrite,
  hrefSchema,
  ifUpdatedAtQuery,
  labelRefSchema,
  optionalText,
  orgIdParams,
  orgParams,
  refSchema,
  timestampSchema,
  warningSchema,
} from '../shared.ts';
import { POLICY_SYNC_STATES, VEN_STATUSES, workloadFilters } from './workload-filters.ts';

export const interfaceSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name of the interface, such as eth0'),
    friendly_name: z
      .string()
      .nullable()
      .describe('Name of the interface for people, such as Ethernet 2'),
    address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
    cidr_block: z.number().int().nullable().describe('Length of the prefix, such as 24'),
    default_gateway_address: z
      .string()
      .nullable()
      .describe('Gateway of the interface, such as 192.0.2.1'),
    link_state: z.enum(LINK_STATES).nullable().describe('State of the link'),
    loopback: z.boolean().describe('true: it is a loopback interface'),
    network: z
      .object({ href: hrefSchema, name: z.enum(['Corporate', 'External']).describe('Its name') })
      .describe('Network of the interface: its profile'),
    network_detection_mode: z
      .string()
      .nullable()
      .describe('How the network of the interface was found, such as single_private_brn'),
  })
  .meta({ id: 'Interface', description: 'One address of a network interface' });
export type InterfaceWire = z.infer<typeof interfaceSchema>;

const agentSchema = z.object({
  href: hrefSchema.optional(),
  type: z.string().optional().describe('Kind of the agent, such as Host'),
  config: z
    .object({
      mode: z.string().describe('Enforcement mode, by its older name, such as enforced'),
      log_traffic: z.boolean().describe('true: it reports all flows'),
      visibility_level: z
        .enum(VISIBILITY_LEVELS)
        .optional()
        .describe('How much of its flows the host reports'),
      security_policy_update_mode: z
        .string()
        .optional()
        .describe('Whether policies apply at once (adaptive) or on command, such as adaptive'),
    })
    .describe('Settings of the VEN'),
  secure_connect: z
    .object({ matching_issuer_name: z.string().describe('Always empty') })
    .optional()
    .describe('Always without effect'),
  unpair_allowed: z.boolean().optional().describe('true: it may be unpaired'),
  active_pce_fqdn: z
    .string()
    .nullable()
    .optional()
    .describe('PCE that the VEN is connected to, such as pce.example.com'),
  target_pce_fqdn: z
    .string()
    .nullable()
    .optional()
    .describe('PCE that the VEN shall connect to, such as pce.example.com'),
  status: z
    .object({
      uid: z
        .string()
        .describe(
          'Id that the host keeps for itself, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b',
        ),
      instance_id: z
        .string()
        .nullable()
        .describe('Id of the machine at its cloud; null: not known, such as i-0abc'),
      status: z.enum(VEN_STATUSES).describe('State that it is in'),
      last_heartbeat_on: timestampSchema.nullable().describe('When it was heard of last'),
      uptime_seconds: z
        .number()
        .nullable()
        .describe('Seconds since the host started, such as 86400'),
      agent_version: z.string().describe('Version of the VEN, such as 23.2.0-100'),
      managed_since: timestampSchema,
      fw_config_current: z.boolean().describe('true: the firewall is what the PCE sent last'),
      firewall_rule_count: z
        .number()
        .int()
        .nullable()
        .describe("Rules in the host's firewall, such as 40"),
      security_policy_refresh_at: timestampSchema
        .nullable()
        .describe('When the policy was last asked for'),
      security_policy_received_at: timestampSchema
        .nullable()
        .describe('When the policy was last received'),
      security_policy_applied_at: timestampSchema
        .nullable()
        .describe('When the policy was last applied'),
      security_policy_sync_state: z
        .enum(POLICY_SYNC_STATES)
        .describe('Whether the host has the newest policy'),
      agent_health_errors: z
        .object({
          errors: z.array(z.unknown()).describe('What went wrong; empty: nothing'),
          warnings: z.array(z.unknown()).describe('What is a little wrong'),
        })
        .describe('What is wrong with the VEN, by how grave'),
      agent_health: z.array(z.unknown()).describe('What is wrong with the VEN'),
    })
    .optional()
    .describe('What the VEN said of itself last'),
});

export const workloadSchema = z
  .object({
    href: hrefSchema,
    deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
    delete_type: z.string().nullable().describe('Always null'),
    name: z.string().nullable().describe('Name for people; null: its hostname, such as Web 1'),
    description: z.string().nullable().describe('Free text, such as In the rack by the door'),
    hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
    managed: z.boolean().describe('true: it has a VEN'),
    service_principal_name: z
      .string()
      .nullable()
      .describe('Kerberos name of the host, such as host/web-1.example.com'),
    agent_to_pce_certificate_authentication_id: z.string().nullable().describe('Always null'),
    distinguished_name: z
      .string()
      .nullable()
      .describe("Name in the host's certificate, such as CN=web-1"),
    public_ip: z
      .string()
      .nullable()
      .describe('Address by which the PCE sees the host, such as 198.51.100.7'),
    ...externalData,
    interfaces: z.array(interfaceSchema).describe('Network interfaces, one entry for each address'),
    ignored_interface_names: z.array(z.string()).describe('Interfaces that the VEN leaves alone'),
    service_provider: z
      .string()
      .nullable()
      .describe('Whose computers it runs on, such as Example Hosting'),
    data_center: z.string().nullable().describe('Where it stands, such as fra-1'),
    data_center_zone: z.string().nullable().describe('Part of the data center, such as a'),
    os_id: z.string().nullable().describe('Operating system, short, such as ubuntu-x86_64-24.04'),
    os_detail: z
      .string()
      .nullable()
      .describe('Operating system, as it names itself, such as Linux 6.8.0-45-generic'),
    os_type: z
      .enum(['windows', 'linux', 'mac', 'unknown'])
      .describe('Family of the operating system'),
    online: z.boolean().describe('true: it counts as present'),
    labels: z.array(labelRefSchema).describe('Labels, at most one of a dimension'),
    services: z
      .object({
        uptime_seconds: z
          .number()
          .nullable()
          .describe('Seconds since the host started, such as 86400'),
        created_at: timestampSchema.nullable().describe('When it was reported'),
        open_service_ports: z.array(z.unknown()).describe('Ports on which programs listen'),
      })
      .nullable()
      .describe('Programs that listen on the host'),
    enforcement_mode: z
      .enum(ENFORCEMENT_MODES)
      .describe(
        'What the host does: nothing, watch, block by boundaries, block what no rule allows',
      ),
    visibility_level: z.enum(VISIBILITY_LEVELS).describe('How much of its flows the host reports'),
    num_enforcement_boundaries: z
      .number()
      .int()
      .describe('Boundaries that concern the host, such as 2'),
    selectively_enforced_services: z.array(z.unknown()).describe('Always empty'),
    firewall_coexistence: z
      .object({ illumio_primary: z.boolean().describe("true: the VEN's firewall decides first") })
      .describe("Whether other firewalls stand beside the VEN's"),
    containers_inherit_host_policy: z.boolean().describe('Always false'),
    blocked_connection_action: z
      .enum(BLOCKED_CONNECTION_ACTIONS)
      .describe('What becomes of blocked connections'),
    vulnerabilities_summary: z.null().describe('Always null'),
    detected_vulnerabilities: z.array(z.unknown()).describe('Always empty'),
    risk_summary: z.null().describe('Always null'),
    agent: agentSchema.describe('The VEN, in the older form'),
    ven: z
      .object({
        href: hrefSchema,
        hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
        name: z.string().nullable().describe('Name for people; null: its hostname, such as Web 1'),
        status: z.enum(VEN_STATUSES).describe('State that it is in'),
        ven_type: z
          .enum(['server', 'endpoint'])
          .describe('Whether the host is a server or an endpoint'),
      })
      .nullable()
      .describe('The VEN; null: it has none'),
    container_cluster: z.null().describe('Always null: no clusters'),
    ike_authentication_certificate: z.null().describe('Always null'),
    warnings: z.array(warningSchema).describe('What is legal but probably wrong'),
    ...audited,
    deleted_at: timestampSchema.nullable().describe('When it was deleted; null: it was not'),
    deleted_by: refSchema.nullable().describe('Who deleted it; null: nobody'),
    caps: capsSchema,
  })
  .meta({ id: 'Workload', description: 'A host, with a VEN or without' });
export type WorkloadWire = z.infer<typeof workloadSchema>;

const interfaceWrite = z.object({
  name: z.string().min(1).max(64).describe('Name of the interface, such as eth0'),
  address: z.string().max(64).describe('IPv4 or IPv6 address, such as 192.0.2.10'),
  cidr_block: z
    .number()
    .int()
    .min(0)
    .max(128)
    .nullable()
    .optional()
    .describe('Length of the prefix, such as 24'),
  default_gateway_address: z
    .string()
    .max(64)
    .nullable()
    .optional()
    .describe('Gateway of the interface, such as 192.0.2.1'),
  link_state: z.enum(LINK_STATES).nullable().optional().describe('State of the link'),
  friendly_name: optionalText.describe('Name of the interface for people, such as Ethernet 2'),
});
/** Write form of managed and unmanaged workloads; what a VEN reports is ignored for a managed one. */
const workloadWrite = z.strictObject({
  name: optionalText.describe('Name for people; null: its hostname, such as Web 1'),
  hostname: optionalText.describe('Name of the host, such as web-1.example.com'),
  description: descriptionSchema.optional(),
  ...externalDataWrite,
  service_principal_name: optionalText.describe(
    'Kerberos name of the host, such as host/web-1.example.com',
  ),
  distinguished_name: optionalText.describe("Name in the host's certificate, such as CN=web-1"),
  public_ip: z
    .string()
    .max(64)
    .nullable()
    .optional()
    .describe('Address by which the PCE sees the host, such as 198.51.100.7'),
  interfaces: z
    .array(interfaceWrite)
    .max(1000)
    .optional()
    .describe('Network interfaces, one entry for each address'),
  ignored_interface_names: z
    .array(z.string().max(64))
    .optional()
    .describe('Interfaces that the VEN leaves alone'),
  service_provider: optionalText.describe('Whose computers it runs on, such as Example Hosting'),
  data_center: optionalText.describe('Where it stands, such as fra-1'),
  data_center_zone: optionalText.describe('Part of the data center, such as a'),
  os_id: optionalText.describe('Operating system, short, such as ubuntu-x86_64-24.04'),
  os_detail: optionalText.describe(
    'Operating system, as it names itself, such as Linux 6.8.0-45-generic',
  ),
  online: z.boolean().optional().describe('true: it counts as present'),
  labels: z.array(refSchema).max(64).optional().describe('Labels, at most one of a dimension'),
  enforcement_mode: z
    .enum(ENFORCEMENT_MODES)
    .optional()
    .describe('What the host does: nothing, watch, block by boundaries, block what no rule allows'),
  visibility_level: z
    .enum(VISIBILITY_LEVELS)
    .optional()
    .describe('How much of its flows the host reports'),
  agent: z.unknown().optional().describe('Settings in the older form; enforcement_mode wins'),
});

const W = '/orgs/:org_id/workloads';
export const workloadEndpoints = {
  'workloads.list': endpoint({
    method: 'GET',
    path: W,
    permission: 'any',
    keyset: true,
    tag: 'Workloads',
    params: orgParams,
    summary: 'Workloads, servers and endpoints, managed or not',
    query: z.object(workloadFilters),
    status: 200,
    answer: 'collection',
    response: workloadSchema,
  }),
  'workloads.create': endpoint({
    method: 'POST',
    path: W,
    permission: 'wl',
    events: ['workload.create'],
    tag: 'Workloads',
    params: orgParams,
    summary: 'Creates an unmanaged workload',
    body: workloadWrite,
    represents: workloadSchema,
    status: 201,
    answer: 'json',
    response: workloadSchema,
  }),
  'workloads.bulk_create': endpoint({
    method: 'PUT',
    path: `${W}/bulk_create`,
    permission: 'wl',
    events: ['workload.create'],
    tag: 'Workloads',
    params: orgParams,
    summary: 'Creates up to 1000; one that fails hinders no other',
    body: z.array(z.unknown()).max(1000),
    status: 200,
    answer: 'json',
    response: z.array(bulkResultSchema),
  }),
  'workloads.bulk_update': endpoint({
    method: 'PUT',
    path: `${W}/bulk_update`,
    perItem: true,
    permission: 'wl',
    events: ['workload.update'],
    tag: 'Workloads',
    params: orgParams,
    summary: 'Changes up to 1000, each in its own transaction',
    body: z.array(z.unknown()).max(1000),
    status: 200,
    answer: 'json',
    response: z.array(bulkResultSchema),
  }),
  'workloads.get': endpoint({
    method: 'GET',
    path: `${W}/:id`,
    permission: 'any',
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'One workload',
    status: 200,
    answer: 'json',
    response: workloadSchema,
  }),
  'workloads.update': endpoint({
    method: 'PUT',
    path: `${W}/:id`,
    permission: 'wl',
    events: ['workload.update'],
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Changes a workload; what its VEN reports is ignored',
    body: workloadWrite,
    represents: workloadSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'workloads.delete': endpoint({
    method: 'DELETE',
    path: `${W}/:id`,
    permission: 'wl',
    events: ['workload.delete', 'agents.unpair'],
    tag: 'Workloads',
    params: orgIdParams,
    summary: 'Deletes an unmanaged workload; a managed one is unpaired instead',
    status: 204,
    answer: 'empty',
  }),
};
