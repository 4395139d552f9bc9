/**
 * Policies over a small world. References may dangle, sides may be nobody, the same address may be on two hosts, ranges may overlap:
 * whatever the API lets through, and what stands for a moment between two changes.
 */
import type { Connection, ConnectionEnd, PolicyChange, PolicyModel } from '@bulkhead/policy';
import { DEFAULT_FIREWALL_SETTINGS } from '@bulkhead/policy';
import fc from 'fast-check';
import {
  ipList,
  label,
  labelGroup,
  service,
  virtualService,
  workload,
} from './object-arbitraries.ts';
import { enforcementBoundary, firewallSettings, ruleSet } from './rule-arbitraries.ts';
import {
  FQDNS,
  oneOf,
  EVERYTHING,
  PROGRAMS,
  SIDS,
  SMALL_WORLD,
  type PolicyOptions,
} from './small-world.ts';

type Make<T> = (href: string, options: PolicyOptions) => fc.Arbitrary<T>;

/** Each of the hrefs, or not, with content of its own. */
function each<T>(all: readonly string[], make: (href: string) => fc.Arbitrary<T>, present = 0.85) {
  return fc
    .tuple(...all.map((href) => fc.tuple(make(href), fc.nat({ max: 99 }))))
    .map((items) => items.flatMap(([item, chance]) => (chance < present * 100 ? [item] : [])));
}

/** A policy of the small world, complete or with pieces missing. */
export function policyModel(options: PolicyOptions = EVERYTHING): fc.Arbitrary<PolicyModel> {
  const some = <T>(all: readonly string[], make: Make<T>) =>
    each(all, (href) => make(href, options));
  return fc.record({
    labels: each(SMALL_WORLD.labels, label, 0.95),
    labelGroups: some(SMALL_WORLD.labelGroups, labelGroup),
    workloads: some(SMALL_WORLD.workloads, workload),
    ipLists: some(SMALL_WORLD.ipLists, ipList),
    services: some(SMALL_WORLD.services, service),
    virtualServices: some(SMALL_WORLD.virtualServices, virtualService),
    ruleSets: some(SMALL_WORLD.ruleSets, ruleSet),
    enforcementBoundaries: some(SMALL_WORLD.enforcementBoundaries, enforcementBoundary),
    firewallSettings: options.extended ? firewallSettings : fc.constant(DEFAULT_FIREWALL_SETTINGS),
  });
}

/** One object of the small world put in place or taken away; workloads most often, as in life. */
export function policyChange(options: PolicyOptions = EVERYTHING): fc.Arbitrary<PolicyChange> {
  const world = SMALL_WORLD;
  function changeOf<T extends PolicyChange['type']>(
    type: T,
    all: readonly string[],
    make: Make<Extract<PolicyChange, { type: T }>['value']>,
  ) {
    return oneOf(all).chain((href) =>
      fc.record({
        type: fc.constant(type),
        href: fc.constant(href),
        value: fc.option(make(href, options), { freq: 6 }),
      }),
    );
  }
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
    {
      weight: options.extended ? 1 : 0,
      arbitrary: changeOf('firewall_settings', ['firewall_settings'], () => firewallSettings),
    },
  ) as fc.Arbitrary<PolicyChange>;
}

/**
 * A new connection between two ends of the model, both of one family: its workloads at their addresses mostly, and hosts that no policy
 * knows. Users and programs are known at times.
 */
export function connection(model: PolicyModel): fc.Arbitrary<Connection> {
  return fc.oneof(
    { weight: 2, arbitrary: connectionOf(model, 4) },
    { weight: 1, arbitrary: connectionOf(model, 6) },
  );
}

function connectionOf(model: PolicyModel, family: 4 | 6): fc.Arbitrary<Connection> {
  const ofFamily = (text: string) => text.includes(':') === (family === 6);
  const owned = model.workloads.flatMap((item) =>
    item.interfaces.flatMap((entry) =>
      entry.addresses
        .filter(({ address }) => ofFamily(address))
        .map(({ address }) => ({
          workload: item.href,
          address,
          interfaceName: entry.name,
          fqdn: null,
        })),
    ),
  );
  const external = fc.record({
    workload: fc.constant(null),
    address: oneOf(SMALL_WORLD.addresses.filter(ofFamily)),
    interfaceName: fc.constant(null),
    fqdn: fc.option(oneOf(FQDNS)),
  });
  const end: fc.Arbitrary<ConnectionEnd> =
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
  const user = oneOf([{}, { principals: [] }, ...SIDS.map((sid) => ({ principals: [sid] }))]);
  const program = oneOf([{}, ...PROGRAMS]);
  return fc
    .tuple(fc.tuple(end, end, end), user, program, traffic)
    .map(([[source, one, other], who, what, rest]) => {
      // a host talks to itself at times, and to others mostly
      const destination = one.workload === source.workload ? other : one;
      return {
        source: { ...source, ...who },
        destination: { ...destination, ...what },
        ...rest,
      };
    });
}
