import type { AddressSet, HostPolicy, HostRule, ServicePort } from '@bulkhead/policy';
import type { PlanPacket } from '../evaluate/evaluate-plan.ts';
import type { HostFacts } from '../plan/plan.ts';

/** Everything at its quietest: full enforcement without a rule. */
export function aPolicy(parts: Partial<HostPolicy> = {}): HostPolicy {
  return {
    hash: '0'.repeat(64),
    mode: 'full',
    visibility: 'flow_summary',
    blockedConnectionAction: 'drop',
    managesExternal: true,
    ipv6Mode: 'policy_based',
    firewallCoexistence: 'exclusive',
    ipTablesRules: [],
    rules: [],
    ...parts,
  };
}

/** An allow rule inbound on corporate interfaces for TCP 443, from nobody. */
export function aRule(parts: Partial<HostRule> = {}): HostRule {
  return {
    action: 'allow',
    direction: 'inbound',
    networkType: 'brn',
    peers: [],
    fqdns: [],
    services: [tcp(443)],
    stateless: false,
    principals: [],
    origin: { href: '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/1', version: 1 },
    ...parts,
  };
}

/** A service without port or type: the whole protocol. */
export function protocol(number: number, parts: Partial<ServicePort> = {}): ServicePort {
  return { protocol: number, port: null, toPort: null, icmpType: null, icmpCode: null, ...parts };
}

export function tcp(port: number, toPort: number | null = null): ServicePort {
  return protocol(6, { port, toPort });
}

export function udp(port: number, toPort: number | null = null): ServicePort {
  return protocol(17, { port, toPort });
}

export function setsOf(...sets: readonly AddressSet[]): ReadonlyMap<string, AddressSet> {
  return new Map(sets.map((set) => [set.id, set]));
}

/** An endpoint with one interface of each profile and a PCE. */
export function someFacts(parts: Partial<HostFacts> = {}): HostFacts {
  return {
    interfaces: [
      { name: 'corp0', profile: 'corporate', addresses: ['10.0.0.2', '2001:db8:c::2'] },
      { name: 'ext0', profile: 'external', addresses: ['198.51.100.2', '2001:db8:e::2'] },
    ],
    otherInterfaces: 'external',
    pce: [{ address: '203.0.113.10', port: 8443 }],
    resolvers: [],
    names: new Map(),
    ...parts,
  };
}

/** The first packet of a connection from 10.0.0.1 to TCP 443 of the host, on its corporate interface. */
export function aPacket(parts: Partial<PlanPacket> = {}): PlanPacket {
  return {
    direction: 'inbound',
    interfaceName: 'corp0',
    remoteAddress: '10.0.0.1',
    protocol: 6,
    sourcePort: 50_000,
    destinationPort: 443,
    icmpType: null,
    icmpCode: null,
    syn: true,
    remoteName: null,
    ...parts,
  };
}
