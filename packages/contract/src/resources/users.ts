import { z } from 'zod';
import { ROLES } from '../permissions.ts';
import { endpoint } from '../endpoint.ts';
import {
  hrefSchema,
  nameSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  timestampSchema,
} from '../shared.ts';
import { invitationSchema } from './authentication.ts';

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
    effective_groups: z
      .array(z.string().describe('Name of a group, such as cn=ops,dc=example'))
      .describe('Groups as the identity provider said at the last sign-in'),
    local_profile: z
      .object({
        pending_invitation: z.boolean().describe('true: no password was set yet'),
      })
      .nullable()
      .describe('The local login; null: none'),
    presence_status: z.enum(['online', 'offline']).describe('Whether it has a session in use'),
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
    expires_in_seconds: z
      .number()
      .int()
      .describe('Seconds left; 0: expired; -1: it does not expire, such as 7776000'),
  })
  .meta({ id: 'ApiKey', description: 'An API key; its secret is never shown again' });
export type ApiKey = z.infer<typeof apiKeySchema>;
export const expirySchema = z
  .union(
    [
      z.number().int().min(1).max(2_147_483_647).describe('Seconds, such as 7776000'),
      z.literal(-1),
      z.literal('default'),
    ],
    'must be a number of seconds, -1 (never), or "default" for what the settings of the organization say',
  )
  .describe('Seconds, -1: never, "default": as the settings of the organization say');
const apiKeyWrite = z.strictObject({
  name: z.string().trim().min(1).max(255).describe('Name of the key, such as automation'),
  description: z
    .string()
    .max(65535)
    .nullable()
    .optional()
    .describe('Free text, such as In the rack by the door'),
});
const userWrite = z.strictObject({
  full_name: z
    .string()
    .trim()
    .max(255)
    .nullable()
    .optional()
    .describe('Name of the user, such as Ann Example'),
  time_zone: z
    .string()
    .max(64)
    .nullable()
    .optional()
    .describe('IANA name of a time zone, such as Europe/Berlin'),
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
  'users.create': endpoint({
    method: 'POST',
    path: '/users',
    permission: 'own',
    events: ['user.create', 'user.invite'],
    tag: 'Users',
    body: userWrite.extend({
      username: z
        .email('must be an e-mail address')
        .max(255)
        .describe('E-mail address by which the user signs in, such as ann@example.com'),
      type: z
        .literal('local', 'must be local; users of an identity provider come by signing in')
        .describe("Where the user's password is kept"),
    }),
    represents: userSchema,
    summary: 'Creates a local user and answers the invitation to set its password',
    status: 201,
    answer: 'json',
    response: userSchema.extend({
      invitation: invitationSchema.describe('How the user gets a first password'),
    }),
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
  'users.update': endpoint({
    method: 'PUT',
    path: '/users/:user_id',
    permission: 'self_or_own',
    events: ['user.update'],
    tag: 'Users',
    params: userParams,
    body: userWrite.extend({
      locked: z.boolean().optional().describe('Only an owner locks, and nobody themselves'),
    }),
    represents: userSchema,
    summary: 'Changes a user; a locked one is shut out at once, API keys too',
    status: 204,
    answer: 'empty',
  }),
  'users.orgs': endpoint({
    method: 'GET',
    path: '/users/:user_id/orgs',
    permission: 'any',
    tag: 'Users',
    params: userParams,
    query: z.object(pageQuery),
    summary: 'Organizations of a user',
    status: 200,
    answer: 'collection',
    response: orgSchema,
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
    body: apiKeyWrite.extend({ expires_in_seconds: expirySchema.optional() }),
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
  'orgs.update': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id',
    permission: 'own',
    events: ['org.update'],
    tag: 'Organization',
    params: orgParams,
    body: z.strictObject({
      display_name: nameSchema
        .optional()
        .describe('Name of the organization, such as Example Inc.'),
    }),
    represents: orgSchema,
    summary: 'Renames the organization',
    status: 204,
    answer: 'empty',
  }),
  'roles.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/roles/:id',
    permission: 'any',
    tag: 'Organization',
    params: orgIdParams,
    summary: 'One role',
    status: 200,
    answer: 'json',
    response: z.object({ href: hrefSchema }),
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
