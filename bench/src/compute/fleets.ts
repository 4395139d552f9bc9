/** Policies of known shape and size for measuring the core. Equal texts are one string, as they are in a process that read them once. */
import type { Actor, PolicyChange, Rule, RuleSide, WorkloadType } from '@bulkhead/policy';

export interface FleetHost {
  readonly index: number;
  readonly labels: readonly string[];
  readonly address: string;
  readonly type: WorkloadType;
}

/**
 * A text as it is in a message that was read: in one piece. What is put together with `+` is kept in pieces until somebody looks at it, and
 * then the core would be charged for the writing of its input.
 */
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

export function label(href: string): Actor & { kind: 'label' } {
  return { kind: 'label', href, exclusion: false };
}

export function labelChange(key: string, value: string): PolicyChange {
  const href = `/labels/${key}-${value}`;
  return { type: 'label', href, value: { href, key, value } };
}

/** `10.0.0.0/8` and on into the next ones: as many different addresses as anybody asks for. */
export function addressOf(index: number): string {
  return inOnePiece(
    `${10 + (index >>> 24)}.${(index >>> 16) & 255}.${(index >>> 8) & 255}.${index & 255}`,
  );
}

export function workloadChange({ index, labels, address, type }: FleetHost): PolicyChange {
  const href = inOnePiece(`/workloads/${index}`);
  return {
    type: 'workload',
    href,
    value: {
      href,
      name: href,
      type,
      labels,
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
          addresses: [{ address, prefixLength: 24 }],
          gateway: null,
          linkState: 'up',
          networkProfile: 'corporate',
        },
      ],
    },
  };
}

const NO_ACTORS: readonly Actor[] = [];
const WORKLOADS = ['workloads'] as const;
const BOTH = { providers: WORKLOADS, consumers: WORKLOADS };
const NONE: readonly never[] = [];

export function rule(
  text: string,
  of: {
    readonly providers?: readonly Actor[];
    readonly consumers?: readonly Actor[];
    readonly port: number;
    readonly subnets?: readonly RuleSide[];
  },
): Rule {
  const href = inOnePiece(text);
  return {
    href,
    name: href,
    version: 1,
    enabled: true,
    providers: of.providers ?? NO_ACTORS,
    consumers: of.consumers ?? NO_ACTORS,
    ingressServices: [
      { port: { protocol: 6, port: of.port, toPort: null, icmpType: null, icmpCode: null } },
    ],
    resolveLabelsAs: BOTH,
    consumingSecurityPrincipals: NONE,
    unscopedConsumers: false,
    useWorkloadSubnets: of.subnets ?? NONE,
    networkType: 'brn',
    stateless: false,
  };
}

export function ruleSetChange(
  index: number,
  scope: readonly string[],
  rules: readonly Rule[],
): PolicyChange {
  const href = inOnePiece(`/rule_sets/${index}`);
  return {
    type: 'rule_set',
    href,
    value: {
      href,
      name: href,
      enabled: true,
      scopes: [scope.map(label)],
      rules,
      ipTablesRules: NONE,
    },
  };
}

const ROLES = ['web', 'app', 'db', 'job'] as const;
/** Provider role, consumer role, port of the three rules of each scope. */
const TIERS = [
  ['web', 'job', 443],
  ['app', 'web', 8080],
  ['db', 'app', 5432],
] as const;

/** Applications of four hosts, each of another role, with three rules among them: every host is a policy class of its own. */
export function applications(scopes: number): PolicyChange[] {
  const roles = new Map(ROLES.map((role) => [role, `/labels/role-${role}`]));
  const apps = Array.from({ length: scopes }, (_, scope) => inOnePiece(`/labels/app-${scope}`));
  const actors = new Map(
    [...roles].map(([role, href]) => [role, [label(href)] as readonly Actor[]]),
  );
  return [
    ...ROLES.map((role) => labelChange('role', role)),
    ...apps.map((_, scope) => labelChange('app', `${scope}`)),
    ...apps.flatMap((app, scope) =>
      [...roles.values()].map((role, place) => {
        const index = scope * ROLES.length + place;
        const labels = [app, role];
        return workloadChange({ index, labels, address: addressOf(index), type: 'server' });
      }),
    ),
    ...apps.map((app, scope) =>
      ruleSetChange(
        scope,
        [app],
        TIERS.map(([provider, consumer, port], place) =>
          rule(`/rule_sets/${scope}/sec_rules/${place}`, {
            providers: actors.get(provider) ?? [],
            consumers: actors.get(consumer) ?? [],
            port,
          }),
        ),
      ),
    ),
  ];
}

/** Every host under every rule: all of them are the providers and the consumers of each. */
export function everybody(workloads: number, rules: number): PolicyChange[] {
  const all: readonly Actor[] = [{ kind: 'ams' }];
  const roles = ROLES.map((role) => [`/labels/role-${role}`]);
  return [
    ...ROLES.map((role) => labelChange('role', role)),
    ...Array.from({ length: workloads }, (_, index) =>
      workloadChange({
        index,
        labels: roles[index % roles.length] ?? [],
        address: addressOf(index),
        type: 'server',
      }),
    ),
    ruleSetChange(
      0,
      [],
      Array.from({ length: rules }, (_, place) =>
        rule(`/rule_sets/0/sec_rules/${place}`, {
          providers: all,
          consumers: all,
          port: 1 + (place % 65_535),
        }),
      ),
    ),
  ];
}

export interface LaptopFleet {
  readonly laptops: number;
  /** Sites times departments: as many policy classes of laptops. */
  readonly sites: number;
  readonly departments: number;
  readonly servers: number;
  readonly rules: number;
  /** Subnets of laptops that each site has. */
  readonly subnetsPerSite: number;
  readonly useSubnets: boolean;
}

/** Address of a laptop in one of the subnets (/24) of its site. */
export function laptopAddress(
  { sites, departments, subnetsPerSite }: LaptopFleet,
  index: number,
  move = 0,
): string {
  const site = index % sites;
  // laptops of each policy class are spread over all subnets of their site
  const place = Math.trunc(index / (sites * departments)) + move;
  const subnet = site * subnetsPerSite + (place % subnetsPerSite);
  const host = 1 + ((Math.trunc(index / sites) + move) % 250);
  return inOnePiece(`10.${(subnet >>> 8) & 255}.${subnet & 255}.${host}`);
}

export function laptopChange(fleet: LaptopFleet, index: number, address: string): PolicyChange {
  const department = Math.trunc(index / fleet.sites) % fleet.departments;
  return workloadChange({
    index,
    labels: labelsOfLaptop(index % fleet.sites, department),
    address,
    type: 'endpoint',
  });
}

const laptopLabels = new Map<number, readonly string[]>();

function labelsOfLaptop(site: number, department: number): readonly string[] {
  const key = site * 1_000_000 + department;
  let labels = laptopLabels.get(key);
  if (labels === undefined) {
    labels = [`/labels/loc-${site}`, `/labels/role-${department}`];
    laptopLabels.set(key, labels);
  }
  return labels;
}

/** Laptops of many sites and departments that reach server applications. */
export function laptops(fleet: LaptopFleet): PolicyChange[] {
  const { sites, departments, servers, rules, useSubnets } = fleet;
  const apps = Math.max(1, Math.trunc(servers / 10));
  const subnets: readonly RuleSide[] = useSubnets ? ['consumers'] : NONE;
  return [
    ...Array.from({ length: sites }, (_, site) => labelChange('loc', `${site}`)),
    ...Array.from({ length: departments }, (_, place) => labelChange('role', `${place}`)),
    ...Array.from({ length: apps }, (_, app) => labelChange('app', `${app}`)),
    ...Array.from({ length: servers }, (_, place) =>
      workloadChange({
        index: fleet.laptops + place,
        labels: [`/labels/app-${place % apps}`],
        address: addressOf((150 << 24) + place),
        type: 'server',
      }),
    ),
    ...Array.from({ length: fleet.laptops }, (_, index) =>
      laptopChange(fleet, index, laptopAddress(fleet, index)),
    ),
    ruleSetChange(
      0,
      [],
      Array.from({ length: rules }, (_, place) =>
        rule(`/rule_sets/0/sec_rules/${place}`, {
          providers: [label(`/labels/app-${place % apps}`)],
          consumers: [
            label(`/labels/role-${place % departments}`),
            label(`/labels/loc-${Math.trunc(place / departments) % sites}`),
          ],
          port: 1024 + (place % 60_000),
          subnets,
        }),
      ),
    ),
  ];
}
