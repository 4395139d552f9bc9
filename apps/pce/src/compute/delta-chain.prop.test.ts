import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createPolicyCore,
  type HostPolicy,
  type PolicyChange,
  type Rule,
  type Workload,
} from '@bulkhead/policy';
import { VenPolicy, type PolicyMessage } from '../gateway/ven-policy.ts';
import { OrganizationPolicy } from './organization-policy.ts';

const LABELS = ['web', 'db', 'laptop'].map((value, index) => ({
  href: `/orgs/1/labels/${index + 1}`,
  key: 'role',
  value,
}));
const HOSTS = [1, 2, 3, 4, 5];

function workload(
  n: number,
  facts: {
    label: number;
    address: number;
    online: boolean;
    corporate: boolean;
    mode: 'full' | 'idle';
  },
): PolicyChange {
  const href = `/orgs/1/workloads/${n}`;
  const value: Workload = {
    href,
    name: `host ${n}`,
    type: 'endpoint',
    labels: [`/orgs/1/labels/${facts.label}`],
    enforcementMode: facts.mode,
    visibilityLevel: 'flow_summary',
    blockedConnectionAction: 'drop',
    venVersion: '22.5.0',
    online: facts.online,
    suspended: false,
    osFamily: 'linux',
    interfaces: [
      {
        name: 'eth0',
        addresses: [{ address: `10.${n}.0.${facts.address}`, prefixLength: 24 }],
        gateway: null,
        linkState: 'up',
        networkProfile: facts.corporate ? 'corporate' : 'external',
      },
    ],
  };
  return { type: 'workload', href, value };
}

function ruleSet(
  n: number,
  facts: { provider: number; consumer: number; subnets: boolean; port: number },
): PolicyChange {
  const href = `/orgs/1/sec_policy/active/rule_sets/${n}`;
  const rule: Rule = {
    href: `${href}/sec_rules/${n}`,
    name: `rule ${n}`,
    version: 1,
    enabled: true,
    providers: [{ kind: 'label', href: `/orgs/1/labels/${facts.provider}`, exclusion: false }],
    consumers: [{ kind: 'label', href: `/orgs/1/labels/${facts.consumer}`, exclusion: false }],
    ingressServices: [
      { port: { protocol: 6, port: facts.port, toPort: null, icmpType: null, icmpCode: null } },
    ],
    resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
    consumingSecurityPrincipals: [],
    unscopedConsumers: false,
    useWorkloadSubnets: facts.subnets ? ['consumers'] : [],
    networkType: 'brn',
    stateless: false,
  };
  return {
    type: 'rule_set',
    href,
    value: {
      href,
      name: `ruleset ${n}`,
      enabled: true,
      scopes: [[]],
      rules: [rule],
      ipTablesRules: [],
    },
  };
}

const label = fc.integer({ min: 1, max: LABELS.length });
const change: fc.Arbitrary<PolicyChange> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...HOSTS),
        fc.record({
          label,
          address: fc.integer({ min: 1, max: 4 }),
          online: fc.boolean(),
          corporate: fc.boolean(),
          mode: fc.constantFrom('full', 'idle'),
        }),
      )
      .map(([n, facts]) => workload(n, facts)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.record({
          provider: label,
          consumer: label,
          subnets: fc.boolean(),
          port: fc.constantFrom(22, 443),
        }),
      )
      .map(([n, facts]) => ruleSet(n, facts)),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 3 }).map((n): PolicyChange => ({
      type: 'rule_set',
      href: `/orgs/1/sec_policy/active/rule_sets/${n}`,
      value: null,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...HOSTS).map((n): PolicyChange => ({
      type: 'workload',
      href: `/orgs/1/workloads/${n}`,
      value: null,
    })),
  },
);

interface Step {
  readonly changes: readonly PolicyChange[];
  /** The core is thrown away and built anew from everything so far. */
  readonly rebuild: boolean;
  /** Hosts that are away: they get nothing now. */
  readonly away: readonly number[];
  /** Hosts that refuse what they are sent. */
  readonly refuse: readonly number[];
}
const step: fc.Arbitrary<Step> = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
  rebuild: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
  away: fc.subarray(HOSTS, { maxLength: 2 }),
  refuse: fc.subarray(HOSTS, { maxLength: 1 }),
});

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Broken: ${what}`);
}

/** A VEN as far as policy goes: takes what it is sent exactly as the protocol says. */
class Host {
  version = 0;
  policy: HostPolicy | undefined;
  sets = new Map<string, { hosts: Set<string>; ranges: Set<string> }>();
  messages = 0;

  take(message: PolicyMessage): boolean {
    this.messages += 1;
    if (message.type === 'policy') {
      this.version = message.content.version;
      this.policy = message.content.policy;
      this.sets = new Map(
        message.content.sets.map((set) => [
          set.id,
          { hosts: new Set(set.hosts), ranges: new Set(set.ranges) },
        ]),
      );
      return true;
    }
    const { content } = message;
    must(content.from === this.version, 'a delta starts where the VEN is');
    this.version = content.to;
    if (content.policy !== null) this.policy = content.policy;
    for (const id of content.dropped_sets)
      must(this.sets.delete(id), 'only what is there is dropped');
    for (const delta of content.sets) {
      const set = this.sets.get(delta.id) ?? { hosts: new Set(), ranges: new Set() };
      this.sets.set(delta.id, set);
      for (const item of delta.removeHosts)
        must(set.hosts.delete(item), 'only what is there is removed');
      for (const item of delta.removeRanges)
        must(set.ranges.delete(item), 'only what is there is removed');
      for (const item of delta.addHosts) set.hosts.add(item);
      for (const item of delta.addRanges) set.ranges.add(item);
    }
    return true;
  }
}

function plain(
  policy: HostPolicy | undefined,
  sets: Iterable<readonly [string, Iterable<string>, Iterable<string>]>,
): unknown {
  return {
    policy,
    sets: [...sets]
      .map(([id, hosts, ranges]) => [id, [...hosts].toSorted(), [...ranges].toSorted()])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  };
}

test('whatever changes, is missed, is refused or is computed anew: the messages of each host add up to its whole policy', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let core = createPolicyCore();
      const base: PolicyChange[] = LABELS.map((value) => ({
        type: 'label',
        href: value.href,
        value,
      }));
      const organization = new OrganizationPolicy(1);
      const now = new Map<string, PolicyChange>(base.map((item) => [item.href, item]));
      const hosts = new Map(HOSTS.map((n) => [n, { ven: new VenPolicy(0), host: new Host() }]));
      core.apply(base);
      for (const { changes, rebuild, away, refuse } of steps) {
        for (const item of changes) now.set(item.href, item);
        const all = rebuild ? [...now.values()] : changes;
        if (rebuild) core = createPolicyCore();
        const delta = core.apply(all);
        const policies = delta.policies.flatMap(({ workload: href, hash }) =>
          hash === null ? [] : (core.hostPolicy(href) ?? []),
        );
        organization[rebuild ? 'replace' : 'apply']({ delta, policies });
        for (const [n, { ven, host }] of hosts) {
          if (away.includes(n)) continue;
          const message = ven.next(organization, `/orgs/1/workloads/${n}`);
          if (message === undefined) continue;
          const version = message.type === 'policy' ? message.content.version : message.content.to;
          if (refuse.includes(n)) {
            ven.refused(version);
            continue;
          }
          host.take(message);
          ven.acknowledged(version);
        }
      }
      for (const [n, { ven, host }] of hosts) {
        const href = `/orgs/1/workloads/${n}`;
        const message = ven.next(organization, href);
        if (message !== undefined) host.take(message);
        if (core.hostPolicy(href) === undefined) continue;
        expect(
          plain(
            host.policy,
            [...host.sets].map(([id, set]) => [id, set.hosts, set.ranges] as const),
          ),
        ).toEqual(
          plain(
            core.hostPolicy(href),
            core
              .setsOf(href)
              .map(
                (id) =>
                  [
                    id,
                    core.addressSet(id)?.hosts ?? [],
                    core.addressSet(id)?.ranges ?? [],
                  ] as const,
              ),
          ),
        );
      }
    }),
    { numRuns: 300 },
  );
});
