/** Workloads and what rules name: labels, lists, services. */
import type {
  IpList,
  Label,
  LabelGroup,
  Service,
  ServicePort,
  VirtualService,
  Workload,
  WorkloadInterface,
} from '@bulkhead/policy';
import { BLOCKED_CONNECTION_ACTIONS, ENFORCEMENT_MODES, VISIBILITY_LEVELS } from '@bulkhead/policy';
import fc from 'fast-check';
import {
  keyOfGroup,
  KEYS,
  LABELS,
  labelsOf,
  mostly,
  oneOf,
  PROGRAMS,
  SMALL_WORLD,
  someOf,
  type PolicyOptions,
} from './small-world.ts';

export const address = oneOf(SMALL_WORLD.addresses);

/** At most one label a key. */
export const labelSet = fc
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
            ? oneOf([0, 31, 48, 64, 128, 128])
            : oneOf([0, 7, 24, 25, 32, 32]),
        }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
    gateway: fc.constant(null),
    linkState: fc.constant('up'),
    networkProfile: external ? oneOf(['corporate', 'external'] as const) : fc.constant('corporate'),
  });

/** Interfaces of a host; only endpoints have external ones, and some hosts have none. */
export function interfacesOf(type: Workload['type']): fc.Arbitrary<readonly WorkloadInterface[]> {
  const some = fc.uniqueArray(networkInterface(type === 'endpoint'), {
    minLength: 1,
    maxLength: 2,
    selector: ({ name }) => name,
  });
  return fc.oneof({ weight: 9, arbitrary: some }, { weight: 1, arbitrary: fc.constant([]) });
}

type Kind = Omit<Workload, 'href' | 'name' | 'online' | 'interfaces'>;

/** Two kinds of hosts that many are of, so that some share a policy class. */
const COMMON: readonly Kind[] = (['server', 'endpoint'] as const).map((type) => ({
  type,
  labels: ['/labels/role-a', '/labels/app-a'],
  enforcementMode: 'full',
  visibilityLevel: 'flow_off',
  blockedConnectionAction: 'drop',
  venVersion: '23.2.0',
  suspended: false,
  osFamily: 'linux',
}));

function kindOf(type: Workload['type'], extended: boolean): fc.Arbitrary<Kind> {
  return fc.record({
    type: fc.constant(type),
    labels: labelSet,
    enforcementMode: oneOf([
      ...ENFORCEMENT_MODES,
      'full',
      'full',
      'selective',
      'selective',
    ] as const),
    visibilityLevel: oneOf(VISIBILITY_LEVELS.slice(0, 2)),
    blockedConnectionAction: oneOf(BLOCKED_CONNECTION_ACTIONS),
    venVersion:
      type === 'unmanaged' ? fc.constant(null) : oneOf(['22.2.30', '22.3.0', '23.2.0', '23.2.0']),
    suspended: extended && type !== 'unmanaged' ? mostly(false) : fc.constant(false),
    osFamily: osFamily(type, extended),
  });
}

export function workload(href: string, { extended }: PolicyOptions): fc.Arbitrary<Workload> {
  const types = ['server', 'server', 'endpoint', 'endpoint', 'endpoint', 'unmanaged'] as const;
  const kind = fc.oneof(
    { weight: 2, arbitrary: oneOf(types).chain((type) => kindOf(type, extended)) },
    { weight: 1, arbitrary: oneOf(COMMON) },
  );
  return kind.chain((item) =>
    fc
      .record({
        href: fc.constant(href),
        name: fc.constant(href),
        online: mostly(true),
        interfaces: interfacesOf(item.type),
      })
      .map((own) => ({ ...item, ...own })),
  );
}

function osFamily(type: Workload['type'], extended: boolean): fc.Arbitrary<Workload['osFamily']> {
  if (type === 'unmanaged') return fc.constant(null);
  return extended ? oneOf(['linux', 'windows', 'windows', 'darwin', null]) : fc.constant('linux');
}

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

export function ipList(href: string): fc.Arbitrary<IpList> {
  return fc.record({
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
}

const NO_PORT = { port: null, toPort: null, icmpType: null, icmpCode: null };
const traffic: fc.Arbitrary<ServicePort> = fc.oneof(
  fc.record({
    protocol: oneOf([6, 17]),
    port: oneOf([1, 22, 80]),
    toPort: oneOf([null, 81, 443, 65_535]),
    icmpType: fc.constant(null),
    icmpCode: fc.constant(null),
  }),
  oneOf([6, 17, 47, -1, -1]).map((protocol) => ({ ...NO_PORT, protocol })),
  fc
    .record({ protocol: oneOf([1, 58]), icmpType: oneOf([8, 128]), icmpCode: oneOf([null, 0]) })
    .map((item) => ({ ...NO_PORT, ...item })),
);

export function servicePort({ extended }: PolicyOptions): fc.Arbitrary<ServicePort> {
  if (!extended) return traffic;
  const named = fc.tuple(traffic, oneOf(PROGRAMS)).map(([port, names]) => ({ ...port, ...names }));
  return fc.oneof({ weight: 3, arbitrary: traffic }, { weight: 2, arbitrary: named });
}

export function service(href: string, options: PolicyOptions): fc.Arbitrary<Service> {
  return fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    ports: fc.array(servicePort(options), { minLength: 1, maxLength: 3 }),
  });
}

export function label(href: string): fc.Arbitrary<Label> {
  return oneOf(LABELS.filter((item) => item.href === href));
}

export function labelGroup(href: string): fc.Arbitrary<LabelGroup> {
  const key = keyOfGroup(href);
  return fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    key: fc.constant(key),
    labels: someOf(labelsOf(key)),
    subGroups: someOf(SMALL_WORLD.labelGroups.filter((other) => keyOfGroup(other) === key)),
  });
}

export function virtualService(href: string, options: PolicyOptions): fc.Arbitrary<VirtualService> {
  return fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    labels: labelSet,
    service: fc.oneof(
      oneOf(SMALL_WORLD.services).map((item) => ({ href: item })),
      fc.array(servicePort(options), { minLength: 1, maxLength: 2 }).map((ports) => ({ ports })),
    ),
    workloads: someOf(SMALL_WORLD.workloads),
    addresses: someOf(SMALL_WORLD.addresses),
  });
}
