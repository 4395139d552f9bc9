/** Pairing profiles, their keys, and what a host is paired with. */
import { z } from 'zod';
import { ENFORCEMENT_MODES, VISIBILITY_LEVELS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  capsSchema,
  descriptionSchema,
  externalData,
  externalDataWrite,
  hrefSchema,
  ifUpdatedAtQuery,
  labelRefSchema,
  labelsParam,
  listQuery,
  optionalText,
  orgIdParams,
  orgParams,
  refSchema,
  timestampSchema,
} from '../shared.ts';
import { agentMode } from './workload-filters.ts';

export const pairingProfileSchema = z
  .object({
    href: hrefSchema,
    name: z.string().nullable().describe('Name of the pairing profile, such as Default'),
    description: z.string().nullable().describe('Free text, such as In the rack by the door'),
    enabled: z.boolean().describe('false: nobody is paired with it'),
    is_default: z.boolean().describe('true: the one that every organization has'),
    ven_type: z
      .enum(['server', 'endpoint', 'specified_during_activation'])
      .describe('Whether the host is a server or an endpoint'),
    enforcement_mode: z.enum(ENFORCEMENT_MODES).describe('Mode that hosts get'),
    enforcement_mode_lock: z
      .boolean()
      .describe('true: a host cannot choose another mode when it is paired'),
    visibility_level: z.enum(VISIBILITY_LEVELS).describe('Level that hosts get'),
    visibility_level_lock: z
      .boolean()
      .describe('true: a host cannot choose another level when it is paired'),
    mode: z.string().describe('Enforcement mode in the words of older clients, such as enforced'),
    mode_lock: z.boolean().describe('The lock of the mode, by its older name'),
    log_traffic: z.boolean().describe('true: it reports all flows'),
    log_traffic_lock: z
      .boolean()
      .describe('true: a host cannot choose otherwise when it is paired'),
    status_lock: z.boolean().describe('Stored and shown, without effect'),
    allowed_uses_per_key: z
      .union([z.number().int(), z.literal('unlimited')])
      .describe('Hosts that one pairing key may pair, or unlimited'),
    key_lifespan: z
      .union([z.number().int(), z.literal('unlimited')])
      .describe('Seconds that a pairing key is good for, or unlimited'),
    labels: z
      .array(labelRefSchema)
      .describe('Labels that hosts get, such as [["/orgs/1/labels/2"]]'),
    role_label_lock: z
      .boolean()
      .describe('true: a host cannot choose another Role when it is paired'),
    app_label_lock: z
      .boolean()
      .describe('true: a host cannot choose another Application when it is paired'),
    env_label_lock: z
      .boolean()
      .describe('true: a host cannot choose another Environment when it is paired'),
    loc_label_lock: z
      .boolean()
      .describe('true: a host cannot choose another Location when it is paired'),
    agent_software_release: z
      .string()
      .describe('VEN release that hosts get, such as Default (23.2.0-100)'),
    total_use_count: z.number().int().describe('Hosts that were paired with it, such as 17'),
    last_pairing_at: timestampSchema
      .nullable()
      .describe('When a host was last paired with it; null: never'),
    last_pairing_key_generated_at: timestampSchema
      .nullable()
      .describe('When a key was last made; null: never'),
    last_pairing_key_generated_by: refSchema
      .nullable()
      .describe('Who made a key last; null: nobody'),
    ...externalData,
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'PairingProfile', description: 'What hosts get when they are paired' });
export type PairingProfileWire = z.infer<typeof pairingProfileSchema>;
const pairingProfileWrite = z.strictObject({
  name: optionalText.describe('Name of the pairing profile, such as Default'),
  description: descriptionSchema.optional(),
  enabled: z.boolean().describe('false: nobody is paired with it'),
  ven_type: z
    .enum(['server', 'endpoint', 'specified_during_activation'])
    .optional()
    .describe('Whether the host is a server or an endpoint'),
  enforcement_mode: z.enum(ENFORCEMENT_MODES).optional().describe('Mode that hosts get'),
  enforcement_mode_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose another mode when it is paired'),
  visibility_level: z.enum(VISIBILITY_LEVELS).optional().describe('Level that hosts get'),
  visibility_level_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose another level when it is paired'),
  mode: agentMode.optional().describe('Old form of enforcement_mode, which wins'),
  mode_lock: z.boolean().optional().describe('The lock of the mode, by its older name'),
  log_traffic: z.boolean().optional().describe('Old form of visibility_level, which wins'),
  log_traffic_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose otherwise when it is paired'),
  status_lock: z.boolean().optional().describe('Stored and shown, without effect'),
  allowed_uses_per_key: z
    .union([z.number().int().min(1), z.literal('unlimited')])
    .optional()
    .describe('Hosts that one pairing key may pair, or unlimited'),
  key_lifespan: z
    .union([z.number().int().min(60), z.literal('unlimited')])
    .optional()
    .describe('Seconds that a pairing key is good for, or unlimited'),
  labels: z
    .array(refSchema)
    .max(64)
    .optional()
    .describe('Labels that hosts get, such as [["/orgs/1/labels/2"]]'),
  role_label_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose another Role when it is paired'),
  app_label_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose another Application when it is paired'),
  env_label_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose another Environment when it is paired'),
  loc_label_lock: z
    .boolean()
    .optional()
    .describe('true: a host cannot choose another Location when it is paired'),
  ...externalDataWrite,
});
const P = '/orgs/:org_id/pairing_profiles';
export const pairingEndpoints = {
  'pairing_profiles.list': endpoint({
    method: 'GET',
    path: P,
    permission: 'pairing',
    tag: 'Pairing',
    params: orgParams,
    summary: 'Pairing profiles',
    query: z.object({
      ...listQuery,
      name: z.string().max(255).optional().describe('Name of the pairing profile, such as Default'),
      description: z
        .string()
        .max(255)
        .optional()
        .describe('Free text, such as In the rack by the door'),
      labels: labelsParam
        .optional()
        .describe('Labels that hosts get, such as [["/orgs/1/labels/2"]]'),
      agent_software_release: z
        .string()
        .max(255)
        .optional()
        .describe('VEN release that hosts get, such as Default (23.2.0-100)'),
      ven_type: z
        .enum(['server', 'endpoint', 'specified_during_activation'])
        .optional()
        .describe('Whether the host is a server or an endpoint'),
    }),
    status: 200,
    answer: 'collection',
    response: pairingProfileSchema,
  }),
  'pairing_profiles.create': endpoint({
    method: 'POST',
    path: P,
    permission: 'wl',
    events: ['pairing_profile.create'],
    tag: 'Pairing',
    params: orgParams,
    summary: 'Creates a pairing profile',
    body: pairingProfileWrite,
    represents: pairingProfileSchema,
    status: 201,
    answer: 'json',
    response: pairingProfileSchema,
  }),
  'pairing_profiles.get': endpoint({
    method: 'GET',
    path: `${P}/:id`,
    permission: 'pairing',
    tag: 'Pairing',
    params: orgIdParams,
    summary: 'One pairing profile',
    status: 200,
    answer: 'json',
    response: pairingProfileSchema,
  }),
  'pairing_profiles.update': endpoint({
    method: 'PUT',
    path: `${P}/:id`,
    permission: 'wl',
    events: ['pairing_profile.update'],
    tag: 'Pairing',
    params: orgIdParams,
    summary: 'Changes a pairing profile',
    body: pairingProfileWrite.partial(),
    represents: pairingProfileSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'pairing_profiles.delete_many': endpoint({
    method: 'PUT',
    path: `${P}/delete`,
    permission: 'wl',
    events: ['pairing_profile.delete'],
    tag: 'Pairing',
    params: orgParams,
    summary: 'Deletes pairing profiles and their keys: all of them or none',
    body: z.strictObject({
      hrefs: z
        .array(hrefSchema)
        .min(1)
        .max(1000)
        .describe('Hrefs of the objects that are concerned'),
    }),
    status: 204,
    answer: 'empty',
  }),
  'pairing_profiles.delete': endpoint({
    method: 'DELETE',
    path: `${P}/:id`,
    permission: 'wl',
    events: ['pairing_profile.delete'],
    tag: 'Pairing',
    params: orgIdParams,
    summary: 'Deletes a pairing profile and its keys',
    status: 204,
    answer: 'empty',
  }),
  'pairing_keys.create': endpoint({
    method: 'POST',
    path: `${P}/:id/pairing_key`,
    permission: 'wl',
    events: ['pairing_profile.create_pairing_key'],
    tag: 'Pairing',
    params: orgIdParams,
    summary: 'Generates an activation code, shown this once',
    bodyOptional: true,
    body: z.object({}),
    status: 201,
    answer: 'json',
    response: z.object({
      activation_code: z
        .string()
        .describe('Pairing key: the secret that lets hosts pair, such as 8a7d…'),
      scripts: z
        .array(
          z.object({
            os: z.enum(['linux']).describe('Family of the operating system'),
            ven_type: z
              .enum(['server', 'endpoint'])
              .describe('Whether the host is a server or an endpoint'),
            script: z.string().describe('The line that pairs a host, such as curl …'),
          }),
        )
        .describe('Ready lines to run on a host (ours)'),
    }),
  }),
  'pairing_keys.delete': endpoint({
    method: 'DELETE',
    path: `${P}/:id/pairing_keys`,
    permission: 'wl',
    events: ['pairing_profile.delete_all_pairing_keys'],
    tag: 'Pairing',
    params: orgIdParams,
    summary: 'Revokes all keys of the profile',
    status: 204,
    answer: 'empty',
  }),
  'software.image': endpoint({
    method: 'GET',
    path: '/software/ven/image',
    permission: 'public',
    tag: 'Pairing',
    summary:
      'The pairing script (pair_script, profile_id), or the VEN package of an OS and architecture',
    query: z.object({
      pair_script: z
        .enum(['pair.sh'])
        .optional()
        .describe('Script that is wanted; without it, the package'),
      profile_id: z
        .string()
        .regex(/^\d{1,9}$/)
        .optional()
        .describe('Pairing profile that the script is for, such as 1'),
      os: z.enum(['linux']).optional().describe('Family of the operating system'),
      arch: z.enum(['x64', 'arm64']).optional().describe('Architecture of the package'),
    }),
    status: 200,
    answer: 'raw',
  }),
};
