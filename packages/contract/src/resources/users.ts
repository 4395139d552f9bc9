import { z } from 'zod';
import { ROLES } from '../permissions.ts';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgParams, pageQuery, timestampSchema } from '../shared.ts';

export const userSchema = z
  .object({
    href: hrefSchema,
    username: z
      .string()
      .describe('E-mail address by which the user signs in, such as ann@example.com'),
    full_name: z.string().nullable().describe('Name of the user, such as Ann Example'),
    time_zone: z.string().nullable().describe('Time zone of the user, such as Europe/Berlin'),
    type: z.enum(['local', 'external']).describe("Where the user's password is kept"),
    locked: z.boolean().describe('true: the user cannot sign in'),
    last_login_on: timestampSchema.nullable().describe('When the user last signed in'),
    last_login_ip_address: z
      .string()
      .nullable()
      .describe('Address from which the user last signed in, such as 192.0.2.10'),
    login_count: z.number().int().describe('How often the user signed in, such as 12'),
    created_at: timestampSchema,
    updated_at: timestampSchema,
  })
  .meta({ id: 'User', description: 'A person who signs in' });
export type User = z.infer<typeof userSchema>;

const loginSchema = z
  .object({
    href: hrefSchema,
    auth_username: z.string().describe('User name for HTTP Basic, such as api_1f2e3d4c5b6a7988'),
    session_token: z
      .string()
      .describe('Password for HTTP Basic while the session lasts, such as c0ffee…'),
    inactivity_expiration_minutes: z
      .number()
      .int()
      .describe('Minutes without a call after which the session ends, such as 30'),
    full_name: z.string().nullable().describe('Name of the user, such as Ann Example'),
    type: z.enum(['local', 'external']).describe("Where the user's password is kept"),
    time_zone: z.string().nullable().describe('Time zone of the user, such as Europe/Berlin'),
    last_login_on: timestampSchema.nullable().describe('When the user last signed in'),
    last_login_ip_address: z
      .string()
      .nullable()
      .describe('Address from which the user last signed in, such as 192.0.2.10'),
    certificate: z.unknown().describe('Always null'),
    login_url: z
      .string()
      .nullable()
      .describe(
        'Where people sign in; null: at the console, such as https://pce.example.com:8443/login',
      ),
    product_version: z.unknown().describe('As /product_version answers'),
    orgs: z
      .array(
        z.object({
          org_id: z.number().int().describe('Number of the organization, such as 1'),
          href: hrefSchema,
          org_href: hrefSchema.describe('The organization'),
          display_name: z.string().describe('Name of the organization, such as Example Inc.'),
        }),
      )
      .describe('Organizations of the user'),
  })
  .meta({ id: 'Login', description: 'A session' });

/** Who the caller is, for the console (ours). */
export const meSchema = userSchema
  .extend({
    roles: z.array(z.enum(ROLES)).describe('Roles that the user has'),
    org: z
      .object({
        href: hrefSchema,
        org_id: z.number().int().describe('Number of the organization, such as 1'),
        display_name: z.string().describe('Name of the organization, such as Example Inc.'),
      })
      .describe('The organization'),
  })
  .meta({ id: 'Me', description: 'The caller' });
export type Me = z.infer<typeof meSchema>;

export const apiKeySchema = z
  .object({
    href: hrefSchema,
    key_id: z.string().describe('Id of the API key, such as 1f2e3d4c5b6a7988'),
    auth_username: z.string().describe('User name for HTTP Basic, such as api_1f2e3d4c5b6a7988'),
    name: z.string().describe('Name of the key, such as automation'),
    description: z.string().nullable().describe('Free text, such as In the rack by the door'),
    created_at: timestampSchema,
    last_login_on: timestampSchema.nullable().describe('When the user last signed in'),
    state: z.enum(['active', 'expired']).describe('Whether the key is still good'),
  })
  .meta({ id: 'ApiKey', description: 'API key of a user; its secret is never shown again' });
const apiKeyWrite = z.strictObject({
  name: z.string().trim().min(1).max(255).describe('Name of the key, such as automation'),
  description: z
    .string()
    .max(65535)
    .nullable()
    .optional()
    .describe('Free text, such as In the rack by the door'),
});
const userParams = z.object({
  user_id: z.string().describe('Id of the user: the last part of its href, such as 1'),
});
const keyParams = z.object({
  user_id: z.string().describe('Id of the user: the last part of its href, such as 1'),
  key_id: z.string().describe('Id of the API key, such as 1f2e3d4c5b6a7988'),
});

const orgSchema = z
  .object({
    href: hrefSchema,
    display_name: z.string().describe('Name of the organization, such as Example Inc.'),
    created_at: timestampSchema,
  })
  .meta({ id: 'Org', description: 'An organization' });

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
    body: z.object({
      one_time_password: z
        .string()
        .optional()
        .describe('Ignored: no second factor is asked for, such as 123456'),
    }),
    status: 201,
    answer: 'json',
    response: z.object({
      auth_token: z
        .string()
        .describe('Token for the second step; good for 30 seconds, once, such as b64…'),
    }),
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
    query: z.object({
      ...pageQuery,
      type: z.enum(['local', 'external']).optional().describe("Where the user's password is kept"),
    }),
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
    response: apiKeySchema.extend({
      secret: z.string().describe('Password of the key, shown this once, such as 4f5e6d…'),
    }),
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
