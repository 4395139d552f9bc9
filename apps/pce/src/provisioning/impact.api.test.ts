/** What a provision would do and did: dependencies, hosts reached, connections lost. */
import { expect, test } from 'vitest';
import type { FlowRecord, LabelWire } from '@bulkhead/contract';
import { until, VenClient, wired } from '../gateway/testing/ven-client.ts';
import { withTestPce } from '../testing/test-pce.ts';
import {
  DRAFT,
  idOf,
  makeBoundary,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  provisionAll,
  refOf,
} from '../testing/policy-client.ts';

const pce = withTestPce();

function ven(address: string, label: LabelWire): Promise<VenClient> {
  return VenClient.activate(
    pce(),
    { name: address, interfaces: [wired(address)] },
    { labels: [label.href] },
  );
}

function flow(change: Partial<FlowRecord>): FlowRecord {
  const now = new Date().toISOString();
  return {
    src_ip: '10.1.0.1',
    dst_ip: '10.1.0.2',
    protocol: 6,
    dst_port: 443,
    icmp_type: null,
    icmp_code: null,
    direction: 'inbound',
    decision: 'allowed',
    rules: [],
    reason: 'rule',
    interface: 'eth0',
    network_profile: 'corporate',
    state: 'active',
    connections: 2,
    bytes_in: 1,
    bytes_out: 1,
    first_seen: now,
    last_seen: now,
    process_name: null,
    user_name: null,
    ...change,
  };
}

test('dependencies: everything that is needed in turn, each with who needs it and why', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'app', 'Dependent');
  const group = (name: string, subs: { href: string }[]) =>
    client.call('label_groups.create', {
      params: DRAFT,
      body: { name, key: 'app', labels: [refOf(label)], sub_groups: subs.map(refOf) },
    });
  const inner = await group('Inner', []);
  const outer = await group('Outer', [inner]);
  const ruleSet = await makeRuleSet(client, 'Needs a group');
  await makeRule(client, ruleSet, {
    providers: [{ label_group: refOf(outer) }],
    consumers: [{ actors: 'ams' }],
  });
  const needed = await client.call('sec_policy.dependencies', {
    params: DRAFT,
    body: { operation: 'commit', change_subset: { rule_sets: [refOf(ruleSet)] } },
  });
  expect(needed).toEqual([
    {
      dependency: { label_groups: refOf(outer) },
      required_by: { rule_sets: [refOf(ruleSet)] },
      reasons: [
        'ruleset "Needs a group" refers to the label group "Outer", which exists in draft only',
      ],
    },
    {
      dependency: { label_groups: refOf(inner) },
      required_by: { label_groups: [refOf(outer)] },
      reasons: [
        'label group "Outer" refers to the label group "Inner", which exists in draft only',
      ],
    },
  ]);
  const all = await client.call('sec_policy.dependencies', {
    params: DRAFT,
    body: {
      operation: 'commit',
      change_subset: { rule_sets: [refOf(ruleSet)], label_groups: [refOf(outer), refOf(inner)] },
    },
  });
  expect(all).toEqual([]);
  const pending = await client.call('sec_policy.pending');
  expect(pending.rule_sets).toMatchObject([{ related_ip_lists: [], related_services: [] }]);
  await client.call('sec_policy.revert_all');
});

test('impact tells the hosts that would enforce something else and the connections they would lose; versions tell how many', async () => {
  const client = pce().client();
  const [web, db, other] = await Promise.all([
    makeLabel(client, 'role', 'Web'),
    makeLabel(client, 'role', 'Database'),
    makeLabel(client, 'role', 'Other'),
  ]);
  const [front, back] = [await ven('10.1.0.1', web), await ven('10.1.0.2', db)];
  await ven('10.1.0.3', other);
  const ruleSet = await makeRuleSet(client, 'Web to database');
  const rule = await makeRule(client, ruleSet, {
    providers: [{ label: refOf(db) }],
    consumers: [{ label: refOf(web) }],
    ingress_services: [
      { proto: 6, port: 443 },
      { proto: 6, port: 8443 },
    ],
  });
  const before = await client.call('sec_policy.impact', { body: {} });
  expect(before).toEqual({
    num_sets: 1,
    num_virtual_servers: 0,
    num_managed_workloads: 2,
    num_container_workloads: 0,
    num_unmanaged_workloads: 0,
    all_workloads_optimization: false,
  });
  const { version } = await provisionAll(client);
  const told = await until('the version tells how many', async () => {
    const { workloads_affected: count } = await client.call('sec_policy.get', {
      params: { pversion: String(version) },
    });
    return count !== null && { count };
  });
  expect(told.count).toBe(2);

  const report = await back.send('POST', 'flows', {
    sequence: 1,
    dropped: 0,
    flows: [flow({}), flow({ dst_port: 8443, connections: 1 })],
  });
  expect(report.status, report.text).toBe(204);
  await client.call('sec_rules.update', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) },
    body: { ingress_services: [{ proto: 6, port: 8443 }] },
  });
  const list = await makeIpList(client, 'Nobody uses it', '192.0.2.0/24');
  const asked = await client.call('sec_policy.impact', {
    query: { details: true },
    body: { change_subset: { rule_sets: [refOf(ruleSet)] } },
  });
  expect(asked.num_managed_workloads).toBe(2);
  const hosts = asked.details?.workloads.map(({ href }) => href).toSorted();
  expect(hosts).toEqual([front.workload, back.workload].toSorted());
  expect(asked.details).toMatchObject({
    connections_examined: 2,
    connections_truncated: false,
    connections: [
      {
        src: { ip: '10.1.0.1', workload: { href: front.workload } },
        dst: { ip: '10.1.0.2', workload: { href: back.workload } },
        service: { proto: 6, port: 443 },
        num_connections: 2,
        from: 'allowed',
        to: 'blocked',
      },
    ],
  });
  const none = await client.call('sec_policy.impact', {
    query: { details: true },
    body: { change_subset: { ip_lists: [refOf(list)] } },
  });
  expect(none).toMatchObject({ num_managed_workloads: 0, details: { connections: [] } });
  // asking changed nothing: the same question has the same answer
  expect(
    await client.call('sec_policy.impact', {
      body: { change_subset: { rule_sets: [refOf(ruleSet)] } },
    }),
  ).toMatchObject({ num_managed_workloads: 2 });
  await client.call('sec_policy.revert_all');
});

test('a scoped caller is told how many, and by name only what lies within their scope', async () => {
  const client = pce().client();
  const [inside, outside] = await Promise.all([
    makeLabel(client, 'env', 'Inside'),
    makeLabel(client, 'env', 'Outside'),
  ]);
  const [near, far] = [await ven('10.4.0.1', inside), await ven('10.4.0.2', outside)];
  const scoped = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Inside', scopes: [[{ label: refOf(inside) }]] },
  });
  await makeRule(client, scoped, {
    providers: [{ label: refOf(inside) }],
    consumers: [{ label: refOf(outside) }],
    unscoped_consumers: true,
  });
  await makeRuleSet(client, 'Everywhere');
  const scope = [{ label: { href: inside.href } }];
  const viewer = pce().client((await pce().userWith('ruleset_viewer', scope)).auth);
  const { num_sets: sets, ...told } = await viewer.call('sec_policy.impact', {
    query: { details: true },
    body: {},
  });
  expect([sets, told.num_managed_workloads]).toEqual([1, 2]);
  expect(told.details?.workloads.map(({ href }) => href)).toEqual([near.workload]);
  const all = await client.call('sec_policy.impact', { query: { details: true }, body: {} });
  expect(all.details?.workloads.map(({ href }) => href).toSorted()).toEqual(
    [near.workload, far.workload].toSorted(),
  );
  await client.call('sec_policy.revert_all');
});

test('an unmanaged workload counts when hosts would newly reach it; a part that lacks what it needs is refused', async () => {
  const client = pce().client();
  const [db, lab] = await Promise.all([
    makeLabel(client, 'app', 'Records'),
    makeLabel(client, 'app', 'Laboratory'),
  ]);
  await ven('10.3.0.2', db);
  const device = await client.call('workloads.create', {
    body: {
      name: 'device',
      labels: [refOf(lab)],
      interfaces: [{ name: 'eth0', address: '10.3.0.9' }],
    },
  });
  expect(device.managed).toBe(false);
  const boundary = await makeBoundary(client, 'Beside', {
    providers: [{ label: refOf(db) }],
    consumers: [{ label: refOf(lab) }],
  });
  expect(
    await client.call('sec_policy.impact', {
      body: { change_subset: { enforcement_boundaries: [refOf(boundary)] } },
    }),
  ).toMatchObject({ num_managed_workloads: 1, num_unmanaged_workloads: 1, num_sets: 0 });
  await client.call('sec_policy.revert_all');
});
