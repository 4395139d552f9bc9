/** Enforcement boundaries. */
import { z } from 'zod';
import { NETWORK_TYPES } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import { ruleSideWriteSchema } from './rules.ts';
import {
  actorSchema,
  capsSchema,
  hrefSchema,
  ifUpdatedAtQuery,
  ingressServiceSchema,
  integerParam,
  ingressServiceWriteSchema,
  listQuery,
  labelsParam,
  nameSchema,
  versionIdParams,
  versionParams,
  versioned,
  warningSchema,
} from '../shared.ts';

export const enforcementBoundarySchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
    providers: z.array(actorSchema).describe('Who offers the services'),
    consumers: z.array(actorSchema).describe('Who connects'),
    ingress_services: z
      .array(ingressServiceSchema)
      .describe('Services by reference, or TCP and UDP ports in place'),
    network_type: z
      .enum(NETWORK_TYPES)
      .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
    ...versioned,
    caps: capsSchema,
    warnings: z.array(warningSchema).describe('What is legal but probably wrong'),
  })
  .meta({
    id: 'EnforcementBoundary',
    description: 'Blocks what it matches unless a rule allows it',
  });
export type EnforcementBoundaryWire = z.infer<typeof enforcementBoundarySchema>;
const boundarySide = ruleSideWriteSchema.refine(
  (actors) => !actors.some((actor) => 'virtual_service' in actor),
  'takes no virtual services; name their workloads, labels or addresses',
);
const boundaryWrite = z.strictObject({
  name: nameSchema,
  enabled: z.boolean().optional().describe('false: it is kept, and counts for nothing'),
  providers: boundarySide.describe('Who offers the services'),
  consumers: boundarySide.describe('Who connects'),
  ingress_services: z
    .array(ingressServiceWriteSchema)
    .min(1, 'needs at least one service; All Services is one')
    .max(10000)
    .describe('Services by reference, or TCP and UDP ports in place'),
  network_type: z
    .enum(NETWORK_TYPES)
    .optional()
    .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
});

const BOUNDARIES = '/orgs/:org_id/sec_policy/:pversion/enforcement_boundaries';

export const enforcementBoundaryEndpoints = {
  'enforcement_boundaries.list': endpoint({
    method: 'GET',
    path: BOUNDARIES,
    permission: 'glob',
    tag: 'Enforcement boundaries',
    params: versionParams,
    summary: 'Enforcement boundaries',
    query: z.object({
      ...listQuery,
      name: z.string().optional().describe('Name, such as Web servers'),
      network_type: z
        .enum(NETWORK_TYPES)
        .optional()
        .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
      labels: labelsParam
        .optional()
        .describe('Sides that name all labels of an inner list, such as [["/orgs/1/labels/2"]]'),
      service: hrefSchema.optional().describe('A service that it names'),
      'service_ports.port': integerParam
        .optional()
        .describe('A port that it is about, such as 443'),
      'service_ports.proto': integerParam
        .optional()
        .describe('A protocol that it names, such as 6'),
    }),
    status: 200,
    answer: 'collection',
    response: enforcementBoundarySchema,
  }),
  'enforcement_boundaries.has_any': endpoint({
    method: 'GET',
    path: `${BOUNDARIES}/has_any`,
    permission: 'glob',
    tag: 'Enforcement boundaries',
    params: versionParams,
    summary: 'Whether there is an enforcement boundary',
    status: 200,
    answer: 'json',
    response: z.object({ has_any: z.boolean().describe('true: there is one at least') }),
  }),
  'enforcement_boundaries.create': endpoint({
    method: 'POST',
    path: BOUNDARIES,
    permission: 'edit',
    events: ['enforcement_boundary.create'],
    tag: 'Enforcement boundaries',
    params: versionParams,
    summary: 'Creates an enforcement boundary in draft',
    body: boundaryWrite,
    represents: enforcementBoundarySchema,
    status: 201,
    answer: 'json',
    response: enforcementBoundarySchema,
  }),
  'enforcement_boundaries.get': endpoint({
    method: 'GET',
    path: `${BOUNDARIES}/:id`,
    permission: 'glob',
    tag: 'Enforcement boundaries',
    params: versionIdParams,
    summary: 'One enforcement boundary',
    status: 200,
    answer: 'json',
    response: enforcementBoundarySchema,
  }),
  'enforcement_boundaries.update': endpoint({
    method: 'PUT',
    path: `${BOUNDARIES}/:id`,
    permission: 'edit',
    events: ['enforcement_boundary.update'],
    tag: 'Enforcement boundaries',
    params: versionIdParams,
    summary: 'Changes an enforcement boundary in draft',
    body: boundaryWrite.partial(),
    represents: enforcementBoundarySchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'enforcement_boundaries.delete': endpoint({
    method: 'DELETE',
    path: `${BOUNDARIES}/:id`,
    permission: 'edit',
    events: ['enforcement_boundary.delete'],
    tag: 'Enforcement boundaries',
    params: versionIdParams,
    summary: 'Deletes an enforcement boundary in draft',
    status: 204,
    answer: 'empty',
  }),
};
