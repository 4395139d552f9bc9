import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { json } from '../../db/database.ts';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  activeHref,
  DRAFT,
  first,
  idOf,
  makeBoundary,
  makeLabel,
  makeRule,
  makeRuleSet,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const AMS = [{ actors: 'ams' as const }];

/** A managed workload as the gateway leaves it. */
async function managed(options: {
  name: string;
  venType?: 'server' | 'endpoint';
  version?: string;
  labels?: string[];
  cidrBlock?: number;
}): Promise<string> {
  const { db } = pce().pce.deps;
  const id = randomUUID();
  const by = { created_by: `/orgs/${pce().orgId}/vens/${id}`, updated_by: '/users/0' };
  const venType = options.venType ?? 'server';
  await db
    .insertInto('workloads')
    .values({
      id,
      org_id: pce().orgId,
      managed: true,
      ven_type: venType,
      name: null,
      hostname: options.name,
      online: true,
      labels: json(options.labels ?? []),
      enforcement_mode: 'full',
      interfaces: json([
        {
          name: 'eth0',
          address: '192.0.2.10',
          cidr_block: options.cidrBlock ?? 24,
          default_gateway_address: '192.0.2.1',
          link_state: 'up' as const,
          loopback: false,
          network: 'corporate' as const,
          network_detection_mode: null,
        },
        {
          name: 'wlan0',
          address: '198.51.100.20',
          cidr_block: 24,
          default_gateway_address: null,
          link_state: 'up' as const,
          loopback: false,
          network: venType === 'endpoint' ? ('external' as const) : ('corporate' as const),
          network_detection_mode: null,
        },
      ]),
      ...by,
    })
    .execute();
  await db
    .insertInto('vens')
    .values({
      id,
      org_id: pce().orgId,
      ven_type: venType,
      version: options.version ?? '23.2.0-100',
      machine_id: id,
      hostname: options.name,
      policy_sync_state: 'applied',
      last_heartbeat_at: new Date(),
      ...by,
    })
    .execute();
  return id;
}

test('an unmanaged workload reads back with every member that clients index', async () => {
  const client = pce().client();
  const role = await makeLabel(client, 'role', 'Printer');
  const created = await client.call('workloads.create', {
    body: {
      name: 'printer-1',
      hostname: 'printer-1.example',
      public_ip: '203.0.113.9',
      labels: [refOf(role)],
      interfaces: [
        { name: 'eth0', address: '192.0.2.50', cidr_block: 24, link_state: 'up' },
        { name: 'eth0', address: '2001:DB8::0050' },
      ],
    },
  });
  expect(created).toMatchObject({
    managed: false,
    deleted: false,
    labels: [{ href: role.href, key: 'role', value: 'Printer' }],
    interfaces: [
      {
        href: `${created.href}/interfaces/eth0`,
        address: '192.0.2.50',
        network: { name: 'Corporate' },
      },
      { address: '2001:db8::50' },
    ],
    agent: { config: { mode: 'idle', log_traffic: false } },
    ven: null,
    enforcement_mode: 'visibility_only',
  });
  expect(await client.call('workloads.get', { params: { id: idOf(created) } })).toEqual(created);
});

test.each([
  ['a prefix in the address', { address: '192.0.2.1/24' }, /cidr_block/],
  ['no address', { address: '300.1.1.1' }, /not an address/],
  ['a prefix length of the other family', { address: '192.0.2.1', cidr_block: 64 }, /0 to 32/],
  ['a gateway that is none', { address: '192.0.2.1', default_gateway_address: 'x' }, /gateway/],
])('refused: %s', async (_, item, message) => {
  const refused = await refusalOf(
    pce()
      .client()
      .call('workloads.create', { body: { interfaces: [{ name: 'eth0', ...item }] } }),
  );
  expect(refused.errors[0]).toMatchObject({
    token: 'invalid_ip_address',
    message: expect.stringMatching(message) as unknown,
  });
});

test('labels: the set is replaced, null clears a name, two labels of one key are refused (PS-18)', async () => {
  const client = pce().client();
  const [one, two, env] = [
    await makeLabel(client, 'app', 'One'),
    await makeLabel(client, 'app', 'Two'),
    await makeLabel(client, 'env', 'Stage'),
  ];
  const workload = await client.call('workloads.create', {
    body: { name: 'relabelled', labels: [refOf(one), refOf(env)] },
  });
  const params = { id: idOf(workload) };
  const update = (body: object) => client.call('workloads.update', { params, body });
  await update({ labels: [refOf(two)], name: null });
  const after = await client.call('workloads.get', { params });
  expect(after.labels).toEqual([{ href: two.href, key: 'app', value: 'Two' }]);
  expect(after.name).toBeNull();
  expect((await refusalOf(update({ labels: [refOf(one), refOf(two)] }))).errors[0]).toMatchObject({
    token: 'input_validation_error',
    message: expect.stringContaining('both of the key app') as unknown,
  });
  const unknown = update({ labels: [{ href: `/orgs/${pce().orgId}/labels/99999` }] });
  expect((await refusalOf(unknown)).has('invalid_uri')).toBe(true);
});

test('what was read can be written back, and changes nothing', async () => {
  const client = pce().client();
  const id = await managed({ name: 'written-back' });
  const read = await client.call('workloads.get', { params: { id } });
  expect((await pce().send('PUT', `/api/v2${read.href}`, { body: read })).status).toBe(204);
  expect(await client.call('workloads.get', { params: { id } })).toEqual(read);
});

test('of a managed workload only what its VEN does not report is changed; it is not deleted', async () => {
  const client = pce().client();
  const id = await managed({ name: 'managed' });
  const params = { id };
  await client.call('workloads.update', {
    params,
    body: {
      hostname: 'forged',
      interfaces: [{ name: 'eth0', address: '10.9.9.9' }],
      description: 'ours',
      agent: { config: { mode: 'illuminated' } },
    },
  });
  const workload = await client.call('workloads.get', { params });
  expect(workload).toMatchObject({
    hostname: 'managed',
    description: 'ours',
    enforcement_mode: 'visibility_only',
    interfaces: [{ address: '192.0.2.10' }, {}],
    agent: {
      type: 'Host',
      config: { mode: 'illuminated' },
      status: { agent_version: '23.2.0-100', security_policy_sync_state: 'applied' },
    },
    ven: { hostname: 'managed', status: 'active', ven_type: 'server' },
  });
  // The new word wins over the old one.
  await client.call('workloads.update', {
    params,
    body: { enforcement_mode: 'full', agent: { config: { mode: 'idle' } } },
  });
  expect((await client.call('workloads.get', { params })).enforcement_mode).toBe('full');
  const removal = await refusalOf(client.call('workloads.delete', { params }));
  expect([removal.status, removal.errors[0]?.token]).toEqual([405, 'method_not_allowed_error']);
});

test('a workload that a rule or boundary names is not deleted', async () => {
  const client = pce().client();
  const workload = await client.call('workloads.create', { body: { name: 'named' } });
  const ruleSet = await makeRuleSet(client, 'Names a workload');
  await makeRule(client, ruleSet, { providers: [{ workload: refOf(workload) }], consumers: AMS });
  const params = { id: idOf(workload) };
  expect((await refusalOf(client.call('workloads.delete', { params }))).errors[0]).toMatchObject({
    token: 'workload_referenced',
    message: expect.stringContaining('ruleset "Names a workload"') as unknown,
  });
  await client.call('rule_sets.delete', { params: { ...DRAFT, id: idOf(ruleSet) } });
  await client.call('workloads.delete', { params });
  const listed = await client.call('workloads.list', { query: { name: 'named' } });
  expect(listed.total).toBe(0);
  const all = await client.call('workloads.list', {
    query: { name: 'named', include_deleted: true },
  });
  expect(all.items.map(({ deleted }) => deleted)).toEqual([true]);
});

test('filters and pages come from the database, with the count of all', async () => {
  const client = pce().client();
  const [loc, other] = [
    await makeLabel(client, 'loc', 'Paging'),
    await makeLabel(client, 'role', 'Paging'),
  ];
  for (const n of [1, 2, 3, 4, 5])
    await client.call('workloads.create', {
      body: {
        name: `paged-${n}`,
        hostname: `host${n}.paging.example`,
        labels: n < 4 ? [refOf(loc)] : [refOf(loc), refOf(other)],
        interfaces: [{ name: 'eth0', address: `198.51.100.${n + 100}` }],
        enforcement_mode: n === 5 ? 'selective' : 'full',
      },
    });
  const list = async (query: Record<string, string | number | boolean>) => {
    const { items, total } = await client.call('workloads.list', { query });
    return [total, items.map(({ name }) => name)];
  };
  expect(await list({ query: 'paging.example', max_results: 2, offset: 2 })).toEqual([
    5,
    ['paged-3', 'paged-4'],
  ]);
  expect(await list({ query: 'PAGED-', max_results: 0 })).toEqual([5, []]);
  expect(await list({ ip_address: '198.51.100.10', max_results: 1 })).toEqual([5, ['paged-1']]);
  expect(await list({ ip_address: '198.51.100.103' })).toEqual([1, ['paged-3']]);
  expect(await list({ labels: JSON.stringify([[loc.href, other.href]]) })).toEqual([
    2,
    ['paged-4', 'paged-5'],
  ]);
  expect(await list({ labels: JSON.stringify([loc.href]), enforcement_mode: 'selective' })).toEqual(
    [1, ['paged-5']],
  );
  expect((await list({ hostname: 'paging', managed: 'False' }))[0]).toBe(5);
  expect(await list({ hostname: 'paging', managed: true })).toEqual([0, []]);
  // The signs of a pattern are just signs.
  expect(await list({ name: 'paged_1' })).toEqual([0, []]);
});

test('bulk: every item by itself, in order, and a failure does not fail the others', async () => {
  const client = pce().client();
  const results = await client.call('workloads.bulk_create', {
    body: [
      { name: 'bulk-1', external_data_set: 'bulk', external_data_reference: '1' },
      { name: 'bulk-2', interfaces: [{ name: 'eth0', address: 'nonsense' }] },
      { name: 'bulk-3', nonsense: true },
      { name: 'bulk-4', external_data_set: 'bulk', external_data_reference: '1' },
      { name: 'bulk-5' },
    ],
  });
  expect(results).toMatchObject([
    { status: 'created' },
    { status: 'error', token: 'invalid_ip_address' },
    { status: 'validation_failure', token: 'input_validation_error' },
    { status: 'error', token: 'duplicate_external_data_reference' },
    { status: 'created' },
  ]);
  const updates = await client.call('workloads.bulk_update', {
    body: [
      { href: results[0]?.href, name: 'bulk-1b' },
      { href: `/orgs/${pce().orgId}/workloads/${randomUUID()}`, name: 'nobody' },
      { external_data_set: 'bulk', external_data_reference: '1', description: 'by reference' },
      'nonsense',
    ],
  });
  expect(updates).toMatchObject([
    { href: results[0]?.href, status: 'updated' },
    { status: 'error', token: 'not_found_error' },
    { href: results[0]?.href, status: 'updated' },
    { status: 'validation_failure' },
  ]);
  const { items } = await client.call('workloads.list', { query: { external_data_set: 'bulk' } });
  expect(items).toMatchObject([{ name: 'bulk-1b', description: 'by reference' }]);
});

test('warnings: a prefix too short for a subnet (PS-23) or that of an address class (FR-30), an endpoint VEN before 22.3 (R-SYS-4)', async () => {
  const client = pce().client();
  const short = await managed({ name: 'short', cidrBlock: 0 });
  const old = await managed({ name: 'old', venType: 'endpoint', version: '22.2.9-7' });
  const tokens = async (id: string): Promise<string[]> =>
    (await client.call('workloads.get', { params: { id } })).warnings.map(({ token }) => token);
  expect(await tokens(short)).toEqual(['subnet_too_large']);
  expect(await tokens(await managed({ name: 'class', cidrBlock: 8 }))).toEqual(['subnet_wide']);
  expect(await tokens(await managed({ name: 'long', cidrBlock: 9 }))).toEqual([]);
  expect(await tokens(old)).toEqual(['ven_without_external_interfaces']);
  expect(await tokens(await managed({ name: 'fine', venType: 'endpoint' }))).toEqual([]);
});

test('interfaces say which network they are on, and active boundaries are counted', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Laptops');
  const id = await managed({ name: 'laptop', venType: 'endpoint', labels: [app.href] });
  const boundary = await makeBoundary(client, 'On laptops', {
    providers: [{ label: refOf(app) }],
    consumers: AMS,
  });
  const before = await client.call('workloads.get', { params: { id } });
  expect(before.num_enforcement_boundaries).toBe(0);
  await provisionAll(client);
  const after = await client.call('workloads.get', { params: { id } });
  expect(after.num_enforcement_boundaries).toBe(1);
  expect(after.interfaces.map(({ network }) => network.name)).toEqual(['Corporate', 'External']);
  const networks = await client.call('networks.list');
  expect(networks.items.map(({ href }) => href)).toEqual(
    after.interfaces.map(({ network }) => network.href),
  );
  expect(activeHref(boundary)).toContain('/active/');
});

test('a change leaves an event with before and after, and one row for compute', async () => {
  const client = pce().client();
  const { db, changeLog } = pce().pce.deps;
  const workload = await client.call('workloads.create', { body: { name: 'audited' } });
  const start = await changeLog.latest();
  await client.call('workloads.update', {
    params: { id: idOf(workload) },
    body: { description: 'seen', enforcement_mode: 'full' },
  });
  const rows = await changeLog.after(start);
  expect(rows.filter(({ kind }) => kind === 'workload')).toMatchObject([{ href: workload.href }]);
  const event = await db
    .selectFrom('events')
    .selectAll()
    .where('event_type', '=', 'workload.update')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  expect(event.resource_changes).toMatchObject([
    {
      resource: { workload: { href: workload.href, name: 'audited' } },
      changes: {
        description: { before: null, after: 'seen' },
        enforcement_mode: { before: 'visibility_only', after: 'full' },
      },
    },
  ]);
});

test('VENs are listed beside their workloads and share their name', async () => {
  const client = pce().client();
  const id = await managed({ name: 'ven-host', venType: 'endpoint' });
  const { items } = await client.call('vens.list', { query: { hostname: 'ven-host' } });
  expect(first(items)).toMatchObject({
    href: `/orgs/${pce().orgId}/vens/${id}`,
    hostname: 'ven-host',
    ven_type: 'endpoint',
    connected: false,
    workloads: [{ href: `/orgs/${pce().orgId}/workloads/${id}`, managed: true }],
  });
  const none = await client.call('vens.list', {
    query: { hostname: 'ven-host', ven_type: 'server' },
  });
  expect(none.total).toBe(0);
  await client.call('vens.update', {
    params: { id },
    body: { name: 'Ann’s laptop', description: 'loan' },
  });
  expect(await client.call('vens.get', { params: { id } })).toMatchObject({
    name: 'Ann’s laptop',
    description: 'loan',
  });
  expect((await client.call('workloads.get', { params: { id } })).name).toBe('Ann’s laptop');
  const missing = client.call('vens.get', { params: { id: randomUUID() } });
  expect((await refusalOf(missing)).status).toBe(404);
  expect((await refusalOf(client.call('vens.get', { params: { id: 'x' } }))).status).toBe(404);
});

test('a stale edit of a workload is refused', async () => {
  const client = pce().client();
  const workload = await client.call('workloads.create', { body: { name: 'stale' } });
  const put = () =>
    pce().send('PUT', `/api/v2${workload.href}?if_updated_at=${workload.updated_at}`, {
      body: { description: randomUUID() },
    });
  expect((await put()).status).toBe(204);
  expect((await put()).json).toMatchObject([{ token: 'object_changed' }]);
});
