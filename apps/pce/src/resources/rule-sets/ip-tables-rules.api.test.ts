import { beforeAll, expect, test } from 'vitest';
import type { IpTablesRuleWrite, LabelWire, RuleSetWire } from '@bulkhead/contract';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  ACTIVE,
  activeHref,
  DRAFT,
  first,
  idOf,
  makeLabel,
  makeRule,
  makeRuleSet,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const AMS = [{ actors: 'ams' as const }];
const SSH = {
  table_name: 'filter',
  chain_name: 'INPUT',
  parameters: '-p tcp --dport 22 -j ACCEPT',
} as const;
let web: LabelWire;
beforeAll(async () => {
  web = await makeLabel(pce().client(), 'app', 'Web');
});

function raw(members: Partial<IpTablesRuleWrite> = {}): IpTablesRuleWrite {
  return { enabled: true, ip_version: '4', statements: [SSH], actors: AMS, ...members };
}

function make(ruleSet: RuleSetWire, members: Partial<IpTablesRuleWrite> = {}) {
  return pce()
    .client()
    .call('ip_tables_rules.create', {
      params: { ...DRAFT, rule_set_id: idOf(ruleSet) },
      body: raw(members),
    });
}

test('part of its ruleset: drafted with it, provisioned with it, with a kind of change and a place of its own', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Raw');
  const inSet = { rule_set_id: idOf(ruleSet) };
  const created = await make(ruleSet, { actors: [{ label: refOf(web) }], description: 'SSH' });
  expect(created).toMatchObject({
    href: expect.stringMatching(new RegExp(`^${ruleSet.href}/ip_tables_rules/\\d+$`)) as unknown,
    enabled: true,
    description: 'SSH',
    ip_version: '4',
    statements: [SSH],
    actors: [{ label: { href: web.href, key: 'app', value: 'Web' } }],
    update_type: 'create',
  });
  const other = await make(ruleSet, { ip_version: '6' });
  await provisionAll(client);
  const params = { ...inSet, id: idOf(created) };
  await client.call('ip_tables_rules.update', {
    params: { ...DRAFT, ...params },
    body: { enabled: false },
  });
  await client.call('ip_tables_rules.delete', { params: { ...DRAFT, ...inSet, id: idOf(other) } });
  const draft = await client.call('rule_sets.get', { params: { ...DRAFT, id: idOf(ruleSet) } });
  expect(draft.update_type).toBe('update');
  expect(draft.ip_tables_rules.map(({ href, update_type }) => [href, update_type])).toEqual([
    [created.href, 'update'],
    [other.href, 'delete'],
  ]);
  expect(
    await client.call('ip_tables_rules.get', { params: { ...ACTIVE, ...params } }),
  ).toMatchObject({ href: activeHref(created), enabled: true, update_type: null });
  await provisionAll(client);
  const active = await client.call('ip_tables_rules.list', { params: { ...ACTIVE, ...inSet } });
  expect(active.items).toMatchObject([{ href: activeHref(created), enabled: false }]);
});

test('a ruleset is written whole with them, and written back as it was read', async () => {
  const client = pce().client();
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Whole raw', scopes: [], ip_tables_rules: [raw(), raw({ ip_version: '6' })] },
  });
  expect(ruleSet.ip_tables_rules.map((rule) => rule.ip_version)).toEqual(['4', '6']);
  const path = `/api/v2${ruleSet.href}`;
  const params = { ...DRAFT, id: idOf(ruleSet) };
  expect((await pce().send('PUT', path, { body: ruleSet })).status).toBe(204);
  expect(await client.call('rule_sets.get', { params })).toEqual(ruleSet);
  const [one, two] = ruleSet.ip_tables_rules;
  const body = { ip_tables_rules: [{ ...two, enabled: false }] };
  expect((await pce().send('PUT', path, { body })).status).toBe(204);
  const after = await client.call('rule_sets.get', { params });
  expect(after.ip_tables_rules.map(({ href, enabled }) => [href, enabled])).toEqual([
    [two?.href, false],
  ]);
  const foreign = await pce().send('PUT', path, {
    body: { ip_tables_rules: [{ ...raw(), href: one?.href }] },
  });
  expect(foreign.json).toMatchObject([
    {
      token: 'invalid_uri',
      message: expect.stringContaining('ip_tables_rules[0].href') as unknown,
    },
  ]);
  await client.call('rule_sets.update', { params, body: { ip_tables_rules: [] } });
  expect((await client.call('rule_sets.get', { params })).ip_tables_rules).toEqual([]);
});

test('a stale edit of one is refused; one beside other rules leaves them alone', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Raw beside rules');
  const rule = await makeRule(client, ruleSet, { providers: AMS, consumers: AMS });
  const created = await make(ruleSet);
  const put = (description: string) =>
    pce().send('PUT', `/api/v2${created.href}?if_updated_at=${created.updated_at}`, {
      body: { description },
    });
  expect((await put('first')).status).toBe(204);
  expect((await put('second')).json).toMatchObject([{ token: 'object_changed' }]);
  const read = await client.call('rule_sets.get', { params: { ...DRAFT, id: idOf(ruleSet) } });
  expect(first(read.rules)).toEqual(rule);
});

test.each<[string, object, RegExp]>([
  ['no statement', { statements: [] }, /statements: needs at least one statement/],
  ['no actor', { actors: [] }, /actors: needs at least one entry/],
  [
    'a chain that is none',
    { statements: [{ ...SSH, chain_name: 'MINE' }] },
    /statements\[0\]\.chain_name/,
  ],
  ['an IP list as actor', { actors: [{ ip_list: { href: '/x' } }] }, /actors\[0\]/],
  [
    'a label that is none',
    { actors: [{ label: { href: '/orgs/1/labels/999' } }] },
    /actors\[0\]: there is no label/,
  ],
])('refused: %s, and nothing is lost', async (what, members, message) => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, `Refused ${what}`);
  await make(ruleSet);
  const before = await client.get(ruleSet.href);
  const answer = await pce().send('POST', `/api/v2${ruleSet.href}/ip_tables_rules`, {
    body: { ...raw(), ...members },
  });
  expect([answer.status, answer.text]).toEqual([406, expect.stringMatching(message)]);
  expect(await client.get(ruleSet.href)).toEqual(before);
});

test('PS-86: statements that nftables cannot say are refused when they are saved, each with its place and reason', async () => {
  const client = pce().client();
  const ruleSet = await makeRuleSet(client, 'Unsupported');
  const created = await make(ruleSet);
  const before = await client.get(ruleSet.href);
  const bad = [
    SSH,
    { table_name: 'nat', chain_name: 'POSTROUTING', parameters: '-j MASQUERADE' },
    { ...SSH, parameters: '-m geoip --src-cc US -j DROP' },
  ] as const;
  const refused = await refusalOf(make(ruleSet, { statements: [...bad] }));
  expect(refused.errors.map(({ token }) => token)).toEqual([
    'custom_iptables_unsupported',
    'custom_iptables_unsupported',
  ]);
  expect(refused.errors.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^statements\[1\], "-t nat -A POSTROUTING -j MASQUERADE": ./),
    expect.stringMatching(/^statements\[2\], "-t filter -A INPUT -m geoip .*": .*geoip/),
  ]);
  const changed = await refusalOf(
    client.call('ip_tables_rules.update', {
      params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(created) },
      body: { statements: [{ ...SSH, parameters: '-s 2001:db8::1 -j ACCEPT' }] },
    }),
  );
  expect(changed.has('custom_iptables_unsupported'), 'an address of the other family').toBe(true);
  const whole = await refusalOf(
    client.call('rule_sets.create', {
      params: DRAFT,
      body: {
        name: 'Whole bad',
        scopes: [],
        ip_tables_rules: [raw(), raw({ statements: [...bad] })],
      },
    }),
  );
  expect(first(whole.errors).message).toMatch(/^ip_tables_rules\[1\]\.statements\[1\]/);
  expect(await client.get(ruleSet.href)).toEqual(before);
});

test('what an iptables rule names is held', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'loc', 'Held raw');
  await make(await makeRuleSet(client, 'Holds raw'), { actors: [{ label: refOf(label) }] });
  const refused = await refusalOf(client.call('labels.delete', { params: { id: idOf(label) } }));
  expect(refused.has('label_still_has_associated_rule_set')).toBe(true);
});

test('who may: a limited ruleset manager reads them and writes the rest of the ruleset', async () => {
  const ruleSet = await makeRuleSet(pce().client(), 'Limited');
  await make(ruleSet);
  const { auth } = await pce().userWith('limited_ruleset_manager');
  const limited = pce().client(auth);
  const path = { ...DRAFT, rule_set_id: idOf(ruleSet) };
  expect((await limited.call('ip_tables_rules.list', { params: path })).total).toBe(1);
  const adding = limited.call('ip_tables_rules.create', { params: path, body: raw() });
  expect((await refusalOf(adding)).status).toBe(403);
  const update = (body: object) => pce().send('PUT', `/api/v2${ruleSet.href}`, { auth, body });
  expect((await update({ ip_tables_rules: [] })).status).toBe(403);
  const read = await limited.call('rule_sets.get', { params: { ...DRAFT, id: idOf(ruleSet) } });
  expect((await update({ ...read, description: 'as it was' })).status).toBe(204);
  const whole = limited.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Limited whole', scopes: [], ip_tables_rules: [raw()] },
  });
  expect((await refusalOf(whole)).status).toBe(403);
});

test('a change leaves an event of its own', async () => {
  const client = pce().client();
  const created = await make(await makeRuleSet(client, 'Raw events'));
  const { items } = await client.call('events.list', {
    query: { event_type: 'ip_tables_rule.create', max_results: 1 },
  });
  expect(items[0]).toMatchObject({
    resource_changes: [{ resource: { ip_tables_rule: { href: created.href } } }],
  });
});
