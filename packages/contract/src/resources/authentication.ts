/** How users sign in: passwords and their policy, and what an organization sets for API keys. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgParams, pageQuery, refSchema } from '../shared.ts';

const TAG = 'Authentication';

export const passwordPolicySchema = z
  .object({
    require_type_number: z.boolean().describe('true: a password needs a digit'),
    require_type_lowercase: z.boolean().describe('true: a password needs a lower-case letter'),
    require_type_uppercase: z.boolean().describe('true: a password needs an upper-case letter'),
    require_type_symbol: z
      .boolean()
      .describe('true: a password needs a character that is none of these'),
    min_characters_per_type: z
      .number()
      .int()
      .min(1)
      .max(8)
      .describe('How many characters of each required type, such as 1'),
    min_length: z
      .number()
      .int()
      .min(8)
      .max(64)
      .describe('Characters that a password has at least, such as 12'),
    min_changed_characters: z
      .number()
      .int()
      .min(0)
      .max(64)
      .describe('Characters that a new password differs in from the present one, such as 1'),
    history_count: z
      .number()
      .int()
      .min(0)
      .max(24)
      .describe('Passwords, the present one included, that may not come again, such as 3'),
    expire_time_days: z.number().int().min(0).max(3650).describe('0: never'),
    session_timeout_minutes: z
      .number()
      .int()
      .min(3)
      .max(1440)
      .describe('A session that is not used for this long ends, such as 30'),
  })
  .meta({ id: 'PasswordPolicy', description: 'What passwords must be' });
export type PasswordPolicy = z.infer<typeof passwordPolicySchema>;

export const orgSettingsSchema = z
  .object({
    max_api_key_expiration_in_seconds: z
      .number()
      .int()
      .min(-1)
      .max(2_147_483_647)
      .refine((value) => value !== 0, 'must be at least 1, or -1 for API keys that never expire')
      .describe(
        'Longest life of an API key, and that of one that names none; -1: no limit, such as 7776000',
      ),
    expired_api_keys_retention_in_seconds: z
      .number()
      .int()
      .min(0)
      .max(2_147_483_647)
      .describe('How long expired API keys stay listed, such as 86400'),
  })
  .meta({ id: 'OrgSettings', description: 'Settings of the organization' });
export type OrgSettings = z.infer<typeof orgSettingsSchema>;

/** Within a password's bounds; the password policy says the rest. */
export const passwordSchema = z.string().min(1).max(1024);

const nothing = z
  .object({})
  .meta({ id: 'NoConfiguration', description: 'Never: there is no such configuration' });
const noConfigurations = (path: string, summary: string) =>
  endpoint({
    method: 'GET',
    path,
    permission: 'own',
    tag: TAG,
    summary,
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: nothing,
  });

const user = {
  params: z.object({
    user_id: z.string().describe('Id of the user: the last part of its href, such as 1'),
  }),
  tag: TAG,
} as const;
export const invitationSchema = z
  .object({
    user: refSchema,
    href: hrefSchema.describe('PUT {password} there accepts it; works once'),
    invitation_uri: z
      .string()
      .describe(
        'Page of the console to be handed to the user, such as https://pce.example.com:8443/invitation/4f5e6d',
      ),
    expires_at: z.string().describe('When it ends, such as 2026-01-31T12:00:00.000Z'),
  })
  .meta({ id: 'Invitation', description: 'How a new user gets a password' });

export const authenticationEndpoints = {
  'password_policy.get': endpoint({
    method: 'GET',
    path: '/authentication_settings/password_policy',
    permission: 'own',
    tag: TAG,
    summary: 'What passwords of local users must be like, and how long sessions last',
    status: 200,
    answer: 'json',
    response: passwordPolicySchema,
  }),
  'password_policy.update': endpoint({
    method: 'PUT',
    path: '/authentication_settings/password_policy',
    permission: 'own',
    events: ['password_policy.update'],
    tag: TAG,
    summary: 'Changes the password policy; it counts from the next password on',
    body: z.strictObject(passwordPolicySchema.shape).partial(),
    represents: passwordPolicySchema,
    status: 204,
    answer: 'empty',
  }),
  'saml_configs.list': noConfigurations(
    '/authentication_settings/saml_configs',
    'SAML is not offered: always empty',
  ),
  'ldap_configs.list': noConfigurations(
    '/authentication_settings/ldap_configs',
    'LDAP is not offered: always empty',
  ),
  'radius_configs.list': noConfigurations(
    '/authentication_settings/radius_configs',
    'RADIUS is not offered: always empty',
  ),
  'org_settings.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/settings',
    permission: 'any',
    tag: 'Settings',
    params: orgParams,
    summary: 'Settings of the organization',
    status: 200,
    answer: 'json',
    response: orgSettingsSchema,
  }),
  'org_settings.update': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/settings',
    permission: 'own',
    events: ['settings.update'],
    tag: 'Settings',
    params: orgParams,
    summary: 'Changes settings of the organization',
    body: z.strictObject(orgSettingsSchema.shape).partial(),
    represents: orgSettingsSchema,
    status: 204,
    answer: 'empty',
  }),
  'local_profile.create': endpoint({
    ...user,
    method: 'POST',
    path: '/users/:user_id/local_profile',
    permission: 'own',
    events: ['user_local_profile.create', 'user.invite'],
    summary: 'Gives a user a local login and answers the invitation to set its password',
    bodyOptional: true,
    body: z.object({}),
    status: 201,
    answer: 'json',
    response: invitationSchema,
  }),
  'local_profile.delete': endpoint({
    ...user,
    method: 'DELETE',
    path: '/users/:user_id/local_profile',
    permission: 'own',
    events: ['user_local_profile.delete'],
    summary: 'Removes the local login of a user and ends its sessions; API keys stay',
    status: 204,
    answer: 'empty',
  }),
  'local_profile.reinvite': endpoint({
    ...user,
    method: 'PUT',
    path: '/users/:user_id/local_profile/reinvite',
    permission: 'own',
    events: ['user_local_profile.reinvite', 'user.invite'],
    summary: 'A new invitation, also for a user who forgot the password; earlier ones end',
    bodyOptional: true,
    body: z.object({}),
    status: 200,
    answer: 'json',
    response: invitationSchema,
  }),
  'local_profile.password': endpoint({
    ...user,
    method: 'PUT',
    path: '/users/:user_id/local_profile/password',
    permission: 'self',
    events: ['user_local_profile.update_password'],
    summary: 'Changes the own password; all other sessions end',
    body: z.strictObject({
      current_password: passwordSchema.describe(
        'The password as it is, such as correct horse battery',
      ),
      password: passwordSchema.describe('The new password, such as correct horse battery'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'login_users.password': endpoint({
    method: 'PUT',
    path: '/login_users/:id/password',
    permission: 'public',
    events: [
      'user.accept_invitation',
      'user.use_expired_password',
      'request.authentication_failed',
    ],
    tag: TAG,
    params: z.object({
      id: z.string().describe('Id of the object: the last part of its href, such as 7'),
    }),
    summary: 'Sets the password of an invitation, or one in place of an expired one',
    body: z.strictObject({
      password: passwordSchema.describe('The new password, such as correct horse battery'),
    }),
    status: 204,
    answer: 'empty',
  }),
};
