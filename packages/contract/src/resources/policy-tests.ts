/** Policy tests: which connections must be allowed or blocked, kept beside the policy and held against it at every provision (ours). */
import { z } from 'zod';
import { POLICY_DECISIONS } from '@bulkhead/policy';
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
  timestampSchema,
} from '../shared.ts';
import { changeSubsetSchema } from './policy.ts';

/** Connections that one test stands for: hosts of `from`, times hosts of `to`, times ports. */
export const MAX_POLICY_TEST_CHECKS = 10_000;
/** Tests that one run may be given. */
const MAX_POLICY_TESTS_GIVEN = 1000;
/** Failures that a result shows. */
export const MAX_POLICY_TEST_FAILURES = 10;
const PORT_PROTOCOLS: readonly number[] = [6, 17, 132];
const ICMP_PROTOCOLS: readonly number[] = [1, 58];

/** In requests: a workload; every workload that has all of the labels; an address. */
export const policyTestHostWriteSchema = z
  .union([
    z.strictObject({ workload: refSchema.describe('A workload') }),
    z.strictObject({
      labels: z
        .array(refSchema)
        .min(1)
        .max(20)
        .describe('Labels, at most one of a dimension, such as [["/orgs/1/labels/2"]]'),
    }),
    z.strictObject({
      address: z
        .string()
        .trim()
        .min(1)
        .max(64)
        .describe('IPv4 or IPv6 address, such as 192.0.2.10'),
    }),
  ])
  .meta({
    id: 'PolicyTestHostWrite',
    description: 'A workload, all with these labels, or an address',
  });
export type PolicyTestHostWrite = z.infer<typeof policyTestHostWriteSchema>;
export const policyTestHostSchema = z
  .object({
    workload: z
      .object({
        href: hrefSchema,
        name: z.string().nullable().describe('Name, such as Web servers'),
        hostname: z.string().nullable().describe('Name of the host, such as web-1.example.com'),
        deleted: z.boolean().describe('true: it was deleted, and is kept for what refers to it'),
      })
      .optional()
      .describe('A workload'),
    labels: z
      .array(labelRefSchema)
      .optional()
      .describe('Labels, at most one of a dimension, such as [["/orgs/1/labels/2"]]'),
    address: z.string().optional().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
  })
  .meta({ id: 'PolicyTestHost', description: 'Hosts of a policy test' });
export type PolicyTestHostWire = z.infer<typeof policyTestHostSchema>;

const byList = z
  .array(z.string().trim().min(1).max(512))
  .min(1)
  .max(50)
  .describe('Hrefs or names of rules and boundaries, or default, essential, ipv6_mode');
const endExpectation = z
  .strictObject({
    decision: z
      .enum([...POLICY_DECISIONS, 'none'])
      .optional()
      .describe('none: that end has no say'),
    by: byList.optional(),
  })
  .refine((value) => value.decision !== undefined || value.by !== undefined, {
    message: 'needs decision or by',
  })
  .meta({ id: 'EndExpectation', description: 'What one end is expected to say' });

const hosts = z.array(policyTestHostWriteSchema).min(1).max(200);
const written = {
  name: nameSchema,
  description: descriptionSchema.optional(),
  enabled: z.boolean().optional().describe('Default true'),
  from: hosts.describe('Who connects; several hosts mean every combination'),
  to: hosts.describe('Who is reached'),
  proto: z
    .number()
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe('IANA number; default 6, TCP, such as 6'),
  ports: z
    .array(z.number().int().min(1).max(65535))
    .max(1000)
    .optional()
    .describe('Destination ports: one or more for TCP, UDP and SCTP, none for other protocols'),
  icmp_type: z
    .number()
    .int()
    .min(0)
    .max(255)
    .nullable()
    .optional()
    .describe('Default: echo request, such as 8'),
  icmp_code: z
    .number()
    .int()
    .min(0)
    .max(255)
    .nullable()
    .optional()
    .describe('Default 0, such as 0'),
  family: z
    .enum(['ipv4', 'ipv6'])
    .nullable()
    .optional()
    .describe('Default: that of a given address or of the ICMP version, else IPv4, else IPv6'),
  decision: z.enum(POLICY_DECISIONS).describe('Of both ends together'),
  by: byList
    .nullable()
    .optional()
    .describe('What must be among those that decide, where an end agrees with the decision'),
  outbound: endExpectation.nullable().optional().describe('What the from end says by itself'),
  inbound: endExpectation.nullable().optional().describe('What the to end says by itself'),
  note: z
    .string()
    .max(1000)
    .nullable()
    .optional()
    .describe('Shown with a failure, such as Ask the team of the shop'),
};

interface Protocol {
  readonly proto?: number | undefined;
  readonly ports?: readonly number[] | undefined;
  readonly icmp_type?: number | null | undefined;
  readonly icmp_code?: number | null | undefined;
  readonly family?: 'ipv4' | 'ipv6' | null | undefined;
}

/** What protocol, ports, ICMP type and family of a whole test contradict, by member; empty when they go together. */
export function policyTestContradictions(
  test: Protocol,
): readonly { readonly member: keyof Protocol; readonly message: string }[] {
  const proto = test.proto ?? 6;
  const ports = test.ports ?? [];
  const hasPorts = PORT_PROTOCOLS.includes(proto);
  const isIcmp = ICMP_PROTOCOLS.includes(proto);
  const wrongFamily = proto === 1 ? 'ipv6' : proto === 58 ? 'ipv4' : undefined;
  const found: { member: keyof Protocol; message: string }[] = [];
  if (hasPorts && ports.length === 0)
    found.push({ member: 'ports', message: 'give the destination port for TCP, UDP and SCTP' });
  if (!hasPorts && ports.length > 0)
    found.push({
      member: 'ports',
      message: 'only TCP (6), UDP (17) and SCTP (132) have ports; leave it out',
    });
  for (const member of ['icmp_type', 'icmp_code'] as const)
    if (!isIcmp && test[member] != null)
      found.push({ member, message: 'only ICMP (1) and ICMPv6 (58) have it; leave it out' });
  if (wrongFamily !== undefined && test.family === wrongFamily)
    found.push({
      member: 'family',
      message: `${proto === 1 ? 'ICMP is IPv4' : 'ICMPv6 is IPv6'}; leave it out`,
    });
  return found;
}

export const policyTestWriteSchema = z.strictObject(written).superRefine((value, context) => {
  for (const { member, message } of policyTestContradictions(value))
    context.addIssue({ code: 'custom', path: [member], message });
});
export type PolicyTestWrite = z.infer<typeof policyTestWriteSchema>;
const policyTestChangeSchema = z.strictObject({
  ...written,
  name: written.name.optional(),
  from: written.from.optional().describe('Who connects'),
  to: written.to.optional().describe('Who is reached'),
  decision: written.decision.optional().describe('Decision that is expected of both ends together'),
});

const checkedEnd = z.object({
  workload: hrefSchema.nullable().describe('A workload'),
  name: z.string().nullable().describe('Name, such as Web servers'),
  address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
});
export const policyTestFailureSchema = z
  .object({
    connection: z
      .object({
        from: checkedEnd.describe('Who connects'),
        to: checkedEnd.describe('Who is reached'),
        proto: z.number().int().describe('IANA protocol number; -1 is every protocol, such as 6'),
        port: z
          .number()
          .int()
          .nullable()
          .describe('Port, or the first of a range; 0: all, such as 443'),
        icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
        icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
        text: z
          .string()
          .describe(
            'The connection in words, such as web-1 (10.0.1.10) to db-1 (10.0.2.10) on TCP 5432',
          ),
      })
      .describe('The connection'),
    expected: z.string().describe('Decision that the test states, such as allowed'),
    got: z.string().describe('Decision of the policy, such as blocked'),
    differences: z.array(z.string()).describe('A sentence for each difference'),
    explanation: z.array(z.string()).describe('Lines that say why the policy decides so'),
  })
  .meta({ id: 'PolicyTestFailure', description: 'A connection that is decided otherwise' });
export type PolicyTestFailure = z.infer<typeof policyTestFailureSchema>;

export const POLICY_TEST_STATES = ['passed', 'failed', 'no_hosts', 'not_run'] as const;
export type PolicyTestState = (typeof POLICY_TEST_STATES)[number];
/** What a test said last. `no_hosts`: a side has no host, so that nothing was held against the policy. */
export const policyTestResultSchema = z
  .object({
    state: z.enum(POLICY_TEST_STATES).describe('Only tests that said this last'),
    message: z.string().nullable().describe('Why there is no answer, or why it failed as a whole'),
    checked: z.number().int().describe('Connections held against the policy, such as 24'),
    failed: z.number().int().describe('Connections that were decided otherwise, such as 1'),
    failures: z
      .array(policyTestFailureSchema)
      .describe(`The first ${MAX_POLICY_TEST_FAILURES} of them`),
    policy_version: z
      .number()
      .int()
      .nullable()
      .describe('Version of the policy that it was held against, such as 12'),
    at: timestampSchema.nullable().describe('When it was held against the policy; null: never'),
  })
  .meta({ id: 'PolicyTestResult', description: 'What a test said last' });
export type PolicyTestResult = z.infer<typeof policyTestResultSchema>;

export const policyTestSchema = z
  .object({
    href: hrefSchema,
    name: z.string().describe('Name, such as Web servers'),
    description: descriptionSchema,
    enabled: z.boolean().describe('false: it is kept, and counts for nothing'),
    from: z.array(policyTestHostSchema).describe('Who connects'),
    to: z.array(policyTestHostSchema).describe('Who is reached'),
    proto: z.number().int().describe('IANA protocol number; -1 is every protocol, such as 6'),
    ports: z.array(z.number().int()).describe('Destination ports'),
    icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
    icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
    family: z.enum(['ipv4', 'ipv6']).nullable().describe('IPv4 or IPv6'),
    decision: z.enum(POLICY_DECISIONS).describe('Decision that is expected of both ends together'),
    by: z.array(z.string()).nullable().describe('What must be among those that decide'),
    outbound: endExpectation.nullable().describe('What the end that connects says'),
    inbound: endExpectation.nullable().describe('What the end that is reached says'),
    note: z.string().nullable().describe("Shown with a failure, such as Ask the shop's team"),
    result: policyTestResultSchema.describe('What it said last'),
    ...audited,
    caps: capsSchema,
  })
  .meta({ id: 'PolicyTest', description: 'Connections that must be allowed or blocked' });
export type PolicyTestWire = z.infer<typeof policyTestSchema>;

export const policyTestRunSchema = z
  .object({
    pversion: z.string().describe('State that the tests were held against, such as draft'),
    state: z.enum(['passed', 'failed']).describe('failed when any test failed'),
    results: z
      .array(
        z.object({
          href: hrefSchema.nullable().describe('Null: the test came with the request'),
          name: z.string().describe('Name, such as Web servers'),
          result: policyTestResultSchema.describe('What it said last'),
        }),
      )
      .describe('Results'),
  })
  .meta({ id: 'PolicyTestRun', description: 'What tests say of a state of the policy' });
export type PolicyTestRun = z.infer<typeof policyTestRunSchema>;

const T = '/orgs/:org_id/policy_tests';
export const policyTestEndpoints = {
  'policy_tests.list': endpoint({
    method: 'GET',
    path: T,
    permission: 'pol',
    tag: 'Policy tests',
    params: orgParams,
    summary: 'Policy tests with their last results (ours)',
    query: z.object({
      ...listQuery,
      name: z.string().optional().describe('Name, such as Web servers'),
      state: z.enum(POLICY_TEST_STATES).optional().describe('Only tests that said this last'),
    }),
    status: 200,
    answer: 'collection',
    response: policyTestSchema,
  }),
  'policy_tests.create': endpoint({
    method: 'POST',
    path: T,
    permission: 'edit',
    events: ['policy_test.create'],
    tag: 'Policy tests',
    params: orgParams,
    summary: 'A test that every provision has to pass from now on',
    body: policyTestWriteSchema,
    represents: policyTestSchema,
    status: 201,
    answer: 'json',
    response: policyTestSchema,
  }),
  'policy_tests.run': endpoint({
    method: 'POST',
    path: `${T}/run`,
    permission: 'pol',
    tag: 'Policy tests',
    params: orgParams,
    summary:
      'Holds all enabled tests against the active policy, or against what provisioning the draft (or a subset of it) would make active; stored ones or given ones, and stores nothing',
    body: z.strictObject({
      pversion: z.enum(['draft', 'active']).describe('State that the tests were held against'),
      change_subset: changeSubsetSchema.optional().describe('Only these changes of the draft'),
      tests: z
        .array(policyTestWriteSchema)
        .min(1)
        .max(MAX_POLICY_TESTS_GIVEN)
        .optional()
        .describe('Holds these against the policy instead of those that are stored'),
    }),
    reads: true,
    status: 200,
    answer: 'json',
    response: policyTestRunSchema,
  }),
  'policy_tests.get': endpoint({
    method: 'GET',
    path: `${T}/:id`,
    permission: 'pol',
    tag: 'Policy tests',
    params: orgIdParams,
    summary: 'One policy test with its last result',
    status: 200,
    answer: 'json',
    response: policyTestSchema,
  }),
  'policy_tests.update': endpoint({
    method: 'PUT',
    path: `${T}/:id`,
    permission: 'edit',
    events: ['policy_test.update'],
    tag: 'Policy tests',
    params: orgIdParams,
    summary: 'Changes a policy test',
    body: policyTestChangeSchema,
    represents: policyTestSchema,
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
  'policy_tests.delete': endpoint({
    method: 'DELETE',
    path: `${T}/:id`,
    permission: 'edit',
    events: ['policy_test.delete'],
    tag: 'Policy tests',
    params: orgIdParams,
    summary: 'Deletes a policy test',
    query: ifUpdatedAtQuery,
    status: 204,
    answer: 'empty',
  }),
};
