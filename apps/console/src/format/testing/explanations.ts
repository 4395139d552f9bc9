/** Explanations for tests of how they are told. */
import type { ExplanationWire } from '@bulkhead/contract';

function end(name: string): ExplanationWire['ends']['inbound'] {
  return {
    kind: 'decided',
    workload: { href: `/orgs/1/workloads/${name}`, name },
    decision: 'blocked',
    mode: 'full',
    interface_name: 'eth0',
    network_profile: 'corporate',
    precedence: 'default',
    essential: null,
    rules: [],
    boundaries: [],
    policy_class: { workloads: 1, lines: 1 },
    nearest: [
      {
        href: '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/1',
        name: 'Shop, rule 1',
        version: 2,
        rule_set: { href: '/orgs/1/sec_policy/active/rule_sets/1', name: 'Shop' },
        scope: { index: 0, entries: [] },
        network_type: 'brn',
        failing: [{ kind: 'nobody', side: 'consumers', key: null, suggestion: null }],
      },
    ],
    suggestion: null,
  };
}

/** TCP 5432 from web-1 to db-1, blocked at both ends; one rule comes near, alike at both. */
export function blockedExplanation(): ExplanationWire {
  const at = (address: string) => ({
    workload: null,
    address,
    interface_name: null,
    fqdn: null,
  });
  return {
    pversion: 'active',
    policy_version: 2,
    connection: {
      source: at('10.1.0.11'),
      destination: at('10.1.1.21'),
      protocol: 6,
      port: 5432,
      icmp_type: null,
      icmp_code: null,
    },
    decision: 'blocked',
    ends: { outbound: end('web-1'), inbound: end('db-1') },
    text: [],
    sizes: { workloads: 2, classes: 2, selectors: 1, policies: 2, sets: 1, members: 2 },
  };
}
