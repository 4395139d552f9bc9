import { expect, test } from 'vitest';
import type { FlowRecord, FlowWire, TrafficQuery } from '@bulkhead/contract';
import { VenClient, until, wired } from '../gateway/testing/ven-client.ts';
import { withTestPce } from '../testing/test-pce.ts';
import { flow, onPort, query } from './testing/flow-records.ts';

const pce = withTestPce();
let port = 20_000;

/** A port that no other test of this file has flows on. */
function freshPort(): number {
  port += 1;
  return port;
}

async function pair(): Promise<{
  server: VenClient;
  laptop: VenClient;
  labels: { server: string; laptop: string };
}> {
  const mark = freshPort();
  const make = async (key: string) =>
    (
      await pce()
        .client()
        .call('labels.create', { body: { key, value: `${key} ${mark}` } })
    ).href;
  const labels = { server: await make('role'), laptop: await make('app') };
  const server = await VenClient.activate(
    pce(),
    { name: `server ${mark}`, interfaces: [wired(`10.1.${mark % 250}.1`)] },
    { labels: [labels.server] },
  );
  const laptop = await VenClient.activate(
    pce(),
    { name: `laptop ${mark}`, ven_type: 'endpoint', interfaces: [wired(`10.2.${mark % 250}.1`)] },
    { labels: [labels.laptop] },
  );
  return { server, laptop, labels };
}

async function completed(change: Partial<TrafficQuery>): Promise<string> {
  const started = await pce()
    .client()
    .call('async_queries.create', { body: query(change) });
  expect(started.status).toBe('queued');
  const id = started.href.split('/').at(-1) ?? '';
  const done = await until(
    'the query ends',
    async () => {
      const state = await pce().client().call('async_queries.get', { params: { id } });
      return state.status !== 'queued' && state.status !== 'working' && state;
    },
    20_000,
  );
  expect(done).toMatchObject({ status: 'completed', result: `${started.href}/download` });
  return started.href;
}

async function flows(change: Partial<TrafficQuery>): Promise<FlowWire[]> {
  const href = await completed(change);
  const answer = await pce().send('GET', `/api/v2${href}/download`, {
    headers: { accept: 'application/json' },
  });
  expect(answer.headers['content-type']).toBe('application/json');
  return answer.json as FlowWire[];
}

async function report(
  ven: VenClient,
  sequence: number,
  records: readonly FlowRecord[],
): Promise<void> {
  const answer = await ven.send('POST', 'flows', { sequence, dropped: 0, flows: records });
  expect(answer.status, answer.text).toBe(204);
}

test('a flow is found with who was at both ends, and a report that comes twice counts once', async () => {
  const { server, laptop } = await pair();
  const dst_port = freshPort();
  const [src_ip, dst_ip] = [laptop, server].map(
    (ven) => ven.request.interfaces[0]?.addresses[0]?.address ?? '',
  );
  const records = [flow({ src_ip: src_ip ?? '', dst_ip: dst_ip ?? '', dst_port, connections: 3 })];
  await report(server, 1, records);
  await report(server, 1, records);
  const found = await flows(onPort(dst_port));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    src: {
      ip: src_ip,
      workload: { href: laptop.workload, managed: true, labels: [{ key: 'app' }] },
    },
    dst: { ip: dst_ip, workload: { href: server.workload, labels: [{ key: 'role' }] } },
    service: { proto: 6, port: dst_port },
    num_connections: 3,
    policy_decision: 'allowed',
    flow_direction: 'inbound',
    dst_bi: 100,
    dst_bo: 2000,
    network: { name: 'Corporate' },
    client_type: 'server',
    transmission: 'unicast',
  });
});

test('both ends that report give one row each; further reports add up', async () => {
  const { server, laptop } = await pair();
  const dst_port = freshPort();
  const [src_ip = '', dst_ip = ''] = [laptop, server].map(
    (ven) => ven.request.interfaces[0]?.addresses[0]?.address,
  );
  const seen = { src_ip, dst_ip, dst_port };
  await report(server, 1, [flow(seen)]);
  await report(server, 2, [flow({ ...seen, connections: 4, bytes_in: 1, bytes_out: 1 })]);
  await report(laptop, 1, [
    flow({ ...seen, direction: 'outbound', bytes_in: 2001, bytes_out: 101 }),
  ]);
  const found = await flows(onPort(dst_port));
  expect(
    found
      .map((item) => [item.flow_direction, item.num_connections, item.dst_bi, item.dst_bo])
      .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  ).toEqual([
    ['inbound', 5, 101, 2001],
    ['outbound', 1, 101, 2001],
  ]);
});

test('filters: labels, groups of terms, workloads, addresses, networks, decisions, time, exclusions', async () => {
  const { server, laptop, labels } = await pair();
  const dst_port = freshPort();
  const [src_ip = '', dst_ip = ''] = [laptop, server].map(
    (ven) => ven.request.interfaces[0]?.addresses[0]?.address,
  );
  await report(server, 1, [
    flow({ src_ip, dst_ip, dst_port }),
    flow({ src_ip: '203.0.113.7', dst_ip, dst_port, decision: 'blocked', reason: 'default' }),
    flow({ src_ip: '2001:db8::7', dst_ip: '2001:db8::1', dst_port, network_profile: 'external' }),
    flow({
      src_ip: '203.0.113.9',
      dst_ip,
      dst_port,
      last_seen: '2026-11-01T10:00:00Z',
      first_seen: '2026-11-01T09:00:00Z',
    }),
  ]);
  const sources = async (change: Partial<TrafficQuery>): Promise<string[]> =>
    (await flows({ ...onPort(dst_port), ...change })).map((item) => item.src.ip).toSorted();
  const include = (...terms: TrafficQuery['sources']['include']) => ({
    include: terms,
    exclude: [],
  });
  const everyone = ['2001:db8::7', '203.0.113.7', '203.0.113.9', src_ip].toSorted();
  expect(await sources({})).toEqual(everyone);
  expect(await sources({ sources: include([{ label: { href: labels.laptop } }]) })).toEqual([
    src_ip,
  ]);
  expect(
    await sources({
      sources: include([{ label: { href: labels.laptop } }, { label: { href: labels.server } }]),
    }),
  ).toEqual([]);
  expect(
    await sources({
      sources: include([{ label: { href: labels.laptop } }], [{ ip_address: '203.0.113.7' }]),
    }),
  ).toEqual(['203.0.113.7', src_ip].toSorted());
  expect(await sources({ sources: include([{ ip_address: '203.0.113.0/24' }]) })).toEqual([
    '203.0.113.7',
    '203.0.113.9',
  ]);
  expect(await sources({ sources: include([{ ip_address: '2001:db8::/64' }]) })).toEqual([
    '2001:db8::7',
  ]);
  expect(await sources({ sources: include([{ workload: { href: laptop.workload } }]) })).toEqual([
    src_ip,
  ]);
  expect(await sources({ sources: include([{ actors: 'ams' }]) })).toEqual([src_ip]);
  expect(await sources({ sources: { include: [[]], exclude: [{ actors: 'ams' }] } })).toEqual(
    everyone.filter((ip) => ip !== src_ip),
  );
  expect(await sources({ sources: include() })).toEqual([]);
  expect(await sources({ policy_decisions: ['blocked'] })).toEqual(['203.0.113.7']);
  expect(await sources({ end_date: '2026-11-02' })).toEqual(['203.0.113.9']);
  expect(await sources({ start_date: '2026-11-20T00:00:00Z' })).toEqual(
    everyone.filter((ip) => ip !== '203.0.113.9'),
  );
  const { items } = await pce().client().call('networks.list');
  const external = items.find((item) => item.name === 'External')?.href ?? '';
  expect(await sources({ sources: include([{ network: { href: external } }]) })).toEqual([
    '2001:db8::7',
  ]);
});

test('IP lists: as a filter they mean addresses that are no workloads, and unknown ends say which lists hold them', async () => {
  const { server, laptop } = await pair();
  const dst_port = freshPort();
  const [src_ip = '', dst_ip = ''] = [laptop, server].map(
    (ven) => ven.request.interfaces[0]?.addresses[0]?.address,
  );
  const list = await pce()
    .client()
    .call('ip_lists.create', {
      params: { pversion: 'draft' },
      body: {
        name: `partners ${dst_port}`,
        ip_ranges: [
          { from_ip: '203.0.113.0/24' },
          { from_ip: '203.0.113.128', to_ip: '203.0.113.255', exclusion: true },
          { from_ip: src_ip },
        ],
      },
    });
  await pce().client().call('sec_policy.provision', { body: {} });
  await report(server, 1, [
    flow({ src_ip, dst_ip, dst_port }),
    flow({ src_ip: '203.0.113.5', dst_ip, dst_port }),
    flow({ src_ip: '203.0.113.200', dst_ip, dst_port }),
  ]);
  const ask = (flag: boolean) =>
    flows({
      ...onPort(dst_port),
      sources: { include: [[{ ip_list: { href: list.href } }]], exclude: [] },
      exclude_workloads_from_ip_list_query: flag,
    });
  const without = await ask(true);
  expect(without.map((item) => item.src.ip)).toEqual(['203.0.113.5']);
  expect(without[0]?.src.ip_lists.map((item) => item.name)).toContain(`partners ${dst_port}`);
  expect((await ask(false)).map((item) => item.src.ip).toSorted()).toEqual(
    ['203.0.113.5', src_ip].toSorted(),
  );
});

test('the deciding rule is shown by its name', async () => {
  const { server, labels } = await pair();
  const dst_port = freshPort();
  const ruleSet = await pce()
    .client()
    .call('rule_sets.create', {
      params: { pversion: 'draft' },
      body: {
        name: `rules ${dst_port}`,
        scopes: [[]],
        rules: [
          {
            enabled: true,
            description: 'Laptops to web',
            providers: [{ label: { href: labels.server } }],
            consumers: [{ label: { href: labels.laptop } }],
            ingress_services: [{ proto: 6, port: dst_port }],
            resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
          },
        ],
      },
    });
  await pce().client().call('sec_policy.provision', { body: {} });
  const rule = (ruleSet.rules[0]?.href ?? '').replace('/draft/', '/active/');
  await report(server, 1, [
    flow({ dst_port, rules: [rule], reason: 'rule' }),
    flow({ dst_port, protocol: 17, reason: 'essential' }),
  ]);
  expect((await flows(onPort(dst_port)))[0]?.rules).toEqual([
    { href: rule, name: expect.stringContaining('Laptops to web') },
  ]);
  const essential = await flows({
    services: { include: [{ proto: 17, port: dst_port }], exclude: [] },
  });
  expect(essential[0]?.rules).toEqual([{ essential_service_rule: 'essential' }]);
});

test('without Accept the result is CSV, and no cell is a formula', async () => {
  const { server } = await pair();
  const dst_port = freshPort();
  await report(server, 1, [
    flow({ dst_port, process_name: '=cmd|evil', user_name: 'a "quoted", name' }),
  ]);
  const href = await completed(onPort(dst_port));
  const answer = await pce().send('GET', `/api/v2${href}/download`);
  expect(answer.headers['content-type']).toContain('text/csv');
  const [header, line, end] = answer.text.split('\r\n');
  expect(header).toMatch(/^Source IP,Source Name,.*Destination IP,.*Port,Protocol,/);
  expect(line).toContain(`,${dst_port},6,'=cmd|evil,"a ""quoted"", name",allowed,`);
  expect(end).toBe('');
});

test('max_results bounds the flows and not the count; 0 counts alone', async () => {
  const { server } = await pair();
  const dst_port = freshPort();
  await report(
    server,
    1,
    [1, 2, 3].map((n) => flow({ src_ip: `203.0.113.${n}`, dst_port })),
  );
  expect(await flows({ ...onPort(dst_port), max_results: 2 })).toHaveLength(2);
  expect(await flows({ ...onPort(dst_port), max_results: 0 })).toEqual([]);
  const { items } = await pce().client().call('async_queries.list');
  expect(items[0]).toMatchObject({ matches_count: 3, flows_count: 0 });
});

test('queries belong to who asked; deleted ones are gone; nonsense is refused when asked', async () => {
  const href = await completed(onPort(1));
  const other = await pce().userWith('admin');
  expect((await pce().send('GET', `/api/v2${href}`, { auth: other.auth })).status).toBe(404);
  expect((await pce().send('DELETE', `/api/v2${href}`)).status).toBe(204);
  expect((await pce().send('GET', `/api/v2${href}`)).status).toBe(404);
  const path = `/api/v2/orgs/${pce().orgId}/traffic_flows/async_queries`;
  const bad = query({ sources: { include: [[{ ip_address: '10.0.0.1/8' }]], exclude: [] } });
  expect(await pce().send('POST', path, { body: bad })).toMatchObject({
    status: 406,
    text: expect.stringContaining('host bits'),
  });
  expect(
    (await pce().send('POST', path, { body: query({ start_date: 'yesterday' }) })).status,
  ).toBe(406);
});

test('a cancelled query stays cancelled', async () => {
  const started = await pce()
    .client()
    .call('async_queries.create', { body: query(onPort(2)) });
  const id = started.href.split('/').at(-1) ?? '';
  await pce()
    .client()
    .call('async_queries.cancel', { params: { id }, body: { status: 'cancel_requested' } });
  const state = await pce().client().call('async_queries.get', { params: { id } });
  expect(['cancelled', 'completed']).toContain(state.status);
});

test('a report with what is no address is refused by its place', async () => {
  const { server } = await pair();
  const answer = await server.send('POST', 'flows', {
    sequence: 1,
    dropped: 0,
    flows: [flow({}), flow({ src_ip: '1.2.3' })],
  });
  expect(answer).toMatchObject({ status: 406, text: expect.stringContaining('flows[1].src_ip') });
});

test('whoever watches the organization hears that there are new flows', async () => {
  const { server } = await pair();
  const sequence = await pce().pce.deps.changeLog.latest();
  await report(server, 1, [flow({ dst_port: freshPort() })]);
  const row = await until('a row about flows', async () =>
    (await pce().pce.deps.changeLog.after(sequence)).find((item) => item.kind === 'flow'),
  );
  expect(row.href).toBe(`/orgs/${pce().orgId}/traffic_flows`);
});

test('what the organization does not want to collect is not stored', async () => {
  const client = pce().client();
  const { server } = await pair();
  const dst_ip = '224.0.0.251';
  let sequence = 0;
  const isStored = async (): Promise<boolean> => {
    const dst_port = freshPort();
    sequence += 1;
    await report(server, sequence, [flow({ dst_ip, dst_port, direction: 'outbound' })]);
    return (await flows(onPort(dst_port))).length > 0;
  };
  expect(await isStored()).toBe(true);
  const setting = await client.call('traffic_collector.create', {
    body: {
      transmission: 'multicast',
      action: 'drop',
      target: { proto: 6, dst_ip: '224.0.0.0/24' },
    },
  });
  expect((await client.call('traffic_collector.list')).items).toEqual([setting]);
  await until('it is dropped', async () => !(await isStored()), 20_000);
  const params = { id: setting.href.split('/').at(-1) ?? '' };
  await client.call('traffic_collector.update', { params, body: { transmission: 'broadcast' } });
  expect(await client.call('traffic_collector.get', { params })).toMatchObject({
    transmission: 'broadcast',
    target: { proto: 6, dst_ip: '224.0.0.0/24' },
  });
  await until('it is stored again', isStored, 20_000);
  const wrong = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/settings/traffic_collector`, {
    body: { transmission: 'unicast', action: 'drop', target: { proto: 6, dst_ip: 'nowhere' } },
  });
  expect([wrong.status, wrong.json]).toMatchObject([406, [{ token: 'invalid_ip_address' }]]);
  await client.call('traffic_collector.delete', { params });
  expect((await client.call('traffic_collector.list')).total).toBe(0);
});
