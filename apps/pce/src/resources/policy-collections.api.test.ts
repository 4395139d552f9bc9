/** What collections of policy objects share: deletion of several, usage, filters, parts of a rule (rest-api 1.10, 2.3 to 2.7). */
import { expect, test } from 'vitest';
import { makeHost } from '../testing/policy-hosts.ts';
import { withTestPce } from '../testing/test-pce.ts';
import {
  ACTIVE,
  activeHref,
  DRAFT,
  first,
  idOf,
  makeBoundary,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  makeVirtualService,
  provisionAll,
  refOf,
  refusalOf,
} from '../testing/policy-client.ts';

const pce = withTestPce();
const ALL = [{ actors: 'ams' as const }];

test('several are deleted in one call, by draft or active hrefs; when one cannot go, none does and each reason is told', async () => {
  const client = pce().client();
  const [one, two, held] = [
    await makeIpList(client, 'One', '192.0.2.1'),
    await makeIpList(client, 'Two', '192.0.2.2'),
    await makeIpList(client, 'Held', '192.0.2.3'),
  ];
  const ruleSet = await makeRuleSet(client, 'Holds a list');
  const kept = await makeRule(client, ruleSet, {
    providers: ALL,
    consumers: [{ ip_list: refOf(held) }],
  });
  const other = await makeRule(client, ruleSet, { providers: ALL, consumers: ALL });
  await provisionAll(client);
  const remove = (hrefs: string[]) =>
    client.call('ip_lists.delete_many', { params: DRAFT, body: { hrefs } });
  const foreign = '/orgs/1/sec_policy/draft/services/1';
  const refused = await refusalOf(remove([one.href, held.href, foreign]));
  expect(refused.errors).toMatchObject([
    { token: 'ip_list_referenced', href: held.href },
    { token: 'invalid_uri', href: foreign },
  ]);
  expect(await client.call('sec_policy.pending')).toEqual({});
  await remove([one.href, activeHref(two), one.href]);
  const pending = await client.call('sec_policy.pending');
  expect(pending.ip_lists).toMatchObject([
    { name: 'One', update_type: 'delete' },
    { name: 'Two', update_type: 'delete' },
  ]);

  const params = { ...DRAFT, rule_set_id: idOf(ruleSet) };
  await client.call('sec_rules.delete_many', { params, body: { hrefs: [other.href] } });
  const rules = await client.call('sec_rules.list', { params });
  expect(rules.items.map(({ href, update_type: type }) => [href, type])).toEqual([
    [kept.href, null],
    [other.href, 'delete'],
  ]);
  await client.call('rule_sets.delete_many', { params: DRAFT, body: { hrefs: [ruleSet.href] } });
  const service = await makeService(client, 'Passing', 1);
  await client.call('services.delete_many', { params: DRAFT, body: { hrefs: [service.href] } });
  const gone = client.call('services.get', { params: { ...DRAFT, id: idOf(service) } });
  expect((await refusalOf(gone)).status).toBe(404);
  const answer = await pce().send(
    'PUT',
    `/api/v2/orgs/${pce().orgId}/sec_policy/active/services/delete`,
    {
      body: { hrefs: [service.href] },
    },
  );
  expect(answer.status).toBe(405);
  await provisionAll(client);
});

test('usage tells who uses a label group or virtual service, in draft or active policy', async () => {
  const client = pce().client();
  const make = (name: string, subs: { href: string }[] = []) =>
    client.call('label_groups.create', {
      params: DRAFT,
      body: { name, key: 'app', sub_groups: subs.map(refOf) },
    });
  const [inner, alone] = [await make('Inner'), await make('Alone')];
  await make('Outer', [inner]);
  const service = await makeVirtualService(client, 'Used');
  const ruleSet = await makeRuleSet(client, 'Uses them');
  await makeRule(client, ruleSet, {
    providers: [{ virtual_service: refOf(service) }],
    consumers: [{ label_group: refOf(inner) }],
    ingress_services: [],
  });
  const groups = await client.call('label_groups.list', { params: DRAFT, query: { usage: true } });
  const usage = Object.fromEntries(groups.items.map((group) => [group.name, group.usage]));
  expect(usage).toMatchObject({
    Inner: { label_group: true, rule: true, ruleset: false, virtual_service: false },
    Alone: { label_group: false, rule: false },
  });
  const one = await client.call('label_groups.get', {
    params: { ...DRAFT, id: idOf(alone) },
    query: { usage: 'yes' },
  });
  expect(one.usage?.enforcement_boundary).toBe(false);
  const services = await client.call('virtual_services.list', {
    params: DRAFT,
    query: { usage: true },
  });
  expect(first(services.items).usage).toMatchObject({ rule: true });
  const without = await client.call('virtual_services.get', {
    params: { ...DRAFT, id: idOf(service) },
  });
  expect(without).not.toHaveProperty('usage');
  await client.call('sec_policy.revert_all');
});

test('boundaries are found by what they name, and whether there is one', async () => {
  const client = pce().client();
  const has = async () =>
    (await client.call('enforcement_boundaries.has_any', { params: DRAFT })).has_any;
  expect(await has()).toBe(false);
  const [web, db] = [await makeLabel(client, 'role', 'Web'), await makeLabel(client, 'role', 'Db')];
  const https = await makeService(client, 'HTTPS', 443);
  await makeBoundary(client, 'SSH', { providers: [{ label: refOf(web) }], consumers: ALL });
  await client.call('enforcement_boundaries.create', {
    params: DRAFT,
    body: {
      name: 'Web',
      providers: [{ label: refOf(db) }],
      consumers: [{ label: refOf(web) }],
      ingress_services: [refOf(https), { proto: 17, port: 8000, to_port: 8010 }],
    },
  });
  expect(await has()).toBe(true);
  const found = async (query: Record<string, string | number>) => {
    const answer = await client.call('enforcement_boundaries.list', { params: DRAFT, query });
    return answer.items.map(({ name }) => name);
  };
  expect(await found({ labels: JSON.stringify([[web.href, db.href]]) })).toEqual(['Web']);
  expect(await found({ labels: JSON.stringify([[db.href], [web.href]]) })).toEqual(['SSH', 'Web']);
  expect(await found({ service: activeHref(https) })).toEqual(['Web']);
  expect(await found({ 'service_ports.port': 22 })).toEqual(['SSH']);
  expect(await found({ 'service_ports.port': 443 })).toEqual(['Web']);
  expect(await found({ 'service_ports.port': 8005, 'service_ports.proto': 17 })).toEqual(['Web']);
  expect(await found({ 'service_ports.proto': 6, name: 'web' })).toEqual(['Web']);
  expect(await found({ network_type: 'all' })).toEqual([]);
  await client.call('sec_policy.revert_all');
});

test('rulesets are found by the scope that would hold a workload', async () => {
  const client = pce().client();
  const [production, test_] = [
    await makeLabel(client, 'env', 'Production'),
    await makeLabel(client, 'env', 'Test'),
  ];
  const app = await makeLabel(client, 'app', 'Shop');
  const make = (name: string, scopes: { label: { href: string }; exclusion?: boolean }[][]) =>
    client.call('rule_sets.create', { params: DRAFT, body: { name, scopes } });
  await make('Everywhere', []);
  await make('Production alone', [[{ label: refOf(production) }]]);
  await make('All but production', [[{ label: refOf(production), exclusion: true }]]);
  const found = async (query: Record<string, string>) => {
    const answer = await client.call('rule_sets.list', { params: DRAFT, query });
    return answer.items.map(({ name }) => name);
  };
  const scope = (...labels: { href: string }[]) => JSON.stringify([labels.map(({ href }) => href)]);
  expect(await found({ labels_scope: scope(production, app) })).toEqual([
    'Everywhere',
    'Production alone',
  ]);
  expect(await found({ labels_scope: scope(test_) })).toEqual(['Everywhere', 'All but production']);
  expect(await found({ labels: scope(production) })).toEqual([
    'Production alone',
    'All but production',
  ]);
  await client.call('sec_policy.revert_all');
});

test('one side of a rule is read and replaced alone', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'role', 'Alone');
  const ruleSet = await makeRuleSet(client, 'Sides');
  const rule = await makeRule(client, ruleSet, { providers: ALL, consumers: ALL });
  const params = { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) };
  const whole = { ...label, value: 'other members are ignored' };
  await client.call('sec_rules.update_consumers', { params, body: [{ label: whole }] });
  expect((await client.call('sec_rules.consumers', { params })).items).toEqual([
    { label: { href: label.href, key: 'role', value: 'Alone' } },
  ]);
  expect((await client.call('sec_rules.providers', { params })).items).toEqual(ALL);
  await client.call('sec_rules.update_providers', { params, body: [{ label: refOf(label) }] });
  expect((await client.call('sec_rules.get', { params })).providers).toHaveLength(1);
  const nobody = client.call('sec_rules.update_providers', { params, body: [] });
  expect((await refusalOf(nobody)).has('input_validation_error')).toBe(true);
  const stale = await pce().send('DELETE', `/api/v2${rule.href}`, {
    headers: { 'if-match': `"${rule.updated_at}"` },
  });
  expect([stale.status, stale.json]).toMatchObject([406, [{ token: 'object_changed' }]]);
  await client.call('sec_policy.revert_all');
});

test('bindings go with their workload, and several in one call', async () => {
  const client = pce().client();
  const service = await makeVirtualService(client, 'Bound to many');
  await provisionAll(client);
  const unmanaged = await client.call('workloads.create', { body: { name: 'device' } });
  const hosts = [await makeHost(pce(), '10.8.0.1'), await makeHost(pce(), '10.8.0.2')];
  const made = await client.call('service_bindings.create', {
    body: [unmanaged, ...hosts].map((workload) => ({
      virtual_service: refOf(service),
      workload: refOf(workload),
    })),
  });
  expect(made.map(({ status }) => status)).toEqual(['created', 'created', 'created']);
  await client.call('workloads.delete', { params: { id: idOf(unmanaged) } });
  const bound = async () => {
    const { items } = await client.call('service_bindings.list', {
      query: { virtual_service: activeHref(service) },
    });
    return items.map(({ workload }) => workload.href).toSorted();
  };
  expect(await bound()).toEqual(hosts.map(({ href }) => href).toSorted());
  await client.call('vens.unpair', {
    body: {
      vens: [{ href: hosts[0]?.href.replace('/workloads/', '/vens/') ?? '' }],
      firewall_restore: 'saved',
    },
  });
  expect(await bound()).toEqual([hosts[1]?.href]);
  await client.call('service_bindings.delete_many', { body: { hrefs: [made[2]?.href ?? ''] } });
  expect(await bound()).toEqual([]);
  const again = client.call('service_bindings.delete_many', {
    body: { hrefs: [made[2]?.href ?? ''] },
  });
  expect((await refusalOf(again)).status).toBe(404);
});

test('what is out of scope is an empty collection, and takes no writes', async () => {
  const client = pce().client();
  for (const operation of ['slbs.list', 'discovered_virtual_servers.list'] as const)
    expect(await client.call(operation)).toEqual({ items: [], total: 0 });
  for (const params of [DRAFT, ACTIVE])
    for (const operation of ['virtual_servers.list', 'secure_connect_gateways.list'] as const)
      expect(await client.call(operation, { params })).toEqual({ items: [], total: 0 });
  const post = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/slbs`, { body: {} });
  expect(post.status).toBe(405);
});
