import {
  BLOCKED_CONNECTION_ACTIONS,
  ENFORCEMENT_MODES,
  FIREWALL_COEXISTENCE,
  IPV6_MODES,
  NETWORK_PROFILES,
  NETWORK_TYPES,
  VISIBILITY_LEVELS,
  type AddressSet,
  type HostIpTablesRule,
  type HostPolicy,
  type HostRule,
  type ServicePort,
} from '@bulkhead/policy';
import fc from 'fast-check';
import type { PlanPacket } from '../evaluate/evaluate-plan.ts';
import type { PlanInput } from '../plan/build-plan.ts';
import type { HostFacts } from '../plan/plan.ts';

/** A world small enough that rules, sets and packets meet often. */
const HOSTS_4 = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '192.0.2.7', '0.0.0.0', '255.255.255.255'];
const HOSTS_6 = ['2001:db8::1', '2001:db8::2', '2001:db8:1::1', 'fe80::1', '::', 'ff02::fb'];
const RANGES = [
  ['10.0.0.0/24', '10.0.1.0-10.0.1.9', '192.0.2.0/28'],
  ['0.0.0.0/0'],
  ['2001:db8::/64', 'fe80::/10'],
  ['::/0'],
  ['10.0.0.2-10.0.1.1', '2001:db8::2-2001:db8:1::1'],
];
const PORTS = [1, 22, 53, 67, 68, 80, 443, 546, 547, 8443, 65_535];
const ICMP_TYPES = [0, 3, 8, 11, 128, 129, 130, 133, 135, 143];
const PROTOCOL_NUMBERS = [1, 6, 17, 47, 58, 132];
const INTERFACES = ['corp0', 'corp1', 'ext0', 'lo', 'unheard0'];
const RULE_NAMES = ['www.example.com', '*.example.com', '*.Example.net'];
const HOST_NAMES = ['www.example.com', 'a.b.example.com', 'example.com', 'x.example.net'];

const address = fc.constantFrom(...HOSTS_4, ...HOSTS_6);
const port = fc.constantFrom(...PORTS);

const service: fc.Arbitrary<ServicePort> = fc.oneof(
  fc.constantFrom(-1, ...PROTOCOL_NUMBERS).map((protocol) => servicePort({ protocol })),
  fc.tuple(fc.constantFrom(6, 17, 132), port, fc.option(port)).map(([protocol, from, to]) =>
    servicePort({
      protocol,
      port: to === null ? from : Math.min(from, to),
      toPort: to === null ? null : Math.max(from, to),
    }),
  ),
  fc
    .tuple(
      fc.constantFrom(1, 58),
      fc.constantFrom(...ICMP_TYPES),
      fc.option(fc.constantFrom(0, 1, 4)),
    )
    .map(([protocol, icmpType, icmpCode]) => servicePort({ protocol, icmpType, icmpCode })),
);

function servicePort(parts: Partial<ServicePort> & { readonly protocol: number }): ServicePort {
  return { port: null, toPort: null, icmpType: null, icmpCode: null, ...parts };
}

const SET_IDS = ['s1', 's2', 's3', '9_odd'];

const addressSets: fc.Arbitrary<readonly AddressSet[]> = fc.tuple(
  ...SET_IDS.map((id) =>
    fc.record({
      id: fc.constant(id),
      hosts: fc.uniqueArray(address, { maxLength: 3 }),
      ranges: fc.constantFrom([], ...RANGES),
    }),
  ),
);

const rule: fc.Arbitrary<HostRule> = fc
  .record({
    action: fc.constantFrom('allow', 'allow', 'deny'),
    direction: fc.constantFrom('inbound', 'outbound'),
    networkType: fc.constantFrom(...NETWORK_TYPES),
    peers: fc.subarray(SET_IDS),
    fqdns: fc.subarray(RULE_NAMES),
    services: fc.array(service, { minLength: 1, maxLength: 4 }),
    stateless: fc.boolean(),
    principals: fc.constant([]),
    origin: fc.record({
      href: fc.constantFrom('/orgs/1/r/1', '/orgs/1/r/2', '/orgs/1/r/3', '/orgs/1/b/4'),
      version: fc.constantFrom(1, 2),
    }),
  } as const)
  .map((made) =>
    made.action === 'allow' && made.direction === 'outbound'
      ? made
      : { ...made, fqdns: [], stateless: made.stateless && made.action === 'allow' },
  );

/** Statements of which the packets of this world tell everything. */
const PARAMETERS = {
  4: ['-s 10.0.0.0/24', '-d 10.0.0.0/24', '-p icmp --icmp-type 8'],
  6: ['! -s 2001:db8::/64', '-d fe80::/10', '-p icmpv6 ! --icmpv6-type 128'],
  both: [
    '-p tcp --dport 22:443',
    '-p udp -m multiport ! --sports 53,67',
    '! -p tcp',
    '-p tcp --syn',
  ],
};
const TARGETS = ['ACCEPT', 'DROP', 'REJECT', 'RETURN', 'LOG --log-prefix x'];

const ipTablesRule: fc.Arbitrary<HostIpTablesRule> = fc.constantFrom(4, 6).chain((ipVersion) =>
  fc.record({
    ipVersion: fc.constant(ipVersion),
    statements: fc.array(
      fc.record({
        table: fc.constant('filter'),
        chain: fc.constantFrom('INPUT', 'OUTPUT', 'FORWARD'),
        parameters: fc
          .tuple(
            fc.constantFrom(...PARAMETERS[ipVersion], ...PARAMETERS.both),
            fc.constantFrom(...TARGETS),
          )
          .map(([conditions, target]) => `${conditions} -j ${target}`),
      } as const),
      { minLength: 1, maxLength: 3 },
    ),
    origin: fc.record({
      href: fc.constantFrom('/orgs/1/t/1', '/orgs/1/t/2'),
      version: fc.constant(1),
    }),
  }),
);

const policy: fc.Arbitrary<HostPolicy> = fc.record({
  hash: fc.constant('0'.repeat(64)),
  mode: fc.constantFrom(...ENFORCEMENT_MODES, 'full', 'selective'),
  visibility: fc.constantFrom(...VISIBILITY_LEVELS),
  blockedConnectionAction: fc.constantFrom(...BLOCKED_CONNECTION_ACTIONS),
  managesExternal: fc.boolean(),
  ipv6Mode: fc.constantFrom(...IPV6_MODES, 'policy_based', 'policy_based'),
  firewallCoexistence: fc.constantFrom(...FIREWALL_COEXISTENCE),
  ipTablesRules: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(ipTablesRule, { maxLength: 2 }),
  ),
  rules: fc.array(rule, { maxLength: 6 }),
});

const facts: fc.Arbitrary<HostFacts> = fc.record({
  interfaces: fc
    .tuple(fc.boolean(), fc.boolean())
    .map(([corporate, external]) => [
      { name: 'corp0', profile: 'corporate', addresses: ['10.0.0.9'] },
      ...(corporate ? [{ name: 'corp1', profile: 'corporate', addresses: [] } as const] : []),
      ...(external ? [{ name: 'ext0', profile: 'external', addresses: [] } as const] : []),
    ]),
  otherInterfaces: fc.constantFrom(...NETWORK_PROFILES),
  pce: fc.constantFrom([], [{ address: '192.0.2.7', port: 8443 }]),
  resolvers: fc.constantFrom([], ['10.0.0.1', '2001:db8::1']),
  names: fc.constantFrom(new Map(), new Map([['*.example.com', ['192.0.2.7', '2001:db8::2']]])),
});

/** What a plan is made from. */
export const planInput: fc.Arbitrary<PlanInput> = fc
  .tuple(policy, addressSets, facts)
  .map(([made, sets, host]) => ({
    policy: made,
    sets: new Map(sets.map((set) => [set.id, set])),
    host,
  }));

/** The first packet of anything, at an interface that the plan may or may not know. */
export const planPacket: fc.Arbitrary<PlanPacket> = fc
  .record({
    direction: fc.constantFrom('inbound', 'outbound'),
    interfaceName: fc.constantFrom(...INTERFACES),
    isForwarded: fc.boolean(),
    remoteAddress: address,
    protocol: fc.constantFrom(6, 6, 17, ...PROTOCOL_NUMBERS),
    ports: fc.tuple(port, port),
    icmp: fc.tuple(fc.constantFrom(...ICMP_TYPES), fc.constantFrom(0, 1, 4)),
    syn: fc.boolean(),
    remoteName: fc.option(fc.constantFrom(...HOST_NAMES)),
  } as const)
  .map(({ ports, icmp, ...packet }) => {
    const isIcmp = packet.protocol === 1 || packet.protocol === 58;
    const protocol = isIcmp ? (packet.remoteAddress.includes(':') ? 58 : 1) : packet.protocol;
    const hasPorts = [6, 17, 132].includes(protocol);
    return {
      ...packet,
      // nothing is forwarded to or from the host itself
      isForwarded: packet.isForwarded && packet.interfaceName !== 'lo',
      localAddress: packet.remoteAddress.includes(':') ? '2001:db8::9' : '10.0.0.9',
      protocol,
      sourcePort: hasPorts ? ports[0] : null,
      destinationPort: hasPorts ? ports[1] : null,
      icmpType: isIcmp ? icmp[0] : null,
      icmpCode: isIcmp ? icmp[1] : null,
      syn: packet.syn && protocol === 6,
    };
  });
