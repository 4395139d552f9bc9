/** Random policies about random hosts, with everything that the format of scenarios can say. */
import { NETWORK_TYPES, RULE_SIDES } from '@bulkhead/policy';
import type { ActorText, ScenarioDocument, ServicePortText } from '../scenario/format.ts';
import { LABELS } from './hosts.ts';
import type { Random } from './random.ts';
import { randomWide } from './wide.ts';

type Hosts = Pick<ScenarioDocument, 'workloads' | 'external_hosts'>;
type RuleSets = NonNullable<ScenarioDocument['rulesets']>;
type RuleDocument = RuleSets[number]['rules'][number];

const RANGES = [
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.0.0/24',
  '10.1.1.0/25',
  '10.1.0.12-10.1.1.14',
  '192.168.0.0/16',
  '198.51.100.0/24',
  '198.51.100.10',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '2001:db8:1::b-2001:db8:2::f',
  'fd00::/8',
] as const;
/** Inside of the widest ranges, so that they may be taken out of them. */
const HOLES = [
  '10.1.0.0/24',
  '10.1.1.0/25',
  '192.168.0.0/16',
  '2001:db8:1::/64',
  '10.1.0.10-10.1.0.14',
];

/** Services that meet: ends of ranges, single ports inside them, whole protocols, ranges over the ports of clients, ICMP by type and code. */
const PORTS: readonly ServicePortText[] = [
  'tcp/22',
  'tcp/443',
  'tcp/400-450',
  'tcp/443-8080',
  'tcp',
  'udp/53',
  'udp/50-60',
  'udp',
  'udp/1-20000',
  'udp/1-65535',
  'udp/60-65535',
  'udp/30000-61000',
  'tcp/1-65535',
  'tcp/1024-65535',
  'icmp/8',
  'icmp/8/0',
  'icmp/13',
  'icmp',
  'icmpv6/128',
  'icmpv6',
  'gre',
  '50',
  { proto: 'tcp', port: 8080, to_port: 9090 },
  { proto: 'udp', port: -1 },
  { proto: 'icmp', icmp_type: 13, icmp_code: 1 },
];

export interface Names {
  readonly groups: readonly string[];
  readonly lists: readonly string[];
  readonly services: readonly string[];
  readonly virtual: readonly string[];
  readonly workloads: readonly string[];
}

function randomGroups(random: Random): NonNullable<ScenarioDocument['label_groups']> {
  return random.times(0, 3, (index) => {
    const key = random.pick(Object.keys(LABELS));
    return { name: `g${index + 1}`, key, labels: random.some(LABELS[key] ?? [], 0, 2) };
  });
}

/** Groups may hold those of the same key that come before them. */
function nested(
  random: Random,
  groups: NonNullable<ScenarioDocument['label_groups']>,
): NonNullable<ScenarioDocument['label_groups']> {
  return groups.map((group, index) => {
    const below = groups.slice(0, index).filter(({ key }) => key === group.key);
    return { ...group, sub_groups: random.some(below, 0, 1).map(({ name }) => name) };
  });
}

function randomList(
  random: Random,
  index: number,
): NonNullable<ScenarioDocument['ip_lists']>[number] {
  const isWide = random.chance(0.4);
  return {
    name: `l${index + 1}`,
    ranges: isWide ? ['0.0.0.0/0', '::/0'] : random.some(RANGES, 1, 4),
    ...(isWide && { exclusions: random.some(HOLES, 0, 3) }),
    ...(random.chance(0.25) && { fqdns: [random.pick(['*.example.com', 'example.net'])] }),
  };
}

const labelTexts = Object.entries(LABELS).flatMap(([key, values]) =>
  values.map((value) => `${key}=${value}`),
);

function randomActor(random: Random, names: Names, isRule: boolean): ActorText {
  const kind = random.int(20);
  if (kind < 5) return 'ams';
  if (kind < 11) return random.pick(labelTexts);
  if (kind < 13 && names.groups.length > 0) return { label_group: random.pick(names.groups) };
  if (kind < 15) return { workload: random.pick(names.workloads) };
  if (kind < 19) return { ip_list: random.pick([...names.lists, 'Any']) };
  if (isRule && names.virtual.length > 0) return { virtual_service: random.pick(names.virtual) };
  return 'ams';
}

function randomSide(random: Random, names: Names, isRule: boolean): ActorText[] {
  return random.times(1, 3, () => randomActor(random, names, isRule));
}

const isOnlyLists = (side: readonly ActorText[]): boolean =>
  side.every((actor) => typeof actor === 'object' && 'ip_list' in actor);

function randomServices(random: Random, names: Names): ServicePortText[] {
  return random.times(1, 3, () =>
    random.pick<ServicePortText>([
      'All Services',
      ...names.services,
      random.pick(PORTS),
      random.pick(PORTS),
    ]),
  );
}

/** Two sides of which one is more than IP lists, and a network type that they allow. */
function randomSides(random: Random, names: Names, isRule: boolean) {
  let [providers, consumers] = [
    randomSide(random, names, isRule),
    randomSide(random, names, isRule),
  ];
  if (isOnlyLists(providers) && isOnlyLists(consumers)) {
    if (random.chance(0.5)) providers = ['ams'];
    else consumers = ['ams'];
  }
  const mayLeave = isOnlyLists(providers) || isOnlyLists(consumers);
  const network_type = mayLeave ? random.pick(NETWORK_TYPES) : 'brn';
  return { providers, consumers, ...(network_type !== 'brn' && { network_type }) };
}

function randomRule(random: Random, names: Names, name: string): RuleDocument {
  return {
    name,
    ...randomSides(random, names, true),
    ingress_services: randomServices(random, names),
    ...(random.chance(0.3) && { unscoped_consumers: true }),
    ...(random.chance(0.35) && { use_workload_subnets: random.some(RULE_SIDES, 1, 2) }),
    ...(random.chance(0.2) && { stateless: true }),
    ...(random.chance(0.08) && { enabled: false }),
  };
}

function randomScope(random: Random, groups: NonNullable<ScenarioDocument['label_groups']>) {
  return random.some(Object.keys(LABELS), 0, 2).map((key) => {
    const ofKey = groups.filter((group) => group.key === key);
    if (ofKey.length > 0 && random.chance(0.3)) return { label_group: random.pick(ofKey).name };
    return `${key}=${random.pick(LABELS[key] ?? [])}`;
  });
}

/** A policy about the hosts; now and then a wide one. */
export function randomPolicy(random: Random, hosts: Hosts): Omit<ScenarioDocument, 'name'> {
  const label_groups = nested(random, randomGroups(random));
  const ip_lists = random.times(1, 3, (index) => randomList(random, index));
  const services = random.times(0, 3, (index) => ({
    name: `s${index + 1}`,
    service_ports: random.some(PORTS, 1, 4),
  }));
  const workloads = (hosts.workloads ?? []).map(({ name }) => name);
  const own = (hosts.external_hosts ?? []).flatMap(({ addresses }) => addresses);
  const virtual_services = random.times(0, 2, (index) => ({
    name: `v${index + 1}`,
    service: random.pick<ServicePortText>([
      random.pick(PORTS),
      random.pick([...services.map(({ name }) => name), 'All Services']),
    ]),
    workloads: random.some(workloads, 0, 2),
    addresses: random.some(own, 0, 1),
  }));
  const names: Names = {
    groups: label_groups.map(({ name }) => name),
    lists: ip_lists.map(({ name }) => name),
    services: services.map(({ name }) => name),
    virtual: virtual_services.map(({ name }) => name),
    workloads,
  };
  const wide = random.chance(0.06) ? randomWide(random) : null;
  return {
    label_groups,
    ip_lists: [...ip_lists, ...(wide?.lists ?? [])],
    services,
    virtual_services,
    rulesets: [
      ...(wide === null ? [] : [wide.ruleSet]),
      ...random.times(1, 3, (index) => ({
        name: `r${index + 1}`,
        ...(random.chance(0.06) && { enabled: false }),
        scopes: random.chance(0.5)
          ? []
          : random.times(1, 2, () => randomScope(random, label_groups)),
        rules: random.times(1, 3, (at) => randomRule(random, names, `rule ${index + 1}.${at + 1}`)),
      })),
    ],
    enforcement_boundaries: random.times(0, 2, (index) => ({
      name: `boundary ${index + 1}`,
      ...randomSides(random, names, false),
      ingress_services: randomServices(random, names),
      ...(random.chance(0.08) && { enabled: false }),
    })),
  };
}
