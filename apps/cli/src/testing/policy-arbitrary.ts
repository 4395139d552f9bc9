/** Random policies as items of files: every section, every member now and then, names from every plane of Unicode. */
import fc from 'fast-check';
import type { Policy } from '../folder/write.ts';
import { ITEM_SCHEMAS, SECTIONS, type Section } from '../policy/format.ts';

const KEYS = ['role', 'app', 'env', 'loc'] as const;
type Key = (typeof KEYS)[number];

const plainText = (most: number) =>
  fc
    .string({
      unit: fc.oneof(
        fc.constantFrom(...'abc XY-\'":#{}[]&*!|>%@,?~'.split('')),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      minLength: 1,
      maxLength: most,
    })
    .map((text) => text.replaceAll('\0', '0').trim())
    .filter((text) => text !== '' && text.isWellFormed());
const name = plainText(24);
const names = fc.uniqueArray(name, {
  minLength: 1,
  maxLength: 4,
  selector: (text) => text.toLowerCase(),
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const description = maybe(fc.oneof(plainText(60), fc.constant('two\nlines'), fc.constant('yes')));
const portNumber = fc.integer({ min: 1, max: 65535 });
const tcpOrUdp = fc
  .tuple(fc.constantFrom('tcp', 'udp'), portNumber, fc.integer({ min: 0, max: 50 }))
  .map(
    ([word, port, more]) =>
      `${word}/${port}${more === 0 || port + more > 65535 ? '' : `-${port + more}`}`,
  );
const anyPort = fc.oneof(
  tcpOrUdp,
  fc.constantFrom('all', 'gre', 'icmp', 'icmp/8', 'icmpv6/1/4', 'sctp', 'tcp', '50'),
);
const octet = fc.integer({ min: 0, max: 255 });
const range = fc.oneof(
  fc.tuple(octet, octet).map(([a, b]) => `10.${a}.${b}.0/24`),
  fc.tuple(octet, octet).map(([a, b]) => `10.${a}.0.${Math.min(b, 200)}-10.${a}.1.7`),
  octet.map((a) => `2001:db8:${a.toString(16)}::/64`),
  octet.map((a) => `192.0.2.${a}`),
);
const some = <T>(list: readonly T[], most = 3): fc.Arbitrary<T[]> =>
  fc.subarray([...list], { minLength: 1, maxLength: Math.min(most, list.length) });

interface World {
  readonly labels: readonly string[];
  readonly groups: readonly { readonly name: string; readonly key: Key }[];
  readonly lists: readonly string[];
  readonly services: readonly string[];
  readonly virtual: readonly string[];
  readonly users: readonly { readonly name: string; readonly sid: string }[];
}

const hosts = (world: World) =>
  fc.oneof(
    fc.constant('ams'),
    fc.constantFrom(...world.labels),
    fc.constantFrom(...world.labels).map((label) => ({ label, exclusion: true })),
    fc.constantFrom(...world.groups).map(({ name: group }) => ({ label_group: group })),
  );
const distinct = <T>(one: fc.Arbitrary<T>, most = 3) =>
  fc.uniqueArray(one, { minLength: 1, maxLength: most, selector: (item) => JSON.stringify(item) });
const lists = (world: World) =>
  some(world.lists).map((chosen) => chosen.map((list) => ({ ip_list: list })));
const ingress = (world: World) =>
  distinct(
    fc.oneof(
      tcpOrUdp,
      fc.constantFrom(...world.services).map((service) => ({ service })),
    ),
  );

/** Sides that go together, with the network type that they allow. */
const sides = (world: World) =>
  fc.oneof(
    fc.record({
      providers: distinct(hosts(world)),
      consumers: distinct(hosts(world)),
      network_type: fc.constant(undefined),
    }),
    fc.record({
      providers: distinct(hosts(world)),
      consumers: lists(world),
      network_type: maybe(fc.constantFrom('brn', 'non_brn', 'all')),
    }),
  );

const rule = (world: World) =>
  fc
    .tuple(
      sides(world),
      fc.record({
        description,
        enabled: maybe(fc.boolean()),
        ingress_services: ingress(world),
        unscoped_consumers: maybe(fc.boolean()),
        stateless: maybe(fc.boolean()),
        machine_auth: maybe(fc.boolean()),
        use_workload_subnets: maybe(fc.constantFrom(['providers'], ['providers', 'consumers'])),
        external_data_set: maybe(fc.constant('set')),
      }),
      maybe(fc.constantFrom(...world.users.map(({ name: user }) => [user]))),
      maybe(fc.constantFrom(...world.virtual)),
    )
    .map(([chosen, rest, users, virtual]) => ({
      ...chosen,
      ...rest,
      ...(virtual === undefined
        ? {}
        : { providers: [...chosen.providers, { virtual_service: virtual }] }),
      ...(chosen.consumers.some((actor) => typeof actor === 'object' && 'ip_list' in actor)
        ? {}
        : { user_groups: users }),
    }));

const scope = (world: World) =>
  some(KEYS, 2).map((keys) =>
    keys.flatMap((key) => world.labels.filter((label) => label.startsWith(`${key}=`)).slice(0, 1)),
  );

const world = fc
  .record({
    labels: fc.tuple(names, names, names, names),
    groups: names,
    lists: names,
    services: names,
    virtual: names,
    users: names,
  })
  .map(({ labels, groups, users, ...rest }): World => ({
    labels: KEYS.flatMap((key, index) => (labels[index] ?? []).map((value) => `${key}=${value}`)),
    groups: groups.map((group, index) => ({ name: group, key: KEYS[index % 2] ?? 'role' })),
    users: users.map((user, index) => ({ name: user, sid: `S-1-5-21-${index + 1}` })),
    ...rest,
  }));

const valueOf = (label: string) => label.slice(label.indexOf('=') + 1);

function sectionsOf(known: World): fc.Arbitrary<Record<Section, readonly object[]>> {
  const each = <T>(list: readonly T[], make: (item: T, index: number) => fc.Arbitrary<object>) =>
    fc.tuple(...list.map(make));
  const named = (make: fc.Arbitrary<object>) =>
    names.chain((chosen) => each(chosen, (one) => make.map((item) => ({ name: one, ...item }))));
  return fc.record({
    labels: each(known.labels, (label) =>
      fc.record({
        value: fc.constant(valueOf(label)),
        external_data_set: maybe(fc.constant('cmdb')),
      }),
    ),
    user_groups: each(known.users, (user) =>
      fc.record({ name: fc.constant(user.name), sid: fc.constant(user.sid), description }),
    ),
    ip_lists: each(known.lists, (list) =>
      fc.record({
        name: fc.constant(list),
        description,
        ip_ranges: distinct(
          fc.oneof(
            range,
            range.map((one) => ({ range: one, description: 'why' })),
          ),
        ),
        fqdns: maybe(
          fc.constant(['*.example.com', { fqdn: 'www.example.org', description: 'web' }]),
        ),
      }),
    ),
    services: each(known.services, (service) =>
      fc.oneof(
        fc.record({ name: fc.constant(service), description, service_ports: distinct(anyPort) }),
        fc.record({
          name: fc.constant(service),
          windows_services: fc.constant([
            { process_name: 'C:\\a b\\x.exe', service_port: 'tcp/135' },
            { service_name: 'lanman' },
          ]),
          process_name: maybe(fc.constant('/usr/bin/x')),
        }),
      ),
    ),
    label_groups: each(known.groups, (group, index) =>
      fc.record({
        name: fc.constant(group.name),
        key: fc.constant(group.key),
        description,
        labels: some(
          known.labels.filter((label) => label.startsWith(`${group.key}=`)).map(valueOf),
        ),
        sub_groups: fc.subarray(
          known.groups
            .slice(index + 1)
            .filter(({ key }) => key === group.key)
            .map((one) => one.name),
        ),
      }),
    ),
    virtual_services: each(known.virtual, (virtual) =>
      fc.oneof(
        fc.record({
          name: fc.constant(virtual),
          description,
          service_ports: distinct(tcpOrUdp),
          labels: maybe(fc.constantFrom(...known.labels).map((label) => [label])),
          ip_overrides: maybe(fc.constant(['10.1.0.0/16', '2001:db8::1'])),
          service_addresses: maybe(
            fc.constant([
              { ip: '10.2.3.4', port: 80, network: 'Corporate' },
              { fqdn: 'a.example.com' },
            ]),
          ),
        }),
        fc.record({ name: fc.constant(virtual), service: fc.constantFrom(...known.services) }),
      ),
    ),
    rulesets: named(
      fc.record({
        description,
        enabled: maybe(fc.boolean()),
        scopes: fc.array(scope(known), { maxLength: 2 }),
        rules: fc.array(rule(known), { maxLength: 4 }),
      }),
    ),
    enforcement_boundaries: named(
      fc
        .tuple(sides(known), ingress(known), maybe(fc.boolean()))
        .map(([chosen, services, enabled]) => ({ ...chosen, ingress_services: services, enabled })),
    ),
    policy_tests: named(
      fc.record({
        description,
        from: fc.constantFrom(...known.labels).map((label) => [{ labels: [label] }]),
        to: fc.constant([{ address: '192.0.2.1' }, { address: '2001:db8::7' }]),
        ports: fc.uniqueArray(portNumber, { minLength: 1, maxLength: 3 }),
        decision: fc.constantFrom('allowed', 'blocked', 'potentially_blocked'),
        by: maybe(fc.constant(['default'])),
        outbound: maybe(fc.constant({ decision: 'none' })),
        note: description,
      }),
    ),
  });
}

/** Policies in the form in which files are read. */
export const policies: fc.Arbitrary<Policy> = world.chain((known) =>
  sectionsOf(known).map((sections) => {
    const items = SECTIONS.map((section) => [
      section,
      sections[section].map((item, index) => ({
        ...ITEM_SCHEMAS[section].parse(item),
        ...(section === 'labels' ? { key: known.labels[index]?.split('=')[0] } : {}),
      })),
    ]);
    // each list was parsed by the schema of its own section
    return Object.fromEntries(items) as Policy;
  }),
);
