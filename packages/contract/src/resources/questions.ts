/** Questions that one asks of a policy at any version (ours): why a connection is decided so, what two versions differ in, what is probably wrong. */
import { z } from 'zod';
import { DIAGNOSTIC_CODES, DIAGNOSTIC_SEVERITIES } from '@bulkhead/policy';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, integerParam, orgParams, pageQuery, versionParams } from '../shared.ts';
import { diagnosticSchema } from './diagnostic.ts';
import { policyDifferenceSchema } from './difference.ts';
import { explanationSchema } from './explanation.ts';

const whole = (digits: number) =>
  z
    .string()
    .regex(new RegExp(`^\\d{1,${digits}}$`), 'must be a whole number')
    .transform(Number);
const addressText = z.string().trim().max(64);
const nameText = z.string().trim().min(1);
const ends = {
  src_workload: hrefSchema.optional().describe('The workload that connects'),
  src_ip: addressText.optional().describe('Address that connects, such as 192.0.2.10'),
  dst_workload: hrefSchema.optional().describe('The workload that is reached'),
  dst_ip: addressText.optional().describe('Address that is reached, such as 192.0.2.20'),
};
/** As query parameters: one connection. */
export const connectionQuery = {
  ...ends,
  protocol: whole(3).describe('IANA protocol number, such as 6'),
  port: whole(5).optional().describe('Destination port, such as 443'),
  icmp_type: whole(3).optional().describe('ICMP type, 0 to 255, such as 8'),
  icmp_code: whole(3).optional().describe('ICMP code, 0 to 255, such as 0'),
  fqdn: nameText
    .max(255)
    .optional()
    .describe('Name by which an external provider was resolved, such as www.example.com'),
  process: nameText
    .max(1024)
    .optional()
    .describe('Path of the program that answers, such as /usr/sbin/nginx'),
  windows_service: nameText
    .max(255)
    .optional()
    .describe('Windows service that answers, such as TermService'),
};

const versionWord = z
  .string()
  .regex(/^(draft|active|\d{1,9})$/, 'must be draft, active or the number of a version');

/** As a body: one connection. Each end by workload, by address, or by both. */
export const connectionQuestionSchema = z
  .strictObject({
    ...ends,
    protocol: z.number().int().min(0).max(255).describe('IANA protocol number, such as 6'),
    port: z.number().int().min(1).max(65535).optional().describe('Destination port, such as 443'),
    icmp_type: z
      .number()
      .int()
      .min(0)
      .max(255)
      .optional()
      .describe('ICMP type, 0 to 255, such as 8'),
    icmp_code: z
      .number()
      .int()
      .min(0)
      .max(255)
      .optional()
      .describe('ICMP code, 0 to 255, such as 0'),
    principals: z
      .array(z.string().max(255))
      .max(1000)
      .optional()
      .describe('SIDs of the groups of the user who connects'),
    fqdn: connectionQuery.fqdn,
    process: connectionQuery.process,
    windows_service: connectionQuery.windows_service,
  })
  .meta({
    id: 'ConnectionQuestion',
    description: 'One connection: each end by workload, address or both',
  });
export type ConnectionQuestion = z.infer<typeof connectionQuestionSchema>;

const S = '/orgs/:org_id/sec_policy';
export const questionEndpoints = {
  'sec_policy.explain': endpoint({
    method: 'GET',
    path: `${S}/:pversion/explain`,
    permission: 'pol',
    tag: 'Policy questions',
    params: versionParams,
    summary:
      'Why the policy decides a new connection as it does, and what would let it pass (ours); draft, active or any version',
    query: z.object(connectionQuery),
    status: 200,
    answer: 'json',
    response: explanationSchema,
  }),
  'sec_policy.explain_connection': endpoint({
    method: 'POST',
    path: `${S}/:pversion/explain`,
    permission: 'pol',
    tag: 'Policy questions',
    params: versionParams,
    summary: 'The same for a connection with user groups (ours)',
    body: connectionQuestionSchema,
    reads: true,
    status: 200,
    answer: 'json',
    response: explanationSchema,
  }),
  'sec_policy.difference': endpoint({
    method: 'GET',
    path: `${S}/difference`,
    permission: 'pol',
    tag: 'Policy questions',
    params: orgParams,
    summary:
      'Connections that one version decides otherwise than another, as sets of hosts and services (ours)',
    query: z.object({
      from: versionWord.optional().describe('Default active, such as active'),
      to: versionWord.optional().describe('Default draft, such as draft'),
      limit: integerParam
        .optional()
        .describe('Entries in each of gained and lost, the largest first; default 200, such as 50'),
      names: integerParam.optional().describe('Hosts named in each entry; default 20, such as 5'),
      workload: hrefSchema.optional().describe('Only connections of which it is one end'),
    }),
    status: 200,
    answer: 'json',
    response: policyDifferenceSchema,
  }),
  'sec_policy.diagnostics': endpoint({
    method: 'GET',
    path: `${S}/:pversion/diagnostics`,
    permission: 'pol',
    tag: 'Policy questions',
    params: versionParams,
    summary: 'What is legal in the policy but probably wrong, with a remedy (ours)',
    query: z.object({
      ...pageQuery,
      offset: integerParam.optional().describe('Items to pass over, such as 0'),
      code: z.enum(DIAGNOSTIC_CODES).optional().describe('Only findings with this code'),
      severity: z.enum(DIAGNOSTIC_SEVERITIES).optional().describe('Only findings as grave as this'),
    }),
    status: 200,
    answer: 'collection',
    response: diagnosticSchema,
  }),
};
