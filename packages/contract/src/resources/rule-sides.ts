/** The two sides of a rule by themselves. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { actorSchema, ifUpdatedAtQuery, versionParams } from '../shared.ts';
import { ruleSideWriteSchema } from './rules.ts';

const params = versionParams.extend({
  rule_set_id: z.string().describe('Id of the ruleset, such as 3'),
  id: z.string().describe('Id of the object: the last part of its href, such as 7'),
});
const RULE = '/orgs/:org_id/sec_policy/:pversion/rule_sets/:rule_set_id/sec_rules/:id';
const read = {
  method: 'GET',
  permission: 'pol',
  tag: 'Rulesets',
  params,
  status: 200,
  answer: 'collection',
  response: actorSchema,
} as const;
const write = {
  method: 'PUT',
  permission: 'rs',
  events: ['sec_rule.update', 'rule_set.update'],
  tag: 'Rulesets',
  params,
  query: ifUpdatedAtQuery.describe('Part of the name, any letter case, such as web'),
  body: ruleSideWriteSchema,
  status: 204,
  answer: 'empty',
} as const;

export const ruleSideEndpoints = {
  'sec_rules.providers': endpoint({
    ...read,
    path: `${RULE}/providers`,
    summary: 'Providers of a rule',
  }),
  'sec_rules.update_providers': endpoint({
    ...write,
    path: `${RULE}/providers`,
    summary: 'Replaces the providers of a rule in draft',
  }),
  'sec_rules.consumers': endpoint({
    ...read,
    path: `${RULE}/consumers`,
    summary: 'Consumers of a rule',
  }),
  'sec_rules.update_consumers': endpoint({
    ...write,
    path: `${RULE}/consumers`,
    summary: 'Replaces the consumers of a rule in draft',
  }),
};
