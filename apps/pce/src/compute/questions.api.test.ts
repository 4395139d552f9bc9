/** Questions to the policy: explain, difference and views, for the draft, the active policy and any version. */
import { expect, test } from 'vitest';
import type { ExplanationWire } from '@bulkhead/contract';
import { VenClient, wired } from '../gateway/testing/ven-client.ts';
import { makeWorld, type World } from '../policy-tests/testing/policy-test-world.ts';
import { idOf, makeLabel, provisionAll, refOf, refusalOf } from '../testing/policy-client.ts';
import { withTestPce } from '../testing/test-pce.ts';

const pce = withTestPce();

function path5432(world: World, port = 5432) {
  return {
    src_workload: world.web.workload,
    dst_workload: world.db.workload,
    protocol: 6,
    port,
  };
}

function explain(world: World, pversion: string, port?: number): Promise<ExplanationWire> {
  return world.client.call('sec_policy.explain', {
    params: { pversion },
    query: path5432(world, port),
  });
}

function end(explanation: ExplanationWire, which: 'outbound' | 'inbound') {
  const found = explanation.ends[which];
  if (found.kind !== 'decided') throw new Error(`${which} has no say: ${found.why}`);
  return found;
}

/** Of the rules that do not match at the provider, the one that comes nearest. */
function nearest(explanation: ExplanationWire) {
  return end(explanation, 'inbound').nearest[0];
}

async function setRuleSet(world: World, body: object): Promise<number> {
  await world.client.call('rule_sets.update', {
    params: { pversion: 'draft', id: idOf(world.ruleSet) },
    body,
  });
  return (await provisionAll(world.client)).version;
}

test('what is allowed is explained by rule, side and label, with the version that was asked in every href', async () => {
  const world = await makeWorld(pce());
  const active = await explain(world, 'active');
  expect(active).toMatchObject({
    pversion: 'active',
    decision: 'allowed',
    connection: { protocol: 6, port: 5432, icmp_type: null },
  });
  const inbound = end(active, 'inbound');
  expect(inbound).toMatchObject({
    workload: { href: world.db.workload, name: 'host.test' },
    decision: 'allowed',
    mode: 'full',
    interface_name: 'eth0',
    network_profile: 'corporate',
    precedence: 'allow',
    nearest: [],
    suggestion: null,
    rules: [
      {
        rule_set: { href: world.ruleSet.href.replace('draft', 'active') },
        version: active.policy_version,
        providers: [{ kind: 'label', conditions: [{ key: 'role', from: 'actors' }] }],
        consumers: [{ kind: 'label', workload: { href: world.web.workload } }],
        service: { service: null, port: { protocol: 6, port: 5432 } },
      },
    ],
  });
  expect(active.sizes.workloads).toBeGreaterThanOrEqual(2);
  const draft = await explain(world, 'draft');
  expect(end(draft, 'inbound').rules[0]?.href).toContain('/sec_policy/draft/rule_sets/');
  expect(draft.text.join('\n')).toMatch(/allowed[^]*web to db[^]*sec_policy\/draft/);
  const old = await explain(world, String(active.policy_version));
  expect(old.pversion).toBe(String(active.policy_version));
  expect(end(old, 'inbound').rules[0]?.href).toContain(`/sec_policy/${active.policy_version}/`);
});

test('what is blocked comes with the nearest rule, what it fails by, and what would let it pass', async () => {
  const world = await makeWorld(pce());
  const explained = await explain(world, 'active', 5433);
  expect(explained.decision).toBe('blocked');
  expect(end(explained, 'inbound')).toMatchObject({
    precedence: 'default',
    suggestion: { kind: 'new_rule', service: { protocol: 6, port: 5433 } },
  });
  expect(nearest(explained)).toMatchObject({
    rule_set: { href: world.ruleSet.href.replace('draft', 'active') },
    failing: [
      {
        kind: 'service',
        asked: { protocol: 6, port: 5433 },
        has: [{ protocol: 6, port: 5432 }],
        suggestion: { kind: 'service', add: { protocol: 6, port: 5433 } },
      },
    ],
  });
});

test('any version answers as it was: decide, explain and policy_view, also after it is history', async () => {
  const world = await makeWorld(pce());
  const open = (await explain(world, 'active')).policy_version;
  const closed = await setRuleSet(world, { enabled: false });
  await setRuleSet(world, { enabled: true });
  const decide = (pversion: number) =>
    world.client.call('sec_policy.decide', {
      params: { pversion: String(pversion) },
      query: path5432(world),
    });
  expect(await decide(open)).toMatchObject({ decision: 'allowed' });
  expect(await decide(closed)).toMatchObject({ decision: 'blocked' });
  const explained = await explain(world, String(closed));
  expect(explained).toMatchObject({ policy_version: closed, decision: 'blocked' });
  expect(nearest(explained)).toMatchObject({ failing: [{ kind: 'disabled' }] });
  const view = (pversion: number) =>
    world.client.call('sec_policy.policy_view', {
      params: { pversion: String(pversion) },
      query: { workload: world.db.workload },
    });
  expect((await view(open)).rules).toMatchObject([
    { rule: { href: expect.stringContaining(`/sec_policy/${open}/`) as unknown }, peer_count: 1 },
  ]);
  expect((await view(closed)).rules).toEqual([]);
});

test('a version is asked with the hosts as they are now', async () => {
  const world = await makeWorld(pce());
  const version = String((await explain(world, 'active')).policy_version);
  expect(await explain(world, version)).toMatchObject({ decision: 'allowed' });
  await world.client.call('workloads.update', {
    params: { id: idOf({ href: world.web.workload }) },
    body: { labels: [] },
  });
  const unlabelled = await explain(world, version);
  expect(unlabelled.decision).toBe('blocked');
  expect(nearest(unlabelled)).toMatchObject({ failing: [{ kind: 'label', has: null }] });
});

test('the draft follows every edit: rules that come, change and go, and what is taken back', async () => {
  const world = await makeWorld(pce());
  const rule = await world.client.call('sec_rules.create', {
    params: { pversion: 'draft', rule_set_id: idOf(world.ruleSet) },
    body: {
      enabled: true,
      providers: [{ label: world.labels.db }],
      consumers: [{ label: world.labels.web }],
      ingress_services: [{ proto: 6, port: 6000 }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    },
  });
  const params = { pversion: 'draft', rule_set_id: idOf(world.ruleSet), id: idOf(rule) };
  const word = async (port: number) => (await explain(world, 'draft', port)).decision;
  expect(await word(6000)).toBe('allowed');
  await world.client.call('sec_rules.update', {
    params,
    body: { ingress_services: [{ proto: 6, port: 6001 }] },
  });
  expect([await word(6000), await word(6001)]).toEqual(['blocked', 'allowed']);
  await world.client.call('sec_rules.delete', { params });
  expect(await word(6001)).toBe('blocked');
  await world.client.call('rule_sets.delete', {
    params: { pversion: 'draft', id: idOf(world.ruleSet) },
  });
  expect(await word(5432)).toBe('blocked');
  await world.client.call('sec_policy.revert_all');
  expect(await word(5432)).toBe('allowed');
});

test('ICMP codes, programs and user groups are asked by body; a version that is none, a bad port and a foreign host are refused', async () => {
  const world = await makeWorld(pce());
  const ask = (pversion: string, body: object) =>
    world.client.call('sec_policy.explain_connection', {
      params: { pversion },
      body: body as { protocol: number },
    });
  const ends = { src_workload: world.web.workload, dst_workload: world.db.workload };
  expect(await ask('active', { ...ends, protocol: 1, icmp_type: 3, icmp_code: 4 })).toMatchObject({
    decision: 'allowed',
    connection: { icmp_type: 3, icmp_code: 4 },
    ends: { inbound: { precedence: 'essential', essential: 'icmp_error' } },
  });
  const named = { principals: ['S-1-5-21-1'], process: String.raw`C:\app.exe` };
  expect(await ask('active', { ...ends, protocol: 6, port: 5432, ...named })).toMatchObject({
    decision: 'allowed',
    connection: { source: { principals: ['S-1-5-21-1'] }, destination: { process: named.process } },
  });
  expect((await refusalOf(ask('99999', { ...ends, protocol: 47 }))).status).toBe(404);
  expect((await refusalOf(ask('active', { ...ends, protocol: 6 }))).message).toContain('port');
  expect((await refusalOf(ask('active', { protocol: 47, dst_ip: '10.0.0.1' }))).message).toContain(
    'src_workload or src_ip',
  );
  const { auth } = await pce().userWith('workload_manager');
  const outsider = pce()
    .client(auth)
    .call('sec_policy.explain', { params: { pversion: 'active' } });
  expect((await refusalOf(outsider)).status).toBe(403);
});

test('hosts that have no say are said to have none, and why', async () => {
  const world = await makeWorld(pce());
  const explained = await world.client.call('sec_policy.explain', {
    params: { pversion: 'active' },
    query: { src_ip: '198.51.100.7', dst_workload: world.db.workload, protocol: 6, port: 22 },
  });
  expect(explained).toMatchObject({
    decision: 'blocked',
    ends: { outbound: { kind: 'no_say', why: 'external', workload: null } },
  });
});

test('the difference of draft and active, and of two versions, is what hosts can do more or less', async () => {
  const world = await makeWorld(pce());
  const before = (await explain(world, 'active')).policy_version;
  await world.client.call('sec_rules.create', {
    params: { pversion: 'draft', rule_set_id: idOf(world.ruleSet) },
    body: {
      enabled: true,
      providers: [{ label: world.labels.db }],
      consumers: [{ label: world.labels.web }],
      ingress_services: [{ proto: 6, port: 6000 }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    },
  });
  const difference = (query: Record<string, string>) =>
    world.client.call('sec_policy.difference', { query });
  const entry = (word: string, change: string) => ({
    consumers: { kind: 'workloads', count: 1, workloads: [{ href: world.web.workload }] },
    providers: { kind: 'workloads', count: 1, workloads: [{ href: world.db.workload }] },
    services: [{ protocol: 6, port: 6000, to_port: null }],
    because: [
      { kind: 'rule', change, href: expect.stringContaining(`/sec_policy/${word}/`) as unknown },
    ],
  });
  expect(await difference({})).toMatchObject({
    from: 'active',
    to: 'draft',
    gained: [{ ...entry('draft', 'added'), from: 'blocked', to: 'allowed' }],
    lost: [],
    truncated: false,
    totals: { gained: { entries: 1, pairs: 1, with_outside: 0 } },
  });
  const { version } = await provisionAll(world.client);
  expect(await difference({})).toMatchObject({ gained: [], lost: [] });
  expect(await difference({ from: String(version), to: String(before) })).toMatchObject({
    gained: [],
    lost: [{ ...entry(String(version), 'removed'), from: 'allowed', to: 'blocked' }],
  });
  expect(
    await difference({ from: String(before), to: 'active', workload: world.web.workload }),
  ).toMatchObject({ gained: [{ services: [{ port: 6000 }] }] });
  expect(await difference({ from: 'draft', to: 'draft' })).toMatchObject({ gained: [], lost: [] });
  expect((await refusalOf(difference({ from: 'yesterday' }))).message).toContain('from');
  expect((await refusalOf(difference({ to: '99999' }))).status).toBe(404);
});

test('two who ask for the same two versions in opposite order both get their answer', async () => {
  const world = await makeWorld(pce());
  const version = String((await explain(world, 'active')).policy_version);
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      world.client.call('sec_policy.difference', {
        query: index % 2 === 0 ? { from: 'draft', to: version } : { from: version, to: 'draft' },
      }),
    ),
  );
  expect(answers).toHaveLength(6);
});

test('more versions are asked than are kept: each still answers as it was', async () => {
  const world = await makeWorld(pce());
  const versions: [number, string][] = [];
  for (let round = 0; round < 6; round += 1) {
    const enabled = round % 2 === 0;
    await world.client.call('rule_sets.update', {
      params: { pversion: 'draft', id: idOf(world.ruleSet) },
      body: { enabled, description: `round ${round}` },
    });
    const { version } = await provisionAll(world.client);
    versions.push([version, enabled ? 'allowed' : 'blocked']);
  }
  const answers = await Promise.all(
    [...versions, ...versions].map(async ([version]) => {
      const { decision } = await explain(world, String(version));
      return decision;
    }),
  );
  expect(answers).toEqual([...versions, ...versions].map(([, expected]) => expected));
});

test('diagnostics of any state: code, place with its version, remedy; filtered and paged', async () => {
  const world = await makeWorld(pce());
  const nobody = await makeLabel(world.client, 'app', 'nobody has it');
  const rule = await world.client.call('sec_rules.create', {
    params: { pversion: 'draft', rule_set_id: idOf(world.ruleSet) },
    body: {
      enabled: true,
      providers: [{ label: refOf(nobody) }],
      consumers: [{ label: world.labels.web }],
      ingress_services: [{ proto: 6, port: 6000 }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    },
  });
  const list = (pversion: string, query: Record<string, string | number> = {}) =>
    world.client.call('sec_policy.diagnostics', { params: { pversion }, query });
  const found = await list('draft', { code: 'rule_matches_nobody' });
  const own = found.items.filter(({ place }) => place.href === rule.href);
  expect(own).toMatchObject([
    { code: 'rule_matches_nobody', place: { type: 'rule', field: 'providers' } },
  ]);
  expect(own[0]?.remedy).not.toBe('');
  const active = await list('active', { code: 'rule_matches_nobody' });
  expect(active.items.filter(({ place }) => place.href.endsWith(`/${idOf(rule)}`))).toEqual([]);
  const { version } = await provisionAll(world.client);
  const provisioned = await list(String(version), { code: 'rule_matches_nobody' });
  expect(provisioned.items.map(({ place }) => place.href)).toContain(
    rule.href.replace('draft', String(version)),
  );
  const all = await list('active');
  const page = await list('active', { max_results: 1 });
  expect(page).toEqual({ items: all.items.slice(0, 1), total: all.total });
  const severity = all.items[0]?.severity ?? 'error';
  const graver = await list('active', { severity });
  expect(new Set(graver.items.map((item) => item.severity))).toEqual(new Set([severity]));
  expect((await refusalOf(list('active', { code: 'no_such_code' }))).status).toBe(406);
});

test('the metrics say how much the active policy holds', async () => {
  const world = await makeWorld(pce());
  const { sizes } = await explain(world, 'active');
  const { text } = await pce().send('GET', '/metrics', { auth: null });
  for (const kind of ['workloads', 'classes', 'selectors', 'policies', 'sets', 'members'] as const)
    expect(text).toContain(`pce_policy_size{org="${pce().orgId}",kind="${kind}"} ${sizes[kind]}\n`);
});

test('a VEN explains connections of its own host, by address or href, and of no other', async () => {
  const world = await makeWorld(pce());
  const external = await VenClient.activate(
    pce(),
    { ven_type: 'endpoint', interfaces: [wired('192.168.7.7', 'external', 'wlan0')] },
    { labels: [refOf(await makeLabel(world.client, 'app', 'laptop')).href] },
  );
  const address = (ven: VenClient) => ven.request.interfaces[0]?.addresses[0]?.address ?? '';
  const question = { dst_ip: address(world.db), protocol: 6, port: 5432 };
  const own = await world.web.send('POST', 'explain', { src_ip: address(world.web), ...question });
  expect([own.status, own.json]).toMatchObject([
    200,
    {
      pversion: 'active',
      decision: 'allowed',
      ends: { outbound: { workload: { href: world.web.workload } } },
    },
  ]);
  const api = await world.client.call('sec_policy.explain', {
    params: { pversion: 'active' },
    query: { src_ip: address(world.web), ...question },
  });
  expect(own.json).toMatchObject({ ends: api.ends, text: api.text });
  const inbound = await world.db.send('POST', 'explain', {
    src_ip: '198.51.100.7',
    ...question,
    port: 22,
  });
  expect(inbound.json).toMatchObject({ decision: 'blocked' });
  const outside = await external.send('POST', 'explain', {
    src_ip: address(external),
    ...question,
  });
  expect(outside.json).toMatchObject({
    ends: { outbound: { interface_name: 'wlan0', network_profile: 'external' } },
  });
  const foreign = await external.send('POST', 'explain', {
    src_ip: address(world.web),
    ...question,
  });
  expect(foreign.status).toBe(403);
  expect(foreign.text).toContain(external.workload);
  const stranger = await pce().send('POST', '/api/v2/ven/explain', { body: question });
  expect(stranger.status).toBe(401);
});
