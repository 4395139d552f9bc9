/** Policy tests as objects of the API: written, read, refused, and what they say of the active policy. */
import { afterEach, expect, test } from 'vitest';
import { withTestPce } from '../testing/test-pce.ts';
import { idOf, makeLabel, refOf, refusalOf } from '../testing/policy-client.ts';
import { dropTests, makeWorld, reaches, settled } from './testing/policy-test-world.ts';

const pce = withTestPce();
afterEach(() => dropTests(pce().client()));

test('a test is stored with its hosts by name, and soon says whether the active policy passes it', async () => {
  const world = await makeWorld(pce());
  const created = await world.client.call('policy_tests.create', {
    body: {
      name: 'Web reaches its database, others do not',
      description: 'The one path that the application needs',
      from: [{ workload: { href: world.web.workload } }, { address: '198.51.100.7' }],
      to: [{ labels: [world.labels.db] }],
      ports: [5432, 22],
      decision: 'blocked',
      by: ['default'],
      note: 'Ask the database team',
    },
  });
  expect(created).toMatchObject({
    enabled: true,
    from: [
      { workload: { href: world.web.workload, hostname: 'host.test', deleted: false } },
      { address: '198.51.100.7' },
    ],
    to: [{ labels: [{ ...world.labels.db, key: 'role' }] }],
    proto: 6,
    ports: [5432, 22],
    by: ['default'],
    result: { state: 'not_run', at: null, policy_version: null },
    caps: ['write'],
  });
  const result = await settled(world.client, created, 'failed');
  expect(result).toMatchObject({ checked: 4, failed: 1, message: null });
  expect(result.failures).toHaveLength(1);
  expect(result.failures[0]).toMatchObject({
    connection: {
      from: { workload: world.web.workload, name: 'host.test' },
      to: { workload: world.db.workload },
      proto: 6,
      port: 5432,
    },
    expected: 'blocked',
    got: 'allowed',
  });
  expect(result.failures[0]?.differences[0]).toContain('expected blocked, got allowed');
  expect(result.failures[0]?.explanation.join('\n')).toContain('web to db');
});

test('rules are expected by name or by href, with any word in it, and each end by itself', async () => {
  const world = await makeWorld(pce());
  const { items } = await world.client.call('sec_rules.list', {
    params: { pversion: 'active', rule_set_id: idOf(world.ruleSet) },
  });
  const href = items[0]?.href ?? '';
  const base = {
    from: [{ labels: [world.labels.web] }],
    to: [{ labels: [world.labels.db] }],
    ports: [5432],
    decision: 'allowed' as const,
  };
  const byHref = await world.client.call('policy_tests.create', {
    body: { ...base, name: 'By href', by: [href], inbound: { decision: 'allowed', by: [href] } },
  });
  const byOther = await world.client.call('policy_tests.create', {
    body: {
      ...base,
      name: 'By another rule',
      by: ['no such rule'],
      outbound: { decision: 'none' },
    },
  });
  await settled(world.client, byHref, 'passed');
  const failed = await settled(world.client, byOther, 'failed');
  expect(failed.failures[0]?.differences.join('\n')).toMatch(
    /no such rule[^]*outbound: expected none/,
  );
});

test('labels that nobody has say so instead of passing', async () => {
  const world = await makeWorld(pce());
  const lonely = await makeLabel(world.client, 'app', 'lonely');
  const created = await world.client.call('policy_tests.create', {
    body: {
      name: 'Nobody connects',
      from: [{ labels: [refOf(lonely), world.labels.web] }],
      to: [{ labels: [world.labels.db] }],
      ports: [5432],
      decision: 'blocked',
    },
  });
  const result = await settled(world.client, created, 'no_hosts');
  expect(result.message).toContain('app=lonely');
  expect(result).toMatchObject({ checked: 0, failures: [] });
});

test('hosts without a common family are not held against each other, and none against itself by labels', async () => {
  const world = await makeWorld(pce());
  const body = {
    from: [{ labels: [world.labels.web] }],
    to: [{ labels: [world.labels.web] }],
    ports: [22],
    decision: 'blocked' as const,
  };
  const alone = await world.client.call('policy_tests.create', {
    body: { ...body, name: 'Alone' },
  });
  expect((await settled(world.client, alone, 'no_hosts')).message).toContain('family');
  const six = await world.client.call('policy_tests.create', {
    body: { ...body, name: 'Six', to: [{ address: '2001:db8::7' }] },
  });
  await settled(world.client, six, 'no_hosts');
});

test('hosts of many tests at once are those that each finds alone', async () => {
  const world = await makeWorld(pce());
  const made: string[] = [];
  for (let index = 0; index < 18; index += 1) {
    const label = await makeLabel(world.client, 'loc', `place ${index}`);
    const created = await world.client.call('policy_tests.create', {
      body: {
        name: `From place ${index}`,
        from: [{ labels: index === 7 ? [world.labels.web] : [world.labels.web, refOf(label)] }],
        to: [{ labels: [world.labels.db] }],
        ports: [5432],
        decision: 'allowed',
      },
    });
    made.push(created.href);
  }
  const { results } = await world.client.call('policy_tests.run', { body: { pversion: 'active' } });
  expect(results.map(({ href, result }) => [href, result.state, result.checked])).toEqual(
    made.map((href, index) => (index === 7 ? [href, 'passed', 1] : [href, 'no_hosts', 0])),
  );
});

test('ICMP and protocols without ports are tested as such', async () => {
  const world = await makeWorld(pce());
  const body = {
    from: [{ labels: [world.labels.web] }],
    to: [{ labels: [world.labels.db] }],
  };
  const error = await world.client.call('policy_tests.create', {
    body: {
      ...body,
      name: 'ICMP error',
      proto: 1,
      icmp_type: 3,
      decision: 'allowed',
      by: ['essential'],
    },
  });
  const ping = await world.client.call('policy_tests.create', {
    body: { ...body, name: 'Ping', proto: 1, decision: 'blocked' },
  });
  const gre = await world.client.call('policy_tests.create', {
    body: { ...body, name: 'GRE', proto: 47, decision: 'blocked' },
  });
  for (const item of [error, ping, gre])
    expect(await settled(world.client, item, 'passed')).toMatchObject({ checked: 1 });
});

test.each([
  ['a port without ports', { proto: 1, ports: [80] }, 'ports'],
  ['TCP without a port', {}, 'ports'],
  ['an ICMP type for TCP', { ports: [80], icmp_type: 8 }, 'icmp_type'],
  ['ICMPv6 over IPv4', { proto: 58, family: 'ipv4' }, 'family'],
  ['an unknown member', { ports: [80], port: 80 }, 'port'],
  ['an empty side', { ports: [80], to: [] }, 'to'],
  ['no address', { ports: [80], to: [{ address: '10.0.0.0/8' }] }, 'to[0].address'],
  [
    'a label of nothing',
    { ports: [80], to: [{ labels: [{ href: '/orgs/1/labels/99999' }] }] },
    'to[0].labels',
  ],
])('%s is refused by name, and nothing is stored', async (_, change, named) => {
  const body = {
    name: 'Wrong',
    from: [{ address: '198.51.100.7' }],
    to: [{ address: '198.51.100.8' }],
    decision: 'blocked',
    ...change,
  };
  const answer = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/policy_tests`, { body });
  expect(answer.status).toBe(406);
  expect(answer.text).toContain(named);
  expect((await pce().client().call('policy_tests.list')).total).toBe(0);
});

test('a change counts from then on, keeps what it does not name, and is refused when somebody saved in between', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Path to the database');
  await settled(world.client, created, 'passed');
  const params = { id: idOf(created) };
  await world.client.call('policy_tests.update', { params, body: { decision: 'blocked' } });
  expect(await settled(world.client, created, 'failed')).toMatchObject({ checked: 1 });
  expect(await world.client.call('policy_tests.get', { params })).toMatchObject({
    name: 'Path to the database',
    ports: [5432],
    decision: 'blocked',
  });
  const stale = world.client.call('policy_tests.update', {
    params,
    body: { decision: 'allowed' },
    query: { if_updated_at: created.updated_at },
  });
  expect((await refusalOf(stale)).has('object_changed')).toBe(true);
  const contradiction = world.client.call('policy_tests.update', { params, body: { proto: 47 } });
  expect((await refusalOf(contradiction)).message).toContain('ports');
  const twin = await refusalOf(reaches(world, 'Path to the database'));
  expect(twin.has('name_must_be_unique')).toBe(true);
});

test('what was read can be written back, and that changes nothing', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Round trip');
  await settled(world.client, created, 'passed');
  const read = await world.client.call('policy_tests.get', { params: { id: idOf(created) } });
  const answer = await pce().send('PUT', `/api/v2${created.href}`, { body: read });
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect(await world.client.call('policy_tests.get', { params: { id: idOf(created) } })).toEqual(
    read,
  );
});

test('who edits policy edits tests; who sees policy sees them; each change is an event', async () => {
  const world = await makeWorld(pce());
  const created = await reaches(world, 'Audited');
  await world.client.call('policy_tests.update', {
    params: { id: idOf(created) },
    body: { enabled: false },
  });
  const { auth } = await pce().userWith('ruleset_provisioner');
  const provisioner = pce().client(auth);
  const seen = await provisioner.call('policy_tests.get', { params: { id: idOf(created) } });
  expect(seen).toMatchObject({ name: 'Audited', enabled: false, caps: [] });
  const removal = provisioner.call('policy_tests.delete', { params: { id: idOf(created) } });
  expect((await refusalOf(removal)).status).toBe(403);
  const outsider = pce().client((await pce().userWith('workload_manager')).auth);
  expect((await refusalOf(outsider.call('policy_tests.list'))).status).toBe(403);
  await world.client.call('policy_tests.delete', { params: { id: idOf(created) } });
  const { items } = await world.client.call('events.list', { query: { max_results: 50 } });
  const own = items.filter((event) =>
    JSON.stringify(event.resource_changes).includes(created.href),
  );
  expect(own.map((event) => event.event_type)).toEqual([
    'policy_test.delete',
    'policy_test.update',
    'policy_test.create',
  ]);
});
