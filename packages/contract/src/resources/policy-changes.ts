/** Before one provisions: what belongs together, what it would do; and the way back to a version. */
import { z } from 'zod';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  booleanParam,
  hrefSchema,
  orgParams,
  refSchema,
  timestampSchema,
  versionParams,
} from '../shared.ts';
import { changeSubsetSchema } from './policy.ts';

const refsByType = z.record(z.string(), z.array(refSchema));
export const dependencySchema = z
  .object({
    dependency: z
      .record(z.string(), refSchema)
      .describe('What must be chosen as well; one member, named by its type'),
    required_by: refsByType.describe('Chosen changes, or other dependencies, that need it'),
    reasons: z.array(z.string()).describe('Why, one for each of required_by (ours)'),
  })
  .meta({ id: 'PolicyDependency' });
export type DependencyWire = z.infer<typeof dependencySchema>;

const count = z.number().int();
const impactHost = z.object({
  href: hrefSchema,
  name: z.string().nullable(),
  hostname: z.string().nullable(),
});
const impactEnd = z.object({ ip: z.string(), workload: impactHost.nullable() });
const impactConnection = z
  .object({
    src: impactEnd,
    dst: impactEnd,
    service: z.object({
      proto: z.number().int().describe('IANA number'),
      port: z.number().int().nullable(),
      icmp_type: z.number().int().nullable(),
      icmp_code: z.number().int().nullable(),
      process_name: z.string().nullable(),
    }),
    num_connections: count.describe('Seen in the time that was looked at'),
    last_detected: timestampSchema,
    from: z.enum(POLICY_DECISIONS).describe('By the active policy'),
    to: z.enum(POLICY_DECISIONS).describe('Once the changes are provisioned'),
  })
  .meta({ id: 'ImpactConnection' });
const impactDetails = z
  .object({
    workloads: z.array(impactHost).describe('Hosts that would enforce something else'),
    workloads_truncated: z.boolean(),
    connections: z
      .array(impactConnection)
      .describe('Connections of these hosts that would be decided for the worse, newest first'),
    connections_examined: count.describe('Different connections that were held against both'),
    connections_truncated: z.boolean().describe('There were more than are examined in one call'),
    connections_since: timestampSchema,
  })
  .meta({ id: 'ImpactDetails' });
export const impactSchema = z
  .object({
    num_sets: count.describe('Rulesets among the changes'),
    num_virtual_servers: count,
    num_managed_workloads: count.describe('Hosts that would enforce something else'),
    num_container_workloads: count,
    num_unmanaged_workloads: count.describe(
      'Unmanaged workloads that hosts would newly reach, or no longer',
    ),
    all_workloads_optimization: z
      .boolean()
      .describe('True when every managed workload is concerned'),
    details: impactDetails.optional().describe('With details=true (ours)'),
  })
  .meta({ id: 'PolicyImpact' });
export type ImpactWire = z.infer<typeof impactSchema>;

const restoredItem = z.object({
  href: hrefSchema,
  name: z.string(),
  update_type: z
    .enum(['create', 'update', 'delete'])
    .nullable()
    .describe('Difference to active policy; null: the draft is what is active again'),
});
export const restoredSchema = z
  .object({
    version: z.number().int(),
    restored: z.array(restoredItem).describe('Objects whose draft is another one now'),
    left_out: z
      .array(z.object({ href: hrefSchema, name: z.string(), message: z.string() }))
      .describe(
        'Parts of the version that named what is deleted since. Without them the policy says the same: what is deleted matched nothing.',
      ),
  })
  .meta({ id: 'RestoredPolicy' });
export type RestoredWire = z.infer<typeof restoredSchema>;

const S = '/orgs/:org_id/sec_policy';
const TAG = 'Provisioning';
export const policyChangeEndpoints = {
  'sec_policy.dependencies': endpoint({
    method: 'POST',
    path: `${S}/:pversion/dependencies`,
    permission: 'any',
    tag: TAG,
    params: versionParams,
    summary: 'What else must be provisioned, or reverted, with some draft changes, and why',
    body: z.strictObject({
      operation: z.enum(['commit', 'revert']),
      change_subset: changeSubsetSchema,
    }),
    reads: true,
    status: 200,
    answer: 'json',
    response: z.array(dependencySchema),
  }),
  'sec_policy.impact': endpoint({
    method: 'POST',
    path: `${S}/impact`,
    permission: 'pol',
    tag: TAG,
    params: orgParams,
    summary: 'Which hosts some draft changes would reach, and what live connections would lose',
    query: z.object({
      details: booleanParam
        .optional()
        .describe('Adds the hosts, and connections of the last day that would be lost (ours)'),
    }),
    body: z.strictObject({ change_subset: changeSubsetSchema.optional() }),
    bodyOptional: true,
    reads: true,
    status: 200,
    answer: 'json',
    response: impactSchema,
  }),
  'sec_policy.restore': endpoint({
    method: 'POST',
    path: `${S}/:pversion/restore`,
    permission: 'edit',
    events: ['sec_policy.restore'],
    tag: TAG,
    params: versionParams,
    summary: 'The draft becomes what a version was; it is not provisioned by that',
    body: z.strictObject({}),
    bodyOptional: true,
    status: 200,
    answer: 'json',
    response: restoredSchema,
  }),
};
