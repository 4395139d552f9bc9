import { describe, expect, test, vi } from 'vitest';
import type { FlowRecord, FlowWire } from '@bulkhead/contract';
import { VenClient, until, wired } from '../gateway/testing/ven-client.ts';
import {
  anyList,
  first,
  idOf,
  makeBoundary,
  makeLabel,
  makeRule,
  makeRuleSet,
  provisionAll,
  refOf,
} from '../testing/policy-client.ts';
import { withTestPce } from '../testing/test-pce.ts';
import { draftDecision } from './draft-decisions.ts';
import { flow, onPort, query } from './testing/flow-records.ts';

const pce = withTestPce();
const WAIT_MS = 25_000;
vi.setConfig({ testTimeout: 120_000 });

async function reported(ven: VenClient, records: readonly FlowRecord[]): Promise<void> {
  const answer = await ven.send('POST', 'flows', { sequence: 1, dropped: 0, flows: records });
  expect(answer.status, answer.text).toBe(204);
}

async function completed(port: number): Promise<string> {
  const started = await pce()
    .client()
    .call('async_queries.create', { body: query(onPort(port)) });
  const id = idOf(started);
  await until(
    'the query ends',
    async () => {
      const { status } = await pce().client().call('async_queries.get', { params: { id } });
      return status === 'completed';
    },
    WAIT_MS,
  );
  return id;
}

async function updateRules(id: string, options = ''): Promise<void> {
  const href = `/api/v2/orgs/${pce().orgId}/traffic_flows/async_queries/${id}`;
  const answer = await pce().send('PUT', `${href}/update_rules${options}`);
  expect([answer.status, answer.text]).toEqual([202, '']);
  await until(
    'the draft has been asked',
    async () => {
      const { rules } = await pce().client().call('async_queries.get', { params: { id } });
      return rules === 'completed';
    },
    WAIT_MS,
  );
}

async function download(id: string, accept: string, options = ''): Promise<string> {
  const href = `/api/v2/orgs/${pce().orgId}/traffic_flows/async_queries/${id}/download${options}`;
  const answer = await pce().send('GET', href, { headers: { accept } });
  expect(answer.status).toBe(200);
  return answer.text;
}

async function flowsOf(id: string): Promise<FlowWire[]> {
  return JSON.parse(await download(id, 'application/json')) as FlowWire[];
}

describe('update_rules', () => {
  test('says what the draft makes of flows that were reported, and by which rules', async () => {
    const client = pce().client();
    const label = await makeLabel(client, 'role', 'draft decisions');
    const server = await VenClient.activate(
      pce(),
      { name: 'server', interfaces: [wired('10.30.0.1')] },
      { labels: [label.href] },
    );
    const records = ['203.0.113.1', '203.0.113.2'].map((src_ip) =>
      flow({ src_ip, dst_ip: '10.30.0.1', dst_port: 443, decision: 'blocked' }),
    );
    await reported(server, records);
    const id = await completed(443);
    expect((await flowsOf(id)).map((item) => item.draft_policy_decision)).toEqual([
      undefined,
      undefined,
    ]);
    await updateRules(id);
    expect((await flowsOf(id)).map((item) => item.draft_policy_decision)).toEqual([
      'blocked_no_rule',
      'blocked_no_rule',
    ]);
    const any = await anyList(client);
    const ruleSet = await makeRuleSet(client, 'drafted');
    const rule = await makeRule(client, ruleSet, {
      providers: [{ label: refOf(label) }],
      consumers: [{ ip_list: refOf(any) }],
    });
    await updateRules(id, '?label_based_rules=false&offset=1&limit=1');
    const [untouched, drafted] = await flowsOf(id);
    expect(untouched?.draft_policy_decision).toBe('blocked_no_rule');
    expect(drafted).toMatchObject({
      policy_decision: 'blocked',
      draft_policy_decision: 'allowed',
      rules: [{ href: rule.href }],
      enforcement_boundaries: [],
    });
    await updateRules(id);
    const csv = await download(id, '*/*', '?include_draft_policy_in_csv=true');
    const [header = '', line = ''] = csv.split('\r\n');
    const place = header.split(',').indexOf('Draft Policy Decision');
    expect(line.split(',')[place]).toBe('allowed');
    expect(await download(id, 'text/csv')).not.toContain('Draft');
    // What was asked of the draft is not provisioned by it.
    await provisionAll(client);
    const boundary = await makeBoundary(client, 'no ssh', {
      providers: [{ label: refOf(label) }],
      consumers: [{ ip_list: refOf(any) }],
    });
    await reported(
      await VenClient.activate(
        pce(),
        { name: 'other', interfaces: [wired('10.30.0.2')] },
        { labels: [label.href] },
      ),
      [flow({ src_ip: '203.0.113.3', dst_ip: '10.30.0.2', dst_port: 22, decision: 'allowed' })],
    );
    const ssh = await completed(22);
    await updateRules(ssh);
    expect(first(await flowsOf(ssh))).toMatchObject({
      draft_policy_decision: 'blocked_by_boundary',
      enforcement_boundaries: [{ href: boundary.href, name: 'no ssh' }],
      rules: [],
    });
  });

  test('is for completed queries, and for who asked them', async () => {
    const id = await completed(1);
    const href = `/api/v2/orgs/${pce().orgId}/traffic_flows/async_queries/${id}/update_rules`;
    const other = await pce().userWith('admin');
    expect((await pce().send('PUT', href, { auth: other.auth })).status).toBe(404);
    expect((await pce().send('PUT', `${href}?offset=-1`)).status).toBe(406);
  });

  test.each([
    ['allowed', 'rule', 0, 'allowed'],
    ['allowed', 'rule', 1, 'allowed_across_boundary'],
    ['allowed', 'essential', 1, 'allowed'],
    ['blocked', 'boundary', 1, 'blocked_by_boundary'],
    ['blocked', 'default', 0, 'blocked_no_rule'],
    ['blocked', 'ipv6_mode', 0, 'blocked_no_rule'],
    ['potentially_blocked', 'boundary', 1, 'potentially_blocked_by_boundary'],
    ['potentially_blocked', 'default', 0, 'potentially_blocked_no_rule'],
  ] as const)('names %s by %s with %i boundaries %s', (decision, reason, count, expected) => {
    const boundaries = Array.from({ length: count }, () => ({ href: '/b', name: 'b', version: 1 }));
    expect(draftDecision({ decision, reason, boundaries })).toBe(expected);
  });
});

describe('other ways to the flow store', () => {
  test('traffic_analysis_queries answers the flows at once', async () => {
    const server = await VenClient.activate(pce(), { interfaces: [wired('10.31.0.1')] });
    await reported(server, [flow({ dst_ip: '10.31.0.1', dst_port: 8081 })]);
    const { query_name: _, ...body } = query({ ...onPort(8081), max_results: 10 });
    const path = `/api/v2/orgs/${pce().orgId}/traffic_flows/traffic_analysis_queries`;
    const answer = await pce().send('POST', path, { body });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toMatchObject([{ dst: { ip: '10.31.0.1' }, service: { port: 8081 } }]);
    const many = await pce().send('POST', path, { body: { ...body, max_results: 100_001 } });
    expect(many.status).toBe(406);
  });

  test('bulk_traffic_flows takes lines of text and says which it did not understand', async () => {
    const server = await VenClient.activate(pce(), { interfaces: [wired('10.32.0.1')] });
    const path = `/api/v2/orgs/${pce().orgId}/agents/bulk_traffic_flows`;
    const lines = [
      '198.51.100.7,10.32.0.1,8082,6',
      '198.51.100.7,10.32.0.300,8082,6',
      'nonsense',
      '',
      '::1,::2,99999,6',
    ];
    const answer = await pce().send('POST', path, { body: lines.join('\r\n') });
    expect(answer.json).toMatchObject({ num_flows_received: 1, num_flows_failed: 3 });
    expect(answer.text).toContain('10.32.0.300 is not an IP address');
    const [found] = await flowsOf(await completed(8082));
    expect(found).toMatchObject({
      src: { ip: '198.51.100.7' },
      dst: { workload: { href: server.workload } },
      policy_decision: 'unknown',
      client_type: 'flowlink',
      state: 'unknown',
    });
    const sources = { data_sources: { include: [], exclude: ['flowlink' as const] } };
    expect(await asked({ ...onPort(8082), ...sources })).toEqual([]);
    const tooMany = Array.from({ length: 1001 }, () => lines[0]).join('\n');
    expect((await pce().send('POST', path, { body: tooMany })).status).toBe(406);
    const reader = await pce().userWith('read_only');
    expect((await pce().send('POST', path, { body: 'x', auth: reader.auth })).status).toBe(403);
  });

  test('database_metrics counts days, records and octets', async () => {
    const server = await VenClient.activate(pce(), { interfaces: [wired('10.33.0.1')] });
    await reported(server, [flow({ dst_ip: '10.33.0.1', dst_port: 8083 })]);
    const metrics = await pce().client().call('traffic_flows.database_metrics');
    expect(metrics).toMatchObject({
      flows_days_limit: 90,
      flows_size_gb_limit: null,
      flows_oldest_day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
    expect(metrics.flows_days).toBeGreaterThan(0);
    expect(metrics.server.flows_count).toBeGreaterThan(0);
    expect(metrics.flows_size_gb).toBeGreaterThan(0);
  });

  test('CSV has a column for every dimension of labels', async () => {
    await pce()
      .client()
      .call('label_dimensions.create', { body: { key: 'tier', display_name: 'Tier' } });
    const [header] = (await download(await completed(8084), 'text/csv')).split('\r\n');
    expect(header).toContain(
      'Source Role,Source Application,Source Environment,Source Location,Source Tier,',
    );
  });
});

async function asked(change: Parameters<typeof query>[0]): Promise<FlowWire[]> {
  const { query_name: _, ...body } = query(change);
  return pce().client().call('traffic_analysis_queries.create', { body });
}
