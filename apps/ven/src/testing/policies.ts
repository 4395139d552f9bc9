import { createHash } from 'node:crypto';
import type { ExplanationWire, PolicyContent, PolicyDeltaContent } from '@bulkhead/contract';
import type { HostPolicy, HostRule } from '@bulkhead/policy';

export const RULE_HREF = '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/1';

/** Allows TCP 443 in from the set `s_web` on corporate networks. */
export function aWebRule(parts: Partial<HostRule> = {}): HostRule {
  return {
    action: 'allow',
    direction: 'inbound',
    networkType: 'brn',
    peers: ['s_web'],
    fqdns: [],
    services: [{ protocol: 6, port: 443, toPort: null, icmpType: null, icmpCode: null }],
    stateless: false,
    principals: [],
    origin: { href: RULE_HREF, version: 1 },
    ...parts,
  };
}

export const NAMES_HREF = '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/9';

/** Allows TCP 443 out to what the names stand for. */
export function aNamesRule(fqdns: readonly string[]): HostRule {
  return aWebRule({
    direction: 'outbound',
    networkType: 'all',
    peers: [],
    fqdns,
    origin: { href: NAMES_HREF, version: 4 },
  });
}

/** An explanation as the PCE gives it: inbound blocked, no say outbound. */
export function anExplanation(): ExplanationWire {
  const end = { interface_name: null, fqdn: null };
  return {
    pversion: 'active',
    policy_version: 7,
    connection: {
      source: { ...end, workload: null, address: '10.0.0.5' },
      destination: { ...end, workload: '/orgs/1/workloads/1', address: '203.0.113.2' },
      protocol: 6,
      port: 443,
      icmp_type: null,
      icmp_code: null,
    },
    decision: 'blocked',
    ends: {
      outbound: { kind: 'no_say', why: 'external', workload: null, interface_name: null },
      inbound: {
        kind: 'decided',
        workload: { href: '/orgs/1/workloads/1', name: 'db' },
        decision: 'blocked',
        mode: 'full',
        interface_name: 'eth0',
        network_profile: 'corporate',
        precedence: 'default',
        essential: null,
        rules: [],
        boundaries: [],
        policy_class: { workloads: 1, lines: 1 },
        nearest: [],
        suggestion: null,
      },
    },
    text: ['blocked at db: no rule allows it', 'add 10.0.0.5 to "Office"'],
    sizes: { workloads: 1, classes: 1, selectors: 1, policies: 1, sets: 1, members: 2 },
  };
}

export function aHostPolicy(parts: Partial<HostPolicy> = {}): PolicyContent['policy'] {
  const policy = {
    mode: 'full' as const,
    visibility: 'flow_summary' as const,
    blockedConnectionAction: 'drop' as const,
    managesExternal: true,
    ipv6Mode: 'policy_based' as const,
    firewallCoexistence: 'exclusive' as const,
    ipTablesRules: [],
    rules: [aWebRule()],
    ...parts,
  };
  const hash = createHash('sha256').update(JSON.stringify(policy)).digest('hex');
  // readonly lists of the core are plain lists on the wire
  return structuredClone({ ...policy, hash }) as PolicyContent['policy'];
}

/** State 1 of a host: the web rule in full enforcement, its peers 10.0.0.1 and 10.0.0.2. */
export function aPolicyContent(parts: Partial<PolicyContent> = {}): PolicyContent {
  return {
    version: 1,
    policy_version: 1,
    policy: aHostPolicy(),
    sets: [{ id: 's_web', hosts: ['10.0.0.1', '10.0.0.2'], ranges: [] }],
    rule_names: { [RULE_HREF]: 'Web from the office' },
    ...parts,
  };
}

/** From state 1 to 2: 10.0.0.9 takes the place of 10.0.0.1 in `s_web`. */
export function aDelta(parts: Partial<PolicyDeltaContent> = {}): PolicyDeltaContent {
  return {
    from: 1,
    to: 2,
    policy_version: 1,
    policy: null,
    sets: [
      {
        id: 's_web',
        addHosts: ['10.0.0.9'],
        removeHosts: ['10.0.0.1'],
        addRanges: [],
        removeRanges: [],
      },
    ],
    dropped_sets: [],
    rule_names: {},
    ...parts,
  };
}
