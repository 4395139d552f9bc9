/** Virtual services, and the workloads that are bound to them. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  audited,
  booleanParam,
  bulkResultSchema,
  capsSchema,
  descriptionSchema,
  externalData,
  externalDataWrite,
  hrefSchema,
  ifUpdatedAtQuery,
  inlinePortWriteSchema,
  integerParam,
  labelRefSchema,
  labelsParam,
  listQuery,
  nameSchema,
  orgIdParams,
  orgParams,
  refSchema,
  servicePortSchema,
  versionIdParams,
  versionParams,
  versioned,
  warningSchema,
} from '../shared.ts';

import { policyUsageSchema } from './labels.ts';

export const APPLY_TO = ['host_only', 'internal_bridge_network'] as const;

const port = z.number().int().min(-1).max(65535).nullable().optional();
const serviceAddressSchema = z.object({
  ip: z.string().optional(),
  fqdn: z.string().optional(),
  port: z.number().int().optional(),
  network: refSchema.optional(),
  description: z.string().optional(),
});
const serviceAddressWrite = z.union([
  z.strictObject({ ip: z.string().trim().max(64), port, network: refSchema.nullable().optional() }),
  z.strictObject({
    fqdn: z.string().trim().min(1).max(255),
    port,
    description: z.string().max(255).nullable().optional(),
  }),
]);
export type ServiceAddressWrite = z.infer<typeof serviceAddressWrite>;

export const virtualServiceSchema = z
  .object({
    href: hrefSchema,
    name: z.string(),
    description: descriptionSchema,
    pce_fqdn: z.string().nullable(),
    apply_to: z.enum(APPLY_TO),
    service: z
      .object({ href: hrefSchema, name: z.string() })
      .optional()
      .describe('Absent with service_ports'),
    service_ports: z.array(servicePortSchema).optional().describe('Absent with service'),
    service_addresses: z.array(serviceAddressSchema),
    ip_overrides: z.array(z.string()),
    labels: z.array(labelRefSchema),
    ...externalData,
    ...versioned,
    usage: policyUsageSchema.optional(),
    caps: capsSchema,
    warnings: z
      .array(warningSchema)
      .describe('Parts that are kept and stand for nothing in the policy (ours)'),
  })
  .meta({ id: 'VirtualService' });
export type VirtualServiceWire = z.infer<typeof virtualServiceSchema>;

const virtualServiceWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  apply_to: z.enum(APPLY_TO).optional(),
  service: refSchema.nullable().optional(),
  service_ports: z.array(inlinePortWriteSchema).max(1000).nullable().optional(),
  service_addresses: z.array(serviceAddressWrite).max(1000).optional(),
  ip_overrides: z.array(z.string().trim().max(64)).max(10000).optional(),
  labels: z.array(refSchema).max(64).optional(),
  ...externalDataWrite,
});
export type VirtualServiceWrite = z.infer<typeof virtualServiceWrite>;

const boundWorkload = z.object({
  href: hrefSchema,
  name: z.string().nullable(),
  hostname: z.string().nullable(),
  deleted: z.boolean(),
});
export const serviceBindingSchema = z
  .object({
    href: hrefSchema,
    bound_service: refSchema,
    virtual_service: refSchema,
    workload: boundWorkload,
    port_overrides: z.array(z.unknown()),
    ...externalData,
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'ServiceBinding' });
export type ServiceBindingWire = z.infer<typeof serviceBindingSchema>;
/** One item of the array that a POST of bindings carries. */
export const serviceBindingWriteSchema = z
  .strictObject({
    virtual_service: refSchema,
    workload: refSchema,
    port_overrides: z
      .array(z.unknown())
      .max(0, 'are not offered by this release; bind the workload to a service with its own ports')
      .optional(),
    ...externalDataWrite,
  })
  .meta({ id: 'ServiceBindingWrite' });

const S = '/orgs/:org_id/sec_policy/:pversion/virtual_services';
const B = '/orgs/:org_id/service_bindings';
const TAG = 'Virtual services';
const bulk = { answer: 'json', status: 200, response: z.array(bulkResultSchema) } as const;

export const virtualServiceEndpoints = {
  'virtual_services.list': endpoint({
    method: 'GET',
    path: S,
    permission: 'any',
    tag: TAG,
    params: versionParams,
    summary: 'Virtual services',
    query: z.object({
      ...listQuery,
      name: z.string().optional(),
      description: z.string().optional(),
      labels: labelsParam.optional(),
      service: hrefSchema.optional(),
      'service_address.ip': z.string().optional(),
      'service_address.fqdn': z.string().optional(),
      'service_ports.port': integerParam.optional(),
      'service_ports.proto': integerParam.optional(),
      usage: booleanParam.optional().describe('Adds who uses each'),
    }),
    status: 200,
    answer: 'collection',
    response: virtualServiceSchema,
  }),
  'virtual_services.create': endpoint({
    method: 'POST',
    path: S,
    permission: 'edit',
    events: ['virtual_service.create'],
    tag: TAG,
    params: versionParams,
    summary: 'Creates a virtual service in draft',
    body: virtualServiceWrite,
    represents: virtualServiceSchema,
    status: 201,
    answer: 'json',
    response: virtualServiceSchema,
  }),
  'virtual_services.bulk_create': endpoint({
    method: 'PUT',
    path: `${S}/bulk_create`,
    perItem: true,
    permission: 'edit',
    events: ['virtual_service.create'],
    tag: TAG,
    params: versionParams,
    summary: 'Creates up to 1000, each in its own transaction',
    body: z.array(z.unknown()).max(1000),
    ...bulk,
  }),
  'virtual_services.bulk_update': endpoint({
    method: 'PUT',
    path: `${S}/bulk_update`,
    perItem: true,
    permission: 'edit',
    events: ['virtual_service.update'],
    tag: TAG,
    params: versionParams,
    summary: 'Changes up to 1000, each in its own transaction',
    body: z.array(z.unknown()).max(1000),
    ...bulk,
  }),
  'virtual_services.get': endpoint({
    method: 'GET',
    path: `${S}/:id`,
    permission: 'any',
    tag: TAG,
    params: versionIdParams,
    summary: 'One virtual service',
    query: z.object({ usage: booleanParam.optional().describe('Adds who uses it') }),
    status: 200,
    answer: 'json',
    response: virtualServiceSchema,
  }),
  'virtual_services.update': endpoint({
    method: 'PUT',
    path: `${S}/:id`,
    permission: 'edit',
    events: ['virtual_service.update'],
    tag: TAG,
    params: versionIdParams,
    summary: 'Changes a virtual service in draft',
    body: virtualServiceWrite.partial(),
    represents: virtualServiceSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'virtual_services.delete': endpoint({
    method: 'DELETE',
    path: `${S}/:id`,
    permission: 'edit',
    events: ['virtual_service.delete'],
    tag: TAG,
    params: versionIdParams,
    summary: 'Deletes a virtual service in draft that nothing uses and no workload is bound to',
    status: 204,
    answer: 'empty',
  }),
  'service_bindings.list': endpoint({
    method: 'GET',
    path: B,
    permission: 'any',
    tag: TAG,
    params: orgParams,
    summary: 'Which workloads are bound to which virtual services',
    query: z.object({
      ...listQuery,
      virtual_service: hrefSchema.optional(),
      workload: hrefSchema.optional(),
    }),
    status: 200,
    answer: 'collection',
    response: serviceBindingSchema,
  }),
  'service_bindings.create': endpoint({
    method: 'POST',
    path: B,
    perItem: true,
    permission: 'edit',
    events: ['service_binding.create'],
    tag: TAG,
    params: orgParams,
    summary: 'Binds workloads to provisioned virtual services, effective at once; each its own',
    body: z.array(z.unknown()).min(1).max(1000),
    status: 201,
    answer: 'json',
    response: z.array(bulkResultSchema),
  }),
  'service_bindings.get': endpoint({
    method: 'GET',
    path: `${B}/:id`,
    permission: 'any',
    tag: TAG,
    params: orgIdParams,
    summary: 'One binding',
    status: 200,
    answer: 'json',
    response: serviceBindingSchema,
  }),
  'service_bindings.delete': endpoint({
    method: 'DELETE',
    path: `${B}/:id`,
    permission: 'edit',
    events: ['service_binding.delete'],
    tag: TAG,
    params: orgIdParams,
    summary: 'Takes a workload off a virtual service; effective at once',
    status: 204,
    answer: 'empty',
  }),
};
