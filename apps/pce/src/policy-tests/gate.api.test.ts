/** Policy tests at a provision: one that fails on what would become active stops it, unless somebody with the right passes over it. */
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { Compute } from '../compute/compute.ts';
import { DatabasePolicyLoader } from '../compute/database-policy-loader.ts';
import type { CoreSession } from '../compute/question-cores.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Db } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { provision } from '../provisioning/provision.ts';
import { latestVersion } from '../provisioning/versions.ts';
import { withTestPce } from '../testing/test-pce.ts';
import {
  idOf,
  makeIpList,
  makeRuleSet,
  provisionAll,
  refOf,
  refusalOf,
} from '../testing/policy-client.ts';
import { PolicyTests } from './policy-tests.ts';
import {
  dropTests,
  makeWorld,
  reaches,
  resultOf,
  settled,
  type World,
} from './testing/policy-test-world.ts';

const pce = withTestPce();
afterEach(async () => {
  const client = pce().client();
  await dropTests(client);
  await client.call('sec_policy.revert_all');
});

/** In draft: the rule that lets web reach the database is off. */
async function disableRules(world: World): Promise<void> {
  await world.client.call('rule_sets.update', {
    params: { pversion: 'draft', id: idOf(world.ruleSet) },
    body: { enabled: false },
  });
}

async function versions(): Promise<number> {
  return latestVersion(pce().pce.deps.db, pce().orgId);
}

async function eventsOf(type: string) {
  const { items } = await pce()
    .client()
    .call('events.list', { query: { event_type: type } });
  return items;
}

test('a test that fails stops the provision: named, with its first connection, and nothing is provisioned', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Web reaches its database');
  await settled(world.client, created, 'passed');
  const before = await versions();
  await disableRules(world);

  const refusal = await refusalOf(provisionAll(world.client));

  expect(refusal.status).toBe(406);
  expect(refusal.errors).toEqual([
    {
      token: 'policy_test_failed',
      href: created.href,
      message: expect.stringMatching(
        /"Web reaches its database".*host\.test \(10\.0\.\d+\.1\) to host\.test \(10\.0\.\d+\.2\) on 5432 TCP: expected allowed, got blocked by default/,
      ) as unknown,
    },
  ]);
  expect(await versions()).toBe(before);
  expect(await world.client.call('sec_policy.pending')).toHaveProperty('rule_sets');
  expect(await resultOf(world.client, created)).toMatchObject({ state: 'passed' });
});

test('tests are held against the active policy with the chosen changes alone, not against the whole draft', async () => {
  const world = await makeWorld(pce());
  await reaches(world, 'Chosen changes count');
  await disableRules(world);
  const list = await makeIpList(world.client, `Harmless ${world.ruleSet.href}`, '192.0.2.0/24');
  await world.client.call('sec_policy.provision', {
    body: { change_subset: { ip_lists: [refOf(list)] } },
  });
  const both = { rule_sets: [refOf(world.ruleSet)] };
  const refusal = world.client.call('sec_policy.provision', { body: { change_subset: both } });
  expect((await refusalOf(refusal)).has('policy_test_failed')).toBe(true);
});

test('a provision that makes a failing test pass goes through, and the test says so of the new version', async () => {
  const world = await makeWorld(pce());
  await disableRules(world);
  await provisionAll(world.client);
  const created = await reaches(world, 'Comes back');
  await settled(world.client, created, 'failed');
  const list = await makeIpList(world.client, `Unrelated ${world.ruleSet.href}`, '192.0.2.0/24');
  expect((await refusalOf(provisionAll(world.client))).has('policy_test_failed')).toBe(true);
  await world.client.call('rule_sets.update', {
    params: { pversion: 'draft', id: idOf(world.ruleSet) },
    body: { enabled: true },
  });
  const { version } = await provisionAll(world.client);
  expect(await resultOf(world.client, created)).toMatchObject({
    state: 'passed',
    policy_version: version,
  });
  expect(list.href).toContain('ip_lists');
  const passed = await eventsOf('policy_test.passed');
  expect(JSON.stringify(passed[0]?.resource_changes)).toContain(created.href);
});

test('an owner or administrator passes over tests with a reason, which version and events keep', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Passed over');
  await settled(world.client, created, 'passed');
  await disableRules(world);
  const admin = pce().client((await pce().userWith('admin')).auth);
  const empty = pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy`, {
    body: { policy_test_override: { reason: '  ' } },
  });
  expect((await empty).status).toBe(406);

  const version = await admin.call('sec_policy.provision', {
    body: { policy_test_override: { reason: 'The database moves tonight' } },
  });

  expect(version.policy_test_override).toMatchObject({
    reason: 'The database moves tonight',
    failed: ['Passed over'],
  });
  expect(
    await admin.call('sec_policy.get', { params: { pversion: String(version.version) } }),
  ).toMatchObject({
    href: version.href,
    created_by: version.created_by,
    policy_test_override: version.policy_test_override,
  });
  expect(await resultOf(admin, created)).toMatchObject({
    state: 'failed',
    policy_version: version.version,
  });
  const [override] = await eventsOf('policy_test.override');
  expect(override).toMatchObject({
    severity: 'warning',
    action: { info: { reason: 'The database moves tonight', failed: ['Passed over'] } },
  });
  const [failed] = await eventsOf('policy_test.failed');
  expect(JSON.stringify(failed?.resource_changes)).toContain(created.href);
});

test('an override of tests that all pass leaves no trace of one', async () => {
  const world = await makeWorld(pce());
  await reaches(world, 'Passes anyway');
  await makeIpList(world.client, `Precaution ${world.ruleSet.href}`, '192.0.2.0/24');
  const version = await world.client.call('sec_policy.provision', {
    body: { policy_test_override: { reason: 'just in case' } },
  });
  expect(version.policy_test_override).toBeNull();
});

test('a Ruleset Provisioner provisions what passes and may not pass over what fails', async () => {
  const world = await makeWorld(pce());
  await reaches(world, 'Not for provisioners');
  const provisioner = pce().client((await pce().userWith('ruleset_provisioner')).auth);
  await disableRules(world);
  const refusal = await refusalOf(
    provisioner.call('sec_policy.provision', {
      body: { policy_test_override: { reason: 'I want it' } },
    }),
  );
  expect(refusal.status).toBe(403);
  expect(refusal.message).toContain('policy_test_override');
  await world.client.call('sec_policy.revert_all');
  await makeRuleSet(world.client, `Empty ${world.ruleSet.href}`);
  await provisioner.call('sec_policy.provision', { body: {} });
});

test('a dry run says what a provision would, for the draft, a subset of it, or the active policy; it stores nothing', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Dry run');
  await settled(world.client, created, 'passed');
  await disableRules(world);
  const list = await makeIpList(world.client, `Dry ${world.ruleSet.href}`, '192.0.2.0/24');
  const run = (body: object) =>
    world.client.call('policy_tests.run', { body: body as { pversion: 'draft' } });
  const before = await versions();
  expect(await run({ pversion: 'draft' })).toMatchObject({
    state: 'failed',
    results: [
      {
        href: created.href,
        name: 'Dry run',
        result: { state: 'failed', checked: 1, failed: 1, policy_version: before + 1 },
      },
    ],
  });
  const subset = { ip_lists: [refOf(list)] };
  expect(await run({ pversion: 'draft', change_subset: subset })).toMatchObject({
    state: 'passed',
  });
  expect(await run({ pversion: 'active' })).toMatchObject({
    state: 'passed',
    results: [{ result: { policy_version: before } }],
  });
  expect(await resultOf(world.client, created)).toMatchObject({ state: 'passed' });
  expect(await versions()).toBe(before);
});

test('tests that are off, and tests without hosts, stop nothing; one that names too many connections does', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Off');
  await world.client.call('policy_tests.update', {
    params: { id: idOf(created) },
    body: { enabled: false },
  });
  await world.client.call('policy_tests.create', {
    body: {
      name: 'Nobody',
      from: [{ labels: [world.labels.web, world.labels.db] }],
      to: [{ address: '198.51.100.7' }],
      ports: [1],
      decision: 'blocked',
    },
  });
  await disableRules(world);
  await provisionAll(world.client);
  const hosts = Array.from({ length: 101 }, (_, index) => ({ address: `198.51.100.${index}` }));
  await world.client.call('policy_tests.create', {
    body: {
      name: 'Too many',
      from: hosts,
      to: hosts,
      ports: [1],
      decision: 'allowed',
    },
  });
  await makeIpList(world.client, `More ${world.ruleSet.href}`, '192.0.2.0/24');
  const refusal = await refusalOf(provisionAll(world.client));
  expect(refusal.message).toMatch(/"Too many".*101 × 101 hosts.*more than 10000/);
});

test('two provisions at once: each change is provisioned once, and the tests hold for what each makes active', async () => {
  const world = await makeWorld(pce());
  await reaches(world, 'At once');
  const before = await versions();
  const list = await makeIpList(world.client, `Twin ${world.ruleSet.href}`, '192.0.2.0/24');
  await disableRules(world);
  const harmless = { change_subset: { ip_lists: [refOf(list)] } };
  const answers = await Promise.all(
    [harmless, {}, harmless, {}].map((body) =>
      world.client.call('sec_policy.provision', { body }).then(
        () => 'provisioned',
        (error: { errors: { token: string }[] }) => error.errors[0]?.token,
      ),
    ),
  );
  expect(answers.filter((answer) => answer === 'provisioned')).toHaveLength(1);
  expect(answers.filter((answer) => answer === 'policy_test_failed')).toHaveLength(2);
  expect(answers.filter((answer) => answer === 'nothing_to_provision')).toHaveLength(1);
  expect(await versions()).toBe(before + 1);
});

test('a test that is written while a provision runs counts for the next one or for this one, never for none', async () => {
  const world = await makeWorld(pce());
  await disableRules(world);
  await Promise.all([
    provisionAll(world.client).catch((error: unknown) => error),
    reaches(world, 'In between'),
  ]);
  // Whichever was first: the draft or by now the active policy is what the test does not allow.
  await makeIpList(world.client, `After ${world.ruleSet.href}`, '192.0.2.0/24');
  expect((await refusalOf(provisionAll(world.client))).has('policy_test_failed')).toBe(true);
});

/** The real thing, whose thread ends while it is asked. */
class Interrupted extends Compute {
  dies = true;

  override trial<T>(
    orgId: number,
    work: (session: CoreSession) => Promise<T>,
    db?: Db,
  ): Promise<T> {
    const interrupted = (session: CoreSession): CoreSession => ({
      ...session,
      ask: (make) => {
        const answer = session.ask(make);
        if (this.dies) void this.killWorker();
        return answer;
      },
    });
    return super.trial(orgId, (session) => work(interrupted(session)), db);
  }
}

test('a worker that is lost while the tests run fails the provision with nothing provisioned, and the next one works', async () => {
  const world = await makeWorld(pce());
  await world.client.call('policy_tests.create', {
    body: {
      name: 'Long enough to be interrupted',
      from: Array.from({ length: 100 }, (_, index) => ({ address: `198.51.100.${index}` })),
      to: [{ labels: [world.labels.db] }],
      ports: Array.from({ length: 100 }, (_, index) => index + 1),
      decision: 'blocked',
    },
  });
  await makeIpList(world.client, `Interrupted ${world.ruleSet.href}`, '192.0.2.0/24');
  const { deps } = pce().pce;
  const { db, changeLog, logger } = deps;
  const loader = new DatabasePolicyLoader(db);
  const compute = new Interrupted({ changeLog, loader, db, logger });
  await compute.start();
  const tests = new PolicyTests({ ...deps, metrics: new Registry() }, compute);
  const before = await versions();
  const run = () =>
    writeTransaction(db, (trx) =>
      provision(deps, tests, {
        db: trx,
        orgId: pce().orgId,
        body: {},
        caller: {
          kind: 'user',
          userId: 1,
          orgId: pce().orgId,
          href: '/users/1',
          username: 'owner@example.com',
          grants: [{ role: 'owner', scope: new Map() }],
          roles: ['owner'],
          via: 'api_key',
        },
        ip: '127.0.0.1',
        requestId: 'request',
        method: 'POST',
        url: '/',
      }),
    );
  const failure: unknown = await run().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DomainError);
  expect(failure).toMatchObject({ token: 'service_unavailable', status: 503 });
  expect(await versions()).toBe(before);
  compute.dies = false;
  expect(await run()).toMatchObject({ version: before + 1 });
  await compute.stop();
});
