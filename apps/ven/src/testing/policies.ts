import { createHash } from 'node:crypto';
import type { PolicyContent } from '@bulkhead/contract';
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
