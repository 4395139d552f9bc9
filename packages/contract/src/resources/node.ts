import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { timestampSchema } from '../shared.ts';

const productVersionSchema = z
  .object({
    version: z.string().describe('Release whose API this is, such as 23.2.0'),
    build: z.number().int().describe('Number of the build, such as 161'),
    long_display: z.string().describe('Version with build, such as 23.2.0-161'),
    short_display: z.string().describe('Version, such as 23.2.0'),
    release_info: z.string().describe('Always empty'),
    engineering_info: z
      .string()
      .describe('This product and its own version, such as Bulkhead 0.1.0'),
    product_name: z.string().describe('Name of the product, such as Illumio PCE'),
  })
  .meta({ id: 'ProductVersion', description: 'Version of the API that this product offers' });

const healthSchema = z
  .object({
    fqdn: z.string().describe('Name of the PCE, such as pce.example.com'),
    type: z
      .enum(['standalone', 'leader', 'member'])
      .describe('Role of the node or cluster, such as leader'),
    status: z.enum(['normal', 'warning', 'error']).describe('How well it does, such as normal'),
    available_seconds: z.number().describe('Seconds that the cluster serves, such as 86400'),
    generated_at: timestampSchema.describe('When it was found out'),
    notifications: z
      .array(
        z.object({
          status: z.string().describe('How well it does, such as normal'),
          token: z.string().describe('Stable code, such as input_validation_error'),
          message: z
            .string()
            .describe(
              'What is wrong, where, and what would be right, such as name: must not be empty',
            ),
        }),
      )
      .describe('What operators should know'),
    listen_only_mode_enabled_at: z
      .string()
      .nullable()
      .describe('Since when it only listens; null: it does not'),
    nodes: z
      .array(
        z.object({
          hostname: z.string().describe('Name of the host, such as web-1.example.com'),
          ip_address: z.string().describe('Address, or a part of one, such as 192.0.2'),
          type: z.string().describe('Role of the node or cluster, such as leader'),
          runlevel: z.number().int().describe('Run level; 5: serves, such as 5'),
          uptime_seconds: z.number().describe('Seconds since the host started, such as 86400'),
          cpu: z
            .object({
              status: z.string().describe('How well it does, such as normal'),
              percent: z.number().describe('Share of what there is, in percent, such as 17'),
            })
            .describe('Use of the processors'),
          memory: z
            .object({
              status: z.string().describe('How well it does, such as normal'),
              percent: z.number().describe('Share of what there is, in percent, such as 17'),
            })
            .describe('Use of the memory'),
          disk: z
            .array(
              z.object({
                location: z.string().describe('Folder, such as /var/lib/bulkhead'),
                value: z
                  .object({
                    status: z.string().describe('How well it does, such as normal'),
                    percent: z.number().describe('Share of what there is, in percent, such as 17'),
                  })
                  .describe('Use of the disk'),
              }),
            )
            .describe('Use of the disks'),
          services: z
            .object({
              status: z.string().describe('How well it does, such as normal'),
              running: z.array(z.string()).describe('Names of services that run'),
              not_running: z.array(z.string()).describe('Names of services that do not run'),
              partial: z.array(z.string()).describe('Names of services that run in part'),
              optional: z.array(z.string()).describe('Names of services that need not run'),
            })
            .describe('Programs that a PCE is made of'),
          generated_at: timestampSchema.describe('When it was found out'),
        }),
      )
      .describe('Nodes of the PCE'),
    network: z
      .object({ replication: z.array(z.unknown()).describe('Replicas; always empty') })
      .describe('Network between nodes'),
  })
  .meta({ id: 'Health', description: 'State of a cluster of PCE nodes' });

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
    params: z.object({ org_id: z.string().describe('Number of the organization, such as 1') }),
    status: 200,
    answer: 'raw',
  }),
};
/** One event of `node.live`, as the `data` of a server-sent event. `topics` are resource types whose lists or objects moved. */
export const liveEventSchema = z.object({
  sequence: z.number().int().describe('Place in the change log, such as 120'),
  topics: z.array(z.string()).describe('What kinds of objects changed'),
  hrefs: z.array(z.string()).describe('Objects that changed'),
});
export type LiveEvent = z.infer<typeof liveEventSchema>;
