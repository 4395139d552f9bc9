/** Why a connection is decided as it is: the explanation of the policy core, in the words of the API. The same answer for API, console and VEN. */
import { z } from 'zod';
import {
  ENFORCEMENT_MODES,
  IPV6_MODES,
  NETWORK_PROFILES,
  NETWORK_TYPES,
  OS_FAMILIES,
  POLICY_DECISIONS,
  PRECEDENCE,
  RULE_SIDES,
} from '@bulkhead/policy';
import { hrefSchema, labelRefSchema } from '../shared.ts';

const kind = <const T extends string>(word: T) => z.literal(word);
const namedMembers = { href: hrefSchema, name: z.string() };
const named = z.object(namedMembers).meta({ id: 'NamedRef' });
const label = labelRefSchema;
/** One protocol with its ports or ICMP types; null means all of them. */
export const policyPortSchema = z
  .object({
    protocol: z.number().int(),
    port: z.number().int().nullable(),
    to_port: z.number().int().nullable(),
    icmp_type: z.number().int().nullable(),
    icmp_code: z.number().int().nullable(),
    process: z.string().optional(),
    windows_service: z.string().optional(),
  })
  .meta({ id: 'PolicyPort' });
const side = z.enum(RULE_SIDES);
const ruleOr = <const T extends readonly string[]>(kinds: T) =>
  z.object({ ...namedMembers, kind: z.enum(kinds) });

const connectionEnd = z.object({
  workload: hrefSchema.nullable(),
  address: z.string(),
  interface_name: z.string().nullable(),
  fqdn: z.string().nullable(),
  principals: z.array(z.string()).optional(),
  process: z.string().optional(),
  windows_service: z.string().optional(),
});
const connection = z.object({
  source: connectionEnd,
  destination: connectionEnd,
  protocol: z.number().int(),
  port: z.number().int().nullable(),
  icmp_type: z.number().int().nullable(),
  icmp_code: z.number().int().nullable(),
});

const scope = z.object({
  index: z.number().int(),
  entries: z.array(
    z.object({
      ...namedMembers,
      kind: z.enum(['label', 'label_group']),
      key: z.string(),
      exclusion: z.boolean(),
    }),
  ),
});
const statementMembers = {
  ...namedMembers,
  version: z.number().int(),
  rule_set: named.nullable(),
  scope: scope.nullable(),
  network_type: z.enum(NETWORK_TYPES),
};

const matchedCondition = z.object({
  key: z.string(),
  from: z.enum(['actors', 'scope']),
  test: z.enum(['in', 'not']),
  label: label.nullable(),
  through: named.nullable(),
});
const conditions = z.array(matchedCondition);
const matchReason = z
  .discriminatedUnion('kind', [
    z.object({ kind: kind('ams'), workload: named, conditions }),
    z.object({ kind: kind('label'), workload: named, conditions }),
    z.object({ kind: kind('subnet'), network: z.string(), workload: named, conditions }),
    z.object({ kind: kind('workload'), workload: named }),
    z.object({
      kind: kind('virtual_service'),
      virtual_service: named,
      workload: named.nullable(),
      range: z.string().nullable(),
    }),
    z.object({
      kind: kind('ip_list'),
      ip_list: named,
      range: z.string().nullable(),
      fqdn: z.string().nullable(),
    }),
  ])
  .meta({ id: 'MatchReason' });
const statementMatch = z
  .object({
    ...statementMembers,
    providers: z.array(matchReason),
    consumers: z.array(matchReason),
    service: z.object({
      service: named.nullable(),
      virtual_service: named.nullable(),
      port: policyPortSchema,
    }),
    principals: z.array(z.string()),
  })
  .meta({ id: 'StatementMatch' });

const suggestedActor = z.discriminatedUnion('kind', [
  z.object({ kind: kind('label'), label }),
  z.object({ kind: kind('workload'), workload: named }),
  z.object({ kind: kind('address'), address: z.string(), ip_list: named.nullable() }),
]);
const suggestionSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('label'),
      workload: named,
      key: z.string(),
      wants: z.array(label),
      unwanted: z.array(label),
    }),
    z.object({
      kind: kind('service'),
      to: ruleOr(['rule', 'service', 'virtual_service']),
      add: policyPortSchema,
    }),
    z.object({ kind: kind('enable'), what: ruleOr(['rule', 'rule_set']) }),
    z.object({ kind: kind('network_type'), rule: named, to: z.enum(NETWORK_TYPES) }),
    z.object({ kind: kind('actor'), rule: named, side, workload: named }),
    z.object({ kind: kind('address'), ip_list: named, add: z.string() }),
    z.object({ kind: kind('online'), workload: named }),
    z.object({ kind: kind('user_groups'), rule: named, add: z.array(z.string()) }),
    z.object({ kind: kind('ipv6_mode'), to: z.enum(IPV6_MODES) }),
    z.object({
      kind: kind('new_rule'),
      providers: z.array(suggestedActor),
      consumers: z.array(suggestedActor),
      service: policyPortSchema,
      network_type: z.enum(NETWORK_TYPES),
    }),
  ])
  .meta({ id: 'Suggestion' });
const suggestion = suggestionSchema.nullable();

const failingCondition = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('label'),
      side,
      from: z.array(z.enum(['actors', 'scope'])),
      workload: named,
      key: z.string(),
      test: z.enum(['in', 'not']),
      has: label.nullable(),
      labels: z.array(label),
      suggestion,
    }),
    z.object({ kind: kind('nobody'), side, key: z.string().nullable(), suggestion }),
    z.object({
      kind: kind('not_named'),
      side,
      workload: named.nullable(),
      address: z.string(),
      suggestion,
    }),
    z.object({ kind: kind('no_workload'), side, address: z.string(), suggestion }),
    z.object({ kind: kind('offline'), side, workload: named, suggestion }),
    z.object({
      kind: kind('no_peer_address'),
      side,
      workload: named,
      address: z.string(),
      why: z.enum(['external_interface', 'never_a_peer', 'not_reported']),
      suggestion,
    }),
    z.object({
      kind: kind('service'),
      asked: z.object({
        protocol: z.number().int(),
        port: z.number().int().nullable(),
        icmp_type: z.number().int().nullable(),
        icmp_code: z.number().int().nullable(),
      }),
      has: z.array(policyPortSchema),
      virtual_service: named.nullable(),
      suggestion,
    }),
    z.object({
      kind: kind('program'),
      process: z.string().nullable(),
      windows_service: z.string().nullable(),
      os_family: z.enum(OS_FAMILIES).nullable(),
      has: z.array(policyPortSchema),
      virtual_service: named.nullable(),
      suggestion,
    }),
    z.object({
      kind: kind('network_profile'),
      interface_name: z.string().nullable(),
      network_profile: z.enum(NETWORK_PROFILES),
      network_type: z.enum(NETWORK_TYPES),
      suggestion,
    }),
    z.object({ kind: kind('disabled'), what: ruleOr(['rule', 'rule_set']), suggestion }),
    z.object({
      kind: kind('user_groups'),
      wants: z.array(z.string()),
      has: z.array(z.string()).nullable(),
      suggestion,
    }),
    z.object({
      kind: kind('user_groups_unsupported'),
      workload: named,
      os_family: z.enum(OS_FAMILIES).nullable(),
      suggestion,
    }),
    z.object({ kind: kind('ipv6_mode'), suggestion }),
  ])
  .meta({ id: 'FailingCondition' });

const explainedEnd = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('no_say'),
      why: z.enum([
        'external',
        'unknown_workload',
        'unmanaged',
        'idle',
        'suspended',
        'interface_not_managed',
      ]),
      workload: named.nullable(),
      interface_name: z.string().nullable(),
    }),
    z.object({
      kind: kind('decided'),
      workload: named,
      decision: z.enum(POLICY_DECISIONS),
      mode: z.enum(ENFORCEMENT_MODES),
      interface_name: z.string().nullable(),
      network_profile: z.enum(NETWORK_PROFILES),
      precedence: z.enum([...PRECEDENCE, 'ipv6_mode']),
      essential: z
        .enum(['loopback', 'icmp_error', 'neighbour_discovery', 'multicast_listener_discovery'])
        .nullable(),
      rules: z.array(statementMatch),
      boundaries: z.array(statementMatch),
      policy_class: z.object({ workloads: z.number().int(), lines: z.number().int() }),
      nearest: z
        .array(z.object({ ...statementMembers, failing: z.array(failingCondition) }))
        .describe('Rules that come nearest to matching, each with all that keeps it from doing so'),
      suggestion: suggestion.describe('What would let the connection pass at this end'),
    }),
  ])
  .meta({ id: 'ExplainedEnd' });

/** How much a policy core holds; the same numbers are in the metrics. */
export const policySizesSchema = z
  .object({
    workloads: z.number().int(),
    classes: z.number().int().describe('Policy classes: workloads that every policy treats alike'),
    selectors: z.number().int(),
    policies: z.number().int().describe('Distinct host policies'),
    sets: z.number().int().describe('Address sets'),
    members: z.number().int().describe('Members of all address sets'),
  })
  .meta({ id: 'PolicySizes' });

/** Answer of `explain`. Hrefs of policy objects carry the version that was asked. */
export const explanationSchema = z
  .object({
    pversion: z.string().describe('draft, active or the version that was asked'),
    policy_version: z
      .number()
      .int()
      .describe('That version as a number; of the draft: the newest provisioned one'),
    connection,
    decision: z.enum(POLICY_DECISIONS).describe('Both ends together'),
    ends: z.object({ outbound: explainedEnd, inbound: explainedEnd }),
    text: z.array(z.string()).describe('The same in lines for people'),
    sizes: policySizesSchema,
  })
  .meta({ id: 'Explanation' });
export type ExplanationWire = z.infer<typeof explanationSchema>;
