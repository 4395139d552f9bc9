/** VENs: the agents on hosts. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  capsSchema,
  descriptionSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  labelRefSchema,
  optionalText,
  orgIdParams,
  orgParams,
  refSchema,
  timestampSchema,
} from '../shared.ts';
import { VEN_STATUSES, venFilters } from './workload-filters.ts';
import { interfaceSchema } from './workloads.ts';

export const venSchema = z
  .object({
    href: hrefSchema,
    name: z.string().nullable().describe('Name for people; null: its hostname, such as Web 1'),
    description: z.string().nullable().describe('Free text, such as In the rack by the door'),
    hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
    uid: z
      .string()
      .describe('Id that the host keeps for itself, such as 3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b'),
    os_id: z.string().nullable().describe('Operating system, short, such as ubuntu-x86_64-24.04'),
    os_detail: z
      .string()
      .nullable()
      .describe('Operating system, as it names itself, such as Linux 6.8.0-45-generic'),
    os_platform: z.string().describe('Family of the operating system, such as linux'),
    version: z.string().describe('Version of the VEN, such as 23.2.0-100'),
    status: z.enum(VEN_STATUSES).describe('State that it is in'),
    activation_type: z
      .enum(['pairing_key', 'kerberos', 'certificate'])
      .describe('How it was paired'),
    ven_type: z
      .enum(['server', 'endpoint'])
      .describe('Whether the host is a server or an endpoint'),
    active_pce_fqdn: z
      .string()
      .nullable()
      .describe('PCE that the VEN is connected to, such as pce.example.com'),
    target_pce_fqdn: z
      .string()
      .nullable()
      .describe('PCE that the VEN shall connect to, such as pce.example.com'),
    labels: z.array(labelRefSchema).describe('Labels, at most one of a dimension'),
    interfaces: z.array(interfaceSchema).describe('Network interfaces, one entry for each address'),
    workloads: z.array(z.unknown()).describe('The workload of the host'),
    container_cluster: z.null().describe('Always null: no clusters'),
    unpair_allowed: z.boolean().describe('true: it may be unpaired'),
    last_heartbeat_at: timestampSchema
      .nullable()
      .describe('When it was heard of last; null: never'),
    last_goodbye_at: timestampSchema.nullable().describe('When it said goodbye; null: never'),
    upgrade_expires_at: timestampSchema.nullable().describe('Always null'),
    upgrade_target_version: z.string().nullable().describe('Always null'),
    authentication_recovery: z.boolean().describe('Always false'),
    golden_image: z.boolean().describe('Machines are copied from this one (ours)'),
    conditions: z.array(z.unknown()).describe('What is wrong with it'),
    connected: z.boolean().describe('Its channel is open now (ours)'),
    policy_messages: z
      .number()
      .int()
      .describe('Policy messages sent to it since activation (ours): counts churn, such as 7'),
    policy_hash: z
      .string()
      .nullable()
      .describe('Hash of the host policy that it acknowledged last (ours)'),
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'Ven', description: 'The agent on a host' });
export type VenWire = z.infer<typeof venSchema>;

const V = '/orgs/:org_id/vens';
/** What could not be unpaired, by reason; empty when all went well. */
export const unpairAnswerSchema = z
  .object({
    errors: z
      .array(
        z.object({
          token: z.string().describe('Stable code, such as input_validation_error'),
          message: z
            .string()
            .describe(
              'What is wrong, where, and what would be right, such as name: must not be empty',
            ),
          hrefs: z.array(hrefSchema).describe('Hrefs of the objects that are concerned'),
        }),
      )
      .describe('What went wrong; empty: nothing'),
  })
  .meta({ id: 'UnpairAnswer', description: 'VENs that could not be unpaired, and why' });
export const FIREWALL_RESTORES = ['saved', 'default', 'disable'] as const;
export const venObjectEndpoints = {
  'vens.list': endpoint({
    method: 'GET',
    path: V,
    permission: 'any',
    keyset: true,
    tag: 'VENs',
    params: orgParams,
    summary: 'VENs',
    query: z.object(venFilters),
    status: 200,
    answer: 'collection',
    response: venSchema,
  }),
  'vens.get': endpoint({
    method: 'GET',
    path: `${V}/:id`,
    permission: 'any',
    tag: 'VENs',
    params: orgIdParams,
    summary: 'One VEN',
    status: 200,
    answer: 'json',
    response: venSchema,
  }),
  'vens.update': endpoint({
    method: 'PUT',
    path: `${V}/:id`,
    permission: 'wl',
    events: ['agent.update', 'agent.suspend', 'agent.unsuspend'],
    tag: 'VENs',
    params: orgIdParams,
    summary:
      'Name, description, status (marks the VEN, commands nothing) and whether it is a golden image',
    body: z.strictObject({
      name: optionalText.describe('Name for people; null: its hostname, such as Web 1'),
      description: descriptionSchema.optional(),
      status: z.enum(['active', 'suspended']).optional().describe('State that it is in'),
      golden_image: z
        .boolean()
        .optional()
        .describe('Copies of this machine raise no events (R-VEN-8; ours)'),
    }),
    represents: venSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'vens.unpair': endpoint({
    method: 'PUT',
    path: `${V}/unpair`,
    permission: 'wl',
    events: ['agents.unpair'],
    tag: 'VENs',
    params: orgParams,
    summary: 'Unpairs VENs: saved, default (recommended) or disable (open)',
    body: z.strictObject({
      vens: z.array(refSchema).min(1).max(1000).describe('VENs'),
      firewall_restore: z
        .enum(FIREWALL_RESTORES)
        .optional()
        .describe('What becomes of the firewall: as before, the recommended policy, or open'),
    }),
    status: 200,
    answer: 'json',
    response: unpairAnswerSchema,
  }),
};
