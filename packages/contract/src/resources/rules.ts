/** Rulesets, rules and enforcement boundaries. */
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
  integerParam,
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
const resolveLabelsAs = z.object({ providers: resolveAs, consumers: resolveAs });

const principalRef = z.object({
  href: hrefSchema,
  sid: z.string(),
  name: z.string(),
  deleted: z.boolean(),
});

export const secRuleSchema = z
  .object({
    href: hrefSchema,
    enabled: z.boolean(),
    description: descriptionSchema,
    providers: z.array(actorSchema),
    consumers: z.array(actorSchema),
    ingress_services: z.array(ingressServiceSchema),
    egress_services: z.array(refSchema),
    resolve_labels_as: resolveLabelsAs,
    unscoped_consumers: z.boolean(),
    consuming_security_principals: z
      .array(principalRef)
      .describe('User groups that the consumers are narrowed to, on hosts that can tell'),
    sec_connect: z.boolean(),
    stateless: z.boolean(),
    machine_auth: z.boolean(),
    log_flow: z.boolean(),
    network_type: z.enum(NETWORK_TYPES),
    use_workload_subnets: ruleSidesSchema,
    ...externalData,
    ...versioned,
    warnings: z
      .array(warningSchema)
      .describe('What is legal but probably wrong, such as a broad rule with endpoints (R-POL-4)'),
  })
  .meta({ id: 'SecRule' });
export type SecRuleWire = z.infer<typeof secRuleSchema>;

export const ruleSideWriteSchema = z
  .array(actorWriteSchema)
  .min(1, 'needs at least one entry: a rule with an empty side allows nothing')
  .max(10000);
const ruleWrite = z.strictObject({
  enabled: z.boolean(),
  description: descriptionSchema.optional(),
  providers: ruleSideWriteSchema,
  consumers: ruleSideWriteSchema,
  ingress_services: z
    .array(ingressServiceWriteSchema)
    .max(10000)
    .describe('Empty only where the providers are virtual services, which bring their own'),
  egress_services: z.array(refSchema).optional(),
  resolve_labels_as: resolveLabelsAs,
  unscoped_consumers: z.boolean().optional(),
  consuming_security_principals: z.array(refSchema).max(1000).optional(),
  sec_connect: z.boolean().optional(),
  stateless: z.boolean().optional(),
  machine_auth: z.boolean().optional(),
  log_flow: z.boolean().optional(),
  network_type: z.enum(NETWORK_TYPES).optional(),
  use_workload_subnets: ruleSidesSchema.optional(),
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
    name: z.string(),
    description: descriptionSchema,
    enabled: z.boolean(),
    scopes: scopesSchema,
    rules: z.array(secRuleSchema),
    ip_tables_rules: z.array(ipTablesRuleSchema),
    deny_rules: z.array(z.unknown()),
    ...externalData,
    ...versioned,
    caps: capsSchema,
  })
  .meta({ id: 'RuleSet' });
export type RuleSetWire = z.infer<typeof ruleSetSchema>;
const ruleSetWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  enabled: z.boolean().optional(),
  scopes: scopesWriteSchema,
  rules: z.array(ruleInSetWrite).max(10000).optional(),
  ip_tables_rules: z.array(ipTablesRuleInSetWrite).max(1000).optional(),
  ...externalDataWrite,
});

export const enforcementBoundarySchema = z
  .object({
    href: hrefSchema,
    name: z.string(),
    enabled: z.boolean(),
    providers: z.array(actorSchema),
    consumers: z.array(actorSchema),
    ingress_services: z.array(ingressServiceSchema),
    network_type: z.enum(NETWORK_TYPES),
    ...versioned,
    caps: capsSchema,
    warnings: z.array(warningSchema),
  })
  .meta({ id: 'EnforcementBoundary' });
export type EnforcementBoundaryWire = z.infer<typeof enforcementBoundarySchema>;
const boundarySide = ruleSideWriteSchema.refine(
  (actors) => !actors.some((actor) => 'virtual_service' in actor),
  'takes no virtual services; name their workloads, labels or addresses',
);
const boundaryWrite = z.strictObject({
  name: nameSchema,
  enabled: z.boolean().optional(),
  providers: boundarySide,
  consumers: boundarySide,
  ingress_services: z
    .array(ingressServiceWriteSchema)
    .min(1, 'needs at least one service; All Services is one')
    .max(10000),
  network_type: z.enum(NETWORK_TYPES).optional(),
});

const SETS = '/orgs/:org_id/sec_policy/:pversion/rule_sets';
const RULES = `${SETS}/:rule_set_id/sec_rules`;
const BOUNDARIES = '/orgs/:org_id/sec_policy/:pversion/enforcement_boundaries';
const rulesParams = versionParams.extend({ rule_set_id: z.string() });
const ruleParams = rulesParams.extend({ id: z.string() });

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
      name: z.string().optional(),
      description: z.string().optional(),
      labels: labelsParam.optional().describe('A scope that names all labels of an inner list'),
      labels_scope: labelsParam
        .optional()
        .describe('The same; a key that the scope does not name holds every label of it'),
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
  'enforcement_boundaries.list': endpoint({
    method: 'GET',
    path: BOUNDARIES,
    permission: 'glob',
    tag: 'Enforcement boundaries',
    params: versionParams,
    summary: 'Enforcement boundaries',
    query: z.object({
      ...listQuery,
      name: z.string().optional(),
      network_type: z.enum(NETWORK_TYPES).optional(),
      labels: labelsParam.optional().describe('Sides that name all labels of an inner list'),
      service: hrefSchema.optional().describe('A service that it names'),
      'service_ports.port': integerParam.optional().describe('A port that it is about'),
      'service_ports.proto': integerParam.optional().describe('A protocol that it names'),
    }),
    status: 200,
    answer: 'collection',
    response: enforcementBoundarySchema,
  }),
  'enforcement_boundaries.has_any': endpoint({
    method: 'GET',
    path: `${BOUNDARIES}/has_any`,
    permission: 'glob',
    tag: 'Enforcement boundaries',
    params: versionParams,
    summary: 'Whether there is an enforcement boundary',
    status: 200,
    answer: 'json',
    response: z.object({ has_any: z.boolean() }),
  }),
  'enforcement_boundaries.create': endpoint({
    method: 'POST',
    path: BOUNDARIES,
    permission: 'edit',
    events: ['enforcement_boundary.create'],
    tag: 'Enforcement boundaries',
    params: versionParams,
    summary: 'Creates an enforcement boundary in draft',
    body: boundaryWrite,
    represents: enforcementBoundarySchema,
    status: 201,
    answer: 'json',
    response: enforcementBoundarySchema,
  }),
  'enforcement_boundaries.get': endpoint({
    method: 'GET',
    path: `${BOUNDARIES}/:id`,
    permission: 'glob',
    tag: 'Enforcement boundaries',
    params: versionIdParams,
    summary: 'One enforcement boundary',
    status: 200,
    answer: 'json',
    response: enforcementBoundarySchema,
  }),
  'enforcement_boundaries.update': endpoint({
    method: 'PUT',
    path: `${BOUNDARIES}/:id`,
    permission: 'edit',
    events: ['enforcement_boundary.update'],
    tag: 'Enforcement boundaries',
    params: versionIdParams,
    summary: 'Changes an enforcement boundary in draft',
    body: boundaryWrite.partial(),
    represents: enforcementBoundarySchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'enforcement_boundaries.delete': endpoint({
    method: 'DELETE',
    path: `${BOUNDARIES}/:id`,
    permission: 'edit',
    events: ['enforcement_boundary.delete'],
    tag: 'Enforcement boundaries',
    params: versionIdParams,
    summary: 'Deletes an enforcement boundary in draft',
    status: 204,
    answer: 'empty',
  }),
};
