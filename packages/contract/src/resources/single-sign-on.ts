/** Signing in at an identity provider: OpenID Connect, authorization code with PKCE. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';

const TAG = 'Authentication';

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;
const issuer = z
  .url({ protocol: /^https?$/, error: 'must be the URL of the identity provider' })
  .max(2048)
  .refine(
    (url) => url.startsWith('https://') || LOOPBACK.test(url),
    'must begin with https://; http is for an identity provider on this machine alone',
  )
  .describe('Issuer as its discovery document says, such as https://login.example.com');

const shared = {
  enabled: z.boolean().describe('false: the settings are kept and nobody signs in by them'),
  client_id: z.string().trim().min(1).max(255).describe('Client id, such as bulkhead'),
  scopes: z
    .string()
    .trim()
    .max(1000)
    .regex(/^openid( |$)/, 'must begin with openid')
    .describe('Scopes that are asked for, such as openid email profile groups'),
  groups_claim: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .describe('Claim with the names of the groups that the user is in, such as groups'),
};

export const oidcSchema = z
  .object({
    ...shared,
    issuer: z
      .string()
      .describe('Issuer of the identity provider, such as https://login.example.com'),
    client_secret_set: z.boolean().describe('Whether there is a client secret; it is not shown'),
    redirect_uri: z
      .string()
      .describe(
        'To be registered at the identity provider, such as https://pce.example.com:8443/login/callback',
      ),
  })
  .meta({ id: 'OidcConfig', description: 'How users sign in at an identity provider' });

export const authenticationSettingsSchema = z
  .object({ oidc: oidcSchema.nullable().describe('Single sign-on; null: none') })
  .meta({ id: 'AuthenticationSettings', description: 'How users of the organization sign in' });
export type AuthenticationSettings = z.infer<typeof authenticationSettingsSchema>;

export const oidcWriteSchema = z.strictObject({
  issuer,
  client_id: shared.client_id,
  client_secret: z
    .string()
    .min(1)
    .max(1024)
    .nullable()
    .optional()
    .describe('Kept when it is left out; null: a client without a secret, such as 4f5e6d…'),
  enabled: shared.enabled.default(true),
  scopes: shared.scopes.default('openid email profile'),
  groups_claim: shared.groups_claim.default('groups'),
  redirect_uri: z.unknown().optional().describe('Read-only; ignored'),
  client_secret_set: z.unknown().optional().describe('Read-only; ignored'),
});

export const singleSignOnEndpoints = {
  'authentication_settings.get': endpoint({
    method: 'GET',
    path: '/authentication_settings',
    permission: 'own',
    tag: TAG,
    summary: 'How users sign in',
    status: 200,
    answer: 'json',
    response: authenticationSettingsSchema,
  }),
  'authentication_settings.update': endpoint({
    method: 'PUT',
    path: '/authentication_settings',
    permission: 'own',
    events: ['authentication_settings.update'],
    tag: TAG,
    summary: 'Sets up single sign-on; the identity provider is asked for its discovery document',
    body: z.strictObject({
      oidc: oidcWriteSchema
        .nullable()
        .describe('The identity provider; null: nobody signs in by one'),
    }),
    represents: authenticationSettingsSchema,
    status: 204,
    answer: 'empty',
  }),
  'single_sign_on.get': endpoint({
    method: 'GET',
    path: '/login_users/single_sign_on',
    permission: 'public',
    tag: TAG,
    summary: 'Whether users may sign in at an identity provider',
    status: 200,
    answer: 'json',
    response: z.object({ enabled: z.boolean().describe('true: single sign-on is set up') }),
  }),
  'single_sign_on.begin': endpoint({
    method: 'POST',
    path: '/login_users/single_sign_on',
    permission: 'public',
    events: { none: 'nobody has signed in yet' },
    tag: TAG,
    summary: 'Begins a sign-in at the identity provider: where the browser goes',
    bodyOptional: true,
    body: z.object({}),
    status: 201,
    answer: 'json',
    response: z.object({
      authorization_uri: z
        .string()
        .describe(
          'Where the browser goes, such as https://login.example.com/authorize?client_id=pce',
        ),
      state: z
        .string()
        .describe(
          'To be held against the state that the browser comes back with, such as 4f5e6d7c',
        ),
    }),
  }),
  'single_sign_on.complete': endpoint({
    method: 'POST',
    path: '/login_users/single_sign_on/complete',
    permission: 'public',
    events: ['user.create', 'user.authenticate', 'request.authentication_failed'],
    tag: TAG,
    summary:
      'Ends a sign-in with what the identity provider sent back; answers a token for 30 seconds',
    body: z.strictObject({
      state: z
        .string()
        .min(1)
        .max(512)
        .describe('As the browser came back with it, such as 4f5e6d7c'),
      code: z.string().min(1).max(4096).describe('Authorization code, such as 4f5e6d7c'),
      iss: z
        .string()
        .max(2048)
        .optional()
        .describe(
          'Issuer, when the provider sent it (RFC 9207), such as https://login.example.com',
        ),
    }),
    status: 201,
    answer: 'json',
    response: z.object({
      auth_token: z.string().describe('For GET /users/login, within 30 seconds, such as 4f5e6d7c'),
    }),
  }),
};
