/** Deletion of several objects of one collection: all of them, or none and every reason why. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgParams, versionParams } from '../shared.ts';

const body = z.strictObject({
  hrefs: z.array(hrefSchema).min(1).max(1000).describe('Objects to delete, at most 1000'),
});
const answer = { body, status: 204, answer: 'empty' } as const;
const S = '/orgs/:org_id/sec_policy/:pversion';

export const deleteManyEndpoints = {
  'ip_lists.delete_many': endpoint({
    method: 'PUT',
    path: `${S}/ip_lists/delete`,
    permission: 'edit',
    events: ['ip_list.delete'],
    tag: 'IP lists',
    params: versionParams,
    summary: 'Deletes IP lists in draft, all or none',
    ...answer,
  }),
  'services.delete_many': endpoint({
    method: 'PUT',
    path: `${S}/services/delete`,
    permission: 'edit',
    events: ['service.delete'],
    tag: 'Services',
    params: versionParams,
    summary: 'Deletes services in draft, all or none',
    ...answer,
  }),
  'rule_sets.delete_many': endpoint({
    method: 'PUT',
    path: `${S}/rule_sets/delete`,
    permission: 'rs',
    events: ['rule_set.delete'],
    tag: 'Rulesets',
    params: versionParams,
    summary: 'Deletes rulesets in draft, all or none',
    ...answer,
  }),
  'sec_rules.delete_many': endpoint({
    method: 'PUT',
    path: `${S}/rule_sets/:rule_set_id/sec_rules/delete`,
    permission: 'rs',
    events: ['sec_rule.delete', 'rule_set.update'],
    tag: 'Rulesets',
    params: versionParams.extend({
      rule_set_id: z.string().describe('Id of the ruleset, such as 3'),
    }),
    summary: 'Deletes rules of a ruleset in draft, all or none',
    ...answer,
  }),
  'service_bindings.delete_many': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/service_bindings/delete',
    permission: 'edit',
    events: ['service_binding.delete'],
    tag: 'Virtual services',
    params: orgParams,
    summary: 'Takes workloads off virtual services, all or none; effective at once',
    ...answer,
  }),
};
