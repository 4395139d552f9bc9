/** Pieces that many resources share. */
import { z } from 'zod';
import { RULE_SIDES } from '@bulkhead/policy';

export const hrefSchema = z
  .string()
  .max(512)
  .meta({
    description: 'Path after /api/v2; the identity of an object',
    examples: ['/orgs/1/labels/7'],
  });
/** A reference in a request: any object with `href`, its other members are ignored. */
export const refSchema = z
  .object({ href: hrefSchema })
  .meta({ id: 'Ref', description: 'A reference; other members are ignored' });
export type Ref = z.infer<typeof refSchema>;

export const timestampSchema = z
  .string()
  .meta({ description: 'UTC, ISO 8601 with milliseconds', examples: ['2026-01-31T12:00:00.000Z'] });
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .describe('Name, 1 to 255 characters, such as Web servers');
export const descriptionSchema = z
  .string()
  .max(65535)
  .nullable()
  .describe('Free text, such as In the rack by the door');
/** Text that a write may leave out or clear. */
export const optionalText = z.string().max(255).nullable().optional();
export const externalSchema = z
  .string()
  .max(255)
  .nullable()
  .describe("Key of the object in another system's data, such as 4711");

/** Members of every stored object. */
export const audited = {
  created_at: timestampSchema,
  updated_at: timestampSchema,
  created_by: refSchema,
  updated_by: refSchema,
};
export const externalData = {
  external_data_set: externalSchema,
  external_data_reference: externalSchema,
};
export const externalDataWrite = {
  external_data_set: externalSchema.optional(),
  external_data_reference: externalSchema.optional(),
};
/** Members that policy objects add: the difference of draft to active. */
export const versioned = {
  ...audited,
  deleted_at: timestampSchema.nullable().describe('When it was deleted; null: it was not'),
  deleted_by: refSchema.nullable().describe('Who deleted it; null: nobody'),
  update_type: z
    .enum(['create', 'update', 'delete'])
    .nullable()
    .describe('What the draft would do to the active state; null: nothing'),
};
export const capsSchema = z
  .array(z.enum(['write', 'provision']))
  .describe('What the caller may do with it');

export const labelRefSchema = z
  .object({
    href: hrefSchema,
    key: z.string().describe('Label dimension, such as role'),
    value: z.string().describe('Value of the label, such as web'),
  })
  .meta({ id: 'LabelRef', description: 'A label' });
export type LabelRef = z.infer<typeof labelRefSchema>;

/** Query parameters arrive as text. Booleans are `true|false|yes|no|1|0` in any letter case. */
export const booleanParam = z
  .string()
  .transform((text, context) => {
    const lower = text.toLowerCase();
    if (['true', 'yes', '1'].includes(lower)) return true;
    if (['false', 'no', '0'].includes(lower)) return false;
    context.addIssue({ code: 'custom', message: 'must be true or false' });
    return z.NEVER;
  })
  .describe('true or false, such as true');
export const integerParam = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number of 0 or more')
  .transform(Number);
/** Date and time of ISO 8601. */
export const timestampParam = z
  .string()
  .max(40)
  .transform((text, context) => {
    const date = new Date(text);
    if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(date.getTime())) return date;
    context.addIssue({
      code: 'custom',
      message: 'must be a date and time, such as 2026-01-31T12:00:00Z',
    });
    return z.NEVER;
  })
  .describe('Date and time, ISO 8601');
/** URL-encoded JSON: a list. */
export function jsonListParam<T extends z.ZodType>(item: T) {
  return z.string().transform((text, context): z.output<T>[] => {
    try {
      const list = z.array(item).safeParse(JSON.parse(text));
      if (list.success) return list.data;
    } catch {
      // falls through to the message below
    }
    context.addIssue({
      code: 'custom',
      message: 'must be JSON: a list of the values, such as ["a"]',
    });
    return z.NEVER;
  });
}
/** URL-encoded JSON: list of lists of label hrefs, inner AND, outer OR; a flat list is one inner list. */
export const labelsParam = z.string().transform((text, context) => {
  try {
    const lists = z
      .union([z.array(z.array(z.string())), z.array(z.string()).transform((list) => [list])])
      .safeParse(JSON.parse(text));
    if (lists.success) return lists.data;
  } catch {
    // falls through to the message below
  }
  context.addIssue({
    code: 'custom',
    message: 'must be JSON: a list of lists of label hrefs, such as [["/orgs/1/labels/2"]]',
  });
  return z.NEVER;
});

/** In every collection. */
export const pageQuery = {
  max_results: integerParam
    .optional()
    .describe('Default 500; a larger value is honoured; 0 answers the count alone, such as 100'),
};
/** Ours: what the console needs to page through any collection by key. */
export const listQuery = {
  ...pageQuery,
  offset: integerParam.optional().describe('Items to pass over, for the console, such as 500'),
  query: z.string().max(255).optional().describe('Part of the name, any letter case, such as web'),
  external_data_set: z
    .string()
    .optional()
    .describe('Only objects with this external data set, such as cmdb'),
  external_data_reference: z
    .string()
    .optional()
    .describe('Only objects with this external data reference, such as 4711'),
};

export const orgParams = z.object({
  org_id: z.string().describe('Number of the organization, such as 1'),
});
export const orgIdParams = z.object({
  org_id: z.string().describe('Number of the organization, such as 1'),
  id: z.string().describe('Id of the object: the last part of its href, such as 7'),
});
export const versionParams = z.object({
  org_id: z.string().describe('Number of the organization, such as 1'),
  pversion: z.string().describe('draft, active or the number of a version, such as draft'),
});
export const versionIdParams = z.object({
  org_id: z.string().describe('Number of the organization, such as 1'),
  pversion: z.string().describe('draft, active or the number of a version, such as draft'),
  id: z.string().describe('Id of the object: the last part of its href, such as 7'),
});

/**
 * Two people who edit one object (ours): the later one sends the `updated_at` that they saw, in the query `if_updated_at` or, as the
 * `ETag` of a GET says it, in the header `If-Match`; also with a DELETE. When somebody saved since, nothing is written, and 406
 * `object_changed` tells who changed what. Clients that send neither, as those of the public API, write whatever is there.
 */
export const ifUpdatedAtQuery = z.object({
  if_updated_at: z
    .string()
    .optional()
    .describe(
      'updated_at of the state that was edited; refused when it has moved on, such as 2026-01-31T12:00:00.000Z',
    ),
});

// --- service ports and actors, used by services, rules, boundaries and flows ---

const portNumber = z.number().int().min(-1).max(65535);
/** Protocol, ports and ICMP types as a request names them. */
export const portMembers = {
  proto: z.number().int().min(-1).max(255).describe('IANA number; -1 is every protocol, such as 6'),
  port: portNumber
    .nullable()
    .optional()
    .describe('Port, or the first of a range; 0: all, such as 443'),
  to_port: portNumber.nullable().optional().describe('Last port of a range, such as 8099'),
  icmp_type: z
    .number()
    .int()
    .min(0)
    .max(255)
    .nullable()
    .optional()
    .describe('ICMP type, 0 to 255, such as 8'),
  icmp_code: z
    .number()
    .int()
    .min(0)
    .max(255)
    .nullable()
    .optional()
    .describe('ICMP code, 0 to 255, such as 0'),
};
interface Ports {
  readonly proto: number;
  readonly port?: number | null | undefined;
  readonly to_port?: number | null | undefined;
  readonly icmp_type?: number | null | undefined;
  readonly icmp_code?: number | null | undefined;
}
/** Refuses ports that cannot be: ranges that run backwards, ports or types of protocols that have none. */
export function checkPorts(value: Ports, context: z.RefinementCtx): void {
  const { port, to_port: toPort } = value;
  const refuse = (member: keyof Ports, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (toPort != null && toPort > 0 && (port == null || port <= 0))
    refuse('to_port', 'needs port, the first of the range');
  if (port != null && toPort != null && toPort > 0 && toPort < port)
    refuse('to_port', `range runs backwards: ${port} to ${toPort}; write ${toPort} to ${port}`);
  if (port != null && port > 0 && ![6, 17, 132].includes(value.proto))
    refuse('port', 'only TCP (6), UDP (17) and SCTP (132) have ports');
  if (value.icmp_type != null && ![1, 58].includes(value.proto))
    refuse('icmp_type', 'only ICMP (1) and ICMPv6 (58) have types');
  if (value.icmp_code != null && value.icmp_type == null) refuse('icmp_code', 'needs icmp_type');
}
/** In requests. Port 0, -1 or none: all ports. Ranges that run backwards are refused. */
export const servicePortWriteSchema = z
  .strictObject(portMembers)
  .superRefine(checkPorts)
  .meta({ id: 'ServicePortWrite', description: 'Protocol with ports or ICMP type' });
export const servicePortSchema = z
  .object({
    proto: z.number().int().describe('IANA protocol number; -1 is every protocol, such as 6'),
    port: z.number().int().optional().describe('0: all ports, such as 443'),
    to_port: z.number().int().optional().describe('Last port of a range, such as 8099'),
    icmp_type: z.number().int().nullable().optional().describe('ICMP type, 0 to 255, such as 8'),
    icmp_code: z.number().int().nullable().optional().describe('ICMP code, 0 to 255, such as 0'),
  })
  .meta({ id: 'ServicePort', description: 'Protocol with ports or ICMP type' });
export type ServicePortWire = z.infer<typeof servicePortSchema>;

const exclusion = {
  exclusion: z.boolean().optional().describe('true: all but this one, within its key'),
};
/** In requests: exactly one kind; a reference may carry other members, they are ignored. */
export const actorWriteSchema = z
  .union([
    z.strictObject({ actors: z.literal('ams').describe('ams: all workloads') }),
    z.strictObject({ label: refSchema.describe('A label'), ...exclusion }),
    z.strictObject({
      label_group: refSchema.describe('A label group, which stands for all of its labels'),
      ...exclusion,
    }),
    z.strictObject({ workload: refSchema.describe('A workload') }),
    z.strictObject({ virtual_service: refSchema.describe('A virtual service') }),
    z.strictObject({ ip_list: refSchema.describe('An IP list') }),
  ])
  .meta({ id: 'ActorWrite', description: 'One entry of a side: exactly one kind' });
export type ActorWrite = z.infer<typeof actorWriteSchema>;
export const actorSchema = z
  .object({
    actors: z.literal('ams').optional().describe('ams: all workloads'),
    label: labelRefSchema.optional().describe('A label'),
    label_group: z
      .object({
        href: hrefSchema,
        key: z.string().describe('Label dimension, such as role'),
        name: z.string().describe('Name, such as Web servers'),
      })
      .optional()
      .describe('A label group, which stands for all of its labels'),
    workload: z
      .object({
        href: hrefSchema,
        name: z.string().nullable().describe('Name, such as Web servers'),
        hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
        deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
      })
      .optional()
      .describe('A workload'),
    virtual_service: z
      .object({ href: hrefSchema, name: z.string().describe('Name, such as Web servers') })
      .optional()
      .describe('A virtual service'),
    ip_list: z
      .object({ href: hrefSchema, name: z.string().describe('Name, such as Web servers') })
      .optional()
      .describe('An IP list'),
    exclusion: z.boolean().optional().describe('true: all of its dimension but this one'),
  })
  .meta({ id: 'Actor', description: 'One entry of a side: exactly one kind' });
export type ActorWire = z.infer<typeof actorSchema>;

/** Ports named in place, where no service object is: TCP or UDP alone. */
export const inlinePortWriteSchema = z
  .strictObject({
    proto: z
      .union(
        [z.literal(6), z.literal(17)],
        'must be 6 (TCP) or 17 (UDP); write anything else as a service',
      )
      .describe('IANA protocol number; -1 is every protocol, such as 6'),
    port: portNumber.optional().describe('Port, or the first of a range; 0: all, such as 443'),
    to_port: portNumber.optional().describe('Last port of a range, such as 8099'),
  })
  .superRefine(checkPorts)
  .meta({ id: 'InlinePortWrite', description: 'TCP or UDP ports in place' });
export const ingressServiceWriteSchema = z
  .union([z.object({ href: hrefSchema }), inlinePortWriteSchema])
  .meta({ id: 'IngressServiceWrite', description: 'A service, or TCP and UDP ports in place' });
export const ingressServiceSchema = z
  .object({
    href: hrefSchema.optional(),
    name: z.string().optional().describe('Name, such as Web servers'),
    proto: z
      .number()
      .int()
      .optional()
      .describe('IANA protocol number; -1 is every protocol, such as 6'),
    port: z
      .number()
      .int()
      .optional()
      .describe('Port, or the first of a range; 0: all, such as 443'),
    to_port: z.number().int().optional().describe('Last port of a range, such as 8099'),
  })
  .meta({ id: 'IngressService', description: 'A service, or TCP and UDP ports in place' });
export type IngressServiceWire = z.infer<typeof ingressServiceSchema>;

/** Scopes: each with at most one entry of a key. */
export const scopesSchema = z.array(
  z.array(
    z.object({
      label: labelRefSchema.optional().describe('A label'),
      label_group: z
        .object({
          href: hrefSchema,
          key: z.string().describe('Label dimension, such as role'),
          name: z.string().describe('Name, such as Web servers'),
        })
        .optional()
        .describe('A label group, which stands for all of its labels'),
      exclusion: z.boolean().optional().describe('true: all of its dimension but this one'),
    }),
  ),
);
export const scopesWriteSchema = z
  .array(
    z
      .array(
        z.union([
          z.strictObject({ label: refSchema.describe('A label'), ...exclusion }),
          z.strictObject({
            label_group: refSchema.describe('A label group, which stands for all of its labels'),
            ...exclusion,
          }),
        ]),
      )
      .max(20),
  )
  .max(1000);

const ignored = z.unknown().optional().describe('Read-only; ignored');
/** What an object within another was read with, and may be written back with. */
export const ignoredMembers = {
  created_at: ignored,
  created_by: ignored,
  updated_at: ignored,
  updated_by: ignored,
  deleted_at: ignored,
  deleted_by: ignored,
  update_type: ignored,
  warnings: ignored,
};

/** Result of one item of a bulk call. */
export const bulkResultSchema = z.object({
  href: hrefSchema.optional(),
  status: z
    .string()
    .optional()
    .describe('created, updated, error or validation_failure, such as created'),
  token: z.string().optional().describe('Stable code, such as input_validation_error'),
  message: z
    .string()
    .optional()
    .describe('What is wrong, where, and what would be right, such as name: must not be empty'),
  errors: z.array(z.unknown()).optional().describe('What went wrong; empty: nothing'),
});
export type BulkResult = z.infer<typeof bulkResultSchema>;

export const ruleSidesSchema = z.array(z.enum(RULE_SIDES)).max(2);
export const warningSchema = z
  .object({
    token: z.string().describe('Stable code, such as input_validation_error'),
    message: z
      .string()
      .describe('What is wrong, where, and what would be right, such as name: must not be empty'),
  })
  .meta({ id: 'Warning', description: 'What is legal but probably wrong' });
