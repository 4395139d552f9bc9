/** Container clusters: records that clients keep. No cluster can connect. */
import { z } from 'zod';
import { ENFORCEMENT_MODES, VISIBILITY_LEVELS } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  capsSchema,
  descriptionSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  labelRefSchema,
  listQuery,
  nameSchema,
  orgIdParams,
  orgParams,
  refSchema,
} from '../shared.ts';

export const containerClusterSchema = z
  .object({
    href: hrefSchema,
    name: nameSchema,
    description: descriptionSchema,
    container_cluster_token: z
      .string()
      .optional()
      .describe(
        'Secret of the cluster, such as 1_0dfec0acb8e4bc53e052874874da0c24; shown when it is created, and never again',
      ),
    manager_type: z.null().describe('Unknown while it has not connected'),
    last_connected: z.null().describe('Never'),
    kubelink_version: z.null().describe('Unknown while it has not connected'),
    online: z.literal(false).describe('No cluster can connect'),
    nodes: z.array(z.unknown()).describe('Empty'),
    container_runtime: z.null().describe('Unknown while it has not connected'),
    errors: z.array(z.unknown()).describe('Empty'),
    pce_fqdn: z.string().describe('Public name of the PCE, such as pce.example.com'),
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'ContainerCluster', description: 'Record of a container cluster' });
export type ContainerClusterWire = z.infer<typeof containerClusterSchema>;

const key = z.string().min(1).max(64).describe('Key of a label dimension, such as role');
const profileLabel = z.union([
  z.strictObject({ key, assignment: refSchema }),
  z.strictObject({
    key,
    restriction: z.array(refSchema).min(1).max(1000).describe('Labels to choose among'),
  }),
]);
export const containerWorkloadProfileSchema = z
  .object({
    href: hrefSchema,
    name: z.string().nullable().describe('Name, such as Default Profile'),
    description: descriptionSchema,
    managed: z.boolean().describe('Whether workloads of it would be managed'),
    enforcement_mode: z.enum(ENFORCEMENT_MODES).describe('What their enforcement would be'),
    visibility_level: z.enum(VISIBILITY_LEVELS).describe('What they would log'),
    labels: z
      .array(
        z.object({
          key,
          assignment: labelRefSchema.optional(),
          restriction: z.array(labelRefSchema).optional().describe('Labels to choose among'),
        }),
      )
      .describe('Labels that they would get, or may choose among'),
    assign_labels: z.array(refSchema).describe('Those of labels that are assigned'),
    namespace: z.null().describe('Unknown while the cluster has not connected'),
    linked: z.literal(false).describe('No cluster can connect'),
    ...audited,
    caps: capsSchema,
  })
  .meta({
    id: 'ContainerWorkloadProfile',
    description: 'What workloads of a container cluster would be like',
  });
export type ContainerWorkloadProfileWire = z.infer<typeof containerWorkloadProfileSchema>;

const clusterWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
});
const profileWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  managed: z.boolean().optional().describe('Whether workloads of it would be managed'),
  enforcement_mode: z
    .enum(ENFORCEMENT_MODES)
    .optional()
    .describe('What their enforcement would be'),
  visibility_level: z.enum(VISIBILITY_LEVELS).optional().describe('What they would log'),
  labels: z.array(profileLabel).max(20).optional().describe('Labels that they would get'),
  assign_labels: z
    .array(refSchema)
    .max(20)
    .optional()
    .describe('Short form of labels: each is assigned'),
});

const C = '/orgs/:org_id/container_clusters';
const P = `${C}/:id/container_workload_profiles` as const;
const profileParams = orgIdParams.extend({
  profile_id: z
    .string()
    .describe('UUID of the profile, such as 4d1f8bc2-1111-4222-8333-444455556666'),
});
const tag = 'Container clusters';

export const containerClusterEndpoints = {
  'container_clusters.list': endpoint({
    method: 'GET',
    path: C,
    permission: 'glob',
    tag,
    params: orgParams,
    summary: 'Container clusters',
    query: z.object({
      ...listQuery,
      name: z
        .string()
        .max(255)
        .optional()
        .describe('Part of the name, any letter case, such as k8s'),
    }),
    status: 200,
    answer: 'collection',
    response: containerClusterSchema,
  }),
  'container_clusters.create': endpoint({
    method: 'POST',
    path: C,
    permission: 'edit',
    events: ['container_cluster.create'],
    tag,
    params: orgParams,
    summary: 'Keeps a record of a container cluster, with a profile of its own',
    body: clusterWrite,
    represents: containerClusterSchema,
    status: 201,
    answer: 'json',
    response: containerClusterSchema,
  }),
  'container_clusters.get': endpoint({
    method: 'GET',
    path: `${C}/:id`,
    permission: 'glob',
    tag,
    params: orgIdParams,
    summary: 'One container cluster',
    status: 200,
    answer: 'json',
    response: containerClusterSchema,
  }),
  'container_clusters.update': endpoint({
    method: 'PUT',
    path: `${C}/:id`,
    permission: 'edit',
    events: ['container_cluster.update'],
    tag,
    params: orgIdParams,
    summary: 'Changes name and description',
    body: clusterWrite.partial(),
    represents: containerClusterSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'container_clusters.delete': endpoint({
    method: 'DELETE',
    path: `${C}/:id`,
    permission: 'edit',
    events: ['container_cluster.delete'],
    tag,
    params: orgIdParams,
    summary: 'Deletes the record, with its profiles',
    status: 204,
    answer: 'empty',
  }),
  'container_workload_profiles.list': endpoint({
    method: 'GET',
    path: P,
    permission: 'glob',
    tag,
    params: orgIdParams,
    summary: 'Profiles of a container cluster',
    query: z.object(listQuery),
    status: 200,
    answer: 'collection',
    response: containerWorkloadProfileSchema,
  }),
  'container_workload_profiles.create': endpoint({
    method: 'POST',
    path: P,
    permission: 'edit',
    events: ['container_workload_profile.create'],
    tag,
    params: orgIdParams,
    summary: 'Adds a profile',
    body: profileWrite,
    represents: containerWorkloadProfileSchema,
    status: 201,
    answer: 'json',
    response: containerWorkloadProfileSchema,
  }),
  'container_workload_profiles.get': endpoint({
    method: 'GET',
    path: `${P}/:profile_id`,
    permission: 'glob',
    tag,
    params: profileParams,
    summary: 'One profile',
    status: 200,
    answer: 'json',
    response: containerWorkloadProfileSchema,
  }),
  'container_workload_profiles.update': endpoint({
    method: 'PUT',
    path: `${P}/:profile_id`,
    permission: 'edit',
    events: ['container_workload_profile.update'],
    tag,
    params: profileParams,
    summary: 'Changes a profile',
    body: profileWrite.partial(),
    represents: containerWorkloadProfileSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'container_workload_profiles.delete': endpoint({
    method: 'DELETE',
    path: `${P}/:profile_id`,
    permission: 'edit',
    events: ['container_workload_profile.delete'],
    tag,
    params: profileParams,
    summary: 'Deletes a profile; the one that came with the cluster stays',
    status: 204,
    answer: 'empty',
  }),
};
