/** Counts of VENs, their conditions, and the old form of a VEN. */
import { z } from 'zod';
import { ENFORCEMENT_MODES, VISIBILITY_LEVELS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  hrefSchema,
  labelRefSchema,
  orgIdParams,
  orgParams,
  refSchema,
  timestampSchema,
} from '../shared.ts';
import { unpairAnswerSchema } from './workloads.ts';
import { VEN_CONDITIONS } from './workload-filters.ts';

export const VEN_PROPERTIES = [
  'status',
  'version',
  'health',
  'condition',
  'os_id',
  'enforcement_mode',
  'ven_type',
] as const;
export type VenProperty = (typeof VEN_PROPERTIES)[number];

const property = z.enum(VEN_PROPERTIES);
const values = z.array(z.string().max(255)).max(1000);

export const venQueryEndpoints = {
  'vens.statistics': endpoint({
    method: 'POST',
    path: '/orgs/:org_id/vens/statistics',
    permission: 'glob',
    tag: 'VENs',
    params: orgParams,
    summary:
      'How many VENs have which value of a property, of all and of those that filters hold for',
    reads: true,
    body: z.strictObject({
      property_counts: z
        .array(
          z.strictObject({
            property,
            values: values.optional().describe('Only these values, also those that no VEN has'),
            filters: z
              .array(z.strictObject({ filter_property: property, values }))
              .max(VEN_PROPERTIES.length)
              .optional()
              .describe('A VEN counts as filtered when every one of them holds'),
          }),
        )
        .min(1)
        .max(20),
    }),
    status: 200,
    answer: 'json',
    response: z.array(
      z.object({
        property,
        counts: z.array(
          z.object({
            value: z.string(),
            filtered_count: z.number().int(),
            unfiltered_count: z.number().int(),
          }),
        ),
        total_filtered_count: z.number().int().describe('VENs that every filter holds for'),
      }),
    ),
  }),
  'vens.clear_conditions': endpoint({
    method: 'PUT',
    path: '/orgs/:org_id/vens/clear_conditions',
    permission: 'wl',
    events: ['agents.clear_conditions'],
    tag: 'VENs',
    params: orgParams,
    summary: 'Takes conditions off VENs: those of one type, or all',
    body: z.strictObject({
      vens: z.array(refSchema).min(1).max(1000),
      notification_type: z.enum(VEN_CONDITIONS).optional(),
    }),
    status: 200,
    answer: 'json',
    response: unpairAnswerSchema,
  }),
  'agents.get': endpoint({
    method: 'GET',
    path: '/orgs/:org_id/agents/:id',
    permission: 'any',
    tag: 'VENs',
    params: orgIdParams,
    summary: 'Old form of a VEN, by the number of its agent',
    status: 200,
    answer: 'json',
    response: z
      .object({
        href: hrefSchema,
        name: z.string().nullable(),
        hostname: z.string().nullable(),
        online: z.boolean(),
        mode: z.string().describe('Enforcement mode in the words of older clients'),
        enforcement_mode: z.enum(ENFORCEMENT_MODES),
        uid: z.string(),
        last_heartbeat_on: timestampSchema.nullable(),
        uptime_seconds: z.number().nullable(),
        agent_version: z.string(),
        public_ip: z.string().nullable(),
        os_id: z.string().nullable(),
        labels: z.array(labelRefSchema),
        log_traffic: z.boolean(),
        visibility_level: z.enum(VISIBILITY_LEVELS),
        ven: refSchema,
      })
      .meta({ id: 'Agent' }),
  }),
};
