/** User groups of a directory, which rules narrow their consumers to. Effective at once, without provisioning. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  bulkResultSchema,
  capsSchema,
  descriptionSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  listQuery,
  nameSchema,
  orgIdParams,
  orgParams,
} from '../shared.ts';

export const securityPrincipalSchema = z
  .object({
    href: hrefSchema,
    sid: z.string().describe('SID of the group in its directory, such as S-1-5-21-1004-500-7-1106'),
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
    used_by_ruleset: z.boolean().describe('true: a rule narrows its consumers to it'),
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'SecurityPrincipal', description: 'A user group of a directory' });
export type SecurityPrincipalWire = z.infer<typeof securityPrincipalSchema>;
const sid = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9_.:-]{1,255}$/, 'must be the SID of a group, such as S-1-5-21-1004-500-7-1106')
  .describe('SID of the group in its directory, such as S-1-5-21-1004-500-7-1106');
const principalWrite = z.strictObject({
  sid,
  name: nameSchema,
  description: descriptionSchema.optional(),
});
export type SecurityPrincipalWrite = z.infer<typeof principalWrite>;

const P = '/orgs/:org_id/security_principals';
const TAG = 'User groups';

export const securityPrincipalEndpoints = {
  'security_principals.list': endpoint({
    method: 'GET',
    path: P,
    permission: 'any',
    tag: TAG,
    params: orgParams,
    summary: 'User groups',
    query: z.object({
      ...listQuery,
      name: z.string().optional().describe('Name, such as Web servers'),
      sid: z
        .string()
        .optional()
        .describe('SID of the group in its directory, such as S-1-5-21-1004-500-7-1106'),
    }),
    status: 200,
    answer: 'collection',
    response: securityPrincipalSchema,
  }),
  'security_principals.create': endpoint({
    method: 'POST',
    path: P,
    permission: 'edit',
    events: ['security_principal.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Makes a user group known; effective at once',
    body: principalWrite,
    represents: securityPrincipalSchema,
    status: 201,
    answer: 'json',
    response: securityPrincipalSchema,
  }),
  'security_principals.bulk_create': endpoint({
    method: 'PUT',
    path: `${P}/bulk_create`,
    perItem: true,
    permission: 'edit',
    events: ['security_principal.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Makes up to 2000 known, each in its own transaction',
    body: z.array(z.unknown()).max(2000),
    status: 200,
    answer: 'json',
    response: z.array(bulkResultSchema),
  }),
  'security_principals.get': endpoint({
    method: 'GET',
    path: `${P}/:id`,
    permission: 'any',
    tag: TAG,
    params: orgIdParams,
    summary: 'One user group, by its SID',
    status: 200,
    answer: 'json',
    response: securityPrincipalSchema,
  }),
  'security_principals.update': endpoint({
    method: 'PUT',
    path: `${P}/:id`,
    permission: 'edit',
    events: ['security_principal.update'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Changes name and description; the SID never changes',
    body: principalWrite.omit({ sid: true }).partial(),
    represents: securityPrincipalSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'security_principals.delete': endpoint({
    method: 'DELETE',
    path: `${P}/:id`,
    permission: 'edit',
    events: ['security_principal.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Deletes a user group that no rule names',
    status: 204,
    answer: 'empty',
  }),
};
