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

const port = z
  .number()
  .int()
  .min(-1)
  .max(65535)
  .nullable()
  .optional()
  .describe('Port; none: that of the service, such as 443');
const serviceAddressSchema = z.object({
  ip: z.string().optional().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
  fqdn: z
    .string()
    .optional()
    .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
  port: z.number().int().optional().describe('Port; none: that of the service, such as 443'),
  network: refSchema.optional(),
  description: z.string().optional().describe('Free text, such as In the rack by the door'),
});
const serviceAddressWrite = z.union([
  z.strictObject({
    ip: z.string().trim().max(64).describe('IPv4 or IPv6 address, such as 192.0.2.10'),
    port,
    network: refSchema.nullable().optional().describe('Network that it is in'),
  }),
  z.strictObject({
    fqdn: z
      .string()
      .trim()
      .min(1)
      .max(255)
      .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
    port,
    description: z
      .string()
      .max(255)
      .nullable()
      .optional()
      .describe('Free text, such as In the rack by the door'),
  }),
]);
export type ServiceAddressWrite = z.infer<typeof serviceAddressWrite>;

export const virtualServiceSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    pce_fqdn: z.string().nullable().describe('Name of the PCE, such as pce.example.com'),
    apply_to: z.enum(APPLY_TO).describe('Whether it stands for the host or for a bridge inside it'),
    service: z
      .object({ href: hrefSchema, name: z.string().describe('Name, such as Web servers') })
      .optional()
      .describe('Absent with service_ports'),
    service_ports: z.array(servicePortSchema).optional().describe('Absent with service'),
    service_addresses: z
      .array(serviceAddressSchema)
      .describe('Addresses of its own, as load balancers have'),
    ip_overrides: z
      .array(z.string())
      .describe("Addresses that consumers are programmed with instead of the workloads'"),
    labels: z.array(labelRefSchema).describe('Labels, at most one of a dimension'),
    ...externalData,
    ...versioned,
    usage: policyUsageSchema.optional().describe('What uses it'),
    caps: capsSchema,
    warnings: z
      .array(warningSchema)
      .describe('Parts that are kept and stand for nothing in the policy (ours)'),
  })
  .meta({ id: 'VirtualService', description: 'A service with labels and addresses of its own' });
export type VirtualServiceWire = z.infer<typeof virtualServiceSchema>;

const virtualServiceWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  apply_to: z
    .enum(APPLY_TO)
    .optional()
    .describe('Whether it stands for the host or for a bridge inside it'),
  service: refSchema.nullable().optional().describe('A service'),
  service_ports: z
    .array(inlinePortWriteSchema)
    .max(1000)
    .nullable()
    .optional()
    .describe('Protocols and ports'),
  service_addresses: z
    .array(serviceAddressWrite)
    .max(1000)
    .optional()
    .describe('Addresses of its own, as load balancers have'),
  ip_overrides: z
    .array(z.string().trim().max(64))
    .max(10000)
    .optional()
    .describe("Addresses that consumers are programmed with instead of the workloads'"),
  labels: z.array(refSchema).max(64).optional().describe('Labels, at most one of a dimension'),
  ...externalDataWrite,
});
export type VirtualServiceWrite = z.infer<typeof virtualServiceWrite>;

const boundWorkload = z.object({
  href: hrefSchema,
  name: z.string().nullable().describe('Name, such as Web servers'),
  hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
  deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
});
export const serviceBindingSchema = z
  .object({
    href: hrefSchema,
    bound_service: refSchema.describe('The virtual service'),
    virtual_service: refSchema.describe('A virtual service'),
    workload: boundWorkload.describe('A workload'),
    port_overrides: z.array(z.unknown()).describe('Always empty'),
    ...externalData,
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'ServiceBinding', description: 'A workload that offers a virtual service' });
export type ServiceBindingWire = z.infer<typeof serviceBindingSchema>;
/** One item of the array that a POST of bindings carries. */
export const serviceBindingWriteSchema = z
  .strictObject({
    virtual_service: refSchema.describe('A virtual service'),
    workload: refSchema.describe('A workload'),
    port_overrides: z
      .array(z.unknown())
      .max(0, 'are not offered by this release; bind the workload to a service with its own ports')
      .optional()
      .describe('Always empty'),
    ...externalDataWrite,
  })
  .meta({
    id: 'ServiceBindingWrite',
    description: 'A workload that shall offer a virtual service',
  });

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
      name: z.string().optional().describe('Name, such as Web servers'),
      description: z.string().optional().describe('Free text, such as In the rack by the door'),
      labels: labelsParam
        .optional()
        .describe(
          'Lists of lists of labels as JSON: inner lists AND, outer OR, such as [["/orgs/1/labels/2"]]',
        ),
      service: hrefSchema.optional().describe('Only those with this service'),
      'service_address.ip': z
        .string()
        .optional()
        .describe('Only those with this address of their own, such as 10.2.3.4'),
      'service_address.fqdn': z
        .string()
        .optional()
        .describe('Only those with this name of their own, such as www.example.com'),
      'service_ports.port': integerParam
        .optional()
        .describe('Only those with this port, such as 443'),
      'service_ports.proto': integerParam
        .optional()
        .describe('Only those with this protocol, such as 6'),
      usage: booleanParam.optional().describe('Adds who uses each, such as true'),
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
    query: z.object({ usage: booleanParam.optional().describe('Adds who uses it, such as true') }),
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
      virtual_service: hrefSchema.optional().describe('Only those of this virtual service'),
      workload: hrefSchema.optional().describe('Only those of this workload'),
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
