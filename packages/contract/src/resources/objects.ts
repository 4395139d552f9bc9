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
    from_ip: z.string().describe('First address, or a CIDR block, such as 10.0.0.0/8'),
    to_ip: z
      .string()
      .nullable()
      .optional()
      .describe('Last address of a range; none with a CIDR block, such as 10.0.0.99'),
    exclusion: z.boolean().describe('true: all of its dimension but this one'),
    description: z
      .string()
      .nullable()
      .optional()
      .describe('Free text, such as In the rack by the door'),
  })
  .meta({ id: 'IpRange', description: 'A range or CIDR block, included or excluded' });
export const ipListSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    ip_ranges: z
      .array(ipRangeSchema)
      .describe('Ranges and exclusions, in the order in which they were written'),
    fqdns: z
      .array(
        z.object({
          fqdn: z
            .string()
            .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
          description: z
            .string()
            .nullable()
            .optional()
            .describe('Free text, such as In the rack by the door'),
        }),
      )
      .describe('DNS names'),
    ...externalData,
    ...versioned,
    caps: capsSchema,
  })
  .meta({ id: 'IpList', description: 'Named ranges, exclusions and DNS names' });
export type IpListWire = z.infer<typeof ipListSchema>;
const ipListWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  ip_ranges: z
    .array(
      z.strictObject({
        from_ip: z
          .string()
          .trim()
          .max(64)
          .describe('First address, or a CIDR block, such as 10.0.0.0/8'),
        to_ip: z
          .string()
          .trim()
          .max(64)
          .nullable()
          .optional()
          .describe('Last address of a range; none with a CIDR block, such as 10.0.0.99'),
        exclusion: z.boolean().optional().describe('true: all of its dimension but this one'),
        description: z
          .string()
          .max(255)
          .nullable()
          .optional()
          .describe('Free text, such as In the rack by the door'),
      }),
    )
    .max(100000)
    .optional()
    .describe('Ranges and exclusions, in the order in which they were written'),
  fqdns: z
    .array(
      z.strictObject({
        fqdn: z
          .string()
          .trim()
          .min(1)
          .max(255)
          .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
        description: z
          .string()
          .max(255)
          .nullable()
          .optional()
          .describe('Free text, such as In the rack by the door'),
      }),
    )
    .max(10000)
    .optional()
    .describe('DNS names'),
  ...externalDataWrite,
});

export const windowsServiceSchema = z
  .object({
    service_name: z
      .string()
      .optional()
      .describe('Name of the Windows service, such as TermService'),
    process_name: z.string().optional().describe('Path of the program, such as /usr/sbin/nginx'),
    proto: z
      .number()
      .int()
      .optional()
      .describe('IANA protocol number; -1 is every protocol, such as 6'),
    port: z.number().int().optional().describe('0: all ports, such as 443'),
    to_port: z.number().int().optional().describe('Last port of a range, such as 8099'),
    icmp_type: z.number().int().nullable().optional().describe('ICMP type, 0 to 255, such as 8'),
    icmp_code: z.number().int().nullable().optional().describe('ICMP code, 0 to 255, such as 0'),
  })
  .meta({ id: 'WindowsService', description: 'A program or Windows service with its ports' });
export type WindowsServiceWire = z.infer<typeof windowsServiceSchema>;
const programName = z.string().trim().min(1).max(1024).nullable().optional();
const programs = {
  service_name: programName.describe(
    'Name of the Windows service that answers, such as TermService',
  ),
  process_name: programName.describe('Path of the program that answers, such as /usr/sbin/nginx'),
};
const windowsServiceWrite = z
  .strictObject({
    ...programs,
    ...portMembers,
    proto: portMembers.proto
      .optional()
      .describe('IANA protocol number; -1 is every protocol, such as 6'),
  })
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
  service_name: z
    .string()
    .nullable()
    .optional()
    .describe('Name of the Windows service, such as TermService'),
  process_name: z
    .string()
    .nullable()
    .optional()
    .describe('Path of the program, such as /usr/sbin/nginx'),
});
const riskDetails = z.object({
  ransomware: z
    .object({
      category: z.enum(['admin', 'legacy']).describe('What ransomware uses it for'),
      severity: z.enum(['low', 'medium', 'high', 'critical']).describe('How grave it is'),
      os_platforms: z
        .array(z.enum(['windows', 'linux']))
        .describe('Operating systems that are concerned'),
    })
    .nullable()
    .optional()
    .describe('How ransomware uses it; null: not told'),
});
export const serviceSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    description_url: z.string().nullable().describe('Always null'),
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
  .meta({ id: 'Service', description: 'Named protocols and ports' });
export type ServiceWire = z.infer<typeof serviceSchema>;
const MOST_PORTS = 10000;
const TOO_MANY = `has more than ${MOST_PORTS} entries; write ports that follow each other as a range (port, to_port)`;
const serviceWrite = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.optional(),
  process_name: z
    .string()
    .max(255)
    .nullable()
    .optional()
    .describe('Path of the program, such as /usr/sbin/nginx'),
  service_ports: z
    .array(servicePortWriteSchema)
    .max(MOST_PORTS, TOO_MANY)
    .optional()
    .describe('Protocols and ports'),
  windows_services: z
    .array(windowsServiceWrite)
    .max(MOST_PORTS, TOO_MANY)
    .optional()
    .describe('Programs and Windows services with their ports'),
  windows_egress_services: z
    .array(egressProgram)
    .max(MOST_PORTS, TOO_MANY)
    .optional()
    .describe('Programs of consumers; stored and shown'),
  risk_details: riskDetails
    .nullable()
    .optional()
    .describe('What is known of its risk; null: nothing'),
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
      name: z.string().optional().describe('Name, such as Web servers'),
      description: z.string().optional().describe('Free text, such as In the rack by the door'),
      fqdn: z
        .string()
        .optional()
        .describe('Only lists with this name, or one that it falls under, such as www.example.com'),
      ip_address: z
        .string()
        .optional()
        .describe('Only lists that hold this address, or text in a range, such as 192.0.2.1'),
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
      name: z.string().optional().describe('Name, such as Web servers'),
      description: z.string().optional().describe('Free text, such as In the rack by the door'),
      port: integerParam
        .optional()
        .describe('Only services with this port, also inside a range, such as 443'),
      proto: integerParam.optional().describe('Only services with this protocol, such as 6'),
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
