import { expect, test } from 'vitest';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  ACTIVE,
  anyList,
  DRAFT,
  idOf,
  makeBoundary,
  makeLabel,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const AMS = [{ actors: 'ams' as const }];

test('created in draft, effective when provisioned, found by name and profile', async () => {
  const client = pce().client();
  const any = await anyList(client);
  const created = await makeBoundary(client, 'No SSH', {
    providers: AMS,
    consumers: [{ ip_list: refOf(any) }],
  });
  expect(created).toMatchObject({
    enabled: true,
    network_type: 'brn',
    update_type: 'create',
    consumers: [{ ip_list: { href: any.href, name: any.name } }],
    warnings: [],
  });
  await provisionAll(client);
  const query = { name: 'no ssh', network_type: 'brn' };
  const found = await client.call('enforcement_boundaries.list', { params: ACTIVE, query });
  expect(found.items.map(({ name }) => name)).toEqual(['No SSH']);
  const params = { ...DRAFT, id: idOf(created) };
  await client.call('enforcement_boundaries.update', { params, body: { enabled: false } });
  expect(await client.call('enforcement_boundaries.get', { params })).toMatchObject({
    enabled: false,
    update_type: 'update',
    providers: AMS,
  });
});

test('the network profile needs a side of IP lists only (R-POL-6, PS-31), also when it alone is changed', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Boundary');
  const created = await makeBoundary(client, 'Labels on both sides', {
    providers: [{ label: refOf(app) }],
    consumers: AMS,
  });
  const refused = await refusalOf(
    client.call('enforcement_boundaries.update', {
      params: { ...DRAFT, id: idOf(created) },
      body: { network_type: 'non_brn' },
    }),
  );
  expect(refused.has('network_type_requires_ip_list_side')).toBe(true);
  const any = await anyList(client);
  const lists = makeBoundary(client, 'Lists on both sides', {
    providers: [{ ip_list: refOf(any) }],
    consumers: [{ ip_list: refOf(any) }],
  });
  expect((await refusalOf(lists)).has('rule_needs_workload_side')).toBe(true);
});

test('warnings: FQDNs are dropped (R-POL-8, PS-40, FR-19), an unmanaged provider blocks nothing (PS-46)', async () => {
  const client = pce().client();
  const list = await client.call('ip_lists.create', {
    params: DRAFT,
    body: {
      name: 'Names',
      ip_ranges: [{ from_ip: '192.0.2.0/24' }],
      fqdns: [{ fqdn: '*.example.com' }],
    },
  });
  const workload = await client.call('workloads.create', { body: { name: 'printer' } });
  const outbound = await makeBoundary(client, 'To names', {
    providers: [{ ip_list: refOf(list) }],
    consumers: AMS,
  });
  expect(outbound.warnings).toMatchObject([
    {
      token: 'fqdn_dropped',
      message: expect.stringContaining('"Names"') as unknown,
    },
  ]);
  const inbound = await makeBoundary(client, 'To a printer', {
    providers: [{ workload: refOf(workload) }],
    consumers: AMS,
  });
  expect(inbound.warnings).toMatchObject([
    {
      token: 'boundary_without_effect',
      message: expect.stringContaining('"printer"') as unknown,
    },
  ]);
});

test('warnings: an exclusion beside All Workloads excludes nobody (PS-11)', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'role', 'left out');
  const allBut = { label: refOf(label), exclusion: true };
  const beside = await makeBoundary(client, 'Beside', {
    providers: [...AMS, allBut],
    consumers: AMS,
  });
  expect(beside.warnings).toMatchObject([
    {
      token: 'exclusion_beside_all_workloads',
      message: expect.stringContaining('providers') as unknown,
    },
  ]);
  const alone = await makeBoundary(client, 'Alone', { providers: [allBut], consumers: AMS });
  expect(alone.warnings).toEqual([]);
});

test('an empty side and a taken name are refused', async () => {
  const client = pce().client();
  const empty = makeBoundary(client, 'Empty', { providers: [], consumers: AMS });
  expect((await refusalOf(empty)).has('input_validation_error')).toBe(true);
  await makeBoundary(client, 'Taken', { providers: AMS, consumers: AMS });
  const twice = makeBoundary(client, 'Taken', { providers: AMS, consumers: AMS });
  expect((await refusalOf(twice)).has('name_must_be_unique')).toBe(true);
});
