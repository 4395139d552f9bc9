import { createPolicyCore, type PolicyChange, type Rule } from '@bulkhead/policy';
import { rounded, spread, type Figures } from './measure.ts';

const SCOPES = 25_000;
const PER_SCOPE = 4;
const ROLES = ['web', 'app', 'db', 'job'] as const;
/** Provider role, consumer role, port of the three rules of each scope. */
const RULES = [
  ['web', 'job', 443],
  ['app', 'web', 8080],
  ['db', 'app', 5432],
] as const;

function address(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

function label(href: string): { kind: 'label'; href: string; exclusion: boolean } {
  return { kind: 'label', href, exclusion: false };
}

function rulesOf(scope: number): Rule[] {
  return RULES.map(([provider, consumer, port], index) => ({
    href: `/rule_sets/${scope}/sec_rules/${index}`,
    name: `rule ${index}`,
    version: 1,
    enabled: true,
    providers: [label(`/labels/role-${provider}`)],
    consumers: [label(`/labels/role-${consumer}`)],
    ingressServices: [
      { port: { protocol: 6, port, toPort: null, icmpType: null, icmpCode: null } },
    ],
    resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
    consumingSecurityPrincipals: [],
    unscopedConsumers: false,
    useWorkloadSubnets: [],
    networkType: 'brn',
    stateless: false,
  }));
}

function workload(index: number, addressIndex: number): PolicyChange {
  const scope = Math.floor(index / PER_SCOPE);
  const href = `/workloads/${index}`;
  return {
    type: 'workload',
    href,
    value: {
      href,
      name: `host-${index}`,
      type: 'server',
      labels: [`/labels/app-${scope}`, `/labels/role-${ROLES[index % PER_SCOPE] ?? 'web'}`],
      enforcementMode: 'full',
      visibilityLevel: 'flow_summary',
      blockedConnectionAction: 'drop',
      venVersion: '23.2.20',
      online: true,
      suspended: false,
      osFamily: 'linux',
      interfaces: [
        {
          name: 'eth0',
          addresses: [{ address: address(addressIndex), prefixLength: 24 }],
          gateway: null,
          linkState: 'up',
          networkProfile: 'corporate',
        },
      ],
    },
  };
}

function model(): PolicyChange[] {
  const changes: PolicyChange[] = ROLES.map((value) => ({
    type: 'label',
    href: `/labels/role-${value}`,
    value: { href: `/labels/role-${value}`, key: 'role', value },
  }));
  for (let scope = 0; scope < SCOPES; scope += 1) {
    const href = `/labels/app-${scope}`;
    changes.push({ type: 'label', href, value: { href, key: 'app', value: `app-${scope}` } });
  }
  for (let index = 0; index < SCOPES * PER_SCOPE; index += 1) changes.push(workload(index, index));
  for (let scope = 0; scope < SCOPES; scope += 1) {
    const href = `/rule_sets/${scope}`;
    changes.push({
      type: 'rule_set',
      href,
      value: {
        href,
        name: `ruleset ${scope}`,
        enabled: true,
        scopes: [[label(`/labels/app-${scope}`)]],
        rules: rulesOf(scope),
        ipTablesRules: [],
      },
    });
  }
  return changes;
}

/** The policy core alone: 100,000 workloads in 25,000 scopes with 75,000 rules from nothing, then single moves of hosts. */
export async function benchCompute(): Promise<Figures> {
  const changes = model();
  const before = process.memoryUsage().rss;
  const core = createPolicyCore();
  const begun = performance.now();
  core.apply(changes);
  const fromNothing = (performance.now() - begun) / 1000;
  const after = process.memoryUsage().rss;
  const moves: number[] = [];
  for (let index = 0; index < 1000; index += 1) {
    const change = workload(index * 97, SCOPES * PER_SCOPE + index);
    const start = performance.now();
    core.apply([change]);
    moves.push(performance.now() - start);
  }
  const { workloads, classes, selectors, policies, sets } = core.sizes();
  return {
    workloads,
    scopes: SCOPES,
    rules: SCOPES * RULES.length,
    classes,
    selectors,
    policies,
    sets,
    'from nothing s': rounded(fromNothing),
    ...spread('one move ms', moves, 3),
    'rss MB': rounded(after / 2 ** 20, 1),
    'grown by MB': rounded((after - before) / 2 ** 20, 1),
  };
}
