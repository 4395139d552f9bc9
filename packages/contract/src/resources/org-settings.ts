/** Settings of an organization that the PCE works by: offline timers, trusted proxies, what is not collected of traffic. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  hrefSchema,
  ifUpdatedAtQuery,
  listQuery,
  orgIdParams,
  orgParams,
  refSchema,
} from '../shared.ts';

const seconds = z
  .number()
  .int()
  .refine((value) => value === -1 || (value >= 300 && value <= 2_147_483_647), {
    message: 'must be 300 to 2147483647 seconds, or -1 for never',
  })
  .describe('Seconds, 300 to 2147483647; -1: never');
const timerSchema = z
  .strictObject({
    scope: z
      .array(refSchema)
      .max(20)
      .describe(
        'Labels that a workload must have; of several timers the one with most labels counts',
      ),
    value: seconds.describe('Seconds; -1: never, such as 3600'),
    ven_type: z.enum(['server', 'endpoint']).nullable().optional().describe('null: server'),
  })
  .meta({ id: 'OfflineTimer', description: 'After how long hosts of a scope are offline' });
const timers = z.array(timerSchema).max(1000);
export type OfflineTimer = z.infer<typeof timerSchema>;

export const workloadSettingsSchema = z
  .object({
    href: hrefSchema,
    workload_disconnected_timeout_seconds: timers.describe(
      'Without heartbeat for so long, a workload leaves the peers of others',
    ),
    workload_goodbye_timeout_seconds: timers.describe('The same after a goodbye of its VEN'),
  })
  .meta({ id: 'WorkloadSettings', description: 'Settings of all workloads' });
export type WorkloadSettingsWire = z.infer<typeof workloadSettingsSchema>;

const proxySchema = z.strictObject({
  pce_fqdn: z
    .string()
    .max(255)
    .nullable()
    .optional()
    .describe('The PCE before which it stands, such as pce.example.com'),
  ip: z.string().max(64).describe('Address of the proxy, such as 192.0.2.1'),
});
export const trustedProxiesSchema = z
  .object({
    max_trusted_proxy_ips_per_region: z
      .number()
      .int()
      .describe('Proxies that may be named, such as 30'),
    trusted_proxy_ips: z
      .array(proxySchema)
      .describe('From these, X-Forwarded-For says where a request comes from'),
  })
  .meta({ id: 'TrustedProxies', description: 'Proxies whose forwarded addresses are believed' });
export const MAX_TRUSTED_PROXIES = 8;

export const TRANSMISSIONS = ['broadcast', 'multicast', 'unicast'] as const;
const collectorMembers = {
  transmission: z.enum(TRANSMISSIONS).describe('How the flows are sent'),
  action: z
    .enum(['drop', 'aggregate'])
    .describe('drop: is not stored; aggregate: a report counts it once per pair of addresses'),
  target: z
    .strictObject({
      proto: z.number().int().min(0).max(255).describe('IANA protocol number, such as 6'),
      dst_port: z
        .number()
        .int()
        .min(-1)
        .max(65535)
        .optional()
        .describe('-1 or absent: any, such as 443'),
      dst_ip: z
        .string()
        .max(64)
        .optional()
        .describe('Address or CIDR block; absent: any, such as 10.0.0.0/8'),
      src_ip: z
        .string()
        .max(64)
        .optional()
        .describe('Address or CIDR block; absent: any, such as 10.0.0.0/8'),
    })
    .optional()
    .describe('Absent: all flows of the transmission'),
  data_source: z.enum(['server', 'endpoint']).nullable().optional().describe('null: both'),
};
export const trafficCollectorSchema = z
  .object({ href: hrefSchema, ...collectorMembers, ...audited })
  .meta({
    id: 'TrafficCollectorSetting',
    description: 'Flows that are dropped or gathered before they are stored',
  });
export type TrafficCollectorWire = z.infer<typeof trafficCollectorSchema>;
const collectorWrite = z.strictObject(collectorMembers);

const S = '/orgs/:org_id/settings';
export const orgSettingsEndpoints = {
  'workload_settings.get': endpoint({
    method: 'GET',
    path: `${S}/workloads`,
    permission: 'glob',
    tag: 'Settings',
    params: orgParams,
    summary: 'When workloads count as offline (R-VEN-9)',
    status: 200,
    answer: 'json',
    response: workloadSettingsSchema,
  }),
  'workload_settings.update': endpoint({
    method: 'PUT',
    path: `${S}/workloads`,
    permission: 'edit',
    events: ['workload_settings.update'],
    tag: 'Settings',
    params: orgParams,
    summary: 'Sets when workloads count as offline; a list that is given replaces the one before',
    body: z
      .strictObject({
        workload_disconnected_timeout_seconds: timers.describe(
          'Seconds without a heartbeat after which hosts are offline, by scope and type',
        ),
        workload_goodbye_timeout_seconds: timers.describe(
          'Seconds after a goodbye after which hosts are offline, by scope and type',
        ),
      })
      .partial(),
    represents: workloadSettingsSchema,
    status: 204,
    answer: 'empty',
  }),
  'trusted_proxy_ips.get': endpoint({
    method: 'GET',
    path: `${S}/trusted_proxy_ips`,
    permission: 'own',
    tag: 'Settings',
    params: orgParams,
    summary: 'Proxies that are believed where a request comes from',
    status: 200,
    answer: 'json',
    response: trustedProxiesSchema,
  }),
  'trusted_proxy_ips.update': endpoint({
    method: 'PUT',
    path: `${S}/trusted_proxy_ips`,
    permission: 'own',
    events: ['trusted_proxy_ips.update'],
    tag: 'Settings',
    params: orgParams,
    summary: 'Sets the proxies that are believed where a request comes from; effective at once',
    body: z.strictObject({
      trusted_proxy_ips: z
        .array(proxySchema)
        .max(MAX_TRUSTED_PROXIES)
        .describe('Proxies whose forwarded addresses are believed'),
    }),
    represents: trustedProxiesSchema,
    status: 204,
    answer: 'empty',
  }),
  'traffic_collector.list': endpoint({
    method: 'GET',
    path: `${S}/traffic_collector`,
    permission: 'glob',
    tag: 'Settings',
    params: orgParams,
    summary: 'Traffic that is dropped or aggregated when VENs report it',
    query: z.object(listQuery),
    status: 200,
    answer: 'collection',
    response: trafficCollectorSchema,
  }),
  'traffic_collector.create': endpoint({
    method: 'POST',
    path: `${S}/traffic_collector`,
    permission: 'own',
    events: ['traffic_collector_setting.create'],
    tag: 'Settings',
    params: orgParams,
    summary:
      'Adds a setting of what is dropped or aggregated; effective for what is reported from now on',
    body: collectorWrite,
    represents: trafficCollectorSchema,
    status: 201,
    answer: 'json',
    response: trafficCollectorSchema,
  }),
  'traffic_collector.get': endpoint({
    method: 'GET',
    path: `${S}/traffic_collector/:id`,
    permission: 'glob',
    tag: 'Settings',
    params: orgIdParams,
    summary: 'One of them',
    status: 200,
    answer: 'json',
    response: trafficCollectorSchema,
  }),
  'traffic_collector.update': endpoint({
    method: 'PUT',
    path: `${S}/traffic_collector/:id`,
    permission: 'own',
    events: ['traffic_collector_setting.update'],
    tag: 'Settings',
    params: orgIdParams,
    summary: 'Changes one of them; what is given replaces what was there',
    body: collectorWrite.partial(),
    represents: trafficCollectorSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'traffic_collector.delete': endpoint({
    method: 'DELETE',
    path: `${S}/traffic_collector/:id`,
    permission: 'own',
    events: ['traffic_collector_setting.delete'],
    tag: 'Settings',
    params: orgIdParams,
    summary: 'Deletes one of them',
    status: 204,
    answer: 'empty',
  }),
};
