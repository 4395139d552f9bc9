/** Accounts of programs with their API keys, and all API keys of an organization. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { ROLES } from '../permissions.ts';
import {
  audited,
  descriptionSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  nameSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  refSchema,
} from '../shared.ts';
import { grantSchema, grantWriteSchema } from './access.ts';
import { apiKeySchema, expirySchema } from './users.ts';

const ACCOUNTS = '/orgs/:org_id/service_accounts';
const TAG = 'Service accounts';

const keyWrite = z.strictObject({ expires_in_seconds: expirySchema });
const newKeySchema = apiKeySchema
  .extend({ secret: z.string().describe('Shown this once, such as 4f5e6d…') })
  .meta({ id: 'NewApiKey', description: 'A new API key; its secret is shown this once' });

export const serviceAccountSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    access_restriction: refSchema.nullable().describe('Where its API keys are accepted from'),
    permissions: z.array(grantSchema).describe('Roles, each within its scope'),
    api_keys: z.array(apiKeySchema).describe('API keys'),
    ...audited,
  })
  .meta({ id: 'ServiceAccount', description: 'An account of a program' });
export type ServiceAccountWire = z.infer<typeof serviceAccountSchema>;
const accountWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  access_restriction: refSchema
    .nullable()
    .optional()
    .describe('Addresses from which it may be used; null: from anywhere'),
  permissions: z.array(grantWriteSchema).min(1).max(100).describe('Roles, each within its scope'),
});

export const orgApiKeySchema = apiKeySchema
  .extend({
    account: z
      .object({
        href: hrefSchema,
        type: z.enum(['user', 'service_account']).describe('Which kind it is'),
        name: z
          .string()
          .describe('Login of a user, name of a service account, such as ann@example.com'),
      })
      .describe('Whose key it is'),
  })
  .meta({ id: 'OrgApiKey', description: 'An API key of the organization, with its account' });
export type OrgApiKeyWire = z.infer<typeof orgApiKeySchema>;

export const serviceAccountEndpoints = {
  'service_accounts.list': endpoint({
    method: 'GET',
    path: ACCOUNTS,
    permission: 'own',
    tag: TAG,
    params: orgParams,
    summary: 'Service accounts',
    query: z.object({
      ...pageQuery,
      name: z.string().max(255).optional().describe('Name, such as Web servers'),
    }),
    status: 200,
    answer: 'collection',
    response: serviceAccountSchema,
  }),
  'service_accounts.create': endpoint({
    method: 'POST',
    path: ACCOUNTS,
    permission: 'own',
    events: ['service_account.create', 'api_key.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Creates a service account with its first API key, whose secret is shown this once',
    body: accountWrite.extend({ api_key: keyWrite.describe('The first API key') }),
    represents: serviceAccountSchema,
    status: 201,
    answer: 'json',
    response: serviceAccountSchema.extend({ api_key: newKeySchema.describe('The first API key') }),
  }),
  'service_accounts.get': endpoint({
    method: 'GET',
    path: `${ACCOUNTS}/:id`,
    permission: 'own',
    tag: TAG,
    params: orgIdParams,
    summary: 'One service account',
    status: 200,
    answer: 'json',
    response: serviceAccountSchema,
  }),
  'service_accounts.update': endpoint({
    method: 'PUT',
    path: `${ACCOUNTS}/:id`,
    permission: 'own',
    events: ['service_account.update'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Changes a service account; permissions that are given replace those that it has',
    body: accountWrite.partial(),
    represents: serviceAccountSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'service_accounts.delete': endpoint({
    method: 'DELETE',
    path: `${ACCOUNTS}/:id`,
    permission: 'own',
    events: ['service_account.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Deletes a service account with its permissions and API keys',
    status: 204,
    answer: 'empty',
  }),
  'service_account_keys.create': endpoint({
    method: 'POST',
    path: `${ACCOUNTS}/:id/api_keys`,
    permission: 'own',
    events: ['api_key.create'],
    tag: TAG,
    params: orgIdParams,
    summary: 'One more API key, so that programs can change over without a gap',
    body: keyWrite,
    represents: apiKeySchema,
    status: 201,
    answer: 'json',
    response: newKeySchema,
  }),
  'service_account_keys.delete': endpoint({
    method: 'DELETE',
    path: `${ACCOUNTS}/:id/api_keys/:key_id`,
    permission: 'own',
    events: ['api_key.delete'],
    tag: TAG,
    params: z.object({
      org_id: z.string().describe('Number of the organization, such as 1'),
      id: z.string().describe('Id of the object: the last part of its href, such as 7'),
      key_id: z.string().describe('Id of the API key, such as 1f2e3d4c5b6a7988'),
    }),
    summary: 'Revokes an API key of a service account',
    status: 204,
    answer: 'empty',
  }),
  'org_api_keys.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/api_keys',
    permission: 'own',
    tag: TAG,
    params: orgParams,
    summary: 'API keys of all users and service accounts',
    query: z.object({
      ...pageQuery,
      type: z.enum(['user', 'service_account']).optional().describe('Of whose kind'),
      state: z.enum(['active', 'expired']).optional().describe('State that it is in'),
      name: z
        .string()
        .max(255)
        .optional()
        .describe('Part of the name of the key, such as automation'),
      username: z
        .string()
        .max(255)
        .optional()
        .describe('Part of the login or account name, such as ann'),
      role: z.enum(ROLES).optional().describe('Of accounts that have this role themselves'),
    }),
    status: 200,
    answer: 'collection',
    response: orgApiKeySchema,
  }),
  'org_api_keys.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/api_keys/:id',
    permission: 'own',
    tag: TAG,
    params: orgIdParams,
    summary: 'One API key of anybody',
    status: 200,
    answer: 'json',
    response: orgApiKeySchema,
  }),
  'org_api_keys.delete': endpoint({
    method: 'DELETE',
    path: '/orgs/:org_id/api_keys/:id',
    permission: 'own',
    events: ['api_key.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Revokes an API key of anybody',
    status: 204,
    answer: 'empty',
  }),
};
