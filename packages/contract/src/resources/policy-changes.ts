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
  .meta({ id: 'PolicyDependency', description: 'What else has to go along, and why' });
export type DependencyWire = z.infer<typeof dependencySchema>;

const count = z.number().int();
const impactHost = z.object({
  href: hrefSchema,
  name: z.string().nullable().describe('Name, such as Web servers'),
  hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
});
const impactEnd = z.object({
  ip: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
  workload: impactHost.nullable().describe('A workload'),
});
const impactConnection = z
  .object({
    src: impactEnd.describe('The end that connects'),
    dst: impactEnd.describe('The end that is reached'),
    service: z
      .object({
        proto: z.number().int().describe('IANA number, such as 6'),
        port: z
          .number()
          .int()
          .nullable()
          .describe('Port, or the first of a range; 0: all, such as 443'),
        icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
        icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
        process_name: z
          .string()
          .nullable()
          .describe('Path of the program, such as /usr/sbin/nginx'),
      })
      .describe('A service'),
    num_connections: count.describe('Seen in the time that was looked at, such as 3'),
    last_detected: timestampSchema.describe('When it was seen last'),
    from: z.enum(POLICY_DECISIONS).describe('By the active policy'),
    to: z.enum(POLICY_DECISIONS).describe('Once the changes are provisioned'),
  })
  .meta({ id: 'ImpactConnection', description: 'A connection that was seen and would be lost' });
const impactDetails = z
  .object({
    workloads: z.array(impactHost).describe('Hosts that would enforce something else, such as 40'),
    workloads_truncated: z.boolean().describe('true: there are more than are listed'),
    connections: z
      .array(impactConnection)
      .describe('Connections of these hosts that would be decided for the worse, newest first'),
    connections_examined: count.describe(
      'Different connections that were held against both, such as 120',
    ),
    connections_truncated: z.boolean().describe('There were more than are examined in one call'),
    connections_since: timestampSchema.describe('Beginning of the time that was looked at'),
  })
  .meta({ id: 'ImpactDetails', description: 'Hosts and connections that are concerned' });
export const impactSchema = z
  .object({
    num_sets: count.describe('Rulesets among the changes, such as 1'),
    num_virtual_servers: count.describe('Virtual servers concerned; always 0, such as 0'),
    num_managed_workloads: count.describe('Hosts that would enforce something else, such as 40'),
    num_container_workloads: count.describe('Container workloads concerned; always 0, such as 0'),
    num_unmanaged_workloads: count.describe(
      'Unmanaged workloads that hosts would newly reach, or no longer, such as 2',
    ),
    all_workloads_optimization: z
      .boolean()
      .describe('True when every managed workload is concerned'),
    details: impactDetails.optional().describe('With details=true (ours)'),
  })
  .meta({ id: 'PolicyImpact', description: 'What a provision would reach' });
export type ImpactWire = z.infer<typeof impactSchema>;

const restoredItem = z.object({
  href: hrefSchema,
  name: z.string().describe('Name, such as Web servers'),
  update_type: z
    .enum(['create', 'update', 'delete'])
    .nullable()
    .describe('Difference to active policy; null: the draft is what is active again'),
});
export const restoredSchema = z
  .object({
    version: z.number().int().describe('Number of the policy version, such as 12'),
    restored: z.array(restoredItem).describe('Objects whose draft is another one now'),
    left_out: z
      .array(
        z.object({
          href: hrefSchema,
          name: z.string().describe('Name, such as Web servers'),
          message: z
            .string()
            .describe(
              'What is wrong, where, and what would be right, such as name: must not be empty',
            ),
        }),
      )
      .describe(
        'Parts of the version that named what is deleted since. Without them the policy says the same: what is deleted matched nothing.',
      ),
  })
  .meta({ id: 'RestoredPolicy', description: 'What a restore did to the draft' });
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
      operation: z
        .enum(['commit', 'revert'])
        .describe('Whether it is about provisioning (commit) or about reverting'),
      change_subset: changeSubsetSchema.describe('Only these changes; absent: all'),
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
        .describe(
          'Adds the hosts, and connections of the last day that would be lost (ours), such as true',
        ),
    }),
    body: z.strictObject({
      change_subset: changeSubsetSchema.optional().describe('Only these changes; absent: all'),
    }),
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
