/** Workloads and VENs. */
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
import {
  POLICY_SYNC_STATES,
  VEN_STATUSES,
  venFilters,
  workloadFilters,
} from './workload-filters.ts';

export const interfaceSchema = z
  .object({
    href: hrefSchema,
    name: z.string(),
    friendly_name: z.string().nullable(),
    address: z.string(),
    cidr_block: z.number().int().nullable(),
    default_gateway_address: z.string().nullable(),
    link_state: z.enum(LINK_STATES).nullable(),
    loopback: z.boolean(),
    network: z.object({ href: hrefSchema, name: z.enum(['Corporate', 'External']) }),
    network_detection_mode: z.string().nullable(),
  })
  .meta({ id: 'Interface' });
export type InterfaceWire = z.infer<typeof interfaceSchema>;

const agentSchema = z.object({
  href: hrefSchema.optional(),
  type: z.string().optional(),
  config: z.object({
    mode: z.string(),
    log_traffic: z.boolean(),
    visibility_level: z.enum(VISIBILITY_LEVELS).optional(),
    security_policy_update_mode: z.string().optional(),
  }),
  secure_connect: z.object({ matching_issuer_name: z.string() }).optional(),
  unpair_allowed: z.boolean().optional(),
  active_pce_fqdn: z.string().nullable().optional(),
  target_pce_fqdn: z.string().nullable().optional(),
  status: z
    .object({
      uid: z.string(),
      instance_id: z.string().nullable(),
      status: z.enum(VEN_STATUSES),
      last_heartbeat_on: timestampSchema.nullable(),
      uptime_seconds: z.number().nullable(),
      agent_version: z.string(),
      managed_since: timestampSchema,
      fw_config_current: z.boolean(),
      firewall_rule_count: z.number().int().nullable(),
      security_policy_refresh_at: timestampSchema.nullable(),
      security_policy_received_at: timestampSchema.nullable(),
      security_policy_applied_at: timestampSchema.nullable(),
      security_policy_sync_state: z.enum(POLICY_SYNC_STATES),
      agent_health_errors: z.object({
        errors: z.array(z.unknown()),
        warnings: z.array(z.unknown()),
      }),
      agent_health: z.array(z.unknown()),
    })
    .optional(),
});

export const workloadSchema = z
  .object({
    href: hrefSchema,
    deleted: z.boolean(),
    delete_type: z.string().nullable(),
    name: z.string().nullable(),
    description: z.string().nullable(),
    hostname: z.string().nullable(),
    managed: z.boolean(),
    service_principal_name: z.string().nullable(),
    agent_to_pce_certificate_authentication_id: z.string().nullable(),
    distinguished_name: z.string().nullable(),
    public_ip: z.string().nullable(),
    ...externalData,
    interfaces: z.array(interfaceSchema),
    ignored_interface_names: z.array(z.string()),
    service_provider: z.string().nullable(),
    data_center: z.string().nullable(),
    data_center_zone: z.string().nullable(),
    os_id: z.string().nullable(),
    os_detail: z.string().nullable(),
    os_type: z.enum(['windows', 'linux', 'mac', 'unknown']),
    online: z.boolean(),
    labels: z.array(labelRefSchema),
    services: z
      .object({
        uptime_seconds: z.number().nullable(),
        created_at: timestampSchema.nullable(),
        open_service_ports: z.array(z.unknown()),
      })
      .nullable(),
    enforcement_mode: z.enum(ENFORCEMENT_MODES),
    visibility_level: z.enum(VISIBILITY_LEVELS),
    num_enforcement_boundaries: z.number().int(),
    selectively_enforced_services: z.array(z.unknown()),
    firewall_coexistence: z.object({ illumio_primary: z.boolean() }),
    containers_inherit_host_policy: z.boolean(),
    blocked_connection_action: z.enum(BLOCKED_CONNECTION_ACTIONS),
    vulnerabilities_summary: z.null(),
    detected_vulnerabilities: z.array(z.unknown()),
    risk_summary: z.null(),
    agent: agentSchema,
    ven: z
      .object({
        href: hrefSchema,
        hostname: z.string().nullable(),
        name: z.string().nullable(),
        status: z.enum(VEN_STATUSES),
        ven_type: z.enum(['server', 'endpoint']),
      })
      .nullable(),
    container_cluster: z.null(),
    ike_authentication_certificate: z.null(),
    warnings: z.array(warningSchema),
    ...audited,
    deleted_at: timestampSchema.nullable(),
    deleted_by: refSchema.nullable(),
    caps: capsSchema,
  })
  .meta({ id: 'Workload' });
export type WorkloadWire = z.infer<typeof workloadSchema>;

const interfaceWrite = z.object({
  name: z.string().min(1).max(64),
  address: z.string().max(64),
  cidr_block: z.number().int().min(0).max(128).nullable().optional(),
  default_gateway_address: z.string().max(64).nullable().optional(),
  link_state: z.enum(LINK_STATES).nullable().optional(),
  friendly_name: optionalText,
});
/** Write form of managed and unmanaged workloads; what a VEN reports is ignored for a managed one. */
const workloadWrite = z.strictObject({
  name: optionalText,
  hostname: optionalText,
  description: descriptionSchema.optional(),
  ...externalDataWrite,
  service_principal_name: optionalText,
  distinguished_name: optionalText,
  public_ip: z.string().max(64).nullable().optional(),
  interfaces: z.array(interfaceWrite).max(1000).optional(),
  ignored_interface_names: z.array(z.string().max(64)).optional(),
  service_provider: optionalText,
  data_center: optionalText,
  data_center_zone: optionalText,
  os_id: optionalText,
  os_detail: optionalText,
  online: z.boolean().optional(),
  labels: z.array(refSchema).max(64).optional(),
  enforcement_mode: z.enum(ENFORCEMENT_MODES).optional(),
  visibility_level: z.enum(VISIBILITY_LEVELS).optional(),
  agent: z.unknown().optional(),
});

export const venSchema = z
  .object({
    href: hrefSchema,
    name: z.string().nullable(),
    description: z.string().nullable(),
    hostname: z.string().nullable(),
    uid: z.string(),
    os_id: z.string().nullable(),
    os_detail: z.string().nullable(),
    os_platform: z.string(),
    version: z.string(),
    status: z.enum(VEN_STATUSES),
    activation_type: z.enum(['pairing_key', 'kerberos', 'certificate']),
    ven_type: z.enum(['server', 'endpoint']),
    active_pce_fqdn: z.string().nullable(),
    target_pce_fqdn: z.string().nullable(),
    labels: z.array(labelRefSchema),
    interfaces: z.array(interfaceSchema),
    workloads: z.array(z.unknown()),
    container_cluster: z.null(),
    unpair_allowed: z.boolean(),
    last_heartbeat_at: timestampSchema.nullable(),
    last_goodbye_at: timestampSchema.nullable(),
    upgrade_expires_at: timestampSchema.nullable(),
    upgrade_target_version: z.string().nullable(),
    authentication_recovery: z.boolean(),
    golden_image: z.boolean().describe('Machines are copied from this one (ours)'),
    conditions: z.array(z.unknown()),
    connected: z.boolean().describe('Its channel is open now (ours)'),
    policy_messages: z
      .number()
      .int()
      .describe('Policy messages sent to it since activation (ours): counts churn'),
    policy_hash: z
      .string()
      .nullable()
      .describe('Hash of the host policy that it acknowledged last (ours)'),
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'Ven' });
export type VenWire = z.infer<typeof venSchema>;

const W = '/orgs/:org_id/workloads';
const V = '/orgs/:org_id/vens';
/** What could not be unpaired, by reason; empty when all went well. */
export const unpairAnswerSchema = z
  .object({
    errors: z.array(
      z.object({ token: z.string(), message: z.string(), hrefs: z.array(hrefSchema) }),
    ),
  })
  .meta({ id: 'UnpairAnswer' });
export const FIREWALL_RESTORES = ['saved', 'default', 'disable'] as const;
export const workloadEndpoints = {
  'workloads.list': endpoint({
    method: 'GET',
    path: W,
    permission: 'any',
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
  'vens.list': endpoint({
    method: 'GET',
    path: V,
    permission: 'any',
    tag: 'VENs',
    params: orgParams,
    summary: 'VENs',
    query: z.object(venFilters),
    status: 200,
    answer: 'collection',
    response: venSchema,
  }),
  'vens.get': endpoint({
    method: 'GET',
    path: `${V}/:id`,
    permission: 'any',
    tag: 'VENs',
    params: orgIdParams,
    summary: 'One VEN',
    status: 200,
    answer: 'json',
    response: venSchema,
  }),
  'vens.update': endpoint({
    method: 'PUT',
    path: `${V}/:id`,
    permission: 'wl',
    events: ['agent.update', 'agent.suspend', 'agent.unsuspend'],
    tag: 'VENs',
    params: orgIdParams,
    summary:
      'Name, description, status (marks the VEN, commands nothing) and whether it is a golden image',
    body: z.strictObject({
      name: optionalText,
      description: descriptionSchema.optional(),
      status: z.enum(['active', 'suspended']).optional(),
      golden_image: z
        .boolean()
        .optional()
        .describe('Copies of this machine raise no events (R-VEN-8; ours)'),
    }),
    represents: venSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'vens.unpair': endpoint({
    method: 'PUT',
    path: `${V}/unpair`,
    permission: 'wl',
    events: ['agents.unpair'],
    tag: 'VENs',
    params: orgParams,
    summary: 'Unpairs VENs: saved, default (recommended) or disable (open)',
    body: z.strictObject({
      vens: z.array(refSchema).min(1).max(1000),
      firewall_restore: z.enum(FIREWALL_RESTORES).optional(),
    }),
    status: 200,
    answer: 'json',
    response: unpairAnswerSchema,
  }),
};
