/** Rulesets, boundaries and the organization's firewall settings. */
import type {
  Actor,
  EnforcementBoundary,
  FirewallSettings,
  IngressService,
  IpTablesRule,
  Rule,
  RuleSet,
  Scope,
  ScopeEntry,
} from '@bulkhead/policy';
import { ENFORCEMENT_MODES, IPV6_MODES, NETWORK_TYPES, RULE_SIDES } from '@bulkhead/policy';
import fc from 'fast-check';
import { servicePort } from './object-arbitraries.ts';
import {
  keyOfGroup,
  LABELS,
  mostly,
  oneOf,
  SIDS,
  SMALL_WORLD,
  someOf,
  type PolicyOptions,
} from './small-world.ts';

const scopeEntry: fc.Arbitrary<ScopeEntry> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('label' as const),
      href: oneOf(SMALL_WORLD.labels),
      exclusion: oneOf([false, false, true]),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('label_group' as const),
      href: oneOf(SMALL_WORLD.labelGroups),
      exclusion: oneOf([false, false, true]),
    }),
  },
);

const scope: fc.Arbitrary<Scope> = fc.uniqueArray(scopeEntry, {
  maxLength: 2,
  selector: ({ href }) => LABELS.find((item) => item.href === href)?.key ?? keyOfGroup(href),
});

const scopes: fc.Arbitrary<readonly Scope[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(scope, { maxLength: 2 }) },
);

const actor = (virtual: boolean): fc.Arbitrary<Actor> => {
  const named = <K extends 'workload' | 'ip_list' | 'virtual_service'>(
    kind: K,
    values: readonly string[],
  ) => fc.record({ kind: fc.constant(kind), href: oneOf(values) });
  return fc.oneof(
    { weight: 7, arbitrary: fc.constant({ kind: 'ams' as const }) },
    { weight: 6, arbitrary: scopeEntry },
    { weight: 2, arbitrary: named('workload', SMALL_WORLD.workloads) },
    { weight: 4, arbitrary: named('ip_list', SMALL_WORLD.ipLists) },
    {
      weight: virtual ? 1 : 0,
      arbitrary: named('virtual_service', SMALL_WORLD.virtualServices),
    },
  );
};
const side = (virtual: boolean) => fc.array(actor(virtual), { minLength: 1, maxLength: 3 });

const NO_PORT = { port: null, toPort: null, icmpType: null, icmpCode: null };
const ingress = (options: PolicyOptions): fc.Arbitrary<readonly IngressService[]> =>
  fc.array(
    fc.oneof(
      { weight: 2, arbitrary: oneOf(SMALL_WORLD.services).map((href) => ({ href })) },
      { weight: 2, arbitrary: servicePort(options).map((port) => ({ port })) },
      {
        weight: 3,
        arbitrary: oneOf([-1, 6]).map((protocol) => ({ port: { ...NO_PORT, protocol } })),
      },
    ),
    { minLength: 1, maxLength: 2 },
  );

const resolveAs = oneOf([
  ['workloads'],
  ['workloads'],
  ['workloads'],
  ['workloads'],
  ['virtual_services'],
  ['workloads', 'virtual_services'],
] as const);

const userGroups: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(oneOf(SIDS), { minLength: 1, maxLength: 2 }) },
);

const rule = (href: string, options: PolicyOptions): fc.Arbitrary<Rule> =>
  fc.record({
    href: fc.constant(href),
    name: fc.constant(`rule ${href}`),
    version: fc.nat({ max: 2 }),
    enabled: mostly(true),
    providers: side(true),
    consumers: side(true),
    ingressServices: ingress(options),
    resolveLabelsAs: fc.record({ providers: resolveAs, consumers: resolveAs }),
    consumingSecurityPrincipals: options.extended ? userGroups : fc.constant([]),
    unscopedConsumers: fc.boolean(),
    useWorkloadSubnets: someOf(RULE_SIDES),
    networkType: oneOf(['brn', 'brn', ...NETWORK_TYPES]),
    stateless: fc.boolean(),
  });

const ipTablesRule = (href: string): fc.Arbitrary<IpTablesRule> =>
  fc.record({
    href: fc.constant(href),
    version: fc.nat({ max: 2 }),
    enabled: mostly(true),
    ipVersion: oneOf([4, 6] as const),
    statements: fc.constant([
      { table: 'filter', chain: 'INPUT', parameters: '-p tcp --dport 22 -j ACCEPT' },
    ] as const),
    actors: fc.array(
      fc.oneof(
        fc.constant({ kind: 'ams' as const }),
        scopeEntry,
        fc.record({ kind: fc.constant('workload' as const), href: oneOf(SMALL_WORLD.workloads) }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  });

export function ruleSet(href: string, options: PolicyOptions): fc.Arbitrary<RuleSet> {
  const raw = ipTablesRule(`${href}/ip_tables_rules/1`);
  return fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    enabled: mostly(true),
    scopes,
    rules: fc
      .tuple(
        rule(`${href}/sec_rules/1`, options),
        rule(`${href}/sec_rules/2`, options),
        oneOf([0, 1, 2, 2]),
      )
      .map(([first, second, count]) => [first, second].slice(0, count)),
    ipTablesRules: options.extended ? fc.array(raw, { maxLength: 1 }) : fc.constant([]),
  });
}

export function enforcementBoundary(
  href: string,
  options: PolicyOptions,
): fc.Arbitrary<EnforcementBoundary> {
  return fc.record({
    href: fc.constant(href),
    name: fc.constant(href),
    version: fc.nat({ max: 2 }),
    enabled: mostly(true),
    providers: side(false),
    consumers: side(false),
    ingressServices: ingress(options),
    networkType: oneOf(['brn', 'brn', ...NETWORK_TYPES]),
  });
}

const VPN_POOLS = [
  '10.0.0.0/16',
  '10.0.0.0/24',
  '10.0.1.128/25',
  '198.51.100.7/32',
  '2001:db8::/32',
  '2001:db8::/64',
];

/** IPv6 is left to the policy mostly, so that rules are asked about it too. */
export const firewallSettings: fc.Arbitrary<FirewallSettings> = fc.record({
  vpnPools: fc.oneof(fc.constant([]), fc.shuffledSubarray(VPN_POOLS)),
  ipv6Mode: oneOf(['policy_based', 'policy_based', ...IPV6_MODES] as const),
  firewallCoexistence: fc.array(
    fc.record(
      { scope, illumioPrimary: fc.boolean(), enforcementMode: oneOf(ENFORCEMENT_MODES) },
      { requiredKeys: ['scope', 'illumioPrimary'] },
    ),
    { maxLength: 2 },
  ),
  blockedConnectionRejectScopes: fc.array(scope, { maxLength: 2 }),
});
