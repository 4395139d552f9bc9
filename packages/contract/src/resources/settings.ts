/** Corporate public IPs and networks. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  hrefSchema,
  ifUpdatedAtQuery,
  listQuery,
  optionalText,
  orgIdParams,
  orgParams,
} from '../shared.ts';

export const corporateIpsSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as default'),
    ip_addresses: z.array(z.string()).describe('IPv4 addresses and CIDR blocks'),
    ...audited,
  })
  .meta({
    id: 'CorporateIps',
    description: "Public addresses that the organization's offices come from",
  });
const networkSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Corporate'),
    description: z.string().nullable().describe('What is on it'),
  })
  .meta({ id: 'Network', description: 'A network that interfaces and flows are on' });
export const settingsEndpoints = {
  'corporate_ips.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/settings/corporate_ips',
    permission: 'glob',
    tag: 'Settings',
    params: orgParams,
    summary: 'Corporate Public IPs',
    status: 200,
    answer: 'collection',
    response: corporateIpsSchema,
  }),
  'corporate_ips.update': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/settings/corporate_ips/default',
    permission: 'own',
    events: ['corporate_ips.update'],
    tag: 'Settings',
    params: orgParams,
    summary: 'Sets the Corporate Public IPs: IPv4 addresses or CIDR blocks only (R-NET-2)',
    body: z.strictObject({
      name: optionalText.describe('Name, such as default'),
      ip_addresses: z
        .array(z.string().trim().max(64))
        .max(10000)
        .describe('IPv4 addresses and CIDR blocks'),
    }),
    represents: corporateIpsSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'networks.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/networks',
    permission: 'any',
    tag: 'Settings',
    params: orgParams,
    summary: 'Corporate and External',
    query: z.object({
      ...listQuery,
      name: z.string().optional().describe('Name, such as default'),
    }),
    status: 200,
    answer: 'collection',
    response: networkSchema,
  }),
  'networks.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/networks/:id',
    permission: 'any',
    tag: 'Settings',
    params: orgIdParams,
    summary: 'One of them',
    status: 200,
    answer: 'json',
    response: networkSchema,
  }),
};
