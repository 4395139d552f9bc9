import {
  BLOCKED_CONNECTION_ACTIONS,
  createPolicyCore,
  ENFORCEMENT_MODES,
  NETWORK_TYPES,
  type Actor,
  type Connection,
  type PolicyChange,
  type PolicyCore,
  type RuleOrigin,
  type ServicePort,
  type Workload,
} from '@bulkhead/policy';
import fc, { type Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import type { FirewallPlan, PlanPacket } from '../index.ts';
import { protocol, someFacts, tcp, udp } from '../testing/fixtures.ts';
import { evaluatePlan } from './evaluate-plan.ts';

type Made<Source> = Source extends Arbitrary<infer Value> ? Value : never;

const LABELS = [
  { href: '/labels/1', key: 'role', value: 'web' },
  { href: '/labels/2', key: 'role', value: 'db' },
  { href: '/labels/3', key: 'env', value: 'prod' },
  { href: '/labels/4', key: 'env', value: 'test' },
];
const IP_LISTS = [
  { href: '/ip_lists/any', ranges: ['0.0.0.0/0', '::/0'], fqdns: [] },
  { href: '/ip_lists/net', ranges: ['10.0.0.0/24', '192.0.2.0/24'], fqdns: [] },
  { href: '/ip_lists/names', ranges: ['203.0.113.9'], fqdns: ['*.example.com', 'www.example.net'] },
];
const SERVICES = [
  { href: '/services/all', ports: [protocol(-1)] },
  { href: '/services/web', ports: [tcp(80), tcp(443), udp(443)] },
  { href: '/services/db', ports: [tcp(5432, 5440)] },
  {
    href: '/services/ping',
    ports: [protocol(1, { icmpType: 8 }), protocol(58, { icmpType: 128 })],
  },
];
const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.1.3',
  '192.0.2.7',
  '203.0.113.9',
  '2001:db8::1',
  '2001:db8::9',
];

const label = fc.constantFrom(...LABELS.map(({ href }) => href));
const side = (ipLists: boolean): fc.Arbitrary<readonly Actor[]> =>
  fc.uniqueArray(
    fc.oneof(
      fc.constant({ kind: 'ams' } as const),
      fc.record({
        kind: fc.constant('label' as const),
        href: label,
        exclusion: fc.constant(false),
      }),
      fc.record({ kind: fc.constant('workload' as const), href: fc.constantFrom('/w/0', '/w/1') }),
      ...(ipLists
        ? [
            fc.record({
              kind: fc.constant('ip_list' as const),
              href: fc.constantFrom(...IP_LISTS.map(({ href }) => href)),
            }),
          ]
        : []),
    ),
    { minLength: 1, maxLength: 3, selector: (actor) => JSON.stringify(actor) },
  );
const listsOnly: fc.Arbitrary<readonly Actor[]> = fc.constantFrom(
  ...IP_LISTS.map(({ href }) => [{ kind: 'ip_list' as const, href }]),
);

/** Sides and network type that the API lets pass: outside the corporate network one side is IP lists only. */
const sides = fc.oneof(
  fc.record({
    networkType: fc.constant('brn' as const),
    providers: side(true),
    consumers: side(false),
  }),
  fc.record({
    networkType: fc.constantFrom(...NETWORK_TYPES),
    providers: listsOnly,
    consumers: side(false),
  }),
  fc.record({
    networkType: fc.constantFrom(...NETWORK_TYPES),
    providers: side(false),
    consumers: listsOnly,
  }),
);
const services = fc.subarray(
  SERVICES.map(({ href }) => ({ href })),
  { minLength: 1 },
);

const ruleSet = fc.record({
  scopes: fc.constantFrom(
    [],
    [[]],
    [[{ kind: 'label' as const, href: '/labels/3', exclusion: false }]],
  ),
  rules: fc.array(
    fc.record({
      sides,
      ingressServices: services,
      enabled: fc.constantFrom(true, true, false),
      unscopedConsumers: fc.boolean(),
      useWorkloadSubnets: fc.subarray(['providers', 'consumers'] as const),
      stateless: fc.boolean(),
      version: fc.constantFrom(1, 2),
    }),
    { maxLength: 3 },
  ),
});

const boundary = fc.record({
  sides,
  ingressServices: services,
  enabled: fc.constantFrom(true, true, false),
});

const workload = fc.record({
  type: fc.constantFrom('server', 'endpoint', 'unmanaged'),
  labels: fc.tuple(
    fc.constantFrom(null, '/labels/1', '/labels/2'),
    fc.constantFrom(null, '/labels/3', '/labels/4'),
  ),
  enforcementMode: fc.constantFrom(...ENFORCEMENT_MODES),
  blockedConnectionAction: fc.constantFrom(...BLOCKED_CONNECTION_ACTIONS),
  venVersion: fc.constantFrom('22.2.0', '23.2.0', '23.2.0'),
  addresses: fc.uniqueArray(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 2 }),
  externalAddress: fc.constantFrom(null, '198.51.100.7'),
} as const);

const model = fc.record({
  workloads: fc.array(workload, { minLength: 2, maxLength: 4 }),
  ruleSets: fc.array(ruleSet, { minLength: 1, maxLength: 2 }),
  boundaries: fc.array(boundary, { maxLength: 2 }),
});

function changesOf({ workloads, ruleSets, boundaries }: Made<typeof model>): PolicyChange[] {
  return [
    ...LABELS.map((value) => ({ type: 'label', href: value.href, value }) as const),
    ...SERVICES.map(
      (value) =>
        ({ type: 'service', href: value.href, value: { ...value, name: value.href } }) as const,
    ),
    ...IP_LISTS.map(
      ({ href, ranges, fqdns }) =>
        ({
          type: 'ip_list',
          href,
          value: {
            href,
            name: href,
            fqdns,
            ranges: ranges.map((from) => ({ from, to: null, exclusion: false })),
          },
        }) as const,
    ),
    ...workloads.map(
      (made, index) =>
        ({ type: 'workload', href: `/w/${index}`, value: workloadOf(made, index) }) as const,
    ),
    ...ruleSets.map(({ scopes, rules }, index) => {
      const href = `/rule_sets/${index}`;
      return {
        type: 'rule_set',
        href,
        value: {
          href,
          name: href,
          enabled: true,
          scopes,
          rules: rules.map(({ sides: { networkType, providers, consumers }, ...rule }, place) => ({
            href: `${href}/sec_rules/${place}`,
            name: '',
            networkType,
            providers,
            consumers,
            resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] } as const,
            ...rule,
          })),
        },
      } as const;
    }),
    ...boundaries.map(({ sides: chosen, ...rest }, index) => {
      const href = `/enforcement_boundaries/${index}`;
      return {
        type: 'enforcement_boundary',
        href,
        value: { href, name: href, version: 1, ...chosen, ...rest },
      } as const;
    }),
  ];
}

function workloadOf(made: Made<typeof workload>, index: number): Workload {
  const { type, addresses, externalAddress, labels, ...rest } = made;
  const external = type === 'endpoint' && externalAddress !== null ? [externalAddress] : [];
  const interfaceOf = (
    name: string,
    profile: 'corporate' | 'external',
    held: readonly string[],
  ) => ({
    name,
    addresses: held.map((address) => ({ address, prefixLength: address.includes(':') ? 64 : 24 })),
    gateway: null,
    linkState: 'up' as const,
    networkProfile: profile,
  });
  return {
    href: `/w/${index}`,
    name: `w${index}`,
    type,
    labels: labels.filter((href) => href !== null),
    visibilityLevel: 'flow_summary',
    online: true,
    ...rest,
    venVersion: type === 'unmanaged' ? null : rest.venVersion,
    interfaces: [
      interfaceOf('corp0', 'corporate', addresses),
      ...(external.length === 0 ? [] : [interfaceOf('ext0', 'external', external)]),
    ],
  };
}

function planOf(core: PolicyCore, workload: Workload): FirewallPlan | null {
  const policy = core.hostPolicy(workload.href);
  if (policy === undefined) return null;
  const sets = core.setsOf(workload.href).flatMap((id) => core.addressSet(id) ?? []);
  return buildPlan({
    policy,
    sets: new Map(sets.map((set) => [set.id, set])),
    host: someFacts({
      interfaces: workload.interfaces.map(({ name, networkProfile, addresses }) => ({
        name,
        profile: networkProfile,
        addresses: addresses.map(({ address }) => address),
      })),
      otherInterfaces: workload.type === 'endpoint' ? 'external' : 'corporate',
      pce: [],
    }),
  });
}

const end = fc.record({
  workload: fc.nat(3),
  place: fc.nat(2),
  stranger: fc.constantFrom(...ADDRESSES, '8.8.8.8'),
  isStranger: fc.boolean(),
});
const what: fc.Arbitrary<ServicePort> = fc.constantFrom(
  tcp(80),
  tcp(443),
  udp(443),
  tcp(5432),
  tcp(5436),
  tcp(22),
  protocol(47),
  protocol(1, { icmpType: 8, icmpCode: 0 }),
  protocol(58, { icmpType: 128, icmpCode: 0 }),
  protocol(1, { icmpType: 3, icmpCode: 1 }),
);
const attempt = fc.record({
  source: end,
  destination: end,
  what,
  fqdn: fc.constantFrom(null, 'a.example.com', 'www.example.net'),
});

function endOf(
  workloads: readonly Workload[],
  chosen: Made<typeof end>,
  fqdn: string | null,
): Connection['source'] {
  const owner = workloads[chosen.workload % workloads.length];
  if (chosen.isStranger || owner === undefined) {
    return { workload: null, address: chosen.stranger, interfaceName: null, fqdn };
  }
  const held = owner.interfaces.flatMap(({ name, addresses }) =>
    addresses.map(({ address }) => ({ name, address })),
  );
  const at = held[chosen.place % held.length];
  return {
    workload: owner.href,
    address: at?.address ?? '',
    interfaceName: at?.name ?? null,
    fqdn: null,
  };
}

interface Answer {
  readonly decision: string;
  readonly reason: string;
  readonly rules: readonly RuleOrigin[];
  readonly boundaries: readonly RuleOrigin[];
}

/** Essential traffic is decided before any rule is looked at. */
function comparable(answer: Answer | null) {
  if (answer === null) return null;
  const { decision, reason, rules, boundaries } = answer;
  const named = (origins: readonly RuleOrigin[]) =>
    reason === 'essential' ? [] : origins.map(({ href, version }) => `${href}@${version}`).sort();
  return { decision, reason, rules: named(rules), boundaries: named(boundaries) };
}

test('each end of a connection gets from its plan what the core decides for it', () => {
  fc.assert(
    fc.property(model, fc.array(attempt, { minLength: 10, maxLength: 10 }), (made, attempts) => {
      const core = createPolicyCore();
      core.apply(changesOf(made));
      const workloads = made.workloads.map(workloadOf);
      const plans = new Map(workloads.map((owner) => [owner.href, planOf(core, owner)]));
      for (const { source: from, destination: to, what: service, fqdn } of attempts) {
        const source = endOf(workloads, from, null);
        const destination = endOf(workloads, to, fqdn);
        // What a host sends to itself never leaves loopback, whatever interface holds the address.
        if (source.workload !== null && source.workload === destination.workload) continue;
        if (source.address.includes(':') !== destination.address.includes(':')) continue;
        const { protocol: number, port, icmpType, icmpCode } = service;
        if (number === (source.address.includes(':') ? 1 : 58)) continue;
        const connection: Connection = {
          source,
          destination,
          protocol: number,
          port,
          icmpType,
          icmpCode,
        };
        const decided = core.decide(connection);
        const evaluated = (['outbound', 'inbound'] as const).map((direction) => {
          const [own, other] =
            direction === 'outbound' ? [source, destination] : [destination, source];
          const plan = own.workload === null ? null : (plans.get(own.workload) ?? null);
          const packet: PlanPacket = {
            direction,
            interfaceName: own.interfaceName,
            remoteAddress: other.address,
            protocol: number,
            sourcePort: null,
            destinationPort: port,
            icmpType,
            icmpCode,
            syn: true,
            remoteName: other.fqdn,
          };
          return plan === null ? null : evaluatePlan(plan, packet);
        });
        expect({ connection, ends: evaluated.map(comparable) }).toEqual({
          connection,
          ends: [comparable(decided.outbound), comparable(decided.inbound)],
        });
      }
    }),
    { numRuns: 1000 },
  );
});
