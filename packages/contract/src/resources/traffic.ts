/** Traffic queries (Explorer). */
import { z } from 'zod';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  hrefSchema,
  labelRefSchema,
  orgIdParams,
  orgParams,
  pageQuery,
  refSchema,
  timestampSchema,
} from '../shared.ts';

const term = z.object({
  label: refSchema.optional(),
  label_group: refSchema.optional(),
  workload: refSchema.optional(),
  ip_list: refSchema.optional(),
  network: refSchema.optional(),
  ip_address: z
    .union([z.string(), z.object({ value: z.string() }).transform((item) => item.value)])
    .optional(),
  actors: z.literal('ams').optional(),
  fqdn: z.string().optional(),
  transmission: z.enum(['broadcast', 'multicast', 'unicast']).optional(),
});
const side = z.object({ include: z.array(z.array(term)), exclude: z.array(term) });
const serviceTerm = z.object({
  proto: z.number().int().optional(),
  port: z.number().int().optional(),
  to_port: z.number().int().optional(),
  process_name: z.string().optional(),
  windows_service_name: z.string().optional(),
});
export const trafficQuerySchema = z
  .object({
    query_name: z.string(),
    sources: side,
    destinations: side,
    services: z.object({ include: z.array(serviceTerm), exclude: z.array(serviceTerm) }),
    policy_decisions: z.array(z.enum([...POLICY_DECISIONS, 'unknown'])),
    boundary_decisions: z.array(z.string()).optional(),
    start_date: z.string().optional(),
    end_date: z.string().optional(),
    sources_destinations_query_op: z.enum(['and', 'or']).optional(),
    max_results: z.number().int().min(0).max(200000),
    exclude_workloads_from_ip_list_query: z.boolean().optional(),
    data_sources: z
      .object({ include: z.array(z.string()), exclude: z.array(z.string()) })
      .optional(),
  })
  .meta({ id: 'TrafficQuery' });
export type TrafficQuery = z.infer<typeof trafficQuerySchema>;

const flowEnd = z.object({
  ip: z.string(),
  fqdn_name: z.string().optional(),
  ip_lists: z.array(z.object({ href: hrefSchema, name: z.string(), size: z.number().optional() })),
  workload: z
    .object({
      href: hrefSchema,
      hostname: z.string().nullable(),
      name: z.string().nullable(),
      os_type: z.enum(['windows', 'linux', 'unknown']),
      enforcement_mode: z.string(),
      managed: z.boolean(),
      labels: z.array(labelRefSchema),
    })
    .optional(),
});
export const flowSchema = z
  .object({
    src: flowEnd,
    dst: flowEnd,
    service: z.object({
      proto: z.number().int(),
      port: z.number().int(),
      process_name: z.string().optional(),
      user_name: z.string().optional(),
    }),
    num_connections: z.number().int(),
    policy_decision: z.enum([...POLICY_DECISIONS, 'unknown']),
    boundary_decision: z.string().optional(),
    draft_policy_decision: z.string().optional(),
    flow_direction: z.enum(['inbound', 'outbound']),
    transmission: z.enum(['broadcast', 'multicast', 'unicast']).optional(),
    state: z.enum(['active', 'closed', 'timed out', 'snapshot', 'new', 'unknown', 'incomplete']),
    timestamp_range: z.object({ first_detected: timestampSchema, last_detected: timestampSchema }),
    dst_bi: z.number(),
    dst_bo: z.number(),
    icmp_type: z.number().int().optional(),
    icmp_code: z.number().int().optional(),
    network: z.object({ name: z.string(), href: hrefSchema }),
    client_type: z.enum(['server', 'endpoint', 'flowlink', 'scanner']),
    rules: z.array(
      z.union([
        z.object({ href: hrefSchema, name: z.string().optional() }),
        z.object({ essential_service_rule: z.string() }),
      ]),
    ),
    enforcement_boundaries: z.array(z.object({ href: hrefSchema, name: z.string().optional() })),
    caps: z.array(z.string()),
  })
  .meta({ id: 'Flow' });
export type FlowWire = z.infer<typeof flowSchema>;

export const asyncQuerySchema = z
  .object({
    href: hrefSchema,
    status: z.enum(['queued', 'working', 'completed', 'failed', 'cancel_requested', 'cancelled']),
    result: z.string().optional(),
    matches_count: z.number().int().nullable(),
    flows_count: z.number().int().nullable(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
    created_by: refSchema,
    query_parameters: trafficQuerySchema,
    message: z.string().optional(),
    regions: z.array(
      z.object({
        pce_fqdn: z.string(),
        responded: z.boolean(),
        matches_count: z.number().int(),
        flows_count: z.number().int(),
      }),
    ),
  })
  .meta({ id: 'AsyncQuery' });
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
    body: z.strictObject({ status: z.literal('cancel_requested') }),
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
    status: 200,
    answer: 'raw',
    response: z.array(flowSchema),
  }),
};
