import { z } from 'zod';
import { endpoint } from '../endpoint.ts';

const productVersionSchema = z
  .object({
    version: z.string(),
    build: z.number().int(),
    long_display: z.string(),
    short_display: z.string(),
    release_info: z.string(),
    engineering_info: z.string(),
    product_name: z.string(),
  })
  .meta({ id: 'ProductVersion' });

const healthSchema = z
  .object({
    fqdn: z.string(),
    type: z.enum(['standalone', 'leader', 'member']),
    status: z.enum(['normal', 'warning', 'error']),
    available_seconds: z.number(),
    generated_at: z.string(),
    notifications: z.array(
      z.object({ status: z.string(), token: z.string(), message: z.string() }),
    ),
    listen_only_mode_enabled_at: z.string().nullable(),
    nodes: z.array(
      z.object({
        hostname: z.string(),
        ip_address: z.string(),
        type: z.string(),
        runlevel: z.number().int(),
        uptime_seconds: z.number(),
        cpu: z.object({ status: z.string(), percent: z.number() }),
        memory: z.object({ status: z.string(), percent: z.number() }),
        disk: z.array(
          z.object({
            location: z.string(),
            value: z.object({ status: z.string(), percent: z.number() }),
          }),
        ),
        services: z.object({
          status: z.string(),
          running: z.array(z.string()),
          not_running: z.array(z.string()),
          partial: z.array(z.string()),
          optional: z.array(z.string()),
        }),
        generated_at: z.string(),
      }),
    ),
    network: z.object({ replication: z.array(z.unknown()) }),
  })
  .meta({ id: 'Health' });

export const nodeEndpoints = {
  'node.available': endpoint({
    method: 'GET',
    path: '/node_available',
    permission: 'public',
    tag: 'Node',
    summary: '200 when this node serves, for load balancers',
    status: 200,
    answer: 'empty',
  }),
  'node.noop': endpoint({
    method: 'GET',
    path: '/noop',
    permission: 'any',
    tag: 'Node',
    summary: 'Checks a credential',
    status: 200,
    answer: 'json',
    response: z.object({}),
  }),
  'node.product_version': endpoint({
    method: 'GET',
    path: '/product_version',
    permission: 'any',
    tag: 'Node',
    summary: 'Version that clients gate on',
    status: 200,
    answer: 'json',
    response: productVersionSchema,
  }),
  'node.health': endpoint({
    method: 'GET',
    path: '/health',
    permission: 'glob',
    tag: 'Node',
    summary: 'Health of the PCE and of its parts',
    status: 200,
    answer: 'json',
    response: z.array(healthSchema),
  }),
  'node.live': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/live',
    permission: 'any',
    tag: 'Node',
    summary: 'Server-sent events: what changed, so that the console reloads just that',
    params: z.object({ org_id: z.string() }),
    status: 200,
    answer: 'raw',
  }),
};
/** One event of `node.live`, as the `data` of a server-sent event. `topics` are resource types whose lists or objects moved. */
export const liveEventSchema = z.object({
  sequence: z.number().int(),
  topics: z.array(z.string()),
  hrefs: z.array(z.string()),
});
export type LiveEvent = z.infer<typeof liveEventSchema>;
