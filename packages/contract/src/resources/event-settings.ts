/** What an organization sets for its audit events. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, ifUpdatedAtQuery, orgParams, timestampSchema } from '../shared.ts';

export const EVENT_FORMATS = ['JSON', 'CEF', 'LEEF'] as const;
export const MIN_SEVERITIES = ['error', 'warning', 'informational'] as const;

const DAY = 86_400;
const members = {
  audit_event_retention_seconds: z
    .number()
    .int()
    .min(DAY)
    .max(200 * DAY)
    .describe('Events are kept for so long, 86400 to 17280000 seconds, such as 2592000'),
  audit_event_min_severity: z
    .enum(MIN_SEVERITIES)
    .describe('The least severity that is sent to syslog and webhooks; all events are kept'),
  format: z.enum(EVENT_FORMATS).describe('Format of what is sent to syslog'),
};
/** Stored as it is written; what is not set has its default. */
export const eventSettingsValueSchema = z.object({
  audit_event_retention_seconds: members.audit_event_retention_seconds.default(30 * DAY),
  audit_event_min_severity: members.audit_event_min_severity.default('informational'),
  format: members.format.default('JSON'),
});
export type EventSettingsValue = z.infer<typeof eventSettingsValueSchema>;

export const eventSettingsSchema = z
  .object({
    href: hrefSchema,
    ...members,
    updated_at: timestampSchema.nullable().describe('When it was set last; null: never'),
  })
  .meta({ id: 'EventSettings', description: 'What an organization sets for its events' });

const path = '/orgs/:org_id/settings/events';
export const eventSettingsEndpoints = {
  'event_settings.get': endpoint({
    method: 'GET',
    path,
    permission: 'glob',
    tag: 'Settings',
    params: orgParams,
    summary: 'How long events are kept, and in which format they are sent',
    status: 200,
    answer: 'json',
    response: eventSettingsSchema,
  }),
  'event_settings.update': endpoint({
    method: 'PUT',
    path,
    permission: 'own',
    events: ['event_settings.update'],
    tag: 'Settings',
    params: orgParams,
    summary: 'Sets how long events are kept, and in which format they are sent',
    query: ifUpdatedAtQuery,
    body: z.strictObject(members).partial(),
    represents: eventSettingsSchema,
    status: 204,
    answer: 'empty',
  }),
};
