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
  name: z.string().min(1).max(64).describe('Name of the interface, such as eth0'),
  addresses: z
    .array(
      z.object({
        address: z.string().max(64).describe('IPv4 or IPv6 address, such as 192.0.2.10'),
        prefix_length: z
          .number()
          .int()
          .min(0)
          .max(128)
          .describe('Length of the prefix, such as 24'),
      }),
    )
    .max(256)
    .describe('Addresses of the interface'),
  gateway: z
    .string()
    .max(64)
    .nullable()
    .describe('Gateway of the interface; null: none, such as 192.0.2.1'),
  mac: z.string().max(32).nullable().describe('Hardware address, such as 02:42:ac:11:00:02'),
  type: z
    .enum(['ethernet', 'usb_ethernet', 'thunderbolt', 'wifi', 'ppp', 'tunnel', 'other'])
    .describe('Kind of the interface'),
  link_state: z.enum(LINK_STATES).describe('State of the link'),
  network_profile: z.enum(NETWORK_PROFILES).describe('Network that the interface is on'),
});
export type ReportedInterface = z.infer<typeof reportedInterfaceSchema>;

export const hostFactsSchema = z.object({
  hostname: z.string().max(255).describe('Name of the host, such as web-1.example.com'),
  os_platform: z.enum(['linux', 'windows', 'mac']).describe('Family of the operating system'),
  os_id: z.string().max(255).describe('Operating system, short, such as ubuntu-x86_64-24.04'),
  os_detail: z
    .string()
    .max(255)
    .describe('Operating system, as it names itself, such as Linux 6.8.0-45-generic'),
  version: z.string().max(64).describe('VEN version, X.Y.Z-BUILD, such as 23.2.0-100'),
  uptime_seconds: z
    .number()
    .nonnegative()
    .describe('Seconds since the host started, such as 86400'),
  machine_id: z
    .string()
    .max(128)
    .optional()
    .describe(
      'What the system knows this installation by; equal on copies of one image, such as 4c4c4544-0044',
    ),
  boot_id: z
    .string()
    .max(64)
    .optional()
    .describe('Another after every boot, such as 9d1c0e6a-3f7b'),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

export const activateRequestSchema = z.object({
  protocol: z.number().int().describe('Version of the protocol, such as 1'),
  activation_code: z
    .string()
    .min(1)
    .max(512)
    .describe('Pairing key: the secret that lets hosts pair, such as 8a7d…'),
  ven_type: z.enum(['server', 'endpoint']).describe('Whether the host is a server or an endpoint'),
  facts: hostFactsSchema.describe('What the host says of itself'),
  interfaces: z
    .array(reportedInterfaceSchema)
    .max(1024)
    .describe('Network interfaces, one entry for each address'),
  name: z.string().max(255).optional().describe('Name of the interface, such as eth0'),
  labels: z
    .record(z.string(), z.string().max(255))
    .optional()
    .describe(
      'Key to value; used where the pairing profile does not lock the key; labels must exist',
    ),
  enforcement_mode: z
    .enum(ENFORCEMENT_MODES)
    .optional()
    .describe('What the host does: nothing, watch, block by boundaries, block what no rule allows'),
});
export type ActivateRequest = z.infer<typeof activateRequestSchema>;

export const activateResponseSchema = z.object({
  protocol: z.number().int().describe('Version of the protocol, such as 1'),
  org_id: z.number().int().describe('Number of the organization, such as 1'),
  ven_uuid: z.string().describe('Id of the VEN, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
  token: z
    .string()
    .describe('Bearer token of this VEN, 256 bits; the PCE keeps only its hash, such as b64…'),
  policy_public_key: z
    .string()
    .describe(
      'Ed25519 SPKI PEM that policy documents are signed with, such as -----BEGIN PUBLIC KEY-----…',
    ),
  pce_fqdn: z.string().describe('Name of the PCE, such as pce.example.com'),
  heartbeat_seconds: z.number().int().describe('Seconds between heartbeats, such as 30'),
});
export type ActivateResponse = z.infer<typeof activateResponseSchema>;

export const hostReportSchema = z.object({
  facts: hostFactsSchema.describe('What the host says of itself'),
  interfaces: z
    .array(reportedInterfaceSchema)
    .max(1024)
    .describe('Network interfaces, one entry for each address'),
});
export type HostReport = z.infer<typeof hostReportSchema>;

export const detectRequestSchema = z.object({
  interface: z.string().max(64).describe('Network interface of the host, such as eth0'),
  address: z.string().max(64).describe('IPv4 or IPv6 address, such as 192.0.2.10'),
});
export const detectResponseSchema = z.object({
  network_profile: z.enum(NETWORK_PROFILES).describe('Network that the interface is on'),
  public_ip: z.string().describe('Address from which the request came, such as 198.51.100.7'),
});
export type DetectResponse = z.infer<typeof detectResponseSchema>;

// --- policy ---

const servicePort = z.object({
  protocol: z.number().int().describe('Version of the protocol, such as 1'),
  port: z.number().int().nullable().describe('Port, or the first of a range; 0: all, such as 443'),
  toPort: z.number().int().nullable(),
  icmpType: z.number().int().nullable(),
  icmpCode: z.number().int().nullable(),
  process: z.string().optional().describe('File name of the program, such as nginx'),
  windowsService: z.string().optional(),
});
const ruleOrigin = z.object({
  href: z.string(),
  version: z.number().int().describe('Version of the policy that it comes from, such as 12'),
});
/** HostPolicy of the policy core as it stands (camelCase: it is content-addressed, and its bytes are what is hashed). */
export const hostPolicySchema = z.object({
  hash: z.string(),
  mode: z.enum(ENFORCEMENT_MODES).describe('Enforcement mode'),
  visibility: z.enum(VISIBILITY_LEVELS),
  blockedConnectionAction: z.enum(BLOCKED_CONNECTION_ACTIONS),
  managesExternal: z.boolean(),
  ipv6Mode: z.enum(IPV6_MODES),
  firewallCoexistence: z.enum(FIREWALL_COEXISTENCE),
  ipTablesRules: z.array(
    z.object({
      ipVersion: z.union([z.literal(4), z.literal(6)]),
      statements: z
        .array(
          z.object({
            table: z.enum(['nat', 'mangle', 'filter']),
            chain: z.enum(['PREROUTING', 'INPUT', 'OUTPUT', 'FORWARD', 'POSTROUTING']),
            parameters: z
              .string()
              .describe('What follows `-A CHAIN`, such as -p tcp --dport 22 -j ACCEPT'),
          }),
        )
        .describe('iptables statements, in their order'),
      origin: ruleOrigin,
    }),
  ),
  rules: z
    .array(
      z.object({
        action: z.enum(['allow', 'deny']).describe('What is done'),
        direction: z.enum(['inbound', 'outbound']).describe('Direction as the host sees it'),
        networkType: z.enum(NETWORK_TYPES),
        peers: z.array(z.string()).describe('Addresses and subnets of the other side'),
        fqdns: z.array(z.string()).describe('DNS names'),
        services: z.array(servicePort).describe('Services'),
        stateless: z.boolean().describe('true: no connection tracking; answers pass too'),
        principals: z.array(z.string()).describe('SIDs of user groups'),
        origin: ruleOrigin,
      }),
    )
    .describe('Rules'),
});
export const addressSetSchema = z.object({
  id: z.string().describe('Id of the object: the last part of its href, such as 7'),
  hosts: z.array(z.string()),
  ranges: z.array(z.string()),
});
export const addressSetDeltaSchema = z.object({
  id: z.string().describe('Id of the object: the last part of its href, such as 7'),
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
  version: z.number().int().describe('Version of the policy that it comes from, such as 12'),
  policy_version: z.number().int().describe('Provisioned version of the organization'),
  policy: hostPolicySchema,
  sets: z.array(addressSetSchema),
  rule_names: z.record(z.string(), z.string()),
});
export type PolicyContent = z.infer<typeof policyContentSchema>;
/** `content` is the exact JSON text that `signature` (Ed25519, base64) was made over; parse it with `policyContentSchema` after verifying. */
export const policyDocumentSchema = z.object({
  content: z.string().describe('The document, as text, such as {"version":12}'),
  signature: z.string().describe('Signature over it, base64, such as MEUCIQ…'),
});
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;

/** Moves a host from one policy state to the next; `policy` only when the host policy itself changed. A VEN at another version asks for the whole. */
export const policyDeltaContentSchema = z.object({
  from: z.number().int().describe('Where it begins'),
  to: z.number().int().describe('Where it ends'),
  policy_version: z
    .number()
    .int()
    .describe('Version of the policy that it was held against, such as 12'),
  policy: hostPolicySchema.nullable(),
  sets: z.array(addressSetDeltaSchema),
  dropped_sets: z.array(z.string()).describe('Ids that the policy names no more'),
  rule_names: z.record(z.string(), z.string()),
});
export type PolicyDeltaContent = z.infer<typeof policyDeltaContentSchema>;

// --- flows ---

export const flowRecordSchema = z.object({
  src_ip: z.string().max(64).describe('Address that connects, such as 192.0.2.10'),
  dst_ip: z.string().max(64).describe('Address that is reached, such as 192.0.2.20'),
  protocol: z.number().int().min(0).max(255).describe('Version of the protocol, such as 1'),
  dst_port: z.number().int().min(0).max(65535).describe('Destination port, such as 443'),
  icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
  icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
  direction: z.enum(['inbound', 'outbound']).describe('Direction as the host sees it'),
  decision: z.enum(POLICY_DECISIONS).describe('What the policy said of it'),
  rules: z
    .array(z.string())
    .describe('Hrefs of the rules or boundaries that decided; empty: default'),
  reason: z
    .enum(['essential', 'ipv6_mode', 'rule', 'boundary', 'default'])
    .describe('What decided'),
  interface: z.string().max(64).nullable().describe('Network interface of the host, such as eth0'),
  network_profile: z.enum(NETWORK_PROFILES).describe('Network that the interface is on'),
  state: z
    .enum(['new', 'active', 'closed', 'timed out', 'snapshot'])
    .describe('State of the connection'),
  connections: z
    .number()
    .int()
    .min(0)
    .describe(
      'Connections that began; 0: more of those told before, as what they carried, such as 3',
    ),
  bytes_in: z.number().int().min(0).describe('Bytes that came in, such as 1024'),
  bytes_out: z.number().int().min(0).describe('Bytes that went out, such as 2048'),
  first_seen: z.string().describe('When it was seen first, such as 2026-01-31T12:00:00.000Z'),
  last_seen: z.string().describe('When it was seen last, such as 2026-01-31T12:00:00.000Z'),
  process_name: z.string().max(255).nullable().describe('File name of the program, such as nginx'),
  user_name: z.string().max(255).nullable().describe('User who ran the program, such as www-data'),
});
export type FlowRecord = z.infer<typeof flowRecordSchema>;
export const flowReportSchema = z.object({
  /** Rises by one for each report of this VEN; a report seen before is acknowledged and not counted twice. */
  sequence: z.number().int().min(0).describe('Number of the message, from 1 on, such as 1'),
  dropped: z.number().int().min(0).describe('Records lost because the buffer was full, such as 0'),
  flows: z.array(flowRecordSchema).max(10000).describe('Flows'),
});
export type FlowReport = z.infer<typeof flowReportSchema>;

export const goodbyeSchema = z.object({
  reason: z.enum(['stop', 'unpair', 'shutdown']).describe('What decided'),
});
