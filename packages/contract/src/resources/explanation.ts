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
const namedMembers = { href: hrefSchema, name: z.string().describe('Name, such as Web servers') };
const named = z
  .object(namedMembers)
  .meta({ id: 'NamedRef', description: 'An object and its name' });
const label = labelRefSchema;
/** One protocol with its ports or ICMP types; null means all of them. */
export const policyPortSchema = z
  .object({
    protocol: z.number().int().describe('IANA protocol number, such as 6'),
    port: z
      .number()
      .int()
      .nullable()
      .describe('Port, or the first of a range; 0: all, such as 443'),
    to_port: z.number().int().nullable().describe('Last port of a range, such as 8099'),
    icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
    icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
    process: z.string().optional().describe('Path of the program, such as /usr/sbin/nginx'),
    windows_service: z
      .string()
      .optional()
      .describe('Name of the Windows service, such as TermService'),
  })
  .meta({ id: 'PolicyPort', description: 'Protocol with ports, ICMP type, program' });
const side = z.enum(RULE_SIDES).describe('Side of the rule');
const ruleOr = <const T extends readonly string[]>(kinds: T) =>
  z.object({ ...namedMembers, kind: z.enum(kinds).describe('Which of the forms this is') });

const connectionEnd = z.object({
  workload: hrefSchema.nullable().describe('A workload'),
  address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
  interface_name: z.string().nullable().describe('Network interface of the host, such as eth0'),
  fqdn: z
    .string()
    .nullable()
    .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
  principals: z.array(z.string()).optional().describe('SIDs of user groups'),
  process: z.string().optional().describe('Path of the program, such as /usr/sbin/nginx'),
  windows_service: z
    .string()
    .optional()
    .describe('Name of the Windows service, such as TermService'),
});
const connection = z.object({
  source: connectionEnd.describe('The end that connects'),
  destination: connectionEnd.describe('The end that is reached'),
  protocol: z.number().int().describe('IANA protocol number, such as 6'),
  port: z.number().int().nullable().describe('Port, or the first of a range; 0: all, such as 443'),
  icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
  icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
});

const scope = z.object({
  index: z.number().int().describe('Place of the scope in its ruleset, from 0, such as 0'),
  entries: z
    .array(
      z.object({
        ...namedMembers,
        kind: z.enum(['label', 'label_group']).describe('Which of the forms this is'),
        key: z.string().describe('Label dimension that is asked about, such as role'),
        exclusion: z.boolean().describe('true: all of its dimension but this one'),
      }),
    )
    .describe('Entries'),
});
const statementMembers = {
  ...namedMembers,
  version: z.number().int().describe('Policy version in which it last changed, such as 12'),
  rule_set: named.nullable().describe('Ruleset that it stands in'),
  scope: scope.nullable().describe('Where it applies; empty: everywhere'),
  network_type: z
    .enum(NETWORK_TYPES)
    .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
};

const matchedCondition = z.object({
  key: z.string().describe('Label dimension that is asked about, such as role'),
  from: z
    .enum(['actors', 'scope'])
    .describe('Whether the side of the rule or its scope asks for it'),
  test: z.enum(['in', 'not']).describe('Whether the label has to be in the set or not in it'),
  label: label.nullable().describe('A label'),
  through: named.nullable().describe('Label group through which it is in'),
});
const conditions = z.array(matchedCondition).describe('What was asked of it, and how it holds');
const matchReason = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('ams').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
      conditions,
    }),
    z.object({
      kind: kind('label').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
      conditions,
    }),
    z.object({
      kind: kind('subnet').describe('Which of the forms this is'),
      network: z.string().describe('Subnet that stands for the workload, such as 10.1.0.0/16'),
      workload: named.describe('A workload'),
      conditions,
    }),
    z.object({
      kind: kind('workload').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
    }),
    z.object({
      kind: kind('virtual_service').describe('Which of the forms this is'),
      virtual_service: named.describe('A virtual service'),
      workload: named.nullable().describe('A workload'),
      range: z.string().nullable().describe('Range of addresses, such as 10.0.0.0-10.0.0.255'),
    }),
    z.object({
      kind: kind('ip_list').describe('Which of the forms this is'),
      ip_list: named.describe('An IP list'),
      range: z.string().nullable().describe('Range of addresses, such as 10.0.0.0-10.0.0.255'),
      fqdn: z
        .string()
        .nullable()
        .describe('DNS name, or *.NAME for every name below, such as www.example.com'),
    }),
  ])
  .meta({ id: 'MatchReason', description: 'Why a side of a rule matches an end' });
const statementMatch = z
  .object({
    ...statementMembers,
    providers: z.array(matchReason).describe('Who offers the services'),
    consumers: z.array(matchReason).describe('Who connects'),
    service: z
      .object({
        service: named.nullable().describe('Service by which it matched'),
        virtual_service: named.nullable().describe('A virtual service'),
        port: policyPortSchema.describe('Port, or the first of a range; 0: all'),
      })
      .describe('Service by which it matched'),
    principals: z.array(z.string()).describe('SIDs of user groups'),
  })
  .meta({ id: 'StatementMatch', description: 'How a rule or boundary matches a connection' });

const suggestedActor = z.discriminatedUnion('kind', [
  z.object({ kind: kind('label').describe('Which of the forms this is'), label }),
  z.object({
    kind: kind('workload').describe('Which of the forms this is'),
    workload: named.describe('A workload'),
  }),
  z.object({
    kind: kind('address').describe('Which of the forms this is'),
    address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
    ip_list: named.nullable().describe('An IP list'),
  }),
]);
const suggestionSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('label').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
      key: z.string().describe('Label dimension that is asked about, such as role'),
      wants: z.array(label).describe('What it would have to be'),
      unwanted: z.array(label).describe('Labels that it must not have'),
    }),
    z.object({
      kind: kind('service').describe('Which of the forms this is'),
      to: ruleOr(['rule', 'service', 'virtual_service']).describe('What is to be put there'),
      add: policyPortSchema.describe('What is to be added, such as 192.0.2.10'),
    }),
    z.object({
      kind: kind('enable').describe('Which of the forms this is'),
      what: ruleOr(['rule', 'rule_set']).describe('What it is about'),
    }),
    z.object({
      kind: kind('network_type').describe('Which of the forms this is'),
      rule: named.describe('A rule'),
      to: z.enum(NETWORK_TYPES).describe('What is to be put there'),
    }),
    z.object({
      kind: kind('actor').describe('Which of the forms this is'),
      rule: named.describe('A rule'),
      side,
      workload: named.describe('A workload'),
    }),
    z.object({
      kind: kind('address').describe('Which of the forms this is'),
      ip_list: named.describe('An IP list'),
      add: z.string().describe('What is to be added, such as 192.0.2.10'),
    }),
    z.object({
      kind: kind('online').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
    }),
    z.object({
      kind: kind('user_groups').describe('Which of the forms this is'),
      rule: named.describe('A rule'),
      add: z.array(z.string()).describe('What is to be added, such as 192.0.2.10'),
    }),
    z.object({
      kind: kind('ipv6_mode').describe('Which of the forms this is'),
      to: z.enum(IPV6_MODES).describe('What is to be put there'),
    }),
    z.object({
      kind: kind('new_rule').describe('Which of the forms this is'),
      providers: z.array(suggestedActor).describe('Who offers the services'),
      consumers: z.array(suggestedActor).describe('Who connects'),
      service: policyPortSchema.describe('Service by which it matched'),
      network_type: z
        .enum(NETWORK_TYPES)
        .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
    }),
  ])
  .meta({ id: 'Suggestion', description: 'What would let a connection pass' });
const suggestion = suggestionSchema
  .nullable()
  .describe('What would let the connection pass; null: nothing that is known');

const failingCondition = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('label').describe('Which of the forms this is'),
      side,
      from: z
        .array(z.enum(['actors', 'scope']))
        .describe('Whether the side of the rule or its scope asks for it'),
      workload: named.describe('A workload'),
      key: z.string().describe('Label dimension that is asked about, such as role'),
      test: z.enum(['in', 'not']).describe('Whether the label has to be in the set or not in it'),
      has: label.nullable().describe('What it has instead'),
      labels: z.array(label).describe('Labels that would do'),
      suggestion,
    }),
    z.object({
      kind: kind('nobody').describe('Which of the forms this is'),
      side,
      key: z.string().nullable().describe('Label dimension that is asked about, such as role'),
      suggestion,
    }),
    z.object({
      kind: kind('not_named').describe('Which of the forms this is'),
      side,
      workload: named.nullable().describe('A workload'),
      address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
      suggestion,
    }),
    z.object({
      kind: kind('no_workload').describe('Which of the forms this is'),
      side,
      address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
      suggestion,
    }),
    z.object({
      kind: kind('offline').describe('Which of the forms this is'),
      side,
      workload: named.describe('A workload'),
      suggestion,
    }),
    z.object({
      kind: kind('no_peer_address').describe('Which of the forms this is'),
      side,
      workload: named.describe('A workload'),
      address: z.string().describe('IPv4 or IPv6 address, such as 192.0.2.10'),
      why: z.enum(['external_interface', 'never_a_peer', 'not_reported']).describe('Why it is so'),
      suggestion,
    }),
    z.object({
      kind: kind('service').describe('Which of the forms this is'),
      asked: z
        .object({
          protocol: z.number().int().describe('IANA protocol number, such as 6'),
          port: z
            .number()
            .int()
            .nullable()
            .describe('Port, or the first of a range; 0: all, such as 443'),
          icmp_type: z.number().int().nullable().describe('ICMP type, 0 to 255, such as 8'),
          icmp_code: z.number().int().nullable().describe('ICMP code, 0 to 255, such as 0'),
        })
        .describe('What was asked'),
      has: z.array(policyPortSchema).describe('What it has instead'),
      virtual_service: named.nullable().describe('A virtual service'),
      suggestion,
    }),
    z.object({
      kind: kind('program').describe('Which of the forms this is'),
      process: z.string().nullable().describe('Path of the program, such as /usr/sbin/nginx'),
      windows_service: z
        .string()
        .nullable()
        .describe('Name of the Windows service, such as TermService'),
      os_family: z.enum(OS_FAMILIES).nullable().describe('Family of the operating system'),
      has: z.array(policyPortSchema).describe('What it has instead'),
      virtual_service: named.nullable().describe('A virtual service'),
      suggestion,
    }),
    z.object({
      kind: kind('network_profile').describe('Which of the forms this is'),
      interface_name: z.string().nullable().describe('Network interface of the host, such as eth0'),
      network_profile: z.enum(NETWORK_PROFILES).describe('Network that the interface is on'),
      network_type: z
        .enum(NETWORK_TYPES)
        .describe('Networks it counts in: brn Corporate, non_brn all others, all both'),
      suggestion,
    }),
    z.object({
      kind: kind('disabled').describe('Which of the forms this is'),
      what: ruleOr(['rule', 'rule_set']).describe('What it is about'),
      suggestion,
    }),
    z.object({
      kind: kind('user_groups').describe('Which of the forms this is'),
      wants: z.array(z.string()).describe('What it would have to be'),
      has: z.array(z.string()).nullable().describe('What it has instead'),
      suggestion,
    }),
    z.object({
      kind: kind('user_groups_unsupported').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
      os_family: z.enum(OS_FAMILIES).nullable().describe('Family of the operating system'),
      suggestion,
    }),
    z.object({ kind: kind('ipv6_mode').describe('Which of the forms this is'), suggestion }),
  ])
  .meta({ id: 'FailingCondition', description: 'Why a rule or boundary does not match' });

const explainedEnd = z
  .discriminatedUnion('kind', [
    z.object({
      kind: kind('no_say').describe('Which of the forms this is'),
      why: z
        .enum([
          'external',
          'unknown_workload',
          'unmanaged',
          'idle',
          'suspended',
          'interface_not_managed',
        ])
        .describe('Why it is so'),
      workload: named.nullable().describe('A workload'),
      interface_name: z.string().nullable().describe('Network interface of the host, such as eth0'),
    }),
    z.object({
      kind: kind('decided').describe('Which of the forms this is'),
      workload: named.describe('A workload'),
      decision: z.enum(POLICY_DECISIONS).describe('What the policy says of it'),
      mode: z.enum(ENFORCEMENT_MODES).describe('Enforcement mode of the host'),
      interface_name: z.string().nullable().describe('Network interface of the host, such as eth0'),
      network_profile: z.enum(NETWORK_PROFILES).describe('Network that the interface is on'),
      precedence: z.enum([...PRECEDENCE, 'ipv6_mode']).describe('What decides, strongest first'),
      essential: z
        .enum(['loopback', 'icmp_error', 'neighbour_discovery', 'multicast_listener_discovery'])
        .nullable()
        .describe('Essential traffic, which always passes'),
      rules: z.array(statementMatch).describe('Rules that match, and how'),
      boundaries: z.array(statementMatch).describe('Enforcement boundaries that decide'),
      policy_class: z
        .object({
          workloads: z.number().int().describe('How many workloads, such as 40'),
          lines: z.number().int().describe("Lines of the class's host policy, such as 40"),
        })
        .describe('Workloads that every policy treats alike, this one among them'),
      nearest: z
        .array(
          z.object({
            ...statementMembers,
            failing: z.array(failingCondition).describe('What keeps it from matching'),
          }),
        )
        .describe('Rules that come nearest to matching, each with all that keeps it from doing so'),
      suggestion: suggestion.describe('What would let the connection pass at this end'),
    }),
  ])
  .meta({ id: 'ExplainedEnd', description: 'What one end says, and why' });

/** How much a policy core holds; the same numbers are in the metrics. */
export const policySizesSchema = z
  .object({
    workloads: z.number().int().describe('How many workloads, such as 40'),
    classes: z
      .number()
      .int()
      .describe('Policy classes: workloads that every policy treats alike, such as 12'),
    selectors: z.number().int().describe('Different sets of labels that rules name, such as 40'),
    policies: z.number().int().describe('Distinct host policies, such as 9'),
    sets: z.number().int().describe('Address sets, such as 30'),
    members: z.number().int().describe('Members of all address sets, such as 900'),
  })
  .meta({ id: 'PolicySizes', description: 'How much a policy holds' });

/** Answer of `explain`. Hrefs of policy objects carry the version that was asked. */
export const explanationSchema = z
  .object({
    pversion: z.string().describe('draft, active or the version that was asked, such as draft'),
    policy_version: z
      .number()
      .int()
      .describe('That version as a number; of the draft: the newest provisioned one, such as 12'),
    connection: connection.describe('The connection that was asked about'),
    decision: z.enum(POLICY_DECISIONS).describe('Both ends together'),
    ends: z
      .object({
        outbound: explainedEnd.describe('What the end that connects says'),
        inbound: explainedEnd.describe('What the end that is reached says'),
      })
      .describe('What each end says'),
    text: z.array(z.string()).describe('The same in lines for people'),
    sizes: policySizesSchema,
  })
  .meta({
    id: 'Explanation',
    description: 'Why a connection is decided so, and what would let it pass',
  });
export type ExplanationWire = z.infer<typeof explanationSchema>;
