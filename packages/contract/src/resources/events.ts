/** Audit events: who did what, from where, what was before and what is now. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  hrefSchema,
  integerParam,
  orgIdParams,
  orgParams,
  pageQuery,
  timestampSchema,
} from '../shared.ts';

/** What a filter may name; events of this product are `err`, `warning` or `info`. */
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

const named = z.object({
  href: hrefSchema,
  username: z
    .string()
    .optional()
    .describe('E-mail address by which the user signs in, such as ann@example.com'),
  hostname: z
    .string()
    .nullable()
    .optional()
    .describe('Name of the host, such as web-1.example.com'),
  name: z.string().nullable().optional().describe('Name, such as Web servers'),
});

export const eventSchema = z
  .object({
    href: hrefSchema,
    timestamp: timestampSchema.describe('When it happened'),
    pce_fqdn: z.string().max(255).describe('The PCE that wrote it, such as pce.example.com'),
    event_type: z
      .string()
      .max(128)
      .describe('What happened, as `resource.verb`, such as rule_set.update'),
    status: z
      .enum(['success', 'failure'])
      .nullable()
      .describe('Null: neither, such as an incident that was noticed'),
    severity: z.enum(['err', 'warning', 'info']).describe('How much it matters'),
    version: z.literal(2).describe('Of this form'),
    created_by: z
      .union([
        z.object({ user: named.describe('The user who did it') }),
        z.object({ agent: named.describe('The VEN that did it, in the older form') }),
        z.object({ ven: named.describe('The VEN that did it') }),
        z.object({ container_cluster: named.describe('Never: there are no clusters') }),
        z.object({ service_account: named.describe('The service account that did it') }),
        z.object({ system: z.object({}).describe('The PCE did it by itself') }),
      ])
      .describe('Exactly one of user, agent, ven, container_cluster, service_account, system'),
    action: z
      .object({
        uuid: z
          .string()
          .describe(
            'Of the request: its X-Request-Id, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b',
          ),
        api_endpoint: z
          .string()
          .optional()
          .describe('Path of the request, such as /api/v2/orgs/1/labels'),
        api_method: z.string().optional().describe('Method of the request, such as POST'),
        http_status_code: z.number().int().optional().describe('How it was answered, such as 201'),
        src_ip: z.string().nullable().describe('Address that it came from'),
        info: z.unknown().describe('What else is to be known of it'),
        errors: z
          .array(
            z.object({
              token: z.string().describe('Stable code, such as input_validation_error'),
              message: z
                .string()
                .describe(
                  'What is wrong, where, and what would be right, such as name: must not be empty',
                ),
            }),
          )
          .describe('Why it was refused'),
      })
      .nullable()
      .describe('The request that caused it; null when nothing asked for it'),
    resource_changes: z
      .array(
        z.object({
          uuid: z.string().describe('Id, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
          resource: z
            .record(z.string(), z.record(z.string(), z.unknown()))
            .describe('By its type in the singular: href and the members that name it'),
          changes: z
            .record(
              z.string(),
              z.object({
                before: z
                  .unknown()
                  .describe('Value before; null: there was none; secrets are FILTERED'),
                after: z
                  .unknown()
                  .describe('Value after; null: there is none; secrets are FILTERED'),
              }),
            )
            .describe('By member: value before and after; a secret is shown as FILTERED'),
          change_type: z.enum(['create', 'update', 'delete']).describe('What was done to it'),
        }),
      )
      .describe('Every object that changed'),
    notifications: z
      .array(
        z.object({
          uuid: z.string().describe('Id, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
          notification_type: z
            .string()
            .max(128)
            .describe('Kind of the notification, such as user.login_session_created'),
          info: z.unknown().describe('More about it; its members depend on the kind'),
        }),
      )
      .describe('What is to be told about it'),
  })
  .meta({ id: 'Event', description: 'A recorded change or incident' });
export type EventWire = z.infer<typeof eventSchema>;

const timeParam = z.iso
  .datetime({ offset: true, error: 'must be a time, such as 2026-01-31T12:00:00Z' })
  .or(z.iso.date())
  .transform((text) => new Date(text));

export const eventFilters = {
  ...pageQuery,
  offset: integerParam.optional().describe('Items to pass over, for the console, such as 500'),
  event_type: z.string().max(128).optional().describe('Exactly this type, such as rule_set.update'),
  severity: z.enum(SEVERITIES).optional().describe('Exactly this severity'),
  status: z.enum(['success', 'failure']).optional().describe('Whether it succeeded; null: neither'),
  created_by: z
    .string()
    .max(512)
    .optional()
    .describe('Href of who caused it, or `system`, such as /users/1'),
  'timestamp[gte]': timeParam.optional().describe('Not before this time'),
  'timestamp[lte]': timeParam.optional().describe('Not after this time'),
};

export const eventEndpoints = {
  'events.list': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/events',
    permission: 'glob',
    tag: 'Events',
    params: orgParams,
    summary: 'Events, newest first',
    query: z.object(eventFilters),
    status: 200,
    answer: 'collection',
    response: eventSchema,
  }),
  'events.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/events/:id',
    permission: 'glob',
    tag: 'Events',
    params: orgIdParams,
    summary: 'One event',
    status: 200,
    answer: 'json',
    response: eventSchema,
  }),
  'system_events.list': endpoint({
    method: 'GET',
    path: '/system_events',
    permission: 'any',
    tag: 'Events',
    summary: 'Events of the PCE itself, which belong to no organization, newest first',
    query: z.object(eventFilters),
    status: 200,
    answer: 'collection',
    response: eventSchema,
  }),
  'system_events.get': endpoint({
    method: 'GET',
    path: '/system_events/:id',
    permission: 'any',
    tag: 'Events',
    params: z.object({
      id: z.string().describe('Id of the event, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
    }),
    summary: 'One event of the PCE itself',
    status: 200,
    answer: 'json',
    response: eventSchema,
  }),
};
