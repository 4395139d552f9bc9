/** Collections that clients read and that are always empty here: load balancers and gateways are no part of this product. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgParams, pageQuery, versionParams } from '../shared.ts';

const nothing = z.object({ href: hrefSchema });
const empty = {
  method: 'GET',
  permission: 'any',
  tag: 'Always empty',
  query: z.object(pageQuery).describe('Part of the name, any letter case, such as web'),
  status: 200,
  answer: 'collection',
  response: nothing,
} as const;

export const outOfScopeEndpoints = {
  'virtual_servers.list': endpoint({
    ...empty,
    path: '/orgs/:org_id/sec_policy/:pversion/virtual_servers',
    params: versionParams,
    summary: 'Virtual servers of load balancers: none',
  }),
  'secure_connect_gateways.list': endpoint({
    ...empty,
    path: '/orgs/:org_id/sec_policy/:pversion/secure_connect_gateways',
    params: versionParams,
    summary: 'SecureConnect gateways: none',
  }),
  'slbs.list': endpoint({
    ...empty,
    path: '/orgs/:org_id/slbs',
    params: orgParams,
    summary: 'Load balancers: none',
  }),
  'discovered_virtual_servers.list': endpoint({
    ...empty,
    path: '/orgs/:org_id/discovered_virtual_servers',
    params: orgParams,
    summary: 'Virtual servers found on load balancers: none',
  }),
};
