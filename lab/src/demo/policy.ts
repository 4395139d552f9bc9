/** The policy that the demo writes, through the public API, as an operator would in the console. */
import type { ApiClient, CallOptions } from '@bulkhead/contract';
import { listWorkloads } from '../fleet/pairing.ts';
import { LabError } from '../network/commands.ts';
import type { HostName } from '../network/topology.ts';

type RuleBody = NonNullable<CallOptions<'sec_rules.create'>['body']>;
type Actors = RuleBody['providers'];
type Services = RuleBody['ingress_services'];

export type ManagedHost = Exclude<HostName, 'internet'>;
export const SERVERS = ['web', 'app', 'db', 'ad'] as const satisfies readonly ManagedHost[];
export const LAPTOPS = ['laptop-1', 'laptop-2'] as const satisfies readonly ManagedHost[];
export const MANAGED: readonly ManagedHost[] = [...SERVERS, ...LAPTOPS];

/** Role, Application, Environment, Location of each host (R-POL-1). */
const LABELS: Readonly<Record<ManagedHost, readonly [string, string, string, string]>> = {
  web: ['Web', 'Shop', 'Production', 'Datacenter'],
  app: ['App', 'Shop', 'Production', 'Datacenter'],
  db: ['Database', 'Shop', 'Production', 'Datacenter'],
  ad: ['Directory', 'Core Services', 'Production', 'Datacenter'],
  'laptop-1': ['Sales', 'Endpoints', 'Production', 'Office'],
  'laptop-2': ['Engineering', 'Endpoints', 'Production', 'Office'],
};
const KEYS = ['role', 'app', 'env', 'loc'] as const;

export const MODES = {
  web: 'full',
  app: 'full',
  db: 'full',
  ad: 'selective',
  'laptop-1': 'full',
  'laptop-2': 'selective',
} as const satisfies Readonly<Record<ManagedHost, string>>;

/** Hrefs of labels by `key:value`. */
export type LabelIndex = ReadonlyMap<string, string>;

export async function createLabels(api: ApiClient): Promise<LabelIndex> {
  const wanted = new Map<string, { key: string; value: string }>();
  for (const values of Object.values(LABELS))
    for (const [index, key] of KEYS.entries()) {
      const value = values[index] ?? '';
      wanted.set(`${key}:${value}`, { key, value });
    }
  const { items } = await api.call('labels.list');
  const found = new Map(items.map(({ key, value, href }) => [`${key}:${value}`, href]));
  for (const [name, body] of wanted)
    if (!found.has(name)) found.set(name, (await api.call('labels.create', { body })).href);
  return found;
}

function labelsOf(host: ManagedHost, labels: LabelIndex): { href: string }[] {
  return KEYS.map((key, index) => ({
    href: labelHref(labels, `${key}:${LABELS[host][index] ?? ''}`),
  }));
}

/** Puts the labels on the paired hosts. */
export async function labelAll(api: ApiClient, labels: LabelIndex): Promise<void> {
  const workloads = await listWorkloads(api);
  for (const name of MANAGED) {
    const href = workloads.get(name)?.href ?? '';
    await api.call('workloads.update', {
      params: { id: href.split('/').at(-1) ?? '' },
      body: { labels: labelsOf(name, labels) },
    });
  }
}

function labelHref(labels: LabelIndex, name: string): string {
  const href = labels.get(name);
  if (href === undefined) throw new LabError(`no label ${name}`);
  return href;
}

interface RuleSpec {
  readonly description: string;
  readonly providers: Actors;
  readonly consumers: Actors;
  readonly services: Services;
  readonly extraScope?: boolean;
  readonly subnets?: boolean;
  readonly network?: 'brn' | 'non_brn' | 'all';
}

function rule(spec: RuleSpec): RuleBody {
  return {
    enabled: true,
    description: spec.description,
    providers: spec.providers,
    consumers: spec.consumers,
    ingress_services: spec.services,
    resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    unscoped_consumers: spec.extraScope === true,
    network_type: spec.network ?? 'brn',
    use_workload_subnets: spec.subnets === true ? ['consumers'] : [],
  };
}

const tcp = (port: number) => ({ proto: 6, port }) as const;
const udp = (port: number) => ({ proto: 17, port }) as const;

/** What the demo's rulesets are; `subnets`: whether rules for laptops use their subnets (R-POL-3). */
function ruleSets(labels: LabelIndex, anyList: string, subnets: boolean) {
  const label = (name: string): Actors => [{ label: { href: labelHref(labels, name) } }];
  const any: Actors = [{ ip_list: { href: anyList } }];
  const scope = (app: string) => [[{ label: { href: labelHref(labels, `app:${app}`) } }]];
  const endpoints = label('app:Endpoints');
  return [
    {
      name: 'Shop',
      scopes: scope('Shop'),
      rules: [
        rule({
          description: 'Laptops use the shop',
          providers: label('role:Web'),
          consumers: endpoints,
          services: [tcp(443)],
          extraScope: true,
          subnets,
        }),
        rule({
          description: 'Web calls app',
          providers: label('role:App'),
          consumers: label('role:Web'),
          services: [tcp(8080)],
        }),
        rule({
          description: 'App queries database',
          providers: label('role:Database'),
          consumers: label('role:App'),
          services: [tcp(5432)],
        }),
      ],
    },
    {
      name: 'Directory',
      scopes: scope('Core Services'),
      rules: [
        rule({
          description: 'Laptops sign in',
          providers: label('role:Directory'),
          consumers: endpoints,
          services: [tcp(88), tcp(389), udp(88), udp(389)],
          extraScope: true,
          subnets,
        }),
        rule({
          description: 'Servers of the shop ask the directory',
          providers: label('role:Directory'),
          consumers: label('app:Shop'),
          services: [tcp(389)],
          extraScope: true,
        }),
      ],
    },
    {
      name: 'Endpoints',
      scopes: scope('Endpoints'),
      rules: [
        rule({
          description: 'HTTPS from everywhere',
          providers: any,
          consumers: endpoints,
          services: [tcp(443)],
          network: 'all',
        }),
        rule({
          description: 'HTTP from the corporate network only',
          providers: any,
          consumers: endpoints,
          services: [tcp(80)],
        }),
      ],
    },
  ];
}

async function findAny(api: ApiClient): Promise<string> {
  const { items } = await api.call('ip_lists.list', { params: { pversion: 'draft' } });
  const found = items.find(({ name }) => name.startsWith('Any ('));
  if (!found) throw new LabError('the PCE has no IP list "Any (0.0.0.0/0 and ::/0)"');
  return found.href;
}

const draft = { pversion: 'draft' };

/** Writes the rulesets, a service and an enforcement boundary in draft. */
export async function writePolicy(api: ApiClient, labels: LabelIndex): Promise<void> {
  const anyList = await findAny(api);
  for (const body of ruleSets(labels, anyList, true))
    await api.call('rule_sets.create', { params: draft, body });
  const netbios = await api.call('services.create', {
    params: draft,
    body: {
      name: 'NetBIOS and SMB',
      service_ports: [udp(137), tcp(139), tcp(445)],
    },
  });
  await api.call('enforcement_boundaries.create', {
    params: draft,
    body: {
      name: 'Block NetBIOS',
      providers: [{ actors: 'ams' }],
      consumers: [{ ip_list: { href: anyList } }],
      ingress_services: [{ href: netbios.href }],
      network_type: 'brn',
    },
  });
}

/** Turns Use Workload Subnets on or off in the rules whose consumers are laptops, in draft. */
export async function setSubnets(api: ApiClient, on: boolean): Promise<void> {
  const { items } = await api.call('rule_sets.list', { params: draft });
  for (const { name, href, rules } of items) {
    if (name !== 'Shop' && name !== 'Directory') continue;
    for (const { href: ruleHref, description } of rules) {
      if (!description?.startsWith('Laptops')) continue;
      await api.call('sec_rules.update', {
        params: {
          ...draft,
          rule_set_id: href.split('/').at(-1) ?? '',
          id: ruleHref.split('/').at(-1) ?? '',
        },
        body: { use_workload_subnets: on ? ['consumers'] : [] },
      });
    }
  }
}

export async function provision(api: ApiClient, note: string): Promise<number> {
  const { version } = await api.call('sec_policy.provision', {
    body: { update_description: note },
  });
  return version;
}
