import { expect, test } from 'vitest';
import { withTestPce, type TestAnswer } from '../testing/test-pce.ts';
import { VenClient, activation, pairingCode, wired } from './testing/ven-client.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const pce = withTestPce({ clock: { now: () => NOW } });

function activate(body: unknown): Promise<TestAnswer> {
  return pce().send('POST', '/api/v2/ven/activate', { auth: null, body });
}

function token(answer: TestAnswer): unknown {
  return Array.isArray(answer.json)
    ? answer.json.map((error: { token: string }) => error.token)
    : answer.text;
}

async function label(key: string, value: string): Promise<string> {
  const { id } = await pce()
    .database.db.insertInto('labels')
    .values({ org_id: pce().orgId, key, value, created_by: '/users/1', updated_by: '/users/1' })
    .returning('id')
    .executeTakeFirstOrThrow();
  return `/orgs/${pce().orgId}/labels/${id}`;
}

function workloadRow(id: string) {
  return pce()
    .database.db.selectFrom('workloads')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
}

test('an activation code becomes an identity: workload and VEN with one UUID, the public IP as seen, an event (R-NET-5)', async () => {
  const ven = await VenClient.activate(pce(), { name: 'web 1' });
  const row = await workloadRow(ven.identity.ven_uuid);
  expect(row).toMatchObject({
    managed: true,
    name: 'web 1',
    hostname: 'host.test',
    public_ip: '127.0.0.1',
    online: true,
    enforcement_mode: 'full',
    interfaces: [{ name: 'eth0', address: '192.0.2.10', cidr_block: 24, network: 'corporate' }],
  });
  const stored = await pce()
    .database.db.selectFrom('vens')
    .selectAll()
    .where('id', '=', ven.identity.ven_uuid)
    .executeTakeFirstOrThrow();
  expect(JSON.stringify(stored)).not.toContain(ven.identity.token);
  expect(ven.identity.policy_public_key).toContain('BEGIN PUBLIC KEY');
  const events = await pce().send(
    'GET',
    `/api/v2/orgs/${pce().orgId}/events?event_type=agent.activate&status=success`,
  );
  expect(JSON.stringify(events.json)).toContain(ven.workload);
});

test.for([
  ['unknown', {}, { activation_code: 'ab'.repeat(32) }, 'activation_code_invalid'],
  ['expired', { expiresAt: new Date(NOW.getTime() - 1) }, {}, 'activation_code_expired'],
  ['used up', { usesLeft: 0 }, {}, 'activation_code_used_up'],
  ['of a disabled profile', { enabled: false }, {}, 'activation_code_invalid'],
  [
    'of a profile for endpoints',
    { venType: 'endpoint' },
    { ven_type: 'server' },
    'ven_type_refused',
  ],
] as const)(
  'a code that is %s is refused by its token, and nothing is paired',
  async ([, options, change, expected]) => {
    const { code } = await pairingCode(pce(), options);
    const before = await pce().database.db.selectFrom('workloads').select('id').execute();
    const answer = await activate({ ...activation(code), ...change });
    expect(answer.status).toBe(406);
    expect(token(answer)).toEqual([expected]);
    expect(await pce().database.db.selectFrom('workloads').select('id').execute()).toHaveLength(
      before.length,
    );
  },
);

test('a code for two uses serves twice', async () => {
  const { code } = await pairingCode(pce(), { usesLeft: 2 });
  expect((await activate(activation(code))).status).toBe(201);
  expect((await activate(activation(code))).status).toBe(201);
  expect(token(await activate(activation(code)))).toEqual(['activation_code_used_up']);
});

test('two hosts of one name are two workloads, told apart in lists by their addresses (FR-22)', async () => {
  const client = pce().client();
  const pair = (address: string) => {
    const facts = { ...activation('').facts, hostname: 'laptop-01' };
    return VenClient.activate(pce(), { facts, interfaces: [wired(address)] });
  };
  const [first, second] = [await pair('192.0.2.71'), await pair('192.0.2.72')];
  const { items } = await client.call('workloads.list', { query: { hostname: 'laptop-01' } });
  expect(
    new Map(items.map(({ href, interfaces }) => [href, interfaces.map(({ address }) => address)])),
  ).toEqual(
    new Map([
      [first.workload, ['192.0.2.71']],
      [second.workload, ['192.0.2.72']],
    ]),
  );
});

test('a refused activation of a known code is an event, and says nothing of the code', async () => {
  const { code } = await pairingCode(pce(), { enabled: false });
  await activate(activation(code));
  const events = await pce().send(
    'GET',
    `/api/v2/orgs/${pce().orgId}/events?event_type=agent.activate&status=failure`,
  );
  expect(events.text).toContain('activation_code_invalid');
  expect(events.text).not.toContain(code);
});

test('labels: of the profile, and of the VEN for keys that are not locked; a label that does not exist is refused', async () => {
  const [web, db, prod, dev] = await Promise.all([
    label('role', 'web'),
    label('role', 'db'),
    label('env', 'prod'),
    label('env', 'dev'),
  ]);
  const ven = await VenClient.activate(
    pce(),
    { labels: { role: 'db', env: 'dev' } },
    { labels: [web, prod], locks: { role_label_lock: true, env_label_lock: false } },
  );
  const row = await workloadRow(ven.identity.ven_uuid);
  expect(row.labels.toSorted()).toEqual([dev, web].toSorted());
  expect(row.labels).not.toContain(db);
  const { code } = await pairingCode(pce());
  const refused = await activate(activation(code, { labels: { role: 'nowhere' } }));
  expect(refused.text).toContain('There is no label role \\"nowhere\\"');
});

test('servers have no external interfaces, whatever they report; endpoints have (R-NET-8)', async () => {
  const interfaces = [wired('198.51.100.7', 'external')];
  const server = await VenClient.activate(pce(), { interfaces });
  const laptop = await VenClient.activate(pce(), { interfaces, ven_type: 'endpoint' });
  expect((await workloadRow(server.identity.ven_uuid)).interfaces).toMatchObject([
    { network: 'corporate' },
  ]);
  expect((await workloadRow(laptop.identity.ven_uuid)).interfaces).toMatchObject([
    { network: 'external' },
  ]);
});

test('a token that nobody has is refused', async () => {
  const answer = await pce().send('GET', '/api/v2/ven/policy', {
    auth: `Bearer ${'0'.repeat(64)}`,
  });
  expect(answer.status).toBe(401);
});

test('what is no address is refused with the interface that has it', async () => {
  const { code } = await pairingCode(pce());
  const answer = await activate(activation(code, { interfaces: [wired('10.0.0.999')] }));
  expect(token(answer)).toEqual(['invalid_ip_address']);
  expect(answer.text).toContain('eth0');
});
