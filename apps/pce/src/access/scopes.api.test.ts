import { beforeAll, describe, expect, test } from 'vitest';
import type { ApiClient, FlowRecord, FlowWire, LabelWire, Role } from '@bulkhead/contract';
import { until, VenClient, wired } from '../gateway/testing/ven-client.ts';
import {
  allServices,
  DRAFT,
  first,
  idOf,
  makeLabel,
  provisionAll,
  refOf,
  refusalOf,
  rule,
} from '../testing/policy-client.ts';
import { withTestPce } from '../testing/test-pce.ts';

const pce = withTestPce();

interface World {
  readonly prod: LabelWire;
  readonly test: LabelWire;
  readonly shop: LabelWire;
  readonly bank: LabelWire;
}
let world: World;
const inProd = () => [{ label: { href: world.prod.href } }];

function owner(): ApiClient {
  return pce().client();
}

async function as(role: Role, scope = inProd()): Promise<ApiClient> {
  return pce().client((await pce().userWith(role, scope)).auth);
}

function workload(client: ApiClient, name: string, ...labels: LabelWire[]) {
  return client.call('workloads.create', { body: { name, labels: labels.map(refOf) } });
}

function ruleSet(client: ApiClient, name: string, scopes: LabelWire[][]) {
  return client.call('rule_sets.create', {
    params: DRAFT,
    body: { name, scopes: scopes.map((scope) => scope.map((label) => ({ label: refOf(label) }))) },
  });
}

async function namesOf(client: ApiClient, operation: 'workloads.list' | 'rule_sets.list') {
  const params = operation === 'rule_sets.list' ? DRAFT : {};
  const { items, total } = await client.call(operation, { params });
  expect(total).toBe(items.length);
  return items.map((item) => item.name ?? '').toSorted();
}

async function statusOf(work: Promise<unknown>): Promise<number> {
  return (await refusalOf(work)).status;
}

function flowTo(address: string): FlowRecord {
  const now = new Date().toISOString();
  return {
    src_ip: '198.51.100.5',
    dst_ip: address,
    protocol: 6,
    dst_port: 443,
    icmp_type: null,
    icmp_code: null,
    direction: 'inbound',
    decision: 'allowed',
    rules: [],
    reason: 'default',
    interface: 'eth0',
    network_profile: 'corporate',
    state: 'closed',
    connections: 1,
    bytes_in: 1,
    bytes_out: 1,
    first_seen: now,
    last_seen: now,
    process_name: null,
    user_name: null,
  };
}

/** Destinations of all flows that a user finds. */
async function flowsSeenBy(auth: string): Promise<string[]> {
  const client = pce().client(auth);
  const anything = { include: [[]], exclude: [] };
  const query = await client.call('async_queries.create', {
    body: {
      query_name: '',
      sources: anything,
      destinations: anything,
      services: { include: [], exclude: [] },
      policy_decisions: [],
      max_results: 100,
    },
  });
  const params = { id: idOf(query) };
  await until(
    'the query ends',
    async () => {
      const { status } = await client.call('async_queries.get', { params });
      return status === 'completed';
    },
    20_000,
  );
  const answer = await pce().send('GET', `/api/v2${query.href}/download`, {
    auth,
    headers: { accept: 'application/json' },
  });
  return (answer.json as FlowWire[]).map((flow) => flow.dst.ip);
}

beforeAll(async () => {
  const client = owner();
  world = {
    prod: await makeLabel(client, 'env', 'prod'),
    test: await makeLabel(client, 'env', 'test'),
    shop: await makeLabel(client, 'app', 'shop'),
    bank: await makeLabel(client, 'app', 'bank'),
  };
  const { prod, test: testing, shop, bank } = world;
  await workload(client, 'prod-shop', prod, shop);
  await workload(client, 'prod-bank', prod, bank);
  await workload(client, 'test-shop', testing, shop);
  await workload(client, 'bare');
  await ruleSet(client, 'prod', [[prod]]);
  await ruleSet(client, 'prod shop and bank', [
    [prod, shop],
    [prod, bank],
  ]);
  await ruleSet(client, 'prod or test', [[prod], [testing]]);
  await ruleSet(client, 'test', [[testing]]);
  await ruleSet(client, 'all', []);
});

describe('reading', () => {
  test('workloads outside of the scope are not listed, not counted and not there', async () => {
    const manager = await as('workload_manager');
    expect(await namesOf(manager, 'workloads.list')).toEqual(['prod-bank', 'prod-shop']);
    const count = await manager.call('workloads.list', { query: { max_results: 0 } });
    expect(count.total).toBe(2);
    const { items } = await owner().call('workloads.list', { query: { name: 'test-shop' } });
    const params = { id: idOf(first(items)) };
    expect(await statusOf(manager.call('workloads.get', { params }))).toBe(404);
    expect(await statusOf(manager.call('workloads.delete', { params }))).toBe(404);
    expect(await statusOf(manager.call('workloads.update', { params, body: { name: 'x' } }))).toBe(
      404,
    );
  });

  test('a scope of two keys asks for both, several permissions add up', async () => {
    const { prod, shop } = world;
    const narrow = [...inProd(), { label: { href: shop.href } }];
    expect(await namesOf(await as('workload_manager', narrow), 'workloads.list')).toEqual([
      'prod-shop',
    ]);
    expect(prod.key).not.toBe(shop.key);
  });

  test('a label group in a scope stands for its labels as they are active', async () => {
    const { test: testing, prod } = world;
    const group = await owner().call('label_groups.create', {
      params: DRAFT,
      body: { name: 'stages', key: 'env', labels: [refOf(testing)] },
    });
    const scope = [{ label_group: { href: group.href } }];
    const { auth } = await pce().userWith('workload_manager', scope);
    const manager = pce().client(auth);
    expect(await namesOf(manager, 'workloads.list')).toEqual([]);
    await provisionAll(owner());
    expect(await namesOf(manager, 'workloads.list')).toEqual(['test-shop']);
    await owner().call('label_groups.update', {
      params: { ...DRAFT, id: idOf(group) },
      body: { labels: [refOf(testing), refOf(prod)] },
    });
    expect(await namesOf(manager, 'workloads.list')).toEqual(['test-shop']);
    await provisionAll(owner());
    expect(await namesOf(manager, 'workloads.list')).toEqual([
      'prod-bank',
      'prod-shop',
      'test-shop',
    ]);
    const viewer = pce().client((await pce().userWith('ruleset_viewer', scope)).auth);
    expect(await namesOf(viewer, 'rule_sets.list')).toEqual([
      'prod',
      'prod or test',
      'prod shop and bank',
      'test',
    ]);
  });

  test('rulesets are seen when all of their scopes lie within', async () => {
    const viewer = await as('ruleset_viewer');
    expect(await namesOf(viewer, 'rule_sets.list')).toEqual(['prod', 'prod shop and bank']);
    const { items } = await owner().call('rule_sets.list', {
      params: DRAFT,
      query: { name: 'all' },
    });
    const hidden = { ...DRAFT, id: idOf(first(items)) };
    expect(await statusOf(viewer.call('rule_sets.get', { params: hidden }))).toBe(404);
    expect(
      await statusOf(
        viewer.call('sec_rules.list', { params: { ...DRAFT, rule_set_id: hidden.id } }),
      ),
    ).toBe(404);
  });

  test('VENs, pairing profiles and traffic are narrowed', async () => {
    const { prod, test: testing } = world;
    const [ours, theirs] = await Promise.all(
      [prod, testing].map((label, index) =>
        VenClient.activate(
          pce(),
          { name: `ven-${label.value}`, interfaces: [wired(`192.0.2.${20 + index}`)] },
          { labels: [label.href] },
        ),
      ),
    );
    const manager = await as('workload_manager');
    const vens = await manager.call('vens.list');
    expect(vens.items.map(({ name }) => name)).toEqual(['ven-prod']);
    const profiles = await manager.call('pairing_profiles.list');
    expect(profiles.total).toBe(1);
    expect(profiles.items).toMatchObject([{ labels: [{ value: 'prod' }], caps: ['write'] }]);
    expect((await owner().call('pairing_profiles.list')).total).toBe(3);

    for (const [index, ven] of [ours, theirs].entries())
      await ven?.send('POST', 'flows', {
        sequence: 1,
        dropped: 0,
        flows: [flowTo(`192.0.2.${20 + index}`)],
      });
    const { auth } = await pce().userWith('ruleset_viewer', inProd());
    expect(await flowsSeenBy(auth)).toEqual(['192.0.2.20']);
    const unscoped = await pce().userWith('ruleset_viewer');
    expect((await flowsSeenBy(unscoped.auth)).toSorted()).toEqual(['192.0.2.20', '192.0.2.21']);
    for (const { workload } of [ours, theirs].flatMap((ven) => ven ?? []))
      await owner().call('vens.unpair', {
        body: {
          vens: [{ href: workload.replace('workloads', 'vens') }],
          firewall_restore: 'default',
        },
      });
  });

  test('a collection that is collected later holds what its user sees', async () => {
    const { auth } = await pce().userWith('workload_manager', inProd());
    const asked = await pce().send('GET', '/api/v2/orgs/1/workloads', {
      auth,
      headers: { prefer: 'respond-async' },
    });
    const job = String(asked.headers.location);
    const { href } = await until('the job ends', async () => {
      const state = (await pce().client(auth).get(job)) as {
        status: string;
        result: { href: string };
      };
      return state.status === 'done' && state.result;
    });
    const items = (await pce().client(auth).get(href)) as { name: string }[];
    expect(items.map(({ name }) => name).toSorted()).toEqual(
      await namesOf(pce().client(auth), 'workloads.list'),
    );
  });

  test('what a caller may do shows in caps', async () => {
    const scoped = await as('ruleset_manager');
    const seen = (await scoped.call('rule_sets.list', { params: DRAFT })).items;
    expect(seen.map(({ caps }) => caps)).toEqual([['write'], ['write']]);
    const provisioner = await as('ruleset_provisioner');
    const provisionable = (await provisioner.call('rule_sets.list', { params: DRAFT })).items;
    expect(provisionable.map(({ caps }) => caps)).toEqual([['provision'], ['provision']]);
    const workloads = (await (await as('workload_manager')).call('workloads.list')).items;
    expect(workloads.map(({ caps }) => caps)).toEqual([['write'], ['write']]);
  });
});

describe('writing', () => {
  test('a workload is made and labelled within the scope, and not moved out of it', async () => {
    const { prod, test: testing, shop } = world;
    const manager = await as('workload_manager');
    const made = await workload(manager, 'made', prod, shop);
    const params = { id: idOf(made) };
    const total = (await owner().call('workloads.list')).total;
    for (const outside of [
      () => workload(manager, 'outside', testing),
      () => workload(manager, 'without labels'),
      () => manager.call('workloads.update', { params, body: { labels: [refOf(testing)] } }),
    ])
      expect(await statusOf(outside())).toBe(403);
    expect((await owner().call('workloads.list')).total).toBe(total);
    await manager.call('workloads.update', { params, body: { labels: [refOf(prod)] } });
    expect((await manager.call('workloads.get', { params })).labels).toMatchObject([
      { value: 'prod' },
    ]);
    await manager.call('workloads.delete', { params });
  });

  test('in a bulk call each item is held to the scope by itself', async () => {
    const { prod, test: testing } = world;
    const manager = await as('workload_manager');
    const results = await manager.call('workloads.bulk_create', {
      body: [
        { name: 'bulk-in', labels: [refOf(prod)] },
        { name: 'bulk-out', labels: [refOf(testing)] },
      ],
    });
    expect(results).toMatchObject([{ status: 'created' }, { token: 'forbidden' }]);
    const found = await owner().call('workloads.list', { query: { name: 'bulk-' } });
    expect(found.items.map(({ name }) => name)).toEqual(['bulk-in']);
    await owner().call('workloads.delete', { params: { id: idOf(first(found.items)) } });
  });

  test('a ruleset manager writes rulesets and rules within the scope', async () => {
    const { prod, test: testing } = world;
    const manager = await as('ruleset_manager');
    const own = await ruleSet(manager, 'own', [[prod]]);
    const params = { ...DRAFT, id: idOf(own) };
    const services = [refOf(await allServices(owner()))];
    const body = rule({
      providers: [{ actors: 'ams' }],
      consumers: [{ label: refOf(testing) }],
      unscoped_consumers: true,
      ingress_services: services,
    });
    await manager.call('sec_rules.create', {
      params: { ...DRAFT, rule_set_id: params.id },
      body,
    });
    expect(await statusOf(ruleSet(manager, 'foreign', [[testing]]))).toBe(403);
    expect(await statusOf(ruleSet(manager, 'everything', []))).toBe(403);
    const moved = manager.call('rule_sets.update', {
      params,
      body: { scopes: [[{ label: refOf(testing) }]] },
    });
    expect(await statusOf(moved)).toBe(403);
    const limited = await as('limited_ruleset_manager');
    const refused = limited.call('sec_rules.create', {
      params: { ...DRAFT, rule_set_id: params.id },
      body,
    });
    expect(await statusOf(refused)).toBe(403);
    const { items } = await owner().call('rule_sets.list', {
      params: DRAFT,
      query: { name: 'test' },
    });
    const foreign = first(items.filter(({ name }) => name === 'test'));
    expect(
      await statusOf(
        manager.call('sec_rules.create', {
          params: { ...DRAFT, rule_set_id: idOf(foreign) },
          body,
        }),
      ),
    ).toBe(404);
  });

  test('a ruleset provisioner provisions what lies within, also beside a role for objects', async () => {
    const { prod, test: testing } = world;
    await provisionAll(owner());
    const mine = await ruleSet(owner(), 'mine', [[prod]]);
    const foreign = await ruleSet(owner(), 'not mine', [[testing]]);
    const provisioner = await as('ruleset_provisioner');
    const pending = await provisioner.call('sec_policy.pending');
    expect(pending.rule_sets?.map(({ name }) => name)).toEqual(['mine']);
    const both = pce().client((await pce().userWith('global_object_provisioner')).auth);
    const attempt = both.call('sec_policy.provision', {
      body: { change_subset: { rule_sets: [refOf(foreign)] } },
    });
    expect(await statusOf(attempt)).toBe(403);
    const version = await provisioner.call('sec_policy.provision', { body: {} });
    const changed = await owner().call('sec_policy.modified_objects', {
      params: { pversion: String(version.version) },
    });
    expect(changed.items.map(({ name }) => name)).toEqual(['mine']);
    const all = await owner().call('rule_sets.list', { params: { pversion: 'active' } });
    // counts are of the whole policy, also of what the provisioner does not see
    expect(version.object_counts).toMatchObject({ rule_sets: all.total });
    expect(mine.name).toBe('mine');
  });
});
