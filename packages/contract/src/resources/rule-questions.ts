/** Which rules there are about something: searched by what they say, or asked for by what they allow. */
import { z } from 'zod';
import { NETWORK_TYPES, POLICY_DECISIONS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  actorWriteSchema,
  booleanParam,
  capsSchema,
  hrefSchema,
  inlinePortWriteSchema,
  refSchema,
  scopesSchema,
  versionParams,
} from '../shared.ts';
import { ipTablesRuleSchema } from './ip-tables-rules.ts';
import { secRuleSchema } from './rules.ts';

const ruleSetOfRule = z.object({
  href: hrefSchema,
  name: z.string().describe('Name, such as Web servers'),
  enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
  scopes: scopesSchema.describe(
    'Where it applies: entries of one scope all hold, one scope suffices; none: everywhere',
  ),
  caps: capsSchema,
});
export const foundRuleSchema = secRuleSchema
  .extend({ rule_set: ruleSetOfRule.describe('Ruleset that it stands in') })
  .meta({ id: 'FoundRule', description: 'A rule with its ruleset' });
export type FoundRuleWire = z.infer<typeof foundRuleSchema>;
export const foundIpTablesRuleSchema = ipTablesRuleSchema
  .extend({ rule_set: ruleSetOfRule.describe('Ruleset that it stands in') })
  .meta({ id: 'FoundIpTablesRule', description: 'An iptables rule with its ruleset' });
export type FoundIpTablesRuleWire = z.infer<typeof foundIpTablesRuleSchema>;

const actors = z.array(actorWriteSchema).max(1000);
const EVERY = 'Labels and groups of one dimension are alternatives; everything else must be there';
const ruleSearchSchema = z
  .strictObject({
    providers: actors.optional().describe(EVERY),
    consumers: actors.optional().describe(EVERY),
    providers_or_consumers: actors.optional().describe(`${EVERY}, on either side`),
    ingress_services: z
      .array(z.union([z.object({ href: hrefSchema }), inlinePortWriteSchema]))
      .max(1000)
      .optional()
      .describe('Services that the rule names; ports that it opens, by whatever service'),
    consuming_security_principals: z
      .array(refSchema)
      .max(1000)
      .optional()
      .describe('User groups that the consumers are narrowed to'),
    enabled: z.boolean().optional().describe('false: it is kept, and counts for nothing'),
    description: z
      .string()
      .max(65535)
      .optional()
      .describe('Part of it, any letter case, such as shop'),
    sec_connect: z.boolean().optional().describe('Stored and shown, without effect'),
    machine_auth: z.boolean().optional().describe('Stored and shown, without effect'),
    stateless: z.boolean().optional().describe('true: no connection tracking; answers pass too'),
    unscoped_consumers: z
      .boolean()
      .optional()
      .describe('true: consumers come from all scopes (extra-scope rule)'),
    network_type: z
      .enum(NETWORK_TYPES)
      .optional()
      .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
    update_type: z
      .enum(['create', 'update', 'delete'])
      .nullable()
      .optional()
      .describe('Only rules with this change in draft'),
    resolve_actors: z
      .boolean()
      .optional()
      .describe(
        'True: what holds the actor counts as well: All Workloads, groups and scopes that hold a label, labels that a workload has',
      ),
    max_results: z
      .number()
      .int()
      .min(0)
      .max(999_999_999)
      .optional()
      .describe('Default 500, such as 100'),
    rule_types: z
      .array(z.enum(['sec_rules', 'deny_rules', 'override_deny_rules', 'ip_tables_rules']))
      .optional()
      .describe('Default sec_rules; there are no deny rules in this release'),
  })
  .meta({ id: 'RuleSearch', description: 'What rules must have' });
export type RuleSearch = z.infer<typeof ruleSearchSchema>;

const allowQuery = z.object({
  src_workload: hrefSchema.optional(),
  src_external_ip: z
    .string()
    .trim()
    .max(64)
    .optional()
    .describe('Address that connects, outside of all workloads, such as 198.51.100.7'),
  dst_workload: hrefSchema.optional(),
  dst_external_ip: z
    .string()
    .trim()
    .max(64)
    .optional()
    .describe('Address that is reached, outside of all workloads, such as 198.51.100.7'),
  protocol: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .optional()
    .describe('IANA protocol number; -1: every, such as 6'),
  port: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .optional()
    .describe('Port, or the first of a range; 0: all, such as 443'),
  service: hrefSchema
    .optional()
    .describe('In place of protocol and port: rules that allow the whole of one of its entries'),
  network_type: z.enum(NETWORK_TYPES).optional().describe('Only rules for these networks'),
});
export type AllowQuery = z.output<typeof allowQuery>;

const coverageEnd = z
  .object({
    actors: z.enum(['ams', 'all']).optional().describe('ams: all workloads'),
    workload: refSchema.optional().describe('A workload'),
    ip_list: refSchema.optional().describe('An IP list'),
    labels: z.array(refSchema).max(64).optional().describe('Workloads that have all of these'),
    virtual_service: refSchema.optional().describe('A virtual service'),
    virtual_server: refSchema.optional(),
  })
  .refine(
    (end) => Object.values(end).filter((value) => value !== undefined).length === 1,
    'names one of actors, workload, ip_list, labels, virtual_service, virtual_server',
  );
const resolveAs = z.array(z.enum(['workloads', 'virtual_services'])).max(2);
const coverageItem = z
  .object({
    source: coverageEnd.describe('The end that connects'),
    destination: coverageEnd.describe('The end that is reached'),
    services: z
      .array(
        z.object({
          protocol: z
            .number()
            .int()
            .min(-1)
            .max(255)
            .describe('IANA protocol number; -1: every, such as 6'),
          port: z
            .number()
            .int()
            .min(-1)
            .max(65535)
            .nullable()
            .optional()
            .describe('Port, or the first of a range; 0: all, such as 443'),
          process_name: z
            .string()
            .max(1024)
            .nullable()
            .optional()
            .describe('Path of the program, such as /usr/sbin/nginx'),
          windows_service_name: z
            .string()
            .max(255)
            .nullable()
            .optional()
            .describe('Name of the Windows service, such as TermService'),
          os_type: z
            .string()
            .max(32)
            .nullable()
            .optional()
            .describe('Family of the operating system, such as linux'),
        }),
      )
      .max(1000)
      .describe('Services that are asked about'),
    resolve_labels_as: z
      .object({
        source: resolveAs.optional().describe('The end that connects'),
        destination: resolveAs.optional().describe('The end that is reached'),
      })
      .optional()
      .describe('What labels of each side stand for'),
    network: z.unknown().optional().describe('Accepted and not looked at'),
  })
  .meta({ id: 'RuleCoverageItem', description: 'A pair of ends, and services between them' });
export type RuleCoverageItem = z.infer<typeof coverageItem>;

const rulesByIndex = z.record(z.string(), z.object({ href: hrefSchema }));
const edges = z.array(z.array(z.array(z.number().int())));
export const ruleCoverageSchema = z
  .object({
    rules: rulesByIndex.describe('Rules by the index that edges name them by'),
    edges: edges.describe(
      'For each item, for each of its services: indexes of rules that allow it',
    ),
    deny_rules: rulesByIndex.describe('Deny rules by their index'),
    deny_edges: edges.describe('Indexes of deny rules, by item and service'),
    override_deny_rules: rulesByIndex.describe('Override deny rules by their index'),
    override_deny_edges: edges.describe('Indexes of override deny rules, by item and service'),
  })
  .meta({ id: 'RuleCoverage', description: 'Rules that allow pairs of ends' });
export type RuleCoverageWire = z.infer<typeof ruleCoverageSchema>;

const S = '/orgs/:org_id/sec_policy/:pversion';
const TAG = 'Policy questions';
export const ruleQuestionEndpoints = {
  'sec_policy.rule_search': endpoint({
    method: 'POST',
    path: `${S}/rule_search`,
    permission: 'pol',
    tag: TAG,
    params: versionParams,
    summary: 'Rules of all rulesets by what they say; no member: all of them',
    body: ruleSearchSchema,
    bodyOptional: true,
    reads: true,
    status: 200,
    answer: 'collection',
    response: z.union([foundRuleSchema, foundIpTablesRuleSchema]),
  }),
  'sec_policy.allow': endpoint({
    method: 'GET',
    path: `${S}/allow`,
    permission: 'pol',
    tag: TAG,
    params: versionParams,
    summary: 'Rules that allow a connection at one of its ends',
    query: allowQuery,
    status: 200,
    answer: 'collection',
    response: foundRuleSchema,
  }),
  'sec_policy.policy_check': endpoint({
    method: 'GET',
    path: `${S}/policy_check`,
    permission: 'pol',
    tag: TAG,
    params: versionParams,
    summary: 'The same with the boundaries that match it, and the decision',
    query: allowQuery,
    status: 200,
    answer: 'json',
    response: z
      .object({
        sec_rules: z.array(foundRuleSchema).describe('Rules that allow it'),
        deny_rules: z.array(z.unknown()).describe('Deny rules'),
        override_deny_rules: z.array(z.unknown()).describe('Override deny rules'),
        enforcement_boundaries: z
          .array(
            z.object({ href: hrefSchema, name: z.string().describe('Name, such as Web servers') }),
          )
          .describe('Boundaries that match, also where a rule lets it cross (ours)'),
        decisions: z
          .array(z.enum(POLICY_DECISIONS))
          .describe('What becomes of it: more than one when parts of a service differ (ours)'),
      })
      .meta({ id: 'PolicyCheck', description: 'Rules that decide a connection' }),
  }),
  'sec_policy.rule_coverage': endpoint({
    method: 'POST',
    path: `${S}/rule_coverage`,
    permission: 'any',
    tag: TAG,
    params: versionParams,
    summary: 'Which rules allow services between groups of hosts, many questions at once',
    query: z.object({
      include_deny_rules: booleanParam
        .optional()
        .describe('true: answers deny rules, too, such as true'),
    }),
    body: z.array(coverageItem).max(1000),
    reads: true,
    status: 200,
    answer: 'json',
    response: ruleCoverageSchema,
  }),
};
