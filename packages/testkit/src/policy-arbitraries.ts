/**
 * Policies over a small world: few labels, addresses and ports, so that objects meet. References may dangle, sides may be nobody, the
 * same address may be on two hosts, ranges may overlap: whatever the API lets through, and what stands for a moment between two changes.
 */
import type {
  Actor,
  Connection,
  EnforcementBoundary,
  IngressService,
  IpList,
  Label,
  LabelGroup,
  PolicyChange,
  PolicyModel,
  Rule,
  RuleSet,
  Scope,
  ScopeEntry,
  Service,
  ServicePort,
  VirtualService,
  Workload,
  WorkloadInterface,
} from '@bulkhead/policy';
import {
  BLOCKED_CONNECTION_ACTIONS,
  DEFAULT_FIREWALL_SETTINGS,
  ENFORCEMENT_MODES,
  NETWORK_TYPES,
  RULE_SIDES,
  VISIBILITY_LEVELS,
} from '@bulkhead/policy';
import fc from 'fast-check';

const LABELS = ['role', 'app', 'env'].flatMap((key) =>
  ['a', 'b'].map((value) => ({ href: `/labels/${key}-${value}`, key, value })),
);
const hrefs = (kind: string, count: number) =>
  Array.from({ length: count }, (_, index) => `/${kind}/${index + 1}`);

/** Hrefs and addresses that the arbitraries draw from. */
export const SMALL_WORLD = {
  labels: LABELS.map(({ href }) => href),
  labelGroups: hrefs('label_groups', 5),
  workloads: hrefs('workloads', 6),
  ipLists: hrefs('ip_lists', 3),
  services: hrefs('services', 2),
  virtualServices: hrefs('virtual_services', 2),
  ruleSets: hrefs('rule_sets', 3),
  enforcementBoundaries: hrefs('enforcement_boundaries', 2),
  addresses: [
    '10.0.0.1',
    '10.0.0.2',
    '10.0.1.1',
    '10.0.1.130',
    '198.51.100.7',
    '169.254.0.5',
    '2001:db8::1',
    '2001:db8:0:1::9',
    'fe80::1',
  ],
} as const;

const KEYS = ['role', 'app', 'env'] as const;
const FQDNS = ['a.example.com', 'b.a.example.com', 'example.net'] as const;
const keyOfGroup = (href: string) =>
  KEYS[SMALL_WORLD.labelGroups.indexOf(href) % KEYS.length] ?? 'role';
const labelsOf = (key: string) => LABELS.filter((item) => item.key === key).map(({ href }) => href);
const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);
const someOf = <T>(values: readonly T[], maxLength = 2) =>
  fc.uniqueArray(oneOf(values), { maxLength });

const mostly = (value: boolean) => oneOf([value, value, value, value, !value]);

const address = oneOf(SMALL_WORLD.addresses);

/** At most one label a key. */
const labelSet = fc
  .tuple(...KEYS.map((key) => fc.option(oneOf(labelsOf(key)))))
  .map((labels) => labels.filter((href) => href !== null));

const networkInterface = (external: boolean): fc.Arbitrary<WorkloadInterface> =>
  fc.record({
    name: oneOf(['eth0', 'wlan0']),
    addresses: fc.array(
      address.chain((text) =>
        fc.record({
          address: fc.constant(text),
          prefixLength: text.includes(':')
            ? oneOf([0, 31, 48, 64, 128])
            : oneOf([0, 7, 24, 25, 32]),
        }),
      ),
      { maxLength: 2 },
    ),
    gateway: fc.constant(null),
    linkState: fc.constant('up'),
    networkProfile: external ? oneOf(['corporate', 'external'] as const) : fc.constant('corporate'),
  });

const workload = (href: string): fc.Arbitrary<Workload> =>
  oneOf(['server', 'endpoint', 'endpoint', 'unmanaged'] as const).chain((type) =>
    fc.record({
      href: fc.constant(href),
      name: fc.constant(href),
      type: fc.constant(type),
      labels: labelSet,
      enforcementMode: oneOf([...ENFORCEMENT_MODES, 'full', 'selective'] as const),
      visibilityLevel: oneOf(VISIBILITY_LEVELS.slice(0, 2)),
      blockedConnectionAction: oneOf(BLOCKED_CONNECTION_ACTIONS),
      venVersion: type === 'unmanaged' ? fc.constant(null) : oneOf(['22.2.30', '22.3.0', '23.2.0']),
      online: mostly(true),
      suspended: fc.constant(false),
      osFamily: fc.constant(type === 'unmanaged' ? null : 'linux'),
      interfaces: fc.uniqueArray(networkInterface(type === 'endpoint'), {
        maxLength: 2,
        selector: ({ name }) => name,
      }),
    }),
  );

const range = oneOf([
  ['0.0.0.0/0', null],
  ['::/0', null],
  ['10.0.0.0/24', null],
  ['10.0.1.0/25', null],
  ['10.0.0.1', null],
  ['10.0.0.2', '10.0.1.1'],
  ['198.51.100.7', null],
  ['2001:db8::/64', null],
  ['2001:db8:0:1::', '2001:db8:0:1::ff'],
  ['fe80::/10', null],
] as const);

const ipList = (href: string): fc.Arbitrary<IpList> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    ranges: fc.array(
      fc.record({ span: range, exclusion: mostly(false) }).map((item) => ({
        from: item.span[0],
        to: item.span[1],
        exclusion: item.exclusion,
      })),
      { maxLength: 4 },
    ),
    fqdns: someOf(['*.example.com', 'example.net', 'A.Example.com']),
  });

const NO_PORT = { port: null, toPort: null, icmpType: null, icmpCode: null };
const servicePort: fc.Arbitrary<ServicePort> = fc.oneof(
  fc.record({
    protocol: oneOf([6, 17]),
    port: oneOf([22, 80]),
    toPort: oneOf([null, 81, 443]),
    icmpType: fc.constant(null),
    icmpCode: fc.constant(null),
  }),
  oneOf([6, 17, 47, -1, -1]).map((protocol) => ({ ...NO_PORT, protocol })),
  fc
    .record({ protocol: oneOf([1, 58]), icmpType: oneOf([8, 128]), icmpCode: oneOf([null, 0]) })
    .map((item) => ({ ...NO_PORT, ...item })),
);

const service = (href: string): fc.Arbitrary<Service> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    ports: fc.array(servicePort, { minLength: 1, maxLength: 3 }),
  });

const label = (href: string): fc.Arbitrary<Label> =>
  oneOf(LABELS.filter((item) => item.href === href));

const labelGroup = (href: string): fc.Arbitrary<LabelGroup> => {
  const key = keyOfGroup(href);
  return fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    key: fc.constant(key),
    labels: someOf(labelsOf(key)),
    subGroups: someOf(SMALL_WORLD.labelGroups.filter((other) => keyOfGroup(other) === key)),
  });
};

const virtualService = (href: string): fc.Arbitrary<VirtualService> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    labels: labelSet,
    service: fc.oneof(
      oneOf(SMALL_WORLD.services).map((item) => ({ href: item })),
      fc.array(servicePort, { minLength: 1, maxLength: 2 }).map((ports) => ({ ports })),
    ),
    workloads: someOf(SMALL_WORLD.workloads),
    addresses: someOf(SMALL_WORLD.addresses),
  });

const scopeEntry: fc.Arbitrary<ScopeEntry> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('label' as const),
      href: oneOf(SMALL_WORLD.labels),
      exclusion: mostly(false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('label_group' as const),
      href: oneOf(SMALL_WORLD.labelGroups),
      exclusion: mostly(false),
    }),
  },
);

const scope: fc.Arbitrary<Scope> = fc.uniqueArray(scopeEntry, {
  maxLength: 2,
  selector: ({ href }) => LABELS.find((item) => item.href === href)?.key ?? keyOfGroup(href),
});

const actor = (virtual: boolean): fc.Arbitrary<Actor> => {
  const named = <K extends 'workload' | 'ip_list' | 'virtual_service'>(
    kind: K,
    values: readonly string[],
  ) => fc.record({ kind: fc.constant(kind), href: oneOf(values) });
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: 'ams' as const }) },
    { weight: 5, arbitrary: scopeEntry },
    { weight: 2, arbitrary: named('workload', SMALL_WORLD.workloads) },
    { weight: 4, arbitrary: named('ip_list', SMALL_WORLD.ipLists) },
    {
      weight: virtual ? 1 : 0,
      arbitrary: named('virtual_service', SMALL_WORLD.virtualServices),
    },
  );
};
const side = (virtual: boolean) => fc.array(actor(virtual), { minLength: 1, maxLength: 3 });

const ingress: fc.Arbitrary<readonly IngressService[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: oneOf(SMALL_WORLD.services).map((href) => ({ href })) },
    { weight: 2, arbitrary: servicePort.map((port) => ({ port })) },
    {
      weight: 2,
      arbitrary: oneOf([-1, 6]).map((protocol) => ({ port: { ...NO_PORT, protocol } })),
    },
  ),
  { minLength: 1, maxLength: 2 },
);

const resolveAs = oneOf([
  ['workloads'],
  ['workloads'],
  ['virtual_services'],
  ['workloads', 'virtual_services'],
] as const);

const rule = (href: string): fc.Arbitrary<Rule> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(`rule ${href}`),
    version: fc.nat({ max: 2 }),
    enabled: mostly(true),
    providers: side(true),
    consumers: side(true),
    ingressServices: ingress,
    resolveLabelsAs: fc.record({ providers: resolveAs, consumers: resolveAs }),
    consumingSecurityPrincipals: fc.constant([]),
    unscopedConsumers: fc.boolean(),
    useWorkloadSubnets: someOf(RULE_SIDES),
    networkType: oneOf(['brn', 'brn', ...NETWORK_TYPES]),
    stateless: fc.boolean(),
  });

const ruleSet = (href: string): fc.Arbitrary<RuleSet> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    enabled: mostly(true),
    scopes: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: fc.array(scope, { maxLength: 2 }) },
    ),
    rules: fc
      .tuple(rule(`${href}/sec_rules/1`), rule(`${href}/sec_rules/2`), oneOf([0, 1, 2, 2]))
      .map(([first, second, count]) => [first, second].slice(0, count)),
    ipTablesRules: fc.constant([]),
  });

const enforcementBoundary = (href: string): fc.Arbitrary<EnforcementBoundary> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    version: fc.nat({ max: 2 }),
    enabled: mostly(true),
    providers: side(false),
    consumers: side(false),
    ingressServices: ingress,
    networkType: oneOf(['brn', 'brn', ...NETWORK_TYPES]),
  });

/** Each of the hrefs, or not, with content of its own. */
function each<T>(all: readonly string[], make: (href: string) => fc.Arbitrary<T>, present = 0.85) {
  return fc
    .tuple(...all.map((href) => fc.tuple(make(href), fc.nat({ max: 99 }))))
    .map((items) => items.flatMap(([item, chance]) => (chance < present * 100 ? [item] : [])));
}

/** A policy of the small world, complete or with pieces missing. */
export function policyModel(): fc.Arbitrary<PolicyModel> {
  return fc.record({
    labels: each(SMALL_WORLD.labels, label, 0.95),
    labelGroups: each(SMALL_WORLD.labelGroups, labelGroup),
    workloads: each(SMALL_WORLD.workloads, workload),
    ipLists: each(SMALL_WORLD.ipLists, ipList),
    services: each(SMALL_WORLD.services, service),
    virtualServices: each(SMALL_WORLD.virtualServices, virtualService),
    ruleSets: each(SMALL_WORLD.ruleSets, ruleSet),
    enforcementBoundaries: each(SMALL_WORLD.enforcementBoundaries, enforcementBoundary),
    firewallSettings: fc.constant(DEFAULT_FIREWALL_SETTINGS),
  });
}

function changeOf<T extends PolicyChange['type']>(
  type: T,
  all: readonly string[],
  make: (href: string) => fc.Arbitrary<Extract<PolicyChange, { type: T }>['value']>,
) {
  return oneOf(all).chain((href) =>
    fc.record({
      type: fc.constant(type),
      href: fc.constant(href),
      value: fc.option(make(href), { freq: 6 }),
    }),
  );
}

/** One object of the small world put in place or taken away; workloads most often, as in life. */
export function policyChange(): fc.Arbitrary<PolicyChange> {
  const world = SMALL_WORLD;
  // fast-check types a record by its members; the members of each branch are those of one change
  return fc.oneof(
    { weight: 6, arbitrary: changeOf('workload', world.workloads, workload) },
    { weight: 1, arbitrary: changeOf('label', world.labels, label) },
    { weight: 1, arbitrary: changeOf('label_group', world.labelGroups, labelGroup) },
    { weight: 2, arbitrary: changeOf('ip_list', world.ipLists, ipList) },
    { weight: 1, arbitrary: changeOf('service', world.services, service) },
    { weight: 2, arbitrary: changeOf('virtual_service', world.virtualServices, virtualService) },
    { weight: 3, arbitrary: changeOf('rule_set', world.ruleSets, ruleSet) },
    {
      weight: 2,
      arbitrary: changeOf('enforcement_boundary', world.enforcementBoundaries, enforcementBoundary),
    },
  ) as fc.Arbitrary<PolicyChange>;
}

/** A new connection between two ends of the model: its workloads at their addresses mostly, and hosts that no policy knows. */
export function connection(model: PolicyModel): fc.Arbitrary<Connection> {
  const owned = model.workloads.flatMap((item) =>
    item.interfaces.flatMap((entry) =>
      entry.addresses.map(({ address: text }) => ({
        workload: item.href,
        address: text,
        interfaceName: entry.name,
        fqdn: null,
      })),
    ),
  );
  const external = fc.record({
    workload: fc.constant(null),
    address,
    interfaceName: fc.constant(null),
    fqdn: fc.option(oneOf(FQDNS)),
  });
  const end =
    owned.length === 0
      ? external
      : fc.oneof(
          { weight: 4, arbitrary: oneOf(owned) },
          { weight: 1, arbitrary: oneOf(owned.map((item) => ({ ...item, interfaceName: null }))) },
          { weight: 2, arbitrary: external },
        );
  const traffic = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        protocol: oneOf([6, 6, 17]),
        port: oneOf([22, 80, 80, 81, 443, 8080]),
        icmpType: fc.constant(null),
        icmpCode: fc.constant(null),
      }),
    },
    fc.record({
      protocol: oneOf([1, 58]),
      port: fc.constant(null),
      icmpType: oneOf([3, 8, 128]),
      icmpCode: oneOf([0, 1]),
    }),
    fc.constant({ protocol: 47, port: null, icmpType: null, icmpCode: null }),
  );
  return fc.tuple(end, end, traffic).map(([source, destination, rest]) => ({
    source,
    destination,
    ...rest,
  }));
}
