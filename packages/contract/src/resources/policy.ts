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
export const changeSubsetSchema = z
  .object({
    rule_sets: z.array(refSchema).optional(),
    ip_lists: z.array(refSchema).optional(),
    services: z.array(refSchema).optional(),
    label_groups: z.array(refSchema).optional(),
    virtual_services: z.array(refSchema).optional(),
    virtual_servers: z.array(refSchema).optional(),
    firewall_settings: z.array(refSchema).optional(),
    enforcement_boundaries: z.array(refSchema).optional(),
    secure_connect_gateways: z.array(refSchema).optional(),
  })
  .meta({ id: 'ChangeSubset' });
export type ChangeSubset = z.infer<typeof changeSubsetSchema>;
export const secPolicySchema = z
  .object({
    href: hrefSchema,
    version: z.number().int(),
    commit_message: z.string().nullable(),
    workloads_affected: z
      .number()
      .int()
      .nullable()
      .describe(
        'Hosts that enforce something else by it; null until that is computed, or when it cannot be told',
      ),
    object_counts: z.record(z.string(), z.number().int()),
    created_at: timestampSchema,
    created_by: refSchema,
    policy_test_override: z
      .object({ reason: z.string(), by: refSchema, failed: z.array(z.string()) })
      .nullable()
      .describe('Policy tests that failed and were passed over, by whom and why (ours)'),
  })
  .meta({ id: 'SecPolicy' });
export type SecPolicyWire = z.infer<typeof secPolicySchema>;
const pendingItem = z.object({
  href: hrefSchema,
  name: z.string(),
  update_type: z.enum(['create', 'update', 'delete']),
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
    rule_sets: z.array(pendingRuleSet).optional(),
    ip_lists: z.array(pendingItem).optional(),
    services: z.array(pendingItem).optional(),
    label_groups: z.array(pendingItem).optional(),
    virtual_services: z.array(pendingItem).optional(),
    firewall_settings: z.array(pendingItem).optional(),
    enforcement_boundaries: z.array(pendingItem).optional(),
  })
  .meta({ id: 'PendingPolicy' });
const modifiedObject = z.object({
  object_type: z.string(),
  href: hrefSchema,
  name: z.string(),
  update_type: z.enum(['create', 'update', 'delete']),
  updated_at: timestampSchema,
  updated_by: refSchema,
});

const decidingRule = z.object({ href: hrefSchema, name: z.string(), version: z.number().int() });
const endDecision = z.object({
  workload: z.object({
    href: hrefSchema,
    name: z.string().nullable(),
    hostname: z.string().nullable(),
  }),
  decision: z.enum(POLICY_DECISIONS),
  reason: z.enum(['essential', 'ipv6_mode', 'rule', 'boundary', 'default']),
  rules: z.array(decidingRule),
  boundaries: z.array(decidingRule),
  mode: z.enum(ENFORCEMENT_MODES),
  interface_name: z.string().nullable(),
  network_profile: z.enum(NETWORK_PROFILES),
});
/** Answer of `decide`: both ends together, and what each says by itself with its reason. */
export const decisionSchema = z
  .object({
    decision: z.enum(POLICY_DECISIONS),
    outbound: endDecision.nullable(),
    inbound: endDecision.nullable(),
  })
  .meta({ id: 'Decision' });
export type DecisionWire = z.infer<typeof decisionSchema>;

const policyViewRule = z.object({
  action: z.enum(['allow', 'deny']),
  direction: z.enum(['inbound', 'outbound']),
  network_type: z.string(),
  rule: z.object({ href: hrefSchema, name: z.string(), version: z.number().int() }),
  services: z.array(z.string()),
  peers: z.array(z.string()),
  peer_count: z.number().int(),
  fqdns: z.array(z.string()),
});
export const policyViewSchema = z
  .object({
    workload: refSchema,
    policy_hash: z.string().nullable(),
    mode: z.enum(ENFORCEMENT_MODES),
    essential: z.array(z.string()),
    rules: z.array(policyViewRule),
  })
  .meta({ id: 'PolicyView' });
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
      update_description: z.string().max(65535).nullable().optional(),
      change_subset: changeSubsetSchema.optional(),
      policy_test_override: z
        .strictObject({ reason: z.string().trim().min(1).max(1000) })
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
    body: z.strictObject({ change_subset: changeSubsetSchema }),
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
      src_ip: z.string().optional(),
      dst_workload: hrefSchema.optional(),
      dst_ip: z.string().optional(),
      protocol: z
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number),
      port: z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number)
        .optional(),
      icmp_type: z
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number)
        .optional(),
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
