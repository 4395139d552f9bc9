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
  name: textPart,
  hostname: textPart,
  description: textPart,
  os_id: textPart,
  ip_address: addressPart,
  labels: labelsParam.optional(),
  managed: booleanParam.optional(),
  online: booleanParam.optional(),
  enforcement_mode: z.enum(ENFORCEMENT_MODES).optional(),
  enforcement_modes: jsonListParam(z.enum(ENFORCEMENT_MODES)).optional(),
  mode: agentMode.optional().describe('Enforcement mode in the words of older clients'),
  visibility_level: z.enum(VISIBILITY_LEVELS).optional(),
  log_traffic: booleanParam.optional(),
  policy_health: z
    .enum(['active', 'warning', 'error', 'suspended'])
    .optional()
    .describe('error: its policy could not be applied; warning: its VEN has a condition'),
  security_policy_sync_state: z.enum(POLICY_SYNC_STATES).optional(),
  security_policy_update_mode: z.enum(['adaptive', 'static']).optional(),
  'last_heartbeat_on[gte]': timestampParam.optional(),
  'last_heartbeat_on[lte]': timestampParam.optional(),
  ven: z.string().max(512).optional().describe('Href of its VEN'),
  'ven.ven_type': z.enum(['server', 'endpoint', 'containerized']).optional(),
  'agent.active_pce_fqdn': z.string().max(255).optional(),
  container_clusters: jsonListParam(z.string()).optional(),
  include_deleted: booleanParam.optional().describe('Deleted ones too'),
  soft_deleted: booleanParam.optional().describe('true: only those that may come back'),
  'vulnerability_summary.vulnerability_exposure_score[gte]': integerParam.optional(),
  'vulnerability_summary.vulnerability_exposure_score[lte]': integerParam.optional(),
  representation: ignoredParam,
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
  name: textPart,
  hostname: textPart,
  description: textPart,
  os: textPart.describe('Part of its operating system'),
  ip_address: addressPart,
  labels: labelsParam.optional(),
  status: z.enum(VEN_STATUSES).optional(),
  ven_type: z.enum(['server', 'endpoint', 'containerized']).optional(),
  activation_type: z.enum(['pairing_key', 'kerberos', 'certificate']).optional(),
  health: z.enum(VEN_HEALTH).optional().describe('unhealthy: a warning or an error'),
  condition: z.enum(VEN_CONDITIONS).optional(),
  version: versionParam.optional(),
  'version[gte]': versionParam.optional(),
  'version[lte]': versionParam.optional(),
  'last_heartbeat_at[gte]': timestampParam.optional(),
  'last_heartbeat_at[lte]': timestampParam.optional(),
  'last_goodbye_at[gte]': timestampParam.optional(),
  'last_goodbye_at[lte]': timestampParam.optional(),
  disconnected_before: timestampParam
    .optional()
    .describe('Not connected now, and not heard of since then'),
  upgrade_pending: booleanParam.optional(),
  container_clusters: jsonListParam(z.string()).optional(),
  active_pce_fqdn: z.string().max(255).optional(),
  representation: ignoredParam,
};
