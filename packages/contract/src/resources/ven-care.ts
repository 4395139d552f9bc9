/** Care for VENs: compatibility reports, maintenance tokens, commands. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, orgIdParams, orgParams, refSchema, timestampSchema } from '../shared.ts';
import { QUALIFY_STATUSES } from '../ven/care.ts';

const V = '/orgs/:org_id/vens';

const qualifyTestSchema = z
  .object({ status: z.enum(QUALIFY_STATUSES).describe('State that it is in') })
  .catchall(z.string())
  .describe('Beside the status one member: the name of the check, and what it found');

/** Members of an answer of which one VEN failed and others did not. */
const errorsSchema = z.array(
  z.object({
    token: z.string().describe('Stable code, such as input_validation_error'),
    message: z
      .string()
      .describe('What is wrong, where, and what would be right, such as name: must not be empty'),
    hrefs: z.array(hrefSchema).describe('Hrefs of the objects that are concerned'),
  }),
);

export const venCompatibilitySchema = z
  .object({
    last_updated_at: timestampSchema,
    qualify_status: z.enum(QUALIFY_STATUSES).describe('The worst of the tests'),
    results: z
      .object({
        qualify_tests: z
          .array(qualifyTestSchema)
          .describe('What was checked, each with its result'),
      })
      .describe('Results'),
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
  .meta({ id: 'VenSettings', description: 'Settings of all VENs' });
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
      vens: z.array(refSchema).min(1).max(1000).describe('VENs'),
      valid_seconds: z
        .number()
        .int()
        .min(60)
        .max(604_800)
        .optional()
        .describe('How long they open the VEN; one hour unless given, such as 3600'),
    }),
    status: 200,
    answer: 'json',
    response: z.object({
      tokens: z
        .array(
          z.object({
            ven: refSchema,
            token: z.string().describe('Stable code, such as input_validation_error'),
            expires_at: timestampSchema,
          }),
        )
        .describe('One maintenance token for each VEN'),
      errors: errorsSchema.describe('What went wrong; empty: nothing'),
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
      action: z.literal('restart').describe('What is done'),
      vens: z.array(refSchema).min(1).max(1000).describe('VENs'),
    }),
    status: 200,
    answer: 'json',
    response: z.object({ errors: errorsSchema.describe('What went wrong; empty: nothing') }),
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
