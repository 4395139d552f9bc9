/** Pieces that many resources share. */
import { z } from 'zod';
import { RULE_SIDES } from '@bulkhead/policy';

export const hrefSchema = z
  .string()
  .max(512)
  .describe('Path after /api/v2; the identity of an object');
/** A reference in a request: any object with `href`, its other members are ignored. */
export const refSchema = z.object({ href: hrefSchema }).meta({ id: 'Ref' });
export type Ref = z.infer<typeof refSchema>;

export const timestampSchema = z.string().describe('UTC, ISO 8601 with milliseconds');
export const nameSchema = z.string().trim().min(1).max(255).describe('Name, 1 to 255 characters');
export const descriptionSchema = z.string().max(65535).nullable().describe('Free text');
/** Text that a write may leave out or clear. */
export const optionalText = z.string().max(255).nullable().optional();
export const externalSchema = z
  .string()
  .max(255)
  .nullable()
  .describe("Key of the object in another system's data");

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
  deleted_at: timestampSchema.nullable(),
  deleted_by: refSchema.nullable(),
  update_type: z.enum(['create', 'update', 'delete']).nullable(),
};
export const capsSchema = z
  .array(z.enum(['write', 'provision']))
  .describe('What the caller may do with it');

export const labelRefSchema = z
  .object({ href: hrefSchema, key: z.string(), value: z.string() })
  .meta({ id: 'LabelRef' });
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
  .describe('true or false');
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
    .describe('Default 500; a larger value is honoured; 0 answers the count alone'),
};
/** Ours: what the console needs to page through any collection by key. */
export const listQuery = {
  ...pageQuery,
  offset: integerParam.optional().describe('Items to pass over, for the console'),
  query: z.string().max(255).optional().describe('Part of the name, any letter case'),
  external_data_set: z.string().optional(),
  external_data_reference: z.string().optional(),
};

export const orgParams = z.object({ org_id: z.string() });
export const orgIdParams = z.object({ org_id: z.string(), id: z.string() });
export const versionParams = z.object({ org_id: z.string(), pversion: z.string() });
export const versionIdParams = z.object({
  org_id: z.string(),
  pversion: z.string(),
  id: z.string(),
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
    .describe('updated_at of the state that was edited; refused when it has moved on'),
});

// --- service ports and actors, used by services, rules, boundaries and flows ---

const portNumber = z.number().int().min(-1).max(65535);
/** Protocol, ports and ICMP types as a request names them. */
export const portMembers = {
  proto: z.number().int().min(-1).max(255).describe('IANA number; -1 is every protocol'),
  port: portNumber.nullable().optional(),
  to_port: portNumber.nullable().optional(),
  icmp_type: z.number().int().min(0).max(255).nullable().optional(),
  icmp_code: z.number().int().min(0).max(255).nullable().optional(),
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
  .meta({ id: 'ServicePortWrite' });
export const servicePortSchema = z
  .object({
    proto: z.number().int(),
    port: z.number().int().optional().describe('0: all ports'),
    to_port: z.number().int().optional(),
    icmp_type: z.number().int().nullable().optional(),
    icmp_code: z.number().int().nullable().optional(),
  })
  .meta({ id: 'ServicePort' });
export type ServicePortWire = z.infer<typeof servicePortSchema>;

const exclusion = {
  exclusion: z.boolean().optional().describe('true: all but this one, within its key'),
};
/** In requests: exactly one kind; a reference may carry other members, they are ignored. */
export const actorWriteSchema = z
  .union([
    z.strictObject({ actors: z.literal('ams') }),
    z.strictObject({ label: refSchema, ...exclusion }),
    z.strictObject({ label_group: refSchema, ...exclusion }),
    z.strictObject({ workload: refSchema }),
    z.strictObject({ virtual_service: refSchema }),
    z.strictObject({ ip_list: refSchema }),
  ])
  .meta({ id: 'ActorWrite' });
export type ActorWrite = z.infer<typeof actorWriteSchema>;
export const actorSchema = z
  .object({
    actors: z.literal('ams').optional(),
    label: labelRefSchema.optional(),
    label_group: z.object({ href: hrefSchema, key: z.string(), name: z.string() }).optional(),
    workload: z
      .object({
        href: hrefSchema,
        name: z.string().nullable(),
        hostname: z.string().nullable(),
        deleted: z.boolean(),
      })
      .optional(),
    virtual_service: z.object({ href: hrefSchema, name: z.string() }).optional(),
    ip_list: z.object({ href: hrefSchema, name: z.string() }).optional(),
    exclusion: z.boolean().optional(),
  })
  .meta({ id: 'Actor' });
export type ActorWire = z.infer<typeof actorSchema>;

/** Ports named in place, where no service object is: TCP or UDP alone. */
export const inlinePortWriteSchema = z
  .strictObject({
    proto: z.union(
      [z.literal(6), z.literal(17)],
      'must be 6 (TCP) or 17 (UDP); write anything else as a service',
    ),
    port: portNumber.optional(),
    to_port: portNumber.optional(),
  })
  .superRefine(checkPorts)
  .meta({ id: 'InlinePortWrite' });
export const ingressServiceWriteSchema = z
  .union([z.object({ href: hrefSchema }), inlinePortWriteSchema])
  .meta({ id: 'IngressServiceWrite' });
export const ingressServiceSchema = z
  .object({
    href: hrefSchema.optional(),
    name: z.string().optional(),
    proto: z.number().int().optional(),
    port: z.number().int().optional(),
    to_port: z.number().int().optional(),
  })
  .meta({ id: 'IngressService' });
export type IngressServiceWire = z.infer<typeof ingressServiceSchema>;

/** Scopes: each with at most one entry of a key. */
export const scopesSchema = z.array(
  z.array(
    z.object({
      label: labelRefSchema.optional(),
      label_group: z.object({ href: hrefSchema, key: z.string(), name: z.string() }).optional(),
      exclusion: z.boolean().optional(),
    }),
  ),
);
export const scopesWriteSchema = z
  .array(
    z
      .array(
        z.union([
          z.strictObject({ label: refSchema, ...exclusion }),
          z.strictObject({ label_group: refSchema, ...exclusion }),
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
  status: z.string().optional(),
  token: z.string().optional(),
  message: z.string().optional(),
  errors: z.array(z.unknown()).optional(),
});
export type BulkResult = z.infer<typeof bulkResultSchema>;

export const ruleSidesSchema = z.array(z.enum(RULE_SIDES)).max(2);
export const warningSchema = z
  .object({ token: z.string(), message: z.string() })
  .meta({ id: 'Warning' });
