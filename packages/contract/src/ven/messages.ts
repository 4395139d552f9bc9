/**
 * VEN protocol: bodies of the REST calls. An unknown field is ignored in both directions, so that either side may be newer.
 * Runs on old runtimes too: nothing here but zod.
 */
import { z } from 'zod';
import {
  BLOCKED_CONNECTION_ACTIONS,
  ENFORCEMENT_MODES,
  FIREWALL_COEXISTENCE,
  IPV6_MODES,
  LINK_STATES,
  NETWORK_PROFILES,
  NETWORK_TYPES,
  POLICY_DECISIONS,
  VISIBILITY_LEVELS,
} from '@bulkhead/policy';

/** Raised when a message changes meaning; sent in every activation and hello. */
export const VEN_PROTOCOL = 1;

/** One interface of the host, all its addresses. */
export const reportedInterfaceSchema = z.object({
  name: z.string().min(1).max(64),
  addresses: z
    .array(
      z.object({ address: z.string().max(64), prefix_length: z.number().int().min(0).max(128) }),
    )
    .max(256),
  gateway: z.string().max(64).nullable(),
  mac: z.string().max(32).nullable(),
  type: z.enum(['ethernet', 'usb_ethernet', 'thunderbolt', 'wifi', 'ppp', 'tunnel', 'other']),
  link_state: z.enum(LINK_STATES),
  network_profile: z.enum(NETWORK_PROFILES),
});
export type ReportedInterface = z.infer<typeof reportedInterfaceSchema>;

export const hostFactsSchema = z.object({
  hostname: z.string().max(255),
  os_platform: z.enum(['linux', 'windows', 'mac']),
  os_id: z.string().max(255),
  os_detail: z.string().max(255),
  version: z.string().max(64).describe('VEN version, X.Y.Z-BUILD'),
  uptime_seconds: z.number().nonnegative(),
  machine_id: z
    .string()
    .max(128)
    .optional()
    .describe('What the system knows this installation by; equal on copies of one image'),
  boot_id: z.string().max(64).optional().describe('Another after every boot'),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

export const activateRequestSchema = z.object({
  protocol: z.number().int(),
  activation_code: z.string().min(1).max(512),
  ven_type: z.enum(['server', 'endpoint']),
  facts: hostFactsSchema,
  interfaces: z.array(reportedInterfaceSchema).max(1024),
  name: z.string().max(255).optional(),
  labels: z
    .record(z.string(), z.string().max(255))
    .optional()
    .describe(
      'Key to value; used where the pairing profile does not lock the key; labels must exist',
    ),
  enforcement_mode: z.enum(ENFORCEMENT_MODES).optional(),
});
export type ActivateRequest = z.infer<typeof activateRequestSchema>;

export const activateResponseSchema = z.object({
  protocol: z.number().int(),
  org_id: z.number().int(),
  ven_uuid: z.string(),
  token: z.string().describe('Bearer token of this VEN, 256 bits; the PCE keeps only its hash'),
  policy_public_key: z.string().describe('Ed25519 SPKI PEM that policy documents are signed with'),
  pce_fqdn: z.string(),
  heartbeat_seconds: z.number().int(),
});
export type ActivateResponse = z.infer<typeof activateResponseSchema>;

export const hostReportSchema = z.object({
  facts: hostFactsSchema,
  interfaces: z.array(reportedInterfaceSchema).max(1024),
});
export type HostReport = z.infer<typeof hostReportSchema>;

export const detectRequestSchema = z.object({
  interface: z.string().max(64),
  address: z.string().max(64),
});
export const detectResponseSchema = z.object({
  network_profile: z.enum(NETWORK_PROFILES),
  public_ip: z.string(),
});
export type DetectResponse = z.infer<typeof detectResponseSchema>;

// --- policy ---

const servicePort = z.object({
  protocol: z.number().int(),
  port: z.number().int().nullable(),
  toPort: z.number().int().nullable(),
  icmpType: z.number().int().nullable(),
  icmpCode: z.number().int().nullable(),
  process: z.string().optional(),
  windowsService: z.string().optional(),
});
const ruleOrigin = z.object({ href: z.string(), version: z.number().int() });
/** HostPolicy of the policy core as it stands (camelCase: it is content-addressed, and its bytes are what is hashed). */
export const hostPolicySchema = z.object({
  hash: z.string(),
  mode: z.enum(ENFORCEMENT_MODES),
  visibility: z.enum(VISIBILITY_LEVELS),
  blockedConnectionAction: z.enum(BLOCKED_CONNECTION_ACTIONS),
  managesExternal: z.boolean(),
  ipv6Mode: z.enum(IPV6_MODES),
  firewallCoexistence: z.enum(FIREWALL_COEXISTENCE),
  ipTablesRules: z.array(
    z.object({
      ipVersion: z.union([z.literal(4), z.literal(6)]),
      statements: z.array(
        z.object({
          table: z.enum(['nat', 'mangle', 'filter']),
          chain: z.enum(['PREROUTING', 'INPUT', 'OUTPUT', 'FORWARD', 'POSTROUTING']),
          parameters: z.string(),
        }),
      ),
      origin: ruleOrigin,
    }),
  ),
  rules: z.array(
    z.object({
      action: z.enum(['allow', 'deny']),
      direction: z.enum(['inbound', 'outbound']),
      networkType: z.enum(NETWORK_TYPES),
      peers: z.array(z.string()),
      fqdns: z.array(z.string()),
      services: z.array(servicePort),
      stateless: z.boolean(),
      principals: z.array(z.string()),
      origin: ruleOrigin,
    }),
  ),
});
export const addressSetSchema = z.object({
  id: z.string(),
  hosts: z.array(z.string()),
  ranges: z.array(z.string()),
});
export const addressSetDeltaSchema = z.object({
  id: z.string(),
  addHosts: z.array(z.string()),
  removeHosts: z.array(z.string()),
  addRanges: z.array(z.string()),
  removeRanges: z.array(z.string()),
});

/**
 * The whole policy of one host. `version` counts the policy states that the PCE computed for this host; deltas go from one to the next.
 * `rule_names` is for people (show-policy); it is not part of what is hashed.
 */
export const policyContentSchema = z.object({
  version: z.number().int(),
  policy_version: z.number().int().describe('Provisioned version of the organization'),
  policy: hostPolicySchema,
  sets: z.array(addressSetSchema),
  rule_names: z.record(z.string(), z.string()),
});
export type PolicyContent = z.infer<typeof policyContentSchema>;
/** `content` is the exact JSON text that `signature` (Ed25519, base64) was made over; parse it with `policyContentSchema` after verifying. */
export const policyDocumentSchema = z.object({ content: z.string(), signature: z.string() });
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;

/** Moves a host from one policy state to the next; `policy` only when the host policy itself changed. A VEN at another version asks for the whole. */
export const policyDeltaContentSchema = z.object({
  from: z.number().int(),
  to: z.number().int(),
  policy_version: z.number().int(),
  policy: hostPolicySchema.nullable(),
  sets: z.array(addressSetDeltaSchema),
  dropped_sets: z.array(z.string()).describe('Ids that the policy names no more'),
  rule_names: z.record(z.string(), z.string()),
});
export type PolicyDeltaContent = z.infer<typeof policyDeltaContentSchema>;

// --- flows ---

export const flowRecordSchema = z.object({
  src_ip: z.string().max(64),
  dst_ip: z.string().max(64),
  protocol: z.number().int().min(0).max(255),
  dst_port: z.number().int().min(0).max(65535),
  icmp_type: z.number().int().nullable(),
  icmp_code: z.number().int().nullable(),
  direction: z.enum(['inbound', 'outbound']),
  decision: z.enum(POLICY_DECISIONS),
  rules: z
    .array(z.string())
    .describe('Hrefs of the rules or boundaries that decided; empty: default'),
  reason: z.enum(['essential', 'ipv6_mode', 'rule', 'boundary', 'default']),
  interface: z.string().max(64).nullable(),
  network_profile: z.enum(NETWORK_PROFILES),
  state: z.enum(['new', 'active', 'closed', 'timed out', 'snapshot']),
  connections: z.number().int().min(1),
  bytes_in: z.number().int().min(0),
  bytes_out: z.number().int().min(0),
  first_seen: z.string(),
  last_seen: z.string(),
  process_name: z.string().max(255).nullable(),
  user_name: z.string().max(255).nullable(),
});
export type FlowRecord = z.infer<typeof flowRecordSchema>;
export const flowReportSchema = z.object({
  /** Rises by one for each report of this VEN; a report seen before is acknowledged and not counted twice. */
  sequence: z.number().int().min(0),
  dropped: z.number().int().min(0).describe('Records lost because the buffer was full'),
  flows: z.array(flowRecordSchema).max(10000),
});
export type FlowReport = z.infer<typeof flowReportSchema>;

export const goodbyeSchema = z.object({ reason: z.enum(['stop', 'unpair', 'shutdown']) });
