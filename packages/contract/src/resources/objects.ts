/** IP lists and services. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  capsSchema,
  checkPorts,
  descriptionSchema,
  externalData,
  externalDataWrite,
  hrefSchema,
  ifUpdatedAtQuery,
  integerParam,
  listQuery,
  nameSchema,
  portMembers,
  servicePortSchema,
  servicePortWriteSchema,
  versionIdParams,
  versionParams,
  versioned,
} from '../shared.ts';

export const ipRangeSchema = z
  .object({
    from_ip: z.string(),
    to_ip: z.string().nullable().optional(),
    exclusion: z.boolean(),
    description: z.string().nullable().optional(),
  })
  .meta({ id: 'IpRange' });
export const ipListSchema = z
  .object({
    href: hrefSchema,
    name: z.string(),
    description: descriptionSchema,
    ip_ranges: z.array(ipRangeSchema),
    fqdns: z.array(z.object({ fqdn: z.string(), description: z.string().nullable().optional() })),
    ...externalData,
    ...versioned,
    caps: capsSchema,
  })
  .meta({ id: 'IpList' });
export type IpListWire = z.infer<typeof ipListSchema>;
const ipListWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  ip_ranges: z
    .array(
      z.strictObject({
        from_ip: z.string().trim().max(64),
        to_ip: z.string().trim().max(64).nullable().optional(),
        exclusion: z.boolean().optional(),
        description: z.string().max(255).nullable().optional(),
      }),
    )
    .max(100000)
    .optional(),
  fqdns: z
    .array(
      z.strictObject({
        fqdn: z.string().trim().min(1).max(255),
        description: z.string().max(255).nullable().optional(),
      }),
    )
    .max(10000)
    .optional(),
  ...externalDataWrite,
});

export const windowsServiceSchema = z
  .object({
    service_name: z.string().optional(),
    process_name: z.string().optional(),
    proto: z.number().int().optional(),
    port: z.number().int().optional().describe('0: all ports'),
    to_port: z.number().int().optional(),
    icmp_type: z.number().int().nullable().optional(),
    icmp_code: z.number().int().nullable().optional(),
  })
  .meta({ id: 'WindowsService' });
export type WindowsServiceWire = z.infer<typeof windowsServiceSchema>;
const programName = z.string().trim().min(1).max(1024).nullable().optional();
const programs = {
  service_name: programName.describe('Name of the Windows service that answers'),
  process_name: programName.describe('Path of the program that answers'),
};
const windowsServiceWrite = z
  .strictObject({ ...programs, ...portMembers, proto: portMembers.proto.optional() })
  .superRefine((value, context) => {
    const { proto, service_name: service, process_name: process } = value;
    if (proto === undefined && value.port != null && value.port > 0)
      context.addIssue({ code: 'custom', path: ['proto'], message: 'must be there with a port' });
    else checkPorts({ ...value, proto: proto ?? -1 }, context);
    if (proto === undefined && service == null && process == null)
      context.addIssue({
        code: 'custom',
        message: 'names nothing; give service_name, process_name or proto',
      });
  });
const egressProgram = z.object({
  service_name: z.string().nullable().optional(),
  process_name: z.string().nullable().optional(),
});
const riskDetails = z.object({
  ransomware: z
    .object({
      category: z.enum(['admin', 'legacy']),
      severity: z.enum(['low', 'medium', 'high', 'critical']),
      os_platforms: z.array(z.enum(['windows', 'linux'])),
    })
    .nullable()
    .optional(),
});
export const serviceSchema = z
  .object({
    href: hrefSchema,
    name: z.string(),
    description: descriptionSchema,
    description_url: z.string().nullable(),
    process_name: z
      .string()
      .nullable()
      .describe('Stored and shown; windows_services name the programs that count'),
    service_ports: z.array(servicePortSchema).optional().describe('Absent with windows_services'),
    windows_services: z
      .array(windowsServiceSchema)
      .optional()
      .describe(
        'Ports with the program or Windows service that must answer: they match on Windows providers alone',
      ),
    windows_egress_services: z
      .array(egressProgram)
      .optional()
      .describe('Stored and shown: consumers are held to protocol and port alone'),
    risk_details: riskDetails.nullable().optional().describe('Stored and shown'),
    ...externalData,
    ...versioned,
    caps: capsSchema,
  })
  .meta({ id: 'Service' });
export type ServiceWire = z.infer<typeof serviceSchema>;
const MOST_PORTS = 10000;
const TOO_MANY = `has more than ${MOST_PORTS} entries; write ports that follow each other as a range (port, to_port)`;
const serviceWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  process_name: z.string().max(255).nullable().optional(),
  service_ports: z.array(servicePortWriteSchema).max(MOST_PORTS, TOO_MANY).optional(),
  windows_services: z.array(windowsServiceWrite).max(MOST_PORTS, TOO_MANY).optional(),
  windows_egress_services: z.array(egressProgram).max(MOST_PORTS, TOO_MANY).optional(),
  risk_details: riskDetails.nullable().optional(),
  ...externalDataWrite,
});

const LISTS = '/orgs/:org_id/sec_policy/:pversion/ip_lists';
const SERVICES = '/orgs/:org_id/sec_policy/:pversion/services';
export const objectEndpoints = {
  'ip_lists.list': endpoint({
    method: 'GET',
    path: LISTS,
    permission: 'any',
    tag: 'IP lists',
    params: versionParams,
    summary: 'IP lists',
    query: z.object({
      ...listQuery,
      name: z.string().optional(),
      description: z.string().optional(),
      fqdn: z.string().optional(),
      ip_address: z.string().optional(),
    }),
    status: 200,
    answer: 'collection',
    response: ipListSchema,
  }),
  'ip_lists.create': endpoint({
    method: 'POST',
    path: LISTS,
    permission: 'edit',
    events: ['ip_list.create'],
    tag: 'IP lists',
    params: versionParams,
    summary: 'Creates an IP list in draft',
    body: ipListWrite,
    represents: ipListSchema,
    status: 201,
    answer: 'json',
    response: ipListSchema,
  }),
  'ip_lists.get': endpoint({
    method: 'GET',
    path: `${LISTS}/:id`,
    permission: 'any',
    tag: 'IP lists',
    params: versionIdParams,
    summary: 'One IP list',
    status: 200,
    answer: 'json',
    response: ipListSchema,
  }),
  'ip_lists.update': endpoint({
    method: 'PUT',
    path: `${LISTS}/:id`,
    permission: 'edit',
    events: ['ip_list.update'],
    tag: 'IP lists',
    params: versionIdParams,
    summary: 'Changes an IP list in draft',
    body: ipListWrite.partial(),
    represents: ipListSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'ip_lists.delete': endpoint({
    method: 'DELETE',
    path: `${LISTS}/:id`,
    permission: 'edit',
    events: ['ip_list.delete'],
    tag: 'IP lists',
    params: versionIdParams,
    summary: 'Deletes an IP list in draft',
    status: 204,
    answer: 'empty',
  }),
  'services.list': endpoint({
    method: 'GET',
    path: SERVICES,
    permission: 'any',
    tag: 'Services',
    params: versionParams,
    summary: 'Services',
    query: z.object({
      ...listQuery,
      name: z.string().optional(),
      description: z.string().optional(),
      port: integerParam.optional(),
      proto: integerParam.optional(),
    }),
    status: 200,
    answer: 'collection',
    response: serviceSchema,
  }),
  'services.create': endpoint({
    method: 'POST',
    path: SERVICES,
    permission: 'edit',
    events: ['service.create'],
    tag: 'Services',
    params: versionParams,
    summary: 'Creates a service in draft',
    body: serviceWrite,
    represents: serviceSchema,
    status: 201,
    answer: 'json',
    response: serviceSchema,
  }),
  'services.get': endpoint({
    method: 'GET',
    path: `${SERVICES}/:id`,
    permission: 'any',
    tag: 'Services',
    params: versionIdParams,
    summary: 'One service',
    status: 200,
    answer: 'json',
    response: serviceSchema,
  }),
  'services.update': endpoint({
    method: 'PUT',
    path: `${SERVICES}/:id`,
    permission: 'edit',
    events: ['service.update'],
    tag: 'Services',
    params: versionIdParams,
    summary: 'Changes a service in draft',
    body: serviceWrite.partial(),
    represents: serviceSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'services.delete': endpoint({
    method: 'DELETE',
    path: `${SERVICES}/:id`,
    permission: 'edit',
    events: ['service.delete'],
    tag: 'Services',
    params: versionIdParams,
    summary: 'Deletes a service in draft',
    status: 204,
    answer: 'empty',
  }),
};
