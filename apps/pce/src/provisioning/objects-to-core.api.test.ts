/** From the API's objects to what hosts enforce: every kind of object reaches the policy core. */
import { beforeAll, expect, test } from 'vitest';
import {
  createPolicyCore,
  naiveDecide,
  type Connection,
  type Decision,
  type HostPolicy,
  type PolicyModel,
  type ServicePort,
} from '@bulkhead/policy';
import type { LabelWire } from '@bulkhead/contract';
import { withTestPce } from '../testing/test-pce.ts';
import {
  activeHref,
  DRAFT,
  first,
  idOf,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  makeVirtualService,
  provisionAll,
  refOf,
} from '../testing/policy-client.ts';
import { connection, makeHost, type Host } from '../testing/policy-hosts.ts';
import { loadPolicyModel } from './policy-model.ts';

const pce = withTestPce();
const AMS = [{ actors: 'ams' as const }];
let web: LabelWire;
let db: LabelWire;
let staff: LabelWire;

let windows: Host;
let linux: Host;
let laptop: Host;

beforeAll(async () => {
  const client = pce().client();
  web = await makeLabel(client, 'app', 'Web');
  db = await makeLabel(client, 'app', 'Database');
  staff = await makeLabel(client, 'role', 'Staff');
  windows = await makeHost(pce(), '192.0.2.10', { labels: [web], os: 'windows' });
  linux = await makeHost(pce(), '192.0.2.20', { labels: [db] });
  laptop = await makeHost(pce(), '10.200.3.4', { labels: [staff], os: 'windows', prefix: 32 });
});

function model(at: 'draft' | 'active' = 'active'): Promise<PolicyModel> {
  return loadPolicyModel(pce().pce.deps.db, pce().orgId, at);
}

/** What the core and the reference evaluator both say. */
async function decided(asked: Connection, at: 'draft' | 'active' = 'active'): Promise<Decision> {
  const all = await model(at);
  const decision = createPolicyCore(all).decide(asked);
  expect(decision).toEqual(naiveDecide(all, asked));
  return decision;
}

async function says(...asked: Parameters<typeof connection>): Promise<string> {
  return (await decided(connection(...asked))).decision;
}

async function policyOf(host: Host): Promise<HostPolicy> {
  const policy = createPolicyCore(await model()).hostPolicy(host.href);
  if (policy === undefined) throw new Error(`${host.href} has no policy`);
  return policy;
}

/** Takes everything out of active policy. */
async function clear(): Promise<void> {
  const client = pce().client();
  for (const { href } of (await client.call('rule_sets.list', { params: DRAFT })).items)
    await client.call('rule_sets.delete', { params: { ...DRAFT, id: idOf({ href }) } });
  await client.call('sec_policy.provision', { body: {} }).catch(() => undefined);
}

function bind(service: { href: string }, host: Host) {
  return pce()
    .client()
    .call('service_bindings.create', {
      body: [{ virtual_service: refOf(service), workload: refOf(host) }],
    });
}

test('PS-9: a virtual service stands for its bound workloads and own addresses, on its own service; a binding counts at once', async () => {
  const client = pce().client();
  await clear();
  const ports = await makeService(client, 'Shop ports', 8443);
  const shop = await makeVirtualService(client, 'Shop', {
    service_ports: [],
    service: refOf(ports),
    service_addresses: [{ ip: '203.0.113.80' }],
    ip_overrides: ['203.0.113.128/25'],
    labels: [refOf(web)],
  });
  const ruleSet = await makeRuleSet(client, 'To the shop');
  await makeRule(client, ruleSet, {
    providers: [{ virtual_service: refOf(shop) }],
    consumers: [{ label: refOf(db) }],
    ingress_services: [],
  });
  const own = { port: 8443 };
  const { version } = await provisionAll(client);
  expect(await says(linux, '203.0.113.80', own)).toBe('allowed');
  expect(await says(linux, '203.0.113.200', own)).toBe('allowed');
  expect(await says(linux, '203.0.113.81', own)).toBe('blocked');
  expect(await says(linux, '203.0.113.80', { port: 443 })).toBe('blocked');
  expect(await says(linux, windows, own)).toBe('blocked');

  const asked = async (): Promise<string> => {
    const query = { src_workload: linux.href, dst_workload: windows.href, protocol: 6, port: 8443 };
    const params = { pversion: 'active' };
    return (await client.call('sec_policy.decide', { params, query })).decision;
  };
  expect(await asked()).toBe('blocked');
  const [binding] = await bind(shop, windows);
  expect(await asked()).toBe('allowed');
  expect(await says(linux, windows, own)).toBe('allowed');
  expect(first((await model('draft')).virtualServices).workloads).toEqual([windows.href]);
  await client.call('service_bindings.delete', {
    params: { id: idOf({ href: binding?.href ?? '' }) },
  });
  expect(await asked()).toBe('blocked');
  // Nothing was provisioned for it.
  expect((await client.call('sec_policy.list')).items[0]?.version).toBe(version);
});

test('resolve_labels_as: labels stand for workloads, for virtual services on their own service, or for both', async () => {
  const client = pce().client();
  await clear();
  const service = await makeVirtualService(client, 'By label', {
    service_ports: [{ proto: 17, port: 53 }],
    ip_overrides: ['203.0.113.53'],
    labels: [refOf(web)],
  });
  const ruleSet = await makeRuleSet(client, 'By label');
  const rule = await makeRule(client, ruleSet, {
    providers: [{ label: refOf(web) }],
    consumers: [{ label: refOf(db) }],
  });
  const as = async (...providers: ('workloads' | 'virtual_services')[]): Promise<string[]> => {
    await client.call('sec_rules.update', {
      params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) },
      body: { resolve_labels_as: { providers, consumers: ['workloads'] } },
    });
    await provisionAll(client);
    const dns = { protocol: 17, port: 53 };
    return [await says(linux, windows), await says(linux, '203.0.113.53', dns)];
  };
  expect(service.labels).toHaveLength(1);
  expect(await as('virtual_services')).toEqual(['blocked', 'allowed']);
  expect(await as('workloads')).toEqual(['allowed', 'blocked']);
  expect(await as('workloads', 'virtual_services')).toEqual(['allowed', 'allowed']);
});

test('PS-61: programs and Windows services of a service count on the provider that can tell', async () => {
  const client = pce().client();
  await clear();
  const programs = await client.call('services.create', {
    params: DRAFT,
    body: {
      name: 'Programs',
      windows_services: [
        { process_name: String.raw`C:\shop.exe`, proto: 6, port: 443 },
        { service_name: 'W3SVC' },
        { proto: 47 },
      ],
    },
  });
  const expected: Partial<ServicePort>[] = [
    { protocol: 6, port: 443, process: String.raw`C:\shop.exe` },
    { protocol: -1, port: null, windowsService: 'W3SVC' },
    { protocol: 47 },
  ];
  const { services } = await model('draft');
  expect(services.find(({ href }) => href === programs.href)?.ports).toMatchObject(expected);
  await makeRule(client, await makeRuleSet(client, 'Programs'), {
    providers: AMS,
    consumers: AMS,
    ingress_services: [refOf(programs)],
  });
  await provisionAll(client);
  expect(await says(linux, windows, { to: { process: String.raw`c:\SHOP.exe` } })).toBe('allowed');
  expect(await says(linux, windows, { to: { process: String.raw`C:\other.exe` } })).toBe('blocked');
  expect(await says(linux, windows, { port: 80, to: { windowsService: 'W3SVC' } })).toBe('allowed');
  expect(await says(windows, linux, { to: { process: String.raw`C:\shop.exe` } })).toBe('blocked');
  expect(await says(windows, linux, { protocol: 47, port: null })).toBe('allowed');
});

test('FR-10: TCP or UDP without a port, with port 0 or with -1 is every port of it and of no other', async () => {
  const client = pce().client();
  await clear();
  const reached = async (port: object): Promise<string[]> => {
    const service = await client.call('services.create', {
      params: DRAFT,
      body: { name: JSON.stringify(port), service_ports: [{ proto: 6, ...port }] },
    });
    const ruleSet = await makeRuleSet(client, JSON.stringify(port));
    await makeRule(client, ruleSet, {
      providers: [{ label: refOf(web) }],
      consumers: [{ label: refOf(db) }],
      ingress_services: [refOf(service)],
    });
    await provisionAll(client);
    const asked = [
      { protocol: 6, port: 1 },
      { protocol: 6, port: 65_535 },
      { protocol: 17, port: 1 },
      { protocol: 17, port: 65_535 },
    ];
    const said = await Promise.all(asked.map((question) => says(linux, windows, question)));
    await clear();
    return asked.flatMap(({ protocol, port: at }, index) =>
      said[index] === 'allowed' ? [`${protocol}/${at}`] : [],
    );
  };
  expect(await reached({})).toEqual(['6/1', '6/65535']);
  expect(await reached({ port: 0 })).toEqual(['6/1', '6/65535']);
  expect(await reached({ proto: 17, port: -1 })).toEqual(['17/1', '17/65535']);
});

test('R-WIN-8: consumers are narrowed to users of the groups that a rule names, by SID', async () => {
  const client = pce().client();
  await clear();
  const sid = 'S-1-5-21-1-2-3-1106';
  const group = await client.call('security_principals.create', { body: { sid, name: 'Finance' } });
  const ruleSet = await makeRuleSet(client, 'Finance');
  await makeRule(client, ruleSet, {
    providers: [{ label: refOf(db) }],
    consumers: [{ label: refOf(staff) }],
    consuming_security_principals: [refOf(group)],
  });
  await provisionAll(client);
  expect(first(first((await model()).ruleSets).rules).consumingSecurityPrincipals).toEqual([sid]);
  expect(await says(laptop, linux, { from: { principals: [sid] } })).toBe('allowed');
  expect(await says(laptop, linux, { from: { principals: [] } })).toBe('blocked');
});

test('PS-24, PS-45, PS-50, PS-51: firewall settings reach hosts when they are provisioned', async () => {
  const client = pce().client();
  await clear();
  await makeRule(client, await makeRuleSet(client, 'Pools'), {
    providers: [{ label: refOf(db) }],
    consumers: [{ label: refOf(staff) }],
    use_workload_subnets: ['consumers'],
  });
  await provisionAll(client);
  const before = await policyOf(linux);
  expect(before).toMatchObject({ ipv6Mode: 'policy_based', firewallCoexistence: 'exclusive' });
  await client.call('firewall_settings.update', {
    params: DRAFT,
    body: {
      vpn_pools: ['10.200.0.0/16'],
      ipv6_mode: 'block_all',
      firewall_coexistence: [{ scope: [refOf(db)], illumio_primary: false }],
      blocked_connection_reject_scopes: [[{ label: refOf(db) }]],
    },
  });
  expect(await policyOf(linux)).toEqual(before);
  await provisionAll(client);
  const core = createPolicyCore(await model());
  expect(core.hostPolicy(linux.href)).toMatchObject({
    ipv6Mode: 'block_all',
    firewallCoexistence: 'secondary',
    blockedConnectionAction: 'reject',
  });
  expect(core.hostPolicy(windows.href)).toMatchObject({
    firewallCoexistence: 'exclusive',
    blockedConnectionAction: 'drop',
  });
  // Another laptop in the pool is let in before its address is known.
  expect(core.setsOf(linux.href).flatMap((id) => core.addressSet(id)?.ranges ?? [])).toContain(
    '10.200.0.0/16',
  );
  await client.call('firewall_settings.update', {
    params: DRAFT,
    body: {
      vpn_pools: [],
      ipv6_mode: 'policy_based',
      firewall_coexistence: [],
      blocked_connection_reject_scopes: [],
    },
  });
  await provisionAll(client);
  expect((await policyOf(linux)).hash).toBe(before.hash);
});

test('PS-52: iptables rules go to the Linux hosts in the scope, each with the version in which it last changed', async () => {
  const client = pce().client();
  await clear();
  const statement = {
    table_name: 'filter',
    chain_name: 'INPUT',
    parameters: '-p tcp --dport 22 -j ACCEPT',
  } as const;
  const write = { enabled: true, ip_version: '4', statements: [statement], actors: AMS } as const;
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: {
      name: 'Raw',
      scopes: [[{ label: refOf(db) }]],
      ip_tables_rules: [
        { ...write, statements: [statement], actors: [...AMS] },
        { ...write, ip_version: '6', statements: [statement], actors: [...AMS] },
      ],
    },
  });
  const { version } = await provisionAll(client);
  const [one, two] = ruleSet.ip_tables_rules;
  await client.call('ip_tables_rules.update', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(two ?? { href: '' }) },
    body: { description: 'six' },
  });
  await provisionAll(client);
  const origin = (rule: { href: string } | undefined, at: number) => ({
    href: activeHref(rule ?? { href: '' }),
    version: at,
  });
  expect((await policyOf(linux)).ipTablesRules).toMatchObject([
    {
      ipVersion: 4,
      statements: [{ table: 'filter', chain: 'INPUT', parameters: statement.parameters }],
      origin: origin(one, version),
    },
    { ipVersion: 6, origin: origin(two, version + 1) },
  ]);
  expect((await policyOf(windows)).ipTablesRules).toEqual([]);
});

test('PS-5: exclusions on sides and in scopes, through nested label groups', async () => {
  const client = pce().client();
  await clear();
  const group = async (
    name: string,
    members: { labels?: LabelWire[]; subs?: { href: string }[] },
  ) =>
    client.call('label_groups.create', {
      params: DRAFT,
      body: {
        name,
        key: 'app',
        labels: (members.labels ?? []).map(refOf),
        sub_groups: (members.subs ?? []).map(refOf),
      },
    });
  const inner = await group('Inner', { labels: [web] });
  const outer = await group('Outer', { subs: [inner] });
  const other = await makeHost(pce(), '192.0.2.30', {
    labels: [await makeLabel(client, 'app', 'Other')],
  });
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'All but web', scopes: [[{ label_group: refOf(outer), exclusion: true }]] },
  });
  await makeRule(client, ruleSet, {
    providers: AMS,
    consumers: [{ label: refOf(db), exclusion: true }],
    unscoped_consumers: true,
  });
  await provisionAll(client);
  expect(await says(windows, other)).toBe('allowed');
  expect(await says(windows, linux)).toBe('allowed');
  expect(await says(other, windows), 'providers: all but the group').toBe('blocked');
  expect(await says(linux, other), 'consumers: all but the label').toBe('blocked');
});

test('PS-26: what a VEN says of its host: suspended, and the family of its operating system', async () => {
  const suspended = await makeHost(pce(), '192.0.2.40', { status: 'suspended', os: 'mac' });
  const unmanaged = await pce()
    .client()
    .call('workloads.create', { body: { name: 'printer', os_id: 'linux' } });
  const { workloads } = await model();
  const facts = (href: string) => {
    const found = workloads.find((workload) => workload.href === href);
    return [found?.suspended, found?.osFamily];
  };
  expect(facts(suspended.href)).toEqual([true, 'darwin']);
  expect(facts(linux.href)).toEqual([false, 'linux']);
  expect(facts(windows.href)).toEqual([false, 'windows']);
  expect(facts(unmanaged.href)).toEqual([false, null]);
  await clear();
  expect((await decided(connection(windows, suspended))).inbound).toBeNull();
});
