/** Raw iptables rules of a ruleset, for Linux hosts. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  actorSchema,
  descriptionSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  ignoredMembers,
  listQuery,
  refSchema,
  versionParams,
  versioned,
} from '../shared.ts';

export const IP_TABLES = ['nat', 'mangle', 'filter'] as const;
export const IP_TABLES_CHAINS = [
  'PREROUTING',
  'INPUT',
  'OUTPUT',
  'FORWARD',
  'POSTROUTING',
] as const;

const statement = {
  table_name: z.enum(IP_TABLES).describe('Table of iptables'),
  chain_name: z.enum(IP_TABLES_CHAINS).describe('Chain of the table'),
};
export const ipTablesRuleSchema = z
  .object({
    href: hrefSchema,
    enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
    description: descriptionSchema,
    ip_version: z.enum(['4', '6']).describe('IPv4 or IPv6'),
    statements: z
      .array(
        z.object({
          ...statement,
          parameters: z
            .string()
            .describe('What follows `-A CHAIN`, such as -p tcp --dport 22 -j ACCEPT'),
        }),
      )
      .describe('iptables statements, in their order'),
    actors: z.array(actorSchema).describe('Which hosts get it'),
    ...versioned,
  })
  .meta({ id: 'IpTablesRule', description: 'Raw iptables statements for Linux hosts' });
export type IpTablesRuleWire = z.infer<typeof ipTablesRuleSchema>;

const ipTablesRuleWrite = z.strictObject({
  enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
  description: descriptionSchema.optional(),
  ip_version: z.enum(['4', '6']).describe('IPv4 or IPv6'),
  statements: z
    .array(
      z.strictObject({
        ...statement,
        parameters: z
          .string()
          .trim()
          .min(1)
          .max(4096)
          .describe('What follows `-A CHAIN`, such as `-p tcp --dport 22 -j ACCEPT`'),
      }),
    )
    .min(1, 'needs at least one statement')
    .max(1000)
    .describe('iptables statements, in their order'),
  actors: z
    .array(
      z.union([
        z.strictObject({ actors: z.literal('ams').describe('ams: all workloads') }),
        z.strictObject({ label: refSchema.describe('A label') }),
        z.strictObject({
          label_group: refSchema.describe('A label group, which stands for all of its labels'),
        }),
        z.strictObject({ workload: refSchema.describe('A workload') }),
      ]),
    )
    .min(1, 'needs at least one entry: nobody would get the rule')
    .max(10000)
    .describe('Which hosts get it'),
});
export type IpTablesRuleWrite = z.infer<typeof ipTablesRuleWrite>;
/** One of a ruleset that is written whole, new or as it was read. */
export const ipTablesRuleInSetWrite = ipTablesRuleWrite.extend({
  href: hrefSchema.optional(),
  ...ignoredMembers,
});
export type IpTablesRuleInSetWrite = z.infer<typeof ipTablesRuleInSetWrite>;

const R = '/orgs/:org_id/sec_policy/:pversion/rule_sets/:rule_set_id/ip_tables_rules';
const rulesParams = versionParams.extend({
  rule_set_id: z.string().describe('Id of the ruleset, such as 3'),
});
const ruleParams = rulesParams.extend({ id: z.string().describe('Id of the rule, such as 7') });
const TAG = 'Rulesets';

export const ipTablesRuleEndpoints = {
  'ip_tables_rules.list': endpoint({
    method: 'GET',
    path: R,
    permission: 'pol',
    tag: TAG,
    params: rulesParams,
    summary: 'iptables rules of a ruleset',
    query: z.object(listQuery),
    status: 200,
    answer: 'collection',
    response: ipTablesRuleSchema,
  }),
  'ip_tables_rules.create': endpoint({
    method: 'POST',
    path: R,
    permission: 'iptables',
    events: ['ip_tables_rule.create', 'rule_set.update'],
    tag: TAG,
    params: rulesParams,
    summary: 'Adds an iptables rule in draft; refused when nftables cannot say the same',
    body: ipTablesRuleWrite,
    represents: ipTablesRuleSchema,
    status: 201,
    answer: 'json',
    response: ipTablesRuleSchema,
  }),
  'ip_tables_rules.get': endpoint({
    method: 'GET',
    path: `${R}/:id`,
    permission: 'pol',
    tag: TAG,
    params: ruleParams,
    summary: 'One iptables rule',
    status: 200,
    answer: 'json',
    response: ipTablesRuleSchema,
  }),
  'ip_tables_rules.update': endpoint({
    method: 'PUT',
    path: `${R}/:id`,
    permission: 'iptables',
    events: ['ip_tables_rule.update', 'rule_set.update'],
    tag: TAG,
    params: ruleParams,
    summary: 'Changes an iptables rule in draft',
    body: ipTablesRuleWrite.partial(),
    represents: ipTablesRuleSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'ip_tables_rules.delete': endpoint({
    method: 'DELETE',
    path: `${R}/:id`,
    permission: 'iptables',
    events: ['ip_tables_rule.delete', 'rule_set.update'],
    tag: TAG,
    params: ruleParams,
    summary: 'Deletes an iptables rule in draft',
    status: 204,
    answer: 'empty',
  }),
};
