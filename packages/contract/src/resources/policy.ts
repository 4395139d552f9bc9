/** Draft, provision, versions, and the questions that one asks of a policy. */
import { z } from 'zod';
import { ENFORCEMENT_MODES, NETWORK_PROFILES, POLICY_DECISIONS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  capsSchema,
  hrefSchema,
  orgParams,
  pageQuery,
  refSchema,
  timestampSchema,
  versionParams,
} from '../shared.ts';

export const PROVISIONED_TYPES = [
  'rule_sets',
  'ip_lists',
  'services',
  'label_groups',
  'virtual_services',
  'firewall_settings',
  'enforcement_boundaries',
] as const;
/** Strict: a type with a slip in its name must not make a choice of nothing, which is everything. */
export const changeSubsetSchema = z
  .strictObject({
    rule_sets: z.array(refSchema).optional().describe('Rulesets'),
    ip_lists: z.array(refSchema).optional().describe('IP lists'),
    services: z.array(refSchema).optional().describe('Services'),
    label_groups: z.array(refSchema).optional().describe('Label groups'),
    virtual_services: z.array(refSchema).optional().describe('Virtual services'),
    virtual_servers: z.array(refSchema).optional().describe('Virtual servers; always empty'),
    firewall_settings: z.array(refSchema).optional().describe('Firewall settings'),
    enforcement_boundaries: z.array(refSchema).optional().describe('Enforcement boundaries'),
    secure_connect_gateways: z.array(refSchema).optional().describe('Gateways; always empty'),
  })
  .meta({ id: 'ChangeSubset', description: 'Draft changes by type of object' });
export type ChangeSubset = z.infer<typeof changeSubsetSchema>;
export const secPolicySchema = z
  .object({
    href: hrefSchema,
    version: z.number().int().describe('Number of the policy version, such as 12'),
    commit_message: z
      .string()
      .nullable()
      .describe('Note of who provisioned it, such as Open the shop'),
    workloads_affected: z
      .number()
      .int()
      .nullable()
      .describe(
        'Hosts that enforce something else by it; null until that is computed, or when it cannot be told, such as 40',
      ),
    object_counts: z.record(z.string(), z.number().int()).describe('Objects in it, by type'),
    created_at: timestampSchema,
    created_by: refSchema,
    policy_test_override: z
      .object({
        reason: z
          .string()
          .describe('Why failing tests are passed over, such as The shop moves tonight'),
        by: refSchema.describe('Who passed over them'),
        failed: z.array(z.string()).describe('Names of the tests that failed'),
      })
      .nullable()
      .describe('Policy tests that failed and were passed over, by whom and why (ours)'),
  })
  .meta({ id: 'SecPolicy', description: 'A policy version' });
export type SecPolicyWire = z.infer<typeof secPolicySchema>;
const pendingItem = z.object({
  href: hrefSchema,
  name: z.string().describe('Name, such as Web servers'),
  update_type: z.enum(['create', 'update', 'delete']).describe('What was done to it'),
  updated_at: timestampSchema,
  updated_by: refSchema,
  caps: capsSchema,
});
const pendingRuleSet = pendingItem.extend({
  related_ip_lists: z.array(refSchema).describe('IP lists that its draft refers to'),
  related_services: z.array(refSchema).describe('Services that its draft refers to'),
});
const pendingSchema = z
  .object({
    rule_sets: z.array(pendingRuleSet).optional().describe('Rulesets'),
    ip_lists: z.array(pendingItem).optional().describe('IP lists'),
    services: z.array(pendingItem).optional().describe('Services'),
    label_groups: z.array(pendingItem).optional().describe('Label groups'),
    virtual_services: z.array(pendingItem).optional().describe('Virtual services'),
    firewall_settings: z.array(pendingItem).optional().describe('Firewall settings'),
    enforcement_boundaries: z.array(pendingItem).optional().describe('Enforcement boundaries'),
  })
  .meta({ id: 'PendingPolicy', description: 'Draft changes by type of object' });
const modifiedObject = z.object({
  object_type: z.string().describe('Type of the object, such as rule_sets'),
  href: hrefSchema,
  name: z.string().describe('Name, such as Web servers'),
  update_type: z.enum(['create', 'update', 'delete']).describe('What was done to it'),
  updated_at: timestampSchema,
  updated_by: refSchema,
});

const decidingRule = z.object({
  href: hrefSchema,
  name: z.string().describe('Name, such as Web servers'),
  version: z.number().int().describe('Number of the policy version, such as 12'),
});
const endDecision = z.object({
  workload: z
    .object({
      href: hrefSchema,
      name: z.string().nullable().describe('Name, such as Web servers'),
      hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
    })
    .describe('A workload'),
  decision: z.enum(POLICY_DECISIONS).describe('What the policy says of it'),
  reason: z
    .enum(['essential', 'ipv6_mode', 'rule', 'boundary', 'default'])
    .describe('What decides'),
  rules: z.array(decidingRule).describe('Rules'),
  boundaries: z.array(decidingRule).describe('Enforcement boundaries that decide'),
  mode: z.enum(ENFORCEMENT_MODES).describe('Enforcement mode'),
  interface_name: z.string().nullable().describe('Network interface of the host, such as eth0'),
  network_profile: z.enum(NETWORK_PROFILES).describe('Network that the interface is on'),
});
/** Answer of `decide`: both ends together, and what each says by itself with its reason. */
export const decisionSchema = z
  .object({
    decision: z.enum(POLICY_DECISIONS).describe('What the policy says of it'),
    outbound: endDecision.nullable().describe('What the end that connects says'),
    inbound: endDecision.nullable().describe('What the end that is reached says'),
  })
  .meta({
    id: 'Decision',
    description: 'What the policy says of a connection, and what each end says',
  });
export type DecisionWire = z.infer<typeof decisionSchema>;

const policyViewRule = z.object({
  action: z.enum(['allow', 'deny']).describe('What is done'),
  direction: z.enum(['inbound', 'outbound']).describe('Direction as the host sees it'),
  network_type: z
    .string()
    .describe('Networks it counts in: brn Corporate, non_brn all others, all both, such as brn'),
  rule: z
    .object({
      href: hrefSchema,
      name: z.string().describe('Name, such as Web servers'),
      version: z.number().int().describe('Number of the policy version, such as 12'),
    })
    .describe('A rule'),
  services: z.array(z.string()).describe('Services'),
  peers: z.array(z.string()).describe('Addresses and subnets of the other side, the first 200'),
  peer_count: z.number().int().describe('Number of them, also where fewer are listed, such as 12'),
  fqdns: z.array(z.string()).describe('DNS names'),
});
export const policyViewSchema = z
  .object({
    workload: refSchema.describe('A workload'),
    policy_hash: z
      .string()
      .nullable()
      .describe('Hash of the host policy; null: it has none yet, such as sha256:9f86d081884c7d65'),
    mode: z.enum(ENFORCEMENT_MODES).describe('Enforcement mode'),
    essential: z.array(z.string()).describe('Traffic that always passes'),
    rules: z.array(policyViewRule).describe('Rules'),
  })
  .meta({ id: 'PolicyView', description: 'What a host enforces' });
export type PolicyViewWire = z.infer<typeof policyViewSchema>;

const S = '/orgs/:org_id/sec_policy';
export const policyEndpoints = {
  'sec_policy.list': endpoint({
    method: 'GET',
    path: S,
    permission: 'any',
    tag: 'Provisioning',
    params: orgParams,
    summary: 'Policy versions, newest first',
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: secPolicySchema,
  }),
  'sec_policy.provision': endpoint({
    method: 'POST',
    path: S,
    permission: 'provision',
    events: [
      'sec_policy.create',
      'policy_test.override',
      'policy_test.passed',
      'policy_test.failed',
    ],
    tag: 'Provisioning',
    params: orgParams,
    summary: 'Makes draft changes active, all of them or a subset',
    body: z.strictObject({
      update_description: z
        .string()
        .max(65535)
        .nullable()
        .optional()
        .describe('Note of who provisions it, such as Open the shop'),
      change_subset: changeSubsetSchema.optional().describe('Only these changes; absent: all'),
      policy_test_override: z
        .strictObject({
          reason: z
            .string()
            .trim()
            .min(1)
            .max(1000)
            .describe('Why failing tests are passed over, such as The shop moves tonight'),
        })
        .optional()
        .describe('Provisions although policy tests fail; owners and administrators only (ours)'),
    }),
    status: 201,
    answer: 'json',
    response: secPolicySchema,
  }),
  'sec_policy.pending': endpoint({
    method: 'GET',
    path: `${S}/pending`,
    permission: 'any',
    tag: 'Provisioning',
    params: orgParams,
    summary: 'Draft changes that are not provisioned',
    status: 200,
    answer: 'json',
    response: pendingSchema,
  }),
  'sec_policy.revert_all': endpoint({
    method: 'DELETE',
    path: `${S}/pending`,
    permission: 'edit',
    events: ['sec_policy_pending.delete'],
    tag: 'Provisioning',
    params: orgParams,
    summary: 'Reverts all draft changes',
    status: 204,
    answer: 'empty',
  }),
  'sec_policy.revert': endpoint({
    method: 'PUT',
    path: `${S}/delete`,
    permission: 'edit',
    events: ['sec_policy_pending.delete'],
    tag: 'Provisioning',
    params: orgParams,
    summary: 'Reverts some draft changes',
    body: z.strictObject({
      change_subset: changeSubsetSchema.describe('Only these changes; absent: all'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'sec_policy.get': endpoint({
    method: 'GET',
    path: `${S}/:pversion`,
    permission: 'any',
    tag: 'Provisioning',
    params: versionParams,
    summary: 'One policy version',
    status: 200,
    answer: 'json',
    response: secPolicySchema,
  }),
  'sec_policy.modified_objects': endpoint({
    method: 'GET',
    path: `${S}/:pversion/modified_objects`,
    permission: 'any',
    tag: 'Provisioning',
    params: versionParams,
    summary: 'What a version changed',
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: modifiedObject,
  }),
  'sec_policy.decide': endpoint({
    method: 'GET',
    path: `${S}/:pversion/decide`,
    permission: 'pol',
    tag: 'Policy questions',
    params: versionParams,
    summary:
      'What the policy says of one new connection, and why (ours); draft, active or any version',
    query: z.object({
      src_workload: hrefSchema.optional(),
      src_ip: z.string().optional().describe('Address that connects, such as 192.0.2.10'),
      dst_workload: hrefSchema.optional(),
      dst_ip: z.string().optional().describe('Address that is reached, such as 192.0.2.20'),
      protocol: z
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number)
        .describe('IANA protocol number, such as 6'),
      port: z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number)
        .optional()
        .describe('Port, or the first of a range; 0: all, such as 443'),
      icmp_type: z
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number)
        .optional()
        .describe('ICMP type, 0 to 255, such as 8'),
    }),
    status: 200,
    answer: 'json',
    response: decisionSchema,
  }),
  'sec_policy.policy_view': endpoint({
    method: 'GET',
    path: `${S}/:pversion/policy_view`,
    permission: 'any',
    tag: 'Policy questions',
    params: versionParams,
    summary: 'What a host enforces, by rule',
    query: z.object({ workload: hrefSchema }),
    status: 200,
    answer: 'json',
    response: policyViewSchema,
  }),
};
