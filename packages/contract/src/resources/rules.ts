/** Rulesets and rules. */
import { z } from 'zod';
import { NETWORK_TYPES } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import { ipTablesRuleInSetWrite, ipTablesRuleSchema } from './ip-tables-rules.ts';
import {
  actorSchema,
  actorWriteSchema,
  capsSchema,
  descriptionSchema,
  externalData,
  externalDataWrite,
  hrefSchema,
  ifUpdatedAtQuery,
  ingressServiceSchema,
  ingressServiceWriteSchema,
  ignoredMembers,
  listQuery,
  labelsParam,
  nameSchema,
  refSchema,
  ruleSidesSchema,
  scopesSchema,
  scopesWriteSchema,
  versionIdParams,
  versionParams,
  versioned,
  warningSchema,
} from '../shared.ts';

const resolveAs = z.array(z.enum(['workloads', 'virtual_services'])).max(2);
const resolveLabelsAs = z.object({
  providers: resolveAs.describe('Who offers the services'),
  consumers: resolveAs.describe('Who connects'),
});

const principalRef = z.object({
  href: hrefSchema,
  sid: z.string().describe('SID of the group in its directory, such as S-1-5-21-1004-500-7-1106'),
  name: z.string().describe('Name, such as Web servers'),
  deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
});

export const secRuleSchema = z
  .object({
    href: hrefSchema,
    enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
    description: descriptionSchema,
    providers: z.array(actorSchema).describe('Who offers the services'),
    consumers: z.array(actorSchema).describe('Who connects'),
    ingress_services: z
      .array(ingressServiceSchema)
      .describe('Services by reference, or TCP and UDP ports in place'),
    egress_services: z.array(refSchema).describe('Stored and shown, without effect'),
    resolve_labels_as: resolveLabelsAs.describe('What labels of each side stand for'),
    unscoped_consumers: z
      .boolean()
      .describe('true: consumers come from all scopes (extra-scope rule)'),
    consuming_security_principals: z
      .array(principalRef)
      .describe('User groups that the consumers are narrowed to, on hosts that can tell'),
    sec_connect: z.boolean().describe('Stored and shown, without effect'),
    stateless: z.boolean().describe('true: no connection tracking; answers pass too'),
    machine_auth: z.boolean().describe('Stored and shown, without effect'),
    log_flow: z.boolean().describe('Stored and shown, without effect'),
    network_type: z
      .enum(NETWORK_TYPES)
      .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
    use_workload_subnets: ruleSidesSchema.describe(
      'Sides that are programmed as the subnets of their workloads',
    ),
    ...externalData,
    ...versioned,
    warnings: z
      .array(warningSchema)
      .describe('What is legal but probably wrong, such as a broad rule with endpoints (R-POL-4)'),
  })
  .meta({ id: 'SecRule', description: 'Allows consumers to reach providers on services' });
export type SecRuleWire = z.infer<typeof secRuleSchema>;

export const ruleSideWriteSchema = z
  .array(actorWriteSchema)
  .min(1, 'needs at least one entry: a rule with an empty side allows nothing')
  .max(10000);
const ruleWrite = z.strictObject({
  enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
  description: descriptionSchema.optional(),
  providers: ruleSideWriteSchema.describe('Who offers the services'),
  consumers: ruleSideWriteSchema.describe('Who connects'),
  ingress_services: z
    .array(ingressServiceWriteSchema)
    .max(10000)
    .describe('Empty only where the providers are virtual services, which bring their own'),
  egress_services: z.array(refSchema).optional().describe('Stored and shown, without effect'),
  resolve_labels_as: resolveLabelsAs.describe('What labels of each side stand for'),
  unscoped_consumers: z
    .boolean()
    .optional()
    .describe('true: consumers come from all scopes (extra-scope rule)'),
  consuming_security_principals: z
    .array(refSchema)
    .max(1000)
    .optional()
    .describe('User groups that the consumers are narrowed to'),
  sec_connect: z.boolean().optional().describe('Stored and shown, without effect'),
  stateless: z.boolean().optional().describe('true: no connection tracking; answers pass too'),
  machine_auth: z.boolean().optional().describe('Stored and shown, without effect'),
  log_flow: z.boolean().optional().describe('Stored and shown, without effect'),
  network_type: z
    .enum(NETWORK_TYPES)
    .optional()
    .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
  use_workload_subnets: ruleSidesSchema
    .optional()
    .describe('Sides that are programmed as the subnets of their workloads'),
  ...externalDataWrite,
});
export type SecRuleWrite = z.infer<typeof ruleWrite>;
/** A rule of a ruleset that is written whole, new or as it was read: `href` says which one it is. */
const ruleInSetWrite = ruleWrite.extend({
  href: hrefSchema.optional(),
  ...ignoredMembers,
});
export type RuleInSetWrite = z.infer<typeof ruleInSetWrite>;

export const ruleSetSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
    scopes: scopesSchema.describe(
      'Where it applies: entries of one scope all hold, one scope suffices; none: everywhere',
    ),
    rules: z.array(secRuleSchema).describe('Rules'),
    ip_tables_rules: z.array(ipTablesRuleSchema).describe('Raw iptables rules for Linux hosts'),
    deny_rules: z.array(z.unknown()).describe('Deny rules'),
    ...externalData,
    ...versioned,
    caps: capsSchema,
  })
  .meta({ id: 'RuleSet', description: 'Rules and the scopes that they apply in' });
export type RuleSetWire = z.infer<typeof ruleSetSchema>;
const ruleSetWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  enabled: z.boolean().optional().describe('false: it is kept, and counts for nothing'),
  scopes: scopesWriteSchema.describe(
    'Where it applies: entries of one scope all hold, one scope suffices; none: everywhere',
  ),
  rules: z.array(ruleInSetWrite).max(10000).optional().describe('Rules'),
  ip_tables_rules: z
    .array(ipTablesRuleInSetWrite)
    .max(1000)
    .optional()
    .describe('Raw iptables rules for Linux hosts'),
  ...externalDataWrite,
});

/** Name of the ruleset that an organization with endpoints paired before 22.3 gets once (R-POL-10). */
export const UPGRADE_RULESET = 'Illumio PCE Upgrade - Non-Corporate Endpoint Policies';

const SETS = '/orgs/:org_id/sec_policy/:pversion/rule_sets';
const RULES = `${SETS}/:rule_set_id/sec_rules`;
const rulesParams = versionParams.extend({
  rule_set_id: z.string().describe('Id of the ruleset, such as 3'),
});
const ruleParams = rulesParams.extend({ id: z.string().describe('Id of the object, such as 7') });

export const ruleEndpoints = {
  'rule_sets.list': endpoint({
    method: 'GET',
    path: SETS,
    permission: 'pol',
    tag: 'Rulesets',
    params: versionParams,
    summary: 'Rulesets with their rules',
    query: z.object({
      ...listQuery,
      name: z.string().optional().describe('Name, such as Web servers'),
      description: z.string().optional().describe('Free text, such as In the rack by the door'),
      labels: labelsParam
        .optional()
        .describe('A scope that names all labels of an inner list, such as [["/orgs/1/labels/2"]]'),
      labels_scope: labelsParam
        .optional()
        .describe(
          'The same; a key that the scope does not name holds every label of it, such as [["/orgs/1/labels/2"]]',
        ),
    }),
    status: 200,
    answer: 'collection',
    response: ruleSetSchema,
  }),
  'rule_sets.create': endpoint({
    method: 'POST',
    path: SETS,
    permission: 'rs',
    events: ['rule_set.create'],
    tag: 'Rulesets',
    params: versionParams,
    summary: 'Creates a ruleset in draft',
    body: ruleSetWrite,
    represents: ruleSetSchema,
    status: 201,
    answer: 'json',
    response: ruleSetSchema,
  }),
  'rule_sets.get': endpoint({
    method: 'GET',
    path: `${SETS}/:id`,
    permission: 'pol',
    tag: 'Rulesets',
    params: versionIdParams,
    summary: 'One ruleset',
    status: 200,
    answer: 'json',
    response: ruleSetSchema,
  }),
  'rule_sets.update': endpoint({
    method: 'PUT',
    path: `${SETS}/:id`,
    permission: 'rs',
    events: ['rule_set.update'],
    tag: 'Rulesets',
    params: versionIdParams,
    summary: 'Changes a ruleset in draft; rules, when present, replace them all',
    body: ruleSetWrite.partial(),
    represents: ruleSetSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'rule_sets.delete': endpoint({
    method: 'DELETE',
    path: `${SETS}/:id`,
    permission: 'rs',
    events: ['rule_set.delete'],
    tag: 'Rulesets',
    params: versionIdParams,
    summary: 'Deletes a ruleset in draft',
    status: 204,
    answer: 'empty',
  }),
  'sec_rules.list': endpoint({
    method: 'GET',
    path: RULES,
    permission: 'pol',
    tag: 'Rulesets',
    params: rulesParams,
    summary: 'Rules of a ruleset',
    query: z.object(listQuery),
    status: 200,
    answer: 'collection',
    response: secRuleSchema,
  }),
  'sec_rules.create': endpoint({
    method: 'POST',
    path: RULES,
    permission: 'rs',
    events: ['sec_rule.create', 'rule_set.update'],
    tag: 'Rulesets',
    params: rulesParams,
    summary: 'Adds a rule in draft',
    body: ruleWrite,
    represents: secRuleSchema,
    status: 201,
    answer: 'json',
    response: secRuleSchema,
  }),
  'sec_rules.get': endpoint({
    method: 'GET',
    path: `${RULES}/:id`,
    permission: 'pol',
    tag: 'Rulesets',
    params: ruleParams,
    summary: 'One rule',
    status: 200,
    answer: 'json',
    response: secRuleSchema,
  }),
  'sec_rules.update': endpoint({
    method: 'PUT',
    path: `${RULES}/:id`,
    permission: 'rs',
    events: ['sec_rule.update', 'rule_set.update'],
    tag: 'Rulesets',
    params: ruleParams,
    summary: 'Changes a rule in draft',
    body: ruleWrite.partial(),
    represents: secRuleSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'sec_rules.delete': endpoint({
    method: 'DELETE',
    path: `${RULES}/:id`,
    permission: 'rs',
    events: ['sec_rule.delete', 'rule_set.update'],
    tag: 'Rulesets',
    params: ruleParams,
    summary: 'Deletes a rule in draft',
    status: 204,
    answer: 'empty',
  }),
};
