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
  name: z.string(),
  enabled: z.boolean(),
  scopes: scopesSchema,
  caps: capsSchema,
});
export const foundRuleSchema = secRuleSchema
  .extend({ rule_set: ruleSetOfRule })
  .meta({ id: 'FoundRule' });
export type FoundRuleWire = z.infer<typeof foundRuleSchema>;
export const foundIpTablesRuleSchema = ipTablesRuleSchema
  .extend({ rule_set: ruleSetOfRule })
  .meta({ id: 'FoundIpTablesRule' });
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
    consuming_security_principals: z.array(refSchema).max(1000).optional(),
    enabled: z.boolean().optional(),
    description: z.string().max(65535).optional().describe('Part of it, any letter case'),
    sec_connect: z.boolean().optional(),
    machine_auth: z.boolean().optional(),
    stateless: z.boolean().optional(),
    unscoped_consumers: z.boolean().optional(),
    network_type: z.enum(NETWORK_TYPES).optional(),
    update_type: z.enum(['create', 'update', 'delete']).nullable().optional(),
    resolve_actors: z
      .boolean()
      .optional()
      .describe(
        'True: what holds the actor counts as well: All Workloads, groups and scopes that hold a label, labels that a workload has',
      ),
    max_results: z.number().int().min(0).max(999_999_999).optional().describe('Default 500'),
    rule_types: z
      .array(z.enum(['sec_rules', 'deny_rules', 'override_deny_rules', 'ip_tables_rules']))
      .optional()
      .describe('Default sec_rules; there are no deny rules in this release'),
  })
  .meta({ id: 'RuleSearch' });
export type RuleSearch = z.infer<typeof ruleSearchSchema>;

const allowQuery = z.object({
  src_workload: hrefSchema.optional(),
  src_external_ip: z.string().trim().max(64).optional(),
  dst_workload: hrefSchema.optional(),
  dst_external_ip: z.string().trim().max(64).optional(),
  protocol: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .optional(),
  port: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .optional(),
  service: hrefSchema
    .optional()
    .describe('In place of protocol and port: rules that allow the whole of one of its entries'),
  network_type: z.enum(NETWORK_TYPES).optional().describe('Only rules for these networks'),
});
export type AllowQuery = z.output<typeof allowQuery>;

const coverageEnd = z
  .object({
    actors: z.enum(['ams', 'all']).optional(),
    workload: refSchema.optional(),
    ip_list: refSchema.optional(),
    labels: z.array(refSchema).max(64).optional().describe('Workloads that have all of these'),
    virtual_service: refSchema.optional(),
    virtual_server: refSchema.optional(),
  })
  .refine(
    (end) => Object.values(end).filter((value) => value !== undefined).length === 1,
    'names one of actors, workload, ip_list, labels, virtual_service, virtual_server',
  );
const resolveAs = z.array(z.enum(['workloads', 'virtual_services'])).max(2);
const coverageItem = z
  .object({
    source: coverageEnd,
    destination: coverageEnd,
    services: z
      .array(
        z.object({
          protocol: z.number().int().min(-1).max(255),
          port: z.number().int().min(-1).max(65535).nullable().optional(),
          process_name: z.string().max(1024).nullable().optional(),
          windows_service_name: z.string().max(255).nullable().optional(),
          os_type: z.string().max(32).nullable().optional(),
        }),
      )
      .max(10000),
    resolve_labels_as: z
      .object({ source: resolveAs.optional(), destination: resolveAs.optional() })
      .optional(),
    network: z.unknown().optional().describe('Accepted and not looked at'),
  })
  .meta({ id: 'RuleCoverageItem' });
export type RuleCoverageItem = z.infer<typeof coverageItem>;

const rulesByIndex = z.record(z.string(), z.object({ href: hrefSchema }));
const edges = z.array(z.array(z.array(z.number().int())));
export const ruleCoverageSchema = z
  .object({
    rules: rulesByIndex.describe('Rules by the index that edges name them by'),
    edges: edges.describe(
      'For each item, for each of its services: indexes of rules that allow it',
    ),
    deny_rules: rulesByIndex,
    deny_edges: edges,
    override_deny_rules: rulesByIndex,
    override_deny_edges: edges,
  })
  .meta({ id: 'RuleCoverage' });
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
        sec_rules: z.array(foundRuleSchema),
        deny_rules: z.array(z.unknown()),
        override_deny_rules: z.array(z.unknown()),
        enforcement_boundaries: z
          .array(z.object({ href: hrefSchema, name: z.string() }))
          .describe('Boundaries that match, also where a rule lets it cross (ours)'),
        decisions: z
          .array(z.enum(POLICY_DECISIONS))
          .describe('What becomes of it: more than one when parts of a service differ (ours)'),
      })
      .meta({ id: 'PolicyCheck' }),
  }),
  'sec_policy.rule_coverage': endpoint({
    method: 'POST',
    path: `${S}/rule_coverage`,
    permission: 'any',
    tag: TAG,
    params: versionParams,
    summary: 'Which rules allow services between groups of hosts, many questions at once',
    query: z.object({ include_deny_rules: booleanParam.optional() }),
    body: z.array(coverageItem).max(10000),
    reads: true,
    status: 200,
    answer: 'json',
    response: ruleCoverageSchema,
  }),
};
