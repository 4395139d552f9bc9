/** Where audit events and traffic go outside of the PCE: syslog destinations and webhooks. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  hrefSchema,
  ifUpdatedAtQuery,
  nameSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  timestampSchema,
} from '../shared.ts';

const auditLogger = z.strictObject({
  configuration_event_included: z.boolean().describe('Events that a user or a VEN caused'),
  system_event_included: z.boolean().describe('Events that the PCE caused by itself'),
  min_severity: z
    .enum(['error', 'warning', 'informational'])
    .describe('The least severity that is sent'),
});
const trafficLogger = z.strictObject({
  traffic_flow_allowed_event_included: z.boolean().describe('Flows that were allowed'),
  traffic_flow_potentially_blocked_event_included: z
    .boolean()
    .describe('Flows that full enforcement would have blocked'),
  traffic_flow_blocked_event_included: z.boolean().describe('Flows that were blocked'),
});
const nodeStatusLogger = z.strictObject({
  node_status_included: z.boolean().describe('The health of the PCE, when it changes'),
});
const caBundle = z
  .string()
  .max(1_000_000)
  .nullable()
  .describe(
    'PEM certificates that the receiver is trusted by; null: those of the system, such as -----BEGIN CERTIFICATE-----…',
  );
const remoteSyslog = z.strictObject({
  address: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .describe('Host name or IP address of the receiver, such as siem.example.com'),
  port: z.number().int().min(1).max(65535).describe('Port of the receiver, such as 6514'),
  protocol: z
    .union([z.literal(6), z.literal(17)])
    .describe('6: TCP, nothing is lost; 17: UDP, the network may lose'),
  tls_enabled: z.boolean().describe('TLS (RFC 5425); TCP only'),
  tls_ca_bundle: caBundle.optional(),
  tls_verify_cert: z
    .boolean()
    .describe('Whether the receiver must prove its name by a certificate'),
});

const sinkStatusSchema = z
  .object({
    connected: z
      .boolean()
      .nullable()
      .describe('Whether the last attempt to reach the receiver succeeded; null: there was none'),
    last_error: z.string().nullable().describe('Why it did not; null when it did'),
    last_error_at: timestampSchema.nullable().describe('When that was'),
    last_delivered_at: timestampSchema.nullable().describe('When the receiver last got something'),
    events_delivered: z.number().int().describe('Events that it got, such as 120'),
    events_behind: z.number().int().describe('Events that it has not got yet, such as 0'),
    oldest_event_behind: timestampSchema.nullable().describe('Time of the first of those'),
    events_lost: z
      .number()
      .int()
      .describe('Events whose retention was over before the receiver could be reached, such as 0'),
    flows_sent: z.number().int().describe('Flows that were sent, such as 120'),
    flows_lost: z
      .number()
      .int()
      .describe('Flows that were let go, because the receiver did not keep up, such as 0'),
  })
  .meta({ id: 'SinkStatus', description: 'How far behind a receiver of events is' });
export type SinkStatus = z.infer<typeof sinkStatusSchema>;

const syslogMembers = {
  pce_scope: z
    .array(z.string().min(1).max(255))
    .max(100)
    .describe('Names of the PCEs whose events are sent; none: of all'),
  type: z
    .enum(['local_syslog', 'remote_syslog'])
    .describe('The log of this PCE, or a receiver of its own'),
  description: z.string().max(65535).describe('Free text, such as In the rack by the door'),
  audit_event_logger: auditLogger.describe('Which events are sent'),
  traffic_event_logger: trafficLogger.describe('Which flows are sent'),
  node_status_logger: nodeStatusLogger.describe('Whether the state of the PCE is sent'),
  remote_syslog: remoteSyslog.optional().describe('For the type remote_syslog'),
};
export const syslogDestinationSchema = z
  .object({
    href: hrefSchema,
    ...syslogMembers,
    status: sinkStatusSchema.describe('State that it is in'),
    ...audited,
  })
  .meta({ id: 'SyslogDestination', description: 'A receiver of events by syslog' });
export type SyslogDestinationWire = z.infer<typeof syslogDestinationSchema>;
export const syslogDestinationWriteSchema = z
  .strictObject(syslogMembers)
  .meta({ id: 'SyslogDestinationWrite', description: 'A receiver of events by syslog' });
export type SyslogDestinationWrite = z.infer<typeof syslogDestinationWriteSchema>;

const webhookMembers = {
  name: nameSchema,
  url: z
    .string()
    .max(2048)
    .regex(
      /^https:\/\/[^\s/?#@]+([/?][^\s#]*)?$/i,
      'must be an https URL without a user, such as https://soc.example.com/events',
    )
    .describe('Where events are posted to, such as https://siem.example.com/events'),
  enabled: z.boolean().describe('False: events wait'),
  audit_event_logger: auditLogger.describe('Which events are sent'),
  tls_ca_bundle: caBundle.optional(),
};
export const webhookSchema = z
  .object({
    href: hrefSchema,
    ...webhookMembers,
    status: sinkStatusSchema.describe('State that it is in'),
    ...audited,
  })
  .meta({ id: 'Webhook', description: 'A receiver of events by HTTPS' });
export type WebhookWire = z.infer<typeof webhookSchema>;
const secretSchema = z
  .string()
  .min(16)
  .max(255)
  .describe(
    'Key of the signature; without one the PCE makes it and shows it this once, such as 4f5e6d7c8b9a0f1e2d3c',
  );
export const webhookWriteSchema = z
  .strictObject({
    ...webhookMembers,
    secret: secretSchema.optional(),
  })
  .meta({ id: 'WebhookWrite', description: 'A receiver of events by HTTPS' });
export type WebhookWrite = z.infer<typeof webhookWriteSchema>;

const sinkTestSchema = z
  .object({
    delivered: z.boolean().describe('Whether the receiver took the test event'),
    message: z.string().nullable().describe('Why it did not'),
  })
  .meta({ id: 'SinkTest', description: 'What a receiver said to a test' });

const D = '/orgs/:org_id/settings/syslog/destinations';
const W = '/orgs/:org_id/settings/webhooks';
const tag = 'Settings';

export const sinkEndpoints = {
  'syslog_destinations.list': endpoint({
    method: 'GET',
    path: D,
    permission: 'glob',
    tag,
    params: orgParams,
    summary: 'Syslog destinations, with how far behind each is',
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: syslogDestinationSchema,
  }),
  'syslog_destinations.get': endpoint({
    method: 'GET',
    path: `${D}/:id`,
    permission: 'glob',
    tag,
    params: orgIdParams,
    summary: 'One syslog destination',
    status: 200,
    answer: 'json',
    response: syslogDestinationSchema,
  }),
  'syslog_destinations.create': endpoint({
    method: 'POST',
    path: D,
    permission: 'own',
    events: ['syslog_destination.create'],
    tag,
    params: orgParams,
    summary: 'Sends events to a syslog receiver from now on',
    body: syslogDestinationWriteSchema,
    represents: syslogDestinationSchema,
    status: 201,
    answer: 'json',
    response: syslogDestinationSchema,
  }),
  'syslog_destinations.update': endpoint({
    method: 'PUT',
    path: `${D}/:id`,
    permission: 'own',
    events: ['syslog_destination.update'],
    tag,
    params: orgIdParams,
    summary: 'Changes a syslog destination; what it has not got yet goes to the new receiver',
    query: ifUpdatedAtQuery,
    body: syslogDestinationWriteSchema.partial(),
    represents: syslogDestinationSchema,
    status: 204,
    answer: 'empty',
  }),
  'syslog_destinations.delete': endpoint({
    method: 'DELETE',
    path: `${D}/:id`,
    permission: 'own',
    events: ['syslog_destination.delete'],
    tag,
    params: orgIdParams,
    summary: 'Ends a syslog destination',
    status: 204,
    answer: 'empty',
  }),
  'syslog_destinations.test': endpoint({
    method: 'POST',
    path: `${D}/:id/test`,
    permission: 'own',
    tag,
    params: orgIdParams,
    summary: 'Sends one test event to the receiver now and says whether it took it',
    reads: true,
    status: 200,
    answer: 'json',
    response: sinkTestSchema,
  }),
  'webhooks.list': endpoint({
    method: 'GET',
    path: W,
    permission: 'glob',
    tag,
    params: orgParams,
    summary: 'Webhooks, with how far behind each is',
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: webhookSchema,
  }),
  'webhooks.get': endpoint({
    method: 'GET',
    path: `${W}/:id`,
    permission: 'glob',
    tag,
    params: orgIdParams,
    summary: 'One webhook',
    status: 200,
    answer: 'json',
    response: webhookSchema,
  }),
  'webhooks.create': endpoint({
    method: 'POST',
    path: W,
    permission: 'own',
    events: ['webhook.create'],
    tag,
    params: orgParams,
    summary: 'Posts events to a URL from now on, signed',
    body: webhookWriteSchema,
    represents: webhookSchema,
    status: 201,
    answer: 'json',
    response: webhookSchema.extend({
      secret: secretSchema,
    }),
  }),
  'webhooks.update': endpoint({
    method: 'PUT',
    path: `${W}/:id`,
    permission: 'own',
    events: ['webhook.update'],
    tag,
    params: orgIdParams,
    summary: 'Changes a webhook',
    query: ifUpdatedAtQuery,
    body: webhookWriteSchema.partial(),
    represents: webhookSchema,
    status: 204,
    answer: 'empty',
  }),
  'webhooks.delete': endpoint({
    method: 'DELETE',
    path: `${W}/:id`,
    permission: 'own',
    events: ['webhook.delete'],
    tag,
    params: orgIdParams,
    summary: 'Ends a webhook',
    status: 204,
    answer: 'empty',
  }),
  'webhooks.test': endpoint({
    method: 'POST',
    path: `${W}/:id/test`,
    permission: 'own',
    tag,
    params: orgIdParams,
    summary: 'Posts one test event now and says whether the receiver took it',
    reads: true,
    status: 200,
    answer: 'json',
    response: sinkTestSchema,
  }),
};
