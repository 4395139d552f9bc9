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
import { unpairAnswerSchema } from './vens.ts';
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

const property = z.enum(VEN_PROPERTIES).describe('Property of a VEN');
const values = z.array(z.string().max(255)).max(1000).describe('Values that count');

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
              .array(
                z.strictObject({
                  filter_property: property.describe('Property of a VEN that is filtered by'),
                  values,
                }),
              )
              .max(VEN_PROPERTIES.length)
              .optional()
              .describe('A VEN counts as filtered when every one of them holds'),
          }),
        )
        .min(1)
        .max(20)
        .describe('What is to be counted'),
    }),
    status: 200,
    answer: 'json',
    response: z.array(
      z.object({
        property,
        counts: z
          .array(
            z.object({
              value: z.string().describe('Value of the label, such as web'),
              filtered_count: z
                .number()
                .int()
                .describe('VENs with it that every filter holds for, such as 12'),
              unfiltered_count: z.number().int().describe('VENs with it, such as 40'),
            }),
          )
          .describe('How many VENs have each value'),
        total_filtered_count: z
          .number()
          .int()
          .describe('VENs that every filter holds for, such as 12'),
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
      vens: z.array(refSchema).min(1).max(1000).describe('VENs'),
      notification_type: z.enum(VEN_CONDITIONS).optional().describe('Kind of the notification'),
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
        name: z.string().nullable().describe('Name, such as Web servers'),
        hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
        online: z.boolean().describe('true: it counts as present'),
        mode: z
          .string()
          .describe('Enforcement mode in the words of older clients, such as enforced'),
        enforcement_mode: z
          .enum(ENFORCEMENT_MODES)
          .describe(
            'What the host does: nothing, watch, block by boundaries, block what no rule allows',
          ),
        uid: z
          .string()
          .describe(
            'Id that the host keeps for itself, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b',
          ),
        last_heartbeat_on: timestampSchema.nullable().describe('When it was heard of last'),
        uptime_seconds: z
          .number()
          .nullable()
          .describe('Seconds since the host started, such as 86400'),
        agent_version: z.string().describe('Version of the VEN, such as 23.2.0-100'),
        public_ip: z
          .string()
          .nullable()
          .describe('Address by which the PCE sees the host, such as 198.51.100.7'),
        os_id: z
          .string()
          .nullable()
          .describe('Operating system, short, such as ubuntu-x86_64-24.04'),
        labels: z.array(labelRefSchema).describe('Labels, at most one of a dimension'),
        log_traffic: z.boolean().describe('true: it reports all flows'),
        visibility_level: z
          .enum(VISIBILITY_LEVELS)
          .describe('How much of its flows the host reports'),
        ven: refSchema,
      })
      .meta({ id: 'Agent', description: 'A VEN, in the older form' }),
  }),
};
