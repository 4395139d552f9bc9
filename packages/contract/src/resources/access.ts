/** Who may do what: permissions, the principals that they are given to, and the addresses that credentials are accepted from. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  descriptionSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  labelRefSchema,
  nameSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  refSchema,
} from '../shared.ts';

const ORG = '/orgs/:org_id';
const TAG = 'Access';

export const permissionScopeWriteSchema = z
  .array(
    z.union([
      z.strictObject({ label: refSchema.describe('A label') }),
      z.strictObject({
        label_group: refSchema.describe('A label group, which stands for all of its labels'),
      }),
    ]),
  )
  .max(20)
  .describe('At most one label or label group of each key, all of them at once; empty: everything');
const permissionScopeSchema = z
  .array(
    z.object({
      label: labelRefSchema.optional().describe('A label'),
      label_group: z
        .object({
          href: hrefSchema,
          key: z.string().describe('Key of the label dimension, such as role'),
          name: z.string().describe('Name, such as Web servers'),
        })
        .optional()
        .describe('A label group, which stands for all of its labels'),
    }),
  )
  .describe('Empty: everything');
const roleRefSchema = refSchema.describe('Role, such as /orgs/1/roles/ruleset_manager');

export const permissionSchema = z
  .object({
    href: hrefSchema,
    role: roleRefSchema,
    scope: permissionScopeSchema.describe('Where it applies; empty: everywhere'),
    auth_security_principal: refSchema.describe(
      'Who has it: an auth_security_principal or a service account',
    ),
    ...audited,
  })
  .meta({ id: 'Permission', description: 'A role that a principal has within a scope' });
export type PermissionWire = z.infer<typeof permissionSchema>;
const permissionWrite = z.strictObject({
  role: roleRefSchema,
  scope: permissionScopeWriteSchema.describe('Where it applies; empty: everywhere'),
  auth_security_principal: refSchema.describe(
    'Who is to have it: an auth_security_principal or a service account',
  ),
});

/** Role and scope as a service account is given them. */
export const grantWriteSchema = permissionWrite.pick({ role: true, scope: true });
export const grantSchema = permissionSchema
  .pick({ href: true, role: true, scope: true })
  .meta({ id: 'Grant', description: 'A role within a scope' });

/** URL-encoded JSON: a list of `{label}` and `{label_group}`, or of hrefs alone, as older clients send. Answers hrefs. */
const scopeParam = z
  .string()
  .max(20_000)
  .transform((text, context) => {
    const entry = z.union([
      z.string(),
      z.object({ label: refSchema.describe('A label') }).transform((item) => item.label.href),
      z
        .object({
          label_group: refSchema.describe('A label group, which stands for all of its labels'),
        })
        .transform((item) => item.label_group.href),
    ]);
    try {
      const parsed = z.array(entry).safeParse(JSON.parse(text));
      if (parsed.success) return parsed.data;
    } catch {
      // falls through to the message below
    }
    context.addIssue({
      code: 'custom',
      message: 'must be JSON: a list such as [{"label":{"href":"/orgs/1/labels/2"}}]',
    });
    return z.NEVER;
  });

export const authSecurityPrincipalSchema = z
  .object({
    href: hrefSchema,
    type: z.enum(['user', 'group']).describe('Which kind it is'),
    name: z
      .string()
      .nullable()
      .describe('Login of a user, or name of a group; null: every user (the default permissions)'),
    display_name: z.string().nullable().describe('Name for people, such as Ann Example'),
    access_restriction: refSchema.nullable().describe('Where its members may sign in from'),
    ...audited,
  })
  .meta({
    id: 'AuthSecurityPrincipal',
    description: 'A user or group that permissions are given to',
  });
export type AuthSecurityPrincipalWire = z.infer<typeof authSecurityPrincipalSchema>;
const principalWrite = z.strictObject({
  type: z.enum(['user', 'group']).describe('Which kind it is'),
  name: nameSchema.describe(
    'Login (e-mail address) of a user, or name of a group as the identity provider says it, such as ann@example.com',
  ),
  display_name: z
    .string()
    .max(255)
    .nullable()
    .optional()
    .describe('Name for people, such as Ann Example'),
  access_restriction: refSchema
    .nullable()
    .optional()
    .describe('Addresses from which it may be used; null: from anywhere'),
});

export const accessRestrictionSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    ips: z.array(z.string()).describe('Addresses and CIDR blocks from which it may be used'),
    ...audited,
  })
  .meta({ id: 'AccessRestriction', description: 'Addresses from which an account may be used' });
export type AccessRestrictionWire = z.infer<typeof accessRestrictionSchema>;
const restrictionWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  ips: z
    .array(z.string().trim().min(1).max(64))
    .min(1)
    .max(100)
    .describe('IPv4 and IPv6 addresses and CIDR blocks that credentials are accepted from'),
});

export const accessEndpoints = {
  'permissions.list': endpoint({
    method: 'GET',
    path: `${ORG}/permissions`,
    permission: 'own',
    tag: TAG,
    params: orgParams,
    summary: 'Permissions',
    query: z.object({
      ...pageQuery,
      auth_security_principal: hrefSchema.optional(),
      role: hrefSchema.optional(),
      scope: scopeParam
        .optional()
        .describe(
          'Labels and label groups of the scope as JSON, such as [{"label":{"href":"/orgs/1/labels/2"}}]',
        ),
    }),
    status: 200,
    answer: 'collection',
    response: permissionSchema,
  }),
  'permissions.create': endpoint({
    method: 'POST',
    path: `${ORG}/permissions`,
    permission: 'own',
    events: ['permission.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Gives a role to a principal, everywhere or within a scope',
    body: permissionWrite,
    represents: permissionSchema,
    status: 201,
    answer: 'json',
    response: permissionSchema,
  }),
  'permissions.get': endpoint({
    method: 'GET',
    path: `${ORG}/permissions/:id`,
    permission: 'own',
    tag: TAG,
    params: orgIdParams,
    summary: 'One permission',
    status: 200,
    answer: 'json',
    response: permissionSchema,
  }),
  'permissions.update': endpoint({
    method: 'PUT',
    path: `${ORG}/permissions/:id`,
    permission: 'own',
    events: ['permission.update'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Changes a permission',
    body: permissionWrite.partial(),
    represents: permissionSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'permissions.delete': endpoint({
    method: 'DELETE',
    path: `${ORG}/permissions/:id`,
    permission: 'own',
    events: ['permission.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Takes a permission away; the last owner keeps theirs',
    status: 204,
    answer: 'empty',
  }),
  'auth_security_principals.list': endpoint({
    method: 'GET',
    path: `${ORG}/auth_security_principals`,
    permission: 'own',
    tag: TAG,
    params: orgParams,
    summary: 'Users and groups that permissions are given to',
    query: z.object({
      ...pageQuery,
      name: z
        .string()
        .max(255)
        .optional()
        .describe('Part of the name, any letter case, such as web'),
      type: z.enum(['user', 'group']).optional().describe('Which kind it is'),
    }),
    status: 200,
    answer: 'collection',
    response: authSecurityPrincipalSchema,
  }),
  'auth_security_principals.create': endpoint({
    method: 'POST',
    path: `${ORG}/auth_security_principals`,
    permission: 'own',
    events: ['auth_security_principal.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Makes a user or group known, so that permissions can be given to it',
    body: principalWrite,
    represents: authSecurityPrincipalSchema,
    status: 201,
    answer: 'json',
    response: authSecurityPrincipalSchema,
  }),
  'auth_security_principals.get': endpoint({
    method: 'GET',
    path: `${ORG}/auth_security_principals/:id`,
    permission: 'own',
    tag: TAG,
    params: orgIdParams,
    summary: 'One principal',
    status: 200,
    answer: 'json',
    response: authSecurityPrincipalSchema,
  }),
  'auth_security_principals.update': endpoint({
    method: 'PUT',
    path: `${ORG}/auth_security_principals/:id`,
    permission: 'own',
    events: ['auth_security_principal.update'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Changes name, display name or access restriction',
    body: principalWrite.omit({ type: true }).partial(),
    represents: authSecurityPrincipalSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'auth_security_principals.delete': endpoint({
    method: 'DELETE',
    path: `${ORG}/auth_security_principals/:id`,
    permission: 'own',
    events: ['auth_security_principal.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Removes a principal with its permissions',
    status: 204,
    answer: 'empty',
  }),
  'access_restrictions.list': endpoint({
    method: 'GET',
    path: `${ORG}/access_restrictions`,
    permission: 'own',
    tag: TAG,
    params: orgParams,
    summary: 'Access restrictions',
    query: z.object({
      ...pageQuery,
      name: z.string().max(255).optional().describe('Name, such as Web servers'),
    }),
    status: 200,
    answer: 'collection',
    response: accessRestrictionSchema,
  }),
  'access_restrictions.create': endpoint({
    method: 'POST',
    path: `${ORG}/access_restrictions`,
    permission: 'own',
    events: ['access_restriction.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Creates an access restriction',
    body: restrictionWrite,
    represents: accessRestrictionSchema,
    status: 201,
    answer: 'json',
    response: accessRestrictionSchema,
  }),
  'access_restrictions.get': endpoint({
    method: 'GET',
    path: `${ORG}/access_restrictions/:id`,
    permission: 'own',
    tag: TAG,
    params: orgIdParams,
    summary: 'One access restriction',
    status: 200,
    answer: 'json',
    response: accessRestrictionSchema,
  }),
  'access_restrictions.update': endpoint({
    method: 'PUT',
    path: `${ORG}/access_restrictions/:id`,
    permission: 'own',
    events: ['access_restriction.update'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Changes an access restriction; effective at once',
    body: restrictionWrite.partial(),
    represents: accessRestrictionSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'access_restrictions.delete': endpoint({
    method: 'DELETE',
    path: `${ORG}/access_restrictions/:id`,
    permission: 'own',
    events: ['access_restriction.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Deletes an access restriction that nobody has',
    status: 204,
    answer: 'empty',
  }),
};
