/** Care for VENs: compatibility reports, maintenance tokens, commands. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgIdParams, orgParams, refSchema, timestampSchema } from '../shared.ts';
import { QUALIFY_STATUSES } from '../ven/care.ts';

const V = '/orgs/:org_id/vens';

const qualifyTestSchema = z
  .object({ status: z.enum(QUALIFY_STATUSES) })
  .catchall(z.string())
  .describe('Beside the status one member: the name of the check, and what it found');

/** Members of an answer of which one VEN failed and others did not. */
const errorsSchema = z.array(
  z.object({ token: z.string(), message: z.string(), hrefs: z.array(hrefSchema) }),
);

export const venCompatibilitySchema = z
  .object({
    last_updated_at: timestampSchema,
    qualify_status: z.enum(QUALIFY_STATUSES).describe('The worst of the tests'),
    results: z.object({ qualify_tests: z.array(qualifyTestSchema) }),
  })
  .partial()
  .describe('No members while the VEN has sent no report')
  .meta({ id: 'VenCompatibilityReport' });
export type VenCompatibilityWire = z.infer<typeof venCompatibilitySchema>;

export const venSettingsSchema = z
  .strictObject({
    maintenance_token_required: z
      .boolean()
      .describe(
        'Stopping, suspending, unpairing or upgrading a VEN on its host needs a token (R-VEN-6)',
      ),
    reactivate_clones: z
      .boolean()
      .describe(
        'A copy of a paired machine becomes a workload of its own, instead of being refused (R-VEN-8)',
      ),
  })
  .meta({ id: 'VenSettings' });
export type VenSettings = z.infer<typeof venSettingsSchema>;

export const venCareEndpoints = {
  'vens.compatibility_report': endpoint({
    method: 'GET',
    path: `${V}/:id/compatibility_report`,
    permission: 'any',
    tag: 'VENs',
    params: orgIdParams,
    summary: 'What the VEN found of its host before enforcement (R-VEN-7)',
    status: 200,
    answer: 'json',
    response: venCompatibilitySchema,
  }),
  'vens.generate_maintenance_token': endpoint({
    method: 'POST',
    path: `${V}/generate_maintenance_token`,
    permission: 'wl',
    events: ['agent.generate_maintenance_token'],
    tag: 'VENs',
    params: orgParams,
    summary:
      'Tokens that let somebody on the host stop, suspend, unpair or upgrade its VEN (R-VEN-6); each shown this once',
    body: z.strictObject({
      vens: z.array(refSchema).min(1).max(1000),
      valid_seconds: z
        .number()
        .int()
        .min(60)
        .max(604_800)
        .optional()
        .describe('How long they open the VEN; one hour unless given'),
    }),
    status: 200,
    answer: 'json',
    response: z.object({
      tokens: z.array(z.object({ ven: refSchema, token: z.string(), expires_at: timestampSchema })),
      errors: errorsSchema,
    }),
  }),
  'vens.remote_action': endpoint({
    method: 'PUT',
    path: `${V}/remote_action`,
    permission: 'wl',
    events: ['agents.remote_action'],
    tag: 'VENs',
    params: orgParams,
    summary: 'Has connected VENs start again',
    body: z.strictObject({
      action: z.literal('restart'),
      vens: z.array(refSchema).min(1).max(1000),
    }),
    status: 200,
    answer: 'json',
    response: z.object({ errors: errorsSchema }),
  }),
  'ven_settings.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/settings/vens',
    permission: 'glob',
    tag: 'Settings',
    params: orgParams,
    summary: 'What the organization asks of its VENs',
    status: 200,
    answer: 'json',
    response: venSettingsSchema,
  }),
  'ven_settings.update': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/settings/vens',
    permission: 'own',
    events: ['ven_settings.update'],
    tag: 'Settings',
    params: orgParams,
    summary: 'Changes what the organization asks of its VENs; what is left out stays',
    body: venSettingsSchema.partial(),
    represents: venSettingsSchema,
    status: 204,
    answer: 'empty',
  }),
};
