/** Query parameters of the collections of workloads and VENs. */
import { z } from 'zod';
import { ENFORCEMENT_MODES, VISIBILITY_LEVELS } from '@bulkhead/policy';
import {
  booleanParam,
  integerParam,
  jsonListParam,
  labelsParam,
  listQuery,
  timestampParam,
} from '../shared.ts';

export const VEN_STATUSES = ['active', 'suspended', 'stopped', 'uninstalled'] as const;
/** R-VEN-9: what Policy Sync says. */
export const POLICY_SYNC_STATES = ['applied', 'syncing', 'staged', 'error'] as const;
/** Words of older clients for the enforcement modes. */
const AGENT_MODES = ['idle', 'illuminated', 'selective', 'enforced'] as const;
export const agentMode = z.enum(AGENT_MODES);
export type AgentMode = (typeof AGENT_MODES)[number];

const textPart = z.string().max(255).optional();
const addressPart = z
  .string()
  .max(128)
  .optional()
  .describe('Part of an address as text, or a CIDR block or a range first-last that holds it');
const ignoredParam = z.string().optional().describe('Accepted; the answer is always the whole');

export const workloadFilters = {
  ...listQuery,
  name: textPart.describe('Name, such as Web servers'),
  hostname: textPart.describe('Name of the host, such as web-1.example.com'),
  description: textPart.describe('Free text, such as In the rack by the door'),
  os_id: textPart.describe('Operating system, short, such as ubuntu-x86_64-24.04'),
  ip_address: addressPart.describe('Address, or a part of one, such as 192.0.2'),
  labels: labelsParam
    .optional()
    .describe(
      'Lists of lists of labels as JSON: inner lists AND, outer OR, such as [["/orgs/1/labels/2"]]',
    ),
  managed: booleanParam.optional().describe('true: only those with a VEN, such as true'),
  online: booleanParam.optional().describe('true: only those that are online, such as true'),
  enforcement_mode: z
    .enum(ENFORCEMENT_MODES)
    .optional()
    .describe('What the host does: nothing, watch, block by boundaries, block what no rule allows'),
  enforcement_modes: jsonListParam(z.enum(ENFORCEMENT_MODES))
    .optional()
    .describe('JSON list of enforcement modes; any of them, such as ["full"]'),
  mode: agentMode
    .optional()
    .describe('Enforcement mode in the words of older clients, such as enforced'),
  visibility_level: z
    .enum(VISIBILITY_LEVELS)
    .optional()
    .describe('How much of its flows the host reports'),
  log_traffic: booleanParam
    .optional()
    .describe('true: only those that report all flows, such as true'),
  policy_health: z
    .enum(['active', 'warning', 'error', 'suspended'])
    .optional()
    .describe('error: its policy could not be applied; warning: its VEN has a condition'),
  security_policy_sync_state: z
    .enum(POLICY_SYNC_STATES)
    .optional()
    .describe('Whether the host has the newest policy'),
  security_policy_update_mode: z
    .enum(['adaptive', 'static'])
    .optional()
    .describe('Whether policies apply at once (adaptive) or on command'),
  'last_heartbeat_on[gte]': timestampParam
    .optional()
    .describe('Heard of at or after, such as 2026-01-01T00:00:00.000Z'),
  'last_heartbeat_on[lte]': timestampParam
    .optional()
    .describe('Heard of at or before, such as 2026-01-08T00:00:00.000Z'),
  ven: z
    .string()
    .max(512)
    .optional()
    .describe('Href of its VEN, such as /orgs/1/vens/3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
  'ven.ven_type': z
    .enum(['server', 'endpoint', 'containerized'])
    .optional()
    .describe('Only hosts with a VEN of this type'),
  'agent.active_pce_fqdn': z
    .string()
    .max(255)
    .optional()
    .describe('Only hosts that are connected to this PCE, such as pce.example.com'),
  container_clusters: jsonListParam(z.string())
    .optional()
    .describe('JSON list of hrefs; there are no clusters, such as []'),
  include_deleted: booleanParam.optional().describe('Deleted ones too, such as true'),
  soft_deleted: booleanParam
    .optional()
    .describe('true: only those that may come back, such as false'),
  'vulnerability_summary.vulnerability_exposure_score[gte]': integerParam
    .optional()
    .describe('Ignored: there are no vulnerabilities, such as 1'),
  'vulnerability_summary.vulnerability_exposure_score[lte]': integerParam
    .optional()
    .describe('Ignored: there are no vulnerabilities, such as 9'),
  representation: ignoredParam.describe(
    'Ignored: answers are always whole, such as workload_labels',
  ),
};

/** Notifications that a VEN may have as a condition. */
export const VEN_CONDITIONS = [
  'agent.upgrade_time_out',
  'agent.missing_heartbeats_after_upgrade',
  'agent.clone_detected',
  'agent.missed_heartbeats',
  'agent.service_not_available',
] as const;
export const VEN_HEALTH = ['healthy', 'unhealthy', 'warning', 'error'] as const;
const versionParam = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,9}){0,3}(-\d{1,9})?$/, 'must be a version, such as 22.5.0-100');

export const venFilters = {
  ...listQuery,
  name: textPart.describe('Name, such as Web servers'),
  hostname: textPart.describe('Name of the host, such as web-1.example.com'),
  description: textPart.describe('Free text, such as In the rack by the door'),
  os: textPart.describe('Part of its operating system, such as ubuntu'),
  ip_address: addressPart.describe('Address, or a part of one, such as 192.0.2'),
  labels: labelsParam
    .optional()
    .describe(
      'Lists of lists of labels as JSON: inner lists AND, outer OR, such as [["/orgs/1/labels/2"]]',
    ),
  status: z.enum(VEN_STATUSES).optional().describe('State that it is in'),
  ven_type: z
    .enum(['server', 'endpoint', 'containerized'])
    .optional()
    .describe('Whether the host is a server or an endpoint'),
  activation_type: z
    .enum(['pairing_key', 'kerberos', 'certificate'])
    .optional()
    .describe('How it was paired'),
  health: z.enum(VEN_HEALTH).optional().describe('unhealthy: a warning or an error'),
  condition: z.enum(VEN_CONDITIONS).optional().describe('Only VENs with this condition'),
  version: versionParam.optional().describe('Only VENs of this version, such as 23.2.0-100'),
  'version[gte]': versionParam
    .optional()
    .describe('Only this version and later ones, such as 23.2.0'),
  'version[lte]': versionParam
    .optional()
    .describe('Only this version and earlier ones, such as 23.2.0'),
  'last_heartbeat_at[gte]': timestampParam
    .optional()
    .describe('Heard of at or after, such as 2026-01-01T00:00:00.000Z'),
  'last_heartbeat_at[lte]': timestampParam
    .optional()
    .describe('Heard of at or before, such as 2026-01-08T00:00:00.000Z'),
  'last_goodbye_at[gte]': timestampParam
    .optional()
    .describe('Said goodbye at or after, such as 2026-01-01T00:00:00.000Z'),
  'last_goodbye_at[lte]': timestampParam
    .optional()
    .describe('Said goodbye at or before, such as 2026-01-08T00:00:00.000Z'),
  disconnected_before: timestampParam
    .optional()
    .describe('Not connected now, and not heard of since then, such as 2026-01-31T12:00:00.000Z'),
  upgrade_pending: booleanParam
    .optional()
    .describe('true: only those that wait for an upgrade, such as false'),
  container_clusters: jsonListParam(z.string())
    .optional()
    .describe('JSON list of hrefs; there are no clusters, such as []'),
  active_pce_fqdn: z
    .string()
    .max(255)
    .optional()
    .describe('Only VENs that are connected to this PCE, such as pce.example.com'),
  representation: ignoredParam.describe(
    'Ignored: answers are always whole, such as workload_labels',
  ),
};
