/** Traffic queries (Explorer). */
import { z } from 'zod';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  booleanParam,
  hrefSchema,
  integerParam,
  labelRefSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  refSchema,
  timestampSchema,
} from '../shared.ts';

const MAX_TERMS = 1000;
const TRANSMISSIONS = ['broadcast', 'multicast', 'unicast'] as const;
const CLIENT_TYPES = ['server', 'endpoint', 'flowlink', 'scanner'] as const;

const term = z.object({
  label: refSchema.optional().describe('A label'),
  label_group: refSchema.optional().describe('A label group, which stands for all of its labels'),
  workload: refSchema.optional().describe('A workload'),
  ip_list: refSchema.optional().describe('An IP list'),
  network: refSchema.optional().describe('Network of the interface that reported'),
  ip_address: z
    .union([
      z.string().max(128),
      z
        .object({ value: z.string().max(128).describe('One address, such as 192.0.2.10') })
        .transform((item) => item.value),
    ])
    .optional()
    .describe('Address, range or CIDR block, such as 192.0.2.0/24'),
  actors: z.literal('ams').optional().describe('ams: all workloads'),
  fqdn: z
    .string()
    .max(255)
    .optional()
    .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
  transmission: z.enum(TRANSMISSIONS).optional().describe('How it was sent'),
});
const side = z.object({
  include: z
    .array(z.array(term).max(MAX_TERMS))
    .max(MAX_TERMS)
    .describe('Any of these lists: all terms of a list hold; [[]] is anything, [] nothing'),
  exclude: z.array(term).max(MAX_TERMS).describe('None of these'),
});
const serviceTerm = z.object({
  proto: z.number().int().min(-1).max(255).optional().describe('IANA protocol number, such as 6'),
  port: z.number().int().min(0).max(65535).optional().describe('Destination port, such as 443'),
  to_port: z
    .number()
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe('Last port of a range, such as 8099'),
  process_name: z
    .string()
    .max(255)
    .optional()
    .describe('Path of the program, such as /usr/sbin/nginx'),
  windows_service_name: z
    .string()
    .max(255)
    .optional()
    .describe('Name of the Windows service, such as TermService'),
});
const queryMembers = {
  sources: side.describe('Who connects'),
  destinations: side.describe('Who is reached'),
  services: z
    .object({
      include: z.array(serviceTerm).max(MAX_TERMS).describe('Any of these services; none: all'),
      exclude: z.array(serviceTerm).max(MAX_TERMS).describe('None of these services'),
    })
    .describe('Services'),
  policy_decisions: z
    .array(z.enum([...POLICY_DECISIONS, 'unknown']))
    .max(8)
    .describe('Only flows that the policy decided so; empty: all'),
  boundary_decisions: z
    .array(z.enum(['blocked', 'blocked_by_override_deny', 'blocked_non_illumio_rule']))
    .max(8)
    .optional()
    .describe('Only flows that boundaries decided so'),
  start_date: z
    .string()
    .max(64)
    .optional()
    .describe('Only flows seen after it, such as 2026-01-01T00:00:00Z'),
  end_date: z
    .string()
    .max(64)
    .optional()
    .describe('Only flows seen before it, such as 2026-01-08T00:00:00Z'),
  sources_destinations_query_op: z
    .enum(['and', 'or'])
    .optional()
    .describe('Whether both sides have to match, or one of them'),
  exclude_workloads_from_ip_list_query: z
    .boolean()
    .optional()
    .describe('true: addresses of workloads do not count as part of an IP list'),
  data_sources: z
    .object({
      include: z.array(z.enum(CLIENT_TYPES)).max(8).describe('Only flows reported by these'),
      exclude: z.array(z.enum(CLIENT_TYPES)).max(8).describe('No flows reported by these'),
    })
    .optional()
    .describe('Who reported it'),
};
export const trafficQuerySchema = z
  .object({
    query_name: z.string().max(255).describe('Name of the query; may be empty, such as last week'),
    ...queryMembers,
    max_results: z
      .number()
      .int()
      .min(0)
      .max(200_000)
      .describe('Flows in the answer at most; 0 counts alone, such as 10000'),
  })
  .meta({ id: 'TrafficQuery', description: 'Which flows are wanted' });
export type TrafficQuery = z.infer<typeof trafficQuerySchema>;
const analysisQuerySchema = z
  .object({
    query_name: z.string().max(255).default('').describe('Name of the query, such as last week'),
    ...queryMembers,
    max_results: z
      .number()
      .int()
      .min(0)
      .max(100_000)
      .default(100_000)
      .describe('Flows in the answer at most, such as 10000'),
  })
  .meta({ id: 'TrafficAnalysisQuery', description: 'Which flows are wanted, at once' });

const flowEnd = z.object({
  ip: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
  fqdn_name: z
    .string()
    .optional()
    .describe('Name by which the address was resolved, such as www.example.com'),
  ip_lists: z
    .array(
      z.object({
        href: hrefSchema,
        name: z.string().describe('Name, such as Web servers'),
        size: z.number().optional().describe('Addresses in the IP list, such as 256'),
      }),
    )
    .describe('IP lists'),
  workload: z
    .object({
      href: hrefSchema,
      hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
      name: z.string().nullable().describe('Name, such as Web servers'),
      os_type: z.enum(['windows', 'linux', 'unknown']).describe('Family of the operating system'),
      enforcement_mode: z
        .string()
        .describe('Enforcement mode of the host when it was seen, such as full'),
      managed: z.boolean().describe('true: it has a VEN'),
      labels: z.array(labelRefSchema).describe('Labels, at most one of a dimension'),
    })
    .optional()
    .describe('A workload'),
});
/** What the draft says of a flow. */
export const DRAFT_DECISIONS = [
  'allowed',
  'allowed_across_boundary',
  'blocked_by_boundary',
  'blocked_by_override_deny',
  'blocked_no_rule',
  'potentially_blocked',
  'potentially_blocked_by_boundary',
  'potentially_blocked_by_override_deny',
  'potentially_blocked_no_rule',
] as const;
export const flowSchema = z
  .object({
    src: flowEnd.describe('The end that connects'),
    dst: flowEnd.describe('The end that is reached'),
    service: z
      .object({
        proto: z.number().int().describe('IANA protocol number, such as 6'),
        port: z.number().int().describe('Destination port, such as 443'),
        process_name: z
          .string()
          .optional()
          .describe('Path of the program, such as /usr/sbin/nginx'),
        user_name: z.string().optional().describe('User who ran the program, such as www-data'),
      })
      .describe('A service'),
    num_connections: z.number().int().describe('Connections that were seen, such as 3'),
    policy_decision: z
      .enum([...POLICY_DECISIONS, 'unknown'])
      .describe("What the host's policy said of it"),
    boundary_decision: z
      .string()
      .optional()
      .describe('What boundaries said of it, such as blocked'),
    draft_policy_decision: z
      .enum(DRAFT_DECISIONS)
      .optional()
      .describe('What the draft would say of it, after update_rules'),
    flow_direction: z
      .enum(['inbound', 'outbound'])
      .describe('Direction as the reporting host sees it'),
    transmission: z.enum(TRANSMISSIONS).optional().describe('How it was sent'),
    state: z
      .enum(['active', 'closed', 'timed out', 'snapshot', 'new', 'unknown', 'incomplete'])
      .describe('State of the connection'),
    timestamp_range: z
      .object({
        first_detected: timestampSchema.describe('When it was seen first'),
        last_detected: timestampSchema.describe('When it was seen last'),
      })
      .describe('When it was seen first and last'),
    dst_bi: z.number().describe('Bytes that came in, such as 1024'),
    dst_bo: z.number().describe('Bytes that went out, such as 2048'),
    icmp_type: z.number().int().optional().describe('ICMP type, 0 to 255, such as 8'),
    icmp_code: z.number().int().optional().describe('ICMP code, 0 to 255, such as 0'),
    network: z
      .object({ name: z.string().describe('Name, such as Web servers'), href: hrefSchema })
      .describe('Network that it is in'),
    client_type: z.enum(CLIENT_TYPES).describe('Who reported it'),
    rules: z
      .array(
        z.union([
          z.object({
            href: hrefSchema,
            name: z.string().optional().describe('Name, such as Web servers'),
          }),
          z.object({
            essential_service_rule: z
              .string()
              .describe('Essential traffic that it is, such as dhcp'),
          }),
        ]),
      )
      .describe('Rules that decided'),
    enforcement_boundaries: z
      .array(
        z.object({
          href: hrefSchema,
          name: z.string().optional().describe('Name, such as Web servers'),
        }),
      )
      .describe('Enforcement boundaries'),
    deny_rules: z
      .array(
        z.object({
          href: hrefSchema,
          name: z.string().optional().describe('Name, such as No telnet'),
        }),
      )
      .optional()
      .describe('Deny rules that decided'),
    caps: z.array(z.string()).describe('What the caller may do with it'),
  })
  .meta({ id: 'Flow', description: 'Connections of one kind that a host saw' });
export type FlowWire = z.infer<typeof flowSchema>;

export const asyncQuerySchema = z
  .object({
    href: hrefSchema,
    status: z
      .enum(['queued', 'working', 'completed', 'failed', 'cancel_requested', 'cancelled'])
      .describe('How far it is'),
    result: z
      .string()
      .optional()
      .describe(
        'Where the flows are, once it is completed, such as /orgs/1/traffic_flows/async_queries/3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b/download',
      ),
    rules: z
      .enum(['queued', 'working', 'completed', 'failed'])
      .optional()
      .describe('How far the last update_rules is'),
    matches_count: z.number().int().nullable().describe('Flows that matched, such as 120'),
    flows_count: z.number().int().nullable().describe('Flows that are in the answer, such as 120'),
    created_at: timestampSchema,
    updated_at: timestampSchema,
    created_by: refSchema,
    query_parameters: trafficQuerySchema.describe('The query as it was given'),
    message: z
      .string()
      .optional()
      .describe('Why it failed, such as The flow store does not answer'),
    regions: z
      .array(
        z.object({
          pce_fqdn: z.string().describe('Name of the PCE, such as pce.example.com'),
          responded: z.boolean().describe('true: it answered'),
          matches_count: z.number().int().describe('Flows that matched, such as 120'),
          flows_count: z.number().int().describe('Flows that are in the answer, such as 120'),
        }),
      )
      .describe('The PCEs that were asked'),
  })
  .meta({ id: 'AsyncQuery', description: 'A traffic query and how far it is' });
const flowCounts = z.object({
  flows_count: z.number().int().describe('Records of such reporters, such as 12000'),
  flows_oldest_day: z.string().nullable().describe('Day of the first of them, such as 2026-01-31'),
});
const Q = '/orgs/:org_id/traffic_flows/async_queries';
export const trafficEndpoints = {
  'async_queries.create': endpoint({
    method: 'POST',
    path: Q,
    permission: 'pol',
    events: { none: 'a question about traffic, not a change' },
    tag: 'Traffic',
    params: orgParams,
    summary: 'Starts a traffic query',
    body: trafficQuerySchema,
    status: 201,
    answer: 'json',
    response: asyncQuerySchema,
  }),
  'async_queries.list': endpoint({
    method: 'GET',
    path: Q,
    permission: 'pol',
    tag: 'Traffic',
    params: orgParams,
    summary: "The caller's traffic queries",
    query: z.object(pageQuery),
    status: 200,
    answer: 'collection',
    response: asyncQuerySchema,
  }),
  'async_queries.get': endpoint({
    method: 'GET',
    path: `${Q}/:id`,
    permission: 'pol',
    tag: 'Traffic',
    params: orgIdParams,
    summary: 'State of a traffic query',
    status: 200,
    answer: 'json',
    response: asyncQuerySchema,
  }),
  'async_queries.cancel': endpoint({
    method: 'PUT',
    path: `${Q}/:id`,
    permission: 'pol',
    events: { none: 'a question about traffic, not a change' },
    tag: 'Traffic',
    params: orgIdParams,
    summary: 'Cancels a traffic query',
    body: z.strictObject({ status: z.literal('cancel_requested').describe('How far it is') }),
    represents: asyncQuerySchema,
    status: 204,
    answer: 'empty',
  }),
  'async_queries.delete': endpoint({
    method: 'DELETE',
    path: `${Q}/:id`,
    permission: 'pol',
    events: { none: 'a question about traffic, not a change' },
    tag: 'Traffic',
    params: orgIdParams,
    summary: 'Deletes a traffic query and its result',
    status: 204,
    answer: 'empty',
  }),
  'async_queries.download': endpoint({
    method: 'GET',
    path: `${Q}/:id/download`,
    permission: 'pol',
    tag: 'Traffic',
    params: orgIdParams,
    summary: 'Flows of a completed query: JSON with Accept application/json, else CSV',
    query: z.object({
      include_draft_policy_in_csv: booleanParam
        .optional()
        .describe('Adds what the draft says, after update_rules, such as true'),
    }),
    status: 200,
    answer: 'raw',
    response: z.array(flowSchema),
  }),
  'async_queries.update_rules': endpoint({
    method: 'PUT',
    path: `${Q}/:id/update_rules`,
    permission: 'pol',
    events: { none: 'a question about traffic, not a change' },
    tag: 'Traffic',
    params: orgIdParams,
    summary: 'Asks what the draft policy says of the flows of a completed query; poll `rules`',
    query: z.object({
      label_based_rules: booleanParam
        .optional()
        .describe('Accepted; flows are decided by what their ends are now, such as true'),
      offset: integerParam.optional().describe('First flow that is decided, default 0, such as 0'),
      limit: integerParam.optional().describe('How many are, default all, such as 1000'),
    }),
    body: z.object({}),
    bodyOptional: true,
    status: 202,
    answer: 'empty',
  }),
  'traffic_analysis_queries.create': endpoint({
    method: 'POST',
    path: '/orgs/:org_id/traffic_flows/traffic_analysis_queries',
    permission: 'pol',
    tag: 'Traffic',
    params: orgParams,
    summary: 'Flows at once, at most 100000: the old form of a traffic query',
    body: analysisQuerySchema,
    reads: true,
    status: 200,
    answer: 'json',
    response: z.array(flowSchema),
  }),
  'traffic_flows.database_metrics': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/traffic_flows/database_metrics',
    permission: 'pol',
    tag: 'Traffic',
    params: orgParams,
    summary: 'How much the flow store holds',
    status: 200,
    answer: 'json',
    response: z.object({
      flows_days: z.number().int().describe('Days that there are flows of, such as 30'),
      flows_days_limit: z.number().int().describe('Days after which flows go, such as 90'),
      flows_oldest_day: z.string().nullable().describe('First of them, such as 2026-01-31'),
      flows_size_gb: z.number().describe('Size of the store in 10^9 bytes, such as 1.5'),
      flows_size_gb_limit: z
        .number()
        .nullable()
        .describe('Bound of the size; null: the disk alone, such as 100'),
      server: flowCounts.describe('Reported by servers'),
      endpoint: flowCounts.describe('Reported by endpoints'),
      backlog: z
        .object({
          queries_waiting: z
            .number()
            .int()
            .describe('Traffic queries of this node that wait, such as 0'),
        })
        .describe('What waits'),
      updated_at: timestampSchema,
    }),
  }),
  'agents.bulk_traffic_flows': endpoint({
    method: 'POST',
    path: '/orgs/:org_id/agents/bulk_traffic_flows',
    permission: 'edit',
    events: { none: 'flows are data, kept in the flow store' },
    tag: 'Traffic',
    params: orgParams,
    summary: 'Takes flows that something else has seen: lines of src,dst,port,proto',
    body: z
      .string()
      .max(1_000_000)
      .describe('At most 1000 lines of src,dst,port,proto, such as 192.0.2.1,192.0.2.2,443,6'),
    bodyIsText: true,
    status: 201,
    answer: 'json',
    response: z.object({
      num_flows_received: z.number().int().describe('Flows that were stored, such as 998'),
      num_flows_failed: z.number().int().describe('Lines that were not understood, such as 2'),
      failed_flows: z.array(z.string()).describe('Lines that were not understood, with the reason'),
    }),
  }),
};
