import { z } from 'zod';
import { ROLES } from '../permissions.ts';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgParams, pageQuery, timestampSchema } from '../shared.ts';

export const userSchema = z
  .object({
    href: hrefSchema,
    username: z.string(),
    full_name: z.string().nullable(),
    time_zone: z.string().nullable(),
    type: z.enum(['local', 'external']),
    locked: z.boolean(),
    last_login_on: timestampSchema.nullable(),
    last_login_ip_address: z.string().nullable(),
    login_count: z.number().int(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof userSchema>;

const loginSchema = z
  .object({
    href: hrefSchema,
    auth_username: z.string(),
    session_token: z.string(),
    inactivity_expiration_minutes: z.number().int(),
    full_name: z.string().nullable(),
    type: z.enum(['local', 'external']),
    time_zone: z.string().nullable(),
    last_login_on: timestampSchema.nullable(),
    last_login_ip_address: z.string().nullable(),
    certificate: z.unknown(),
    login_url: z.string().nullable(),
    product_version: z.unknown(),
    orgs: z.array(
      z.object({
        org_id: z.number().int(),
        href: hrefSchema,
        org_href: hrefSchema,
        display_name: z.string(),
      }),
    ),
  })
  .meta({ id: 'Login' });

/** Who the caller is, for the console (ours). */
export const meSchema = userSchema
  .extend({
    roles: z.array(z.enum(ROLES)),
    org: z.object({ href: hrefSchema, org_id: z.number().int(), display_name: z.string() }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof meSchema>;

export const apiKeySchema = z
  .object({
    href: hrefSchema,
    key_id: z.string(),
    auth_username: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    created_at: timestampSchema,
    last_login_on: timestampSchema.nullable(),
    state: z.enum(['active', 'expired']),
  })
  .meta({ id: 'ApiKey' });
const apiKeyWrite = z.strictObject({
  name: z.string().trim().min(1).max(255),
  description: z.string().max(65535).nullable().optional(),
});
const userParams = z.object({ user_id: z.string() });
const keyParams = z.object({ user_id: z.string(), key_id: z.string() });

const orgSchema = z
  .object({ href: hrefSchema, display_name: z.string(), created_at: timestampSchema })
  .meta({ id: 'Org' });

export const userEndpoints = {
  'login.authenticate': endpoint({
    method: 'POST',
    path: '/login_users/authenticate',
    permission: 'public',
    events: ['user.authenticate', 'request.authentication_failed'],
    tag: 'Users',
    summary:
      'First step of signing in: e-mail and password by Basic, answers a token for 30 seconds',
    bodyOptional: true,
    body: z.object({ one_time_password: z.string().optional() }),
    status: 201,
    answer: 'json',
    response: z.object({ auth_token: z.string() }),
  }),
  'users.login': endpoint({
    method: 'GET',
    path: '/users/login',
    permission: 'public',
    tag: 'Users',
    summary: 'Second step of signing in: the token, or Basic with an API key',
    status: 200,
    answer: 'json',
    response: loginSchema,
  }),
  'users.logout': endpoint({
    method: 'PUT',
    path: '/users/:user_id/logout',
    permission: 'self',
    events: ['user.logout'],
    tag: 'Users',
    params: userParams,
    summary: 'Ends the session',
    bodyOptional: true,
    body: z.object({}),
    status: 204,
    answer: 'empty',
  }),
  'users.me': endpoint({
    method: 'GET',
    path: '/users/me',
    permission: 'any',
    tag: 'Users',
    summary: 'The caller',
    status: 200,
    answer: 'json',
    response: meSchema,
  }),
  'users.list': endpoint({
    method: 'GET',
    path: '/users',
    permission: 'any',
    tag: 'Users',
    query: z.object({ ...pageQuery, type: z.enum(['local', 'external']).optional() }),
    summary: 'Users',
    status: 200,
    answer: 'collection',
    response: userSchema,
  }),
  'users.get': endpoint({
    method: 'GET',
    path: '/users/:user_id',
    permission: 'any',
    tag: 'Users',
    params: userParams,
    summary: 'One user',
    status: 200,
    answer: 'json',
    response: userSchema,
  }),
  'api_keys.list': endpoint({
    method: 'GET',
    path: '/users/:user_id/api_keys',
    permission: 'self',
    tag: 'Users',
    params: userParams,
    summary: "The caller's API keys",
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: apiKeySchema,
  }),
  'api_keys.create': endpoint({
    method: 'POST',
    path: '/users/:user_id/api_keys',
    permission: 'self',
    events: ['api_key.create'],
    tag: 'Users',
    params: userParams,
    body: apiKeyWrite,
    represents: apiKeySchema,
    summary: 'Creates an API key; the secret is shown this once',
    status: 201,
    answer: 'json',
    response: apiKeySchema.extend({ secret: z.string() }),
  }),
  'api_keys.get': endpoint({
    method: 'GET',
    path: '/users/:user_id/api_keys/:key_id',
    permission: 'self',
    tag: 'Users',
    params: keyParams,
    summary: 'One API key',
    status: 200,
    answer: 'json',
    response: apiKeySchema,
  }),
  'api_keys.update': endpoint({
    method: 'PUT',
    path: '/users/:user_id/api_keys/:key_id',
    permission: 'self',
    events: ['api_key.update'],
    tag: 'Users',
    params: keyParams,
    body: apiKeyWrite.partial(),
    represents: apiKeySchema,
    summary: 'Renames an API key',
    status: 204,
    answer: 'empty',
  }),
  'api_keys.delete': endpoint({
    method: 'DELETE',
    path: '/users/:user_id/api_keys/:key_id',
    permission: 'self',
    events: ['api_key.delete'],
    tag: 'Users',
    params: keyParams,
    summary: 'Revokes an API key',
    status: 204,
    answer: 'empty',
  }),
  'orgs.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id',
    permission: 'any',
    tag: 'Organization',
    params: orgParams,
    summary: 'The organization',
    status: 200,
    answer: 'json',
    response: orgSchema,
  }),
  'roles.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/roles',
    permission: 'any',
    tag: 'Organization',
    params: orgParams,
    query: z.object(pageQuery),
    summary: 'Roles',
    status: 200,
    answer: 'collection',
    response: z.object({ href: hrefSchema }),
  }),
};
