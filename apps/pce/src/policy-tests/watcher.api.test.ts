/** Policy tests when facts move: those whose hosts or sets moved are held against the active policy again, and a turn is an event. */
import { afterEach, expect, test } from 'vitest';
import { until, VenClient, wired } from '../gateway/testing/ven-client.ts';
import { idOf } from '../testing/policy-client.ts';
import { withTestPce } from '../testing/test-pce.ts';
import { writeTransaction, appendChange } from '../db/transaction.ts';
import { dropTests, makeWorld, reaches, resultOf, settled } from './testing/policy-test-world.ts';

const pce = withTestPce();
afterEach(() => dropTests(pce().client()));

async function turnsOf(test: { readonly href: string }): Promise<string[]> {
  const { items } = await pce()
    .client()
    .call('events.list', { query: { max_results: 500 } });
  return items
    .filter(
      ({ event_type: type, resource_changes: changes }) =>
        /^policy_test\.(failed|passed)$/.test(type) && JSON.stringify(changes).includes(test.href),
    )
    .map(({ event_type: type }) => type)
    .toReversed();
}

/** Runs of tests because of facts, as the metrics count them. */
async function runsForFacts(): Promise<number> {
  const { text } = await pce().send('GET', '/metrics', { auth: null });
  const line = /^pce_policy_test_runs_total\{cause="facts"\} (\d+)$/m.exec(text);
  return Number(line?.[1] ?? 0);
}

function workloadId(ven: VenClient): string {
  return ven.identity.ven_uuid;
}

test('a host that loses its label, and gets it back, turns the test twice: two events', async () => {
  const world = await makeWorld(pce());
  const created = await world.client.call('policy_tests.create', {
    body: {
      name: 'By name',
      from: [{ workload: { href: world.web.workload } }],
      to: [{ workload: { href: world.db.workload } }],
      ports: [5432],
      decision: 'allowed',
    },
  });
  await settled(world.client, created, 'passed');
  const relabel = (labels: { href: string }[]) =>
    world.client.call('workloads.update', {
      params: { id: workloadId(world.web) },
      body: { labels },
    });
  await relabel([]);
  const failed = await settled(world.client, created, 'failed');
  expect(failed.failures[0]).toMatchObject({ expected: 'allowed', got: 'blocked' });
  await relabel([world.labels.web]);
  await settled(world.client, created, 'passed');
  expect(await turnsOf(created)).toEqual(['policy_test.failed', 'policy_test.passed']);
});

test('a workload that gets a label becomes a host of the tests that name it', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'All of web');
  expect(await settled(world.client, created, 'passed')).toMatchObject({ checked: 1 });
  await VenClient.activate(
    pce(),
    { interfaces: [wired('10.9.0.1')] },
    { labels: [world.labels.web.href] },
  );
  await until('two hosts', async () => (await resultOf(world.client, created)).checked === 2);
  expect(await turnsOf(created), 'still passed').toEqual([]);
});

test('a laptop that leaves the corporate network fails the test that it reaches the server', async () => {
  const world = await makeWorld(pce());
  const laptop = await VenClient.activate(
    pce(),
    { ven_type: 'endpoint', interfaces: [wired('10.9.1.1', 'corporate', 'wlan0')] },
    { labels: [world.labels.web.href] },
  );
  const created = await world.client.call('policy_tests.create', {
    body: {
      name: 'Laptop at work',
      from: [{ workload: { href: laptop.workload } }],
      to: [{ labels: [world.labels.db] }],
      ports: [5432],
      decision: 'allowed',
    },
  });
  await settled(world.client, created, 'passed');
  await laptop.report([wired('198.51.100.20', 'external', 'wlan0')]);
  const result = await settled(world.client, created, 'failed');
  expect(result.failures[0]?.connection.from.address).toBe('198.51.100.20');
  await laptop.report([wired('10.9.1.2', 'corporate', 'wlan0')]);
  await settled(world.client, created, 'passed');
});

test('another enforcement mode turns a test of its host', async () => {
  const world = await makeWorld(pce());
  const created = await world.client.call('policy_tests.create', {
    body: {
      name: 'SSH is closed',
      from: [{ address: '198.51.100.7' }],
      to: [{ labels: [world.labels.db] }],
      ports: [22],
      decision: 'blocked',
    },
  });
  await settled(world.client, created, 'passed');
  await world.client.call('workloads.update', {
    params: { id: workloadId(world.db) },
    body: { enforcement_mode: 'visibility_only' },
  });
  const result = await settled(world.client, created, 'failed');
  expect(result.failures[0]).toMatchObject({ got: 'potentially_blocked' });
});

test('a host that goes offline leaves the tests that name its labels, and turns those that name it', async () => {
  const world = await makeWorld(pce());
  const byLabel = await reaches(world, 'Who is there');
  const byName = await world.client.call('policy_tests.create', {
    body: {
      name: 'This very host',
      from: [{ workload: { href: world.web.workload } }],
      to: [{ labels: [world.labels.db] }],
      ports: [5432],
      decision: 'allowed',
    },
  });
  await settled(world.client, byLabel, 'passed');
  await settled(world.client, byName, 'passed');
  const { db } = pce().pce.deps;
  // As the gateway's offline timer does.
  await writeTransaction(db, async (trx) => {
    await trx
      .updateTable('workloads')
      .set({ online: false })
      .where('id', '=', workloadId(world.web))
      .execute();
    appendChange(trx, { orgId: pce().orgId, kind: 'workload', href: world.web.workload });
  });
  await settled(world.client, byName, 'failed');
  expect((await settled(world.client, byLabel, 'no_hosts')).message).toContain('role=web');
});

test('a workload that is deleted is a host no more', async () => {
  const world = await makeWorld(pce());
  const visitor = await world.client.call('workloads.create', {
    body: { name: 'Visitor', interfaces: [{ name: 'eth0', address: '10.9.2.1' }] },
  });
  const created = await world.client.call('policy_tests.create', {
    body: {
      name: 'Visitors stay out',
      from: [{ workload: { href: visitor.href } }],
      to: [{ labels: [world.labels.db] }],
      ports: [5432],
      decision: 'blocked',
    },
  });
  await settled(world.client, created, 'passed');
  await world.client.call('workloads.delete', { params: { id: idOf(visitor) } });
  const result = await settled(world.client, created, 'no_hosts');
  expect(result.message).toContain('Visitor');
  const shown = await world.client.call('policy_tests.get', { params: { id: idOf(created) } });
  expect(shown.from).toMatchObject([{ workload: { name: 'Visitor', deleted: true } }]);
});

test('facts of others leave a test alone: only tests that they touch are run again', async () => {
  const world = await makeWorld(pce());
  const other = await makeWorld(pce());
  const created = await reaches(world, 'Undisturbed');
  const witness = await reaches(other, 'Witness');
  const before = await settled(world.client, created, 'passed');
  await settled(other.client, witness, 'passed');
  const runs = await runsForFacts();
  await other.client.call('workloads.update', {
    params: { id: workloadId(other.db) },
    body: { labels: [] },
  });
  await settled(other.client, witness, 'no_hosts');
  expect(await runsForFacts()).toBe(runs + 1);
  expect(await resultOf(world.client, created)).toEqual(before);
});
