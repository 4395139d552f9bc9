/** Structure of a scenario file. What a policy means is the policy core's; this is only how it is written down. */
import { ENFORCEMENT_MODES, NETWORK_TYPES, POLICY_DECISIONS, RULE_SIDES } from '@bulkhead/policy';
import { z } from 'zod';

const name = z.string().min(1);
const decidingName = name.refine((text) => text !== 'default' && text !== 'essential', {
  message: 'is a word of the format; choose another name',
});
const label = z.string().regex(/^[^=]+=.+$/, 'must be key=value');
const protocolWord = z.enum(['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'gre', 'igmp']);
const protocol = z.union([protocolWord, z.number().int().min(0).max(255)]);
const port = z.number().int().min(-1).max(65535);
const fqdn = z
  .string()
  .regex(
    /^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
    'must be a name such as example.com, or *.example.com for every name below it',
  );
const reserved = (words: readonly string[]) =>
  name.refine((text) => !words.includes(text), {
    message: 'always exists; choose another name',
  });

const servicePortSchema = z.union([
  z.string().min(1),
  z
    .strictObject({
      proto: protocol,
      port: port.optional(),
      to_port: z.number().int().min(1).max(65535).optional(),
      icmp_type: z.number().int().min(0).max(255).optional(),
      icmp_code: z.number().int().min(0).max(255).optional(),
    })
    .refine((item) => item.to_port === undefined || item.port !== undefined, {
      path: ['to_port'],
      message: 'needs a port that the range begins at',
    })
    .refine((item) => item.icmp_code === undefined || item.icmp_type !== undefined, {
      path: ['icmp_code'],
      message: 'needs an icmp_type',
    }),
]);
export type ServicePortText = z.infer<typeof servicePortSchema>;

const actor = z.union(
  [
    z.literal('ams'),
    label,
    z.strictObject({ label }),
    z.strictObject({ label_group: name }),
    z.strictObject({ workload: name }),
    z.strictObject({ ip_list: name }),
    z.strictObject({ virtual_service: name }),
  ],
  {
    error:
      'must be ams, a label such as role=web, or one of label, label_group, workload, ip_list, virtual_service with a name',
  },
);
export type ActorText = z.infer<typeof actor>;
const side = z.array(actor).min(1, 'must name somebody; a side is never an empty list');
const ingress = z.array(servicePortSchema).min(1).optional();

const interfaceSchema = z.strictObject({
  name,
  addresses: z.array(z.string()),
  gateway: z.string().optional(),
  network_profile: z.enum(['corporate', 'external']).optional(),
});

const workload = z.strictObject({
  name,
  type: z.enum(['server', 'endpoint', 'unmanaged']).default('server'),
  labels: z.record(name, name).default({}),
  enforcement_mode: z.enum(ENFORCEMENT_MODES).optional(),
  ven_version: z
    .string()
    .regex(/^\d+(\.\d+)+(-\d+)?$/, 'must be a version such as 23.2.0')
    .optional(),
  online: z.boolean().optional(),
  addresses: z.array(z.string()).min(1).optional(),
  interfaces: z.array(interfaceSchema).min(1).optional(),
});

const rule = z.strictObject({
  name: decidingName.optional(),
  providers: side,
  consumers: side,
  ingress_services: ingress,
  unscoped_consumers: z.boolean().default(false),
  use_workload_subnets: z.array(z.enum(RULE_SIDES)).default([]),
  network_type: z.enum(NETWORK_TYPES).default('brn'),
  stateless: z.boolean().default(false),
  enabled: z.boolean().default(true),
});

const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1)]).transform((value) => [value].flat() as z.output<T>[]);
const byNames = oneOrMore(name);
const endExpectation = z.union([
  z.enum([...POLICY_DECISIONS, 'none']),
  z.strictObject({
    decision: z.enum([...POLICY_DECISIONS, 'none']).optional(),
    by: byNames.optional(),
  }),
]);
export type EndExpectation = z.infer<typeof endExpectation>;

const expectation = z.strictObject({
  from: byNames,
  to: byNames,
  proto: protocol.default('tcp'),
  port: oneOrMore(z.number().int().min(1).max(65535)).optional(),
  icmp_type: z.number().int().min(0).max(255).optional(),
  icmp_code: z.number().int().min(0).max(255).optional(),
  family: z.enum(['ipv4', 'ipv6']).optional(),
  from_address: z.string().optional(),
  to_address: z.string().optional(),
  from_interface: z.string().optional(),
  to_interface: z.string().optional(),
  decision: z.enum(POLICY_DECISIONS),
  by: byNames.optional(),
  outbound: endExpectation.optional(),
  inbound: endExpectation.optional(),
  note: z.string().optional(),
});
export type Expectation = z.infer<typeof expectation>;

export const scenarioSchema = z.strictObject({
  name,
  description: z.string().optional(),
  labels: z.record(name, z.array(name)).optional(),
  label_groups: z
    .array(
      z.strictObject({
        name,
        key: name,
        labels: z.array(name).default([]),
        sub_groups: z.array(name).default([]),
      }),
    )
    .default([]),
  workloads: z.array(workload).default([]),
  external_hosts: z
    .array(
      z.strictObject({ name, addresses: z.array(z.string()).min(1), fqdn: z.string().optional() }),
    )
    .default([]),
  ip_lists: z
    .array(
      z.strictObject({
        name: reserved(['Any', 'Any (0.0.0.0/0 and ::/0)']),
        ranges: z.array(z.string()).default([]),
        exclusions: z.array(z.string()).default([]),
        fqdns: z.array(fqdn).default([]),
      }),
    )
    .default([]),
  services: z
    .array(
      z.strictObject({
        name: reserved(['All Services']),
        service_ports: z.array(servicePortSchema).min(1),
      }),
    )
    .default([]),
  virtual_services: z
    .array(
      z.strictObject({
        name,
        service: servicePortSchema,
        workloads: z.array(name).default([]),
        addresses: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  rulesets: z
    .array(
      z.strictObject({
        name,
        enabled: z.boolean().default(true),
        scopes: z
          .array(
            z.array(
              z.union([label, z.strictObject({ label }), z.strictObject({ label_group: name })]),
            ),
          )
          .default([]),
        rules: z.array(rule),
      }),
    )
    .default([]),
  enforcement_boundaries: z
    .array(
      z.strictObject({
        name: decidingName,
        providers: side,
        consumers: side,
        ingress_services: ingress,
        network_type: z.enum(NETWORK_TYPES).default('brn'),
        enabled: z.boolean().default(true),
      }),
    )
    .default([]),
  expect: z.array(expectation).default([]),
  expect_subnets: z
    .array(
      z.strictObject({
        workload: name,
        rule: name,
        peers: z.enum(RULE_SIDES),
        addresses: z.array(z.string()),
        note: z.string().optional(),
      }),
    )
    .default([]),
});
export type Scenario = z.infer<typeof scenarioSchema>;
/** A scenario as a file holds it, before defaults. */
export type ScenarioDocument = z.input<typeof scenarioSchema>;

/** A fault of a file: a path such as `rulesets[0].rules[2].providers[0]`, and what would be right. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('');
}
