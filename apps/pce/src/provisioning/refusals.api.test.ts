/** What policy cannot say is refused with what would be right, and nothing that was there is lost. */
import { beforeAll, expect, test } from 'vitest';
import type { IpListWire, LabelGroupWire, LabelWire, RuleSetWire } from '@bulkhead/contract';
import { withTestPce } from '../testing/test-pce.ts';
import {
  anyList,
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
const AMS = [{ actors: 'ams' as const }];
let web: LabelWire;
let db: LabelWire;
let prod: LabelWire;
let any: IpListWire;
let ruleSet: RuleSetWire;

beforeAll(async () => {
  const client = pce().client();
  web = await makeLabel(client, 'app', 'Web');
  db = await makeLabel(client, 'app', 'Database');
  prod = await makeLabel(client, 'env', 'Production');
  any = await anyList(client);
  ruleSet = await makeRuleSet(client, 'Refusals');
  await makeRule(client, ruleSet, { providers: [{ label: refOf(web) }], consumers: AMS });
});

/** What an object is, to be the same afterwards. */
function read(object: { readonly href: string }): Promise<unknown> {
  return pce().client().get(object.href);
}

function makeGroup(name: string, members: { labels?: object[]; subs?: object[]; key?: string }) {
  return pce()
    .client()
    .call('label_groups.create', {
      params: DRAFT,
      body: {
        name,
        key: members.key ?? 'app',
        labels: (members.labels ?? []) as { href: string }[],
        sub_groups: (members.subs ?? []) as { href: string }[],
      },
    });
}

function hold(group: LabelGroupWire, ...members: LabelGroupWire[]): Promise<unknown> {
  return pce()
    .client()
    .call('label_groups.update', {
      params: { ...DRAFT, id: idOf(group) },
      body: { sub_groups: members.map(refOf) },
    });
}

test('a label group that holds itself, directly or through others, is refused by name', async () => {
  const inner = await makeGroup('Inner', { labels: [refOf(web)] });
  const middle = await makeGroup('Middle', { subs: [refOf(inner)] });
  const outer = await makeGroup('Outer', { subs: [refOf(middle)] });
  const before = await Promise.all([inner, middle, outer].map(read));
  expect((await refusalOf(hold(inner, inner))).message).toContain('"Inner" holds "Inner"');
  expect((await refusalOf(hold(inner, outer))).message).toContain(
    '"Inner" holds "Outer" holds "Middle" holds "Inner"',
  );
  expect(await Promise.all([inner, middle, outer].map(read))).toEqual(before);
});

test('no part of a draft makes an active group hold itself: what active policy still says counts', async () => {
  const client = pce().client();
  const one = await makeGroup('One', {});
  const two = await makeGroup('Two', { subs: [refOf(one)] });
  await provisionAll(client);
  await hold(two);
  expect((await refusalOf(hold(one, two))).message).toContain('"One" holds "Two" holds "One"');
  await client.call('sec_policy.provision', {
    body: { change_subset: { label_groups: [refOf(two)] } },
  });
  await hold(one, two);
});

test('a label or a sub group of another key is refused', async () => {
  const envs = await makeGroup('Envs', { key: 'env', labels: [refOf(prod)] });
  const apps = await makeGroup('Apps', { labels: [refOf(web)] });
  const before = await read(apps);
  expect((await refusalOf(hold(apps, envs))).message).toContain('of the key env');
  const wrong = pce()
    .client()
    .call('label_groups.update', {
      params: { ...DRAFT, id: idOf(apps) },
      body: { labels: [refOf(prod)] },
    });
  expect((await refusalOf(wrong)).message).toContain('of the key env');
  expect(await read(apps)).toEqual(before);
});

test('two labels, or a label and a group, of one key in a scope are refused', async () => {
  const client = pce().client();
  const group = await makeGroup('Scope apps', { labels: [refOf(db)] });
  const before = await read(ruleSet);
  for (const scope of [
    [{ label: refOf(web) }, { label: refOf(db) }],
    [{ label: refOf(web) }, { label_group: refOf(group), exclusion: true }],
  ]) {
    const refused = client.call('rule_sets.update', {
      params: { ...DRAFT, id: idOf(ruleSet) },
      body: { scopes: [[], [...scope, { label: refOf(prod) }]] },
    });
    expect((await refusalOf(refused)).message).toMatch(
      /scopes\[1\]: has two entries of the key app/,
    );
  }
  expect(await read(ruleSet)).toEqual(before);
});

test('PS-31 (R-POL-6): a network profile that forbids a side is refused, in rules, rulesets and boundaries', async () => {
  const client = pce().client();
  const service = await makeVirtualService(client, 'No profile');
  const before = await read(ruleSet);
  for (const network of ['non_brn', 'all'] as const)
    for (const providers of [
      [{ label: refOf(web) }],
      [{ virtual_service: refOf(service) }],
      [{ ip_list: refOf(any) }, { label: refOf(web) }],
    ]) {
      const sides = { providers, consumers: AMS, network_type: network };
      const refused = await refusalOf(makeRule(client, ruleSet, sides));
      expect(refused.errors).toMatchObject([{ token: 'network_type_requires_ip_list_side' }]);
    }
  const boundary = await makeBoundary(client, 'Profile', { providers: AMS, consumers: AMS });
  const drafted = await read(boundary);
  const changed = client.call('enforcement_boundaries.update', {
    params: { ...DRAFT, id: idOf(boundary) },
    body: { network_type: 'all' },
  });
  expect((await refusalOf(changed)).has('network_type_requires_ip_list_side')).toBe(true);
  expect(await read(boundary)).toEqual(drafted);
  expect(await read(ruleSet)).toEqual(before);
});

test('PS-44: two sides that are addresses alone are refused', async () => {
  const lists = [{ ip_list: refOf(any) }];
  const refused = makeRule(pce().client(), ruleSet, { providers: lists, consumers: lists });
  expect((await refusalOf(refused)).has('rule_needs_workload_side')).toBe(true);
});

test('PS-40: a boundary takes no virtual service', async () => {
  const client = pce().client();
  const service = await makeVirtualService(client, 'Unbounded');
  const refused = makeBoundary(client, 'Around a service', {
    providers: [{ virtual_service: refOf(service) }],
    consumers: AMS,
  });
  expect((await refusalOf(refused)).message).toMatch(/providers: takes no virtual services/);
});

test('PS-9: a rule without services needs virtual services as providers', async () => {
  const client = pce().client();
  const service = await makeVirtualService(client, 'Brings its own');
  const none = { ingress_services: [], consumers: AMS };
  const refused = makeRule(client, ruleSet, { providers: [{ label: refOf(web) }], ...none });
  expect((await refusalOf(refused)).message).toMatch(
    /ingress_services: needs at least one service/,
  );
  const byName = await makeRule(client, ruleSet, {
    providers: [{ virtual_service: refOf(service) }],
    ...none,
  });
  expect(byName.ingress_services).toEqual([]);
  const byLabel = await makeRule(client, ruleSet, {
    providers: [{ label: refOf(web) }],
    resolve_labels_as: { providers: ['virtual_services'], consumers: ['workloads'] },
    ...none,
  });
  expect(byLabel.resolve_labels_as.providers).toEqual(['virtual_services']);
});

test('PS-87: a range with ends of different families is refused', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'One family', '192.0.2.0/24');
  const before = await read(list);
  const mixed = client.call('ip_lists.update', {
    params: { ...DRAFT, id: idOf(list) },
    body: {
      ip_ranges: [{ from_ip: '192.0.2.0/24' }, { from_ip: '192.0.2.1', to_ip: '2001:db8::1' }],
    },
  });
  expect((await refusalOf(mixed)).errors).toMatchObject([
    {
      token: 'invalid_ip_address',
      message: expect.stringMatching(/ip_ranges\[1\].*different families/) as unknown,
    },
  ]);
  expect(await read(list)).toEqual(before);
});

test.each<[string, Record<string, number>, RegExp]>([
  ['a port above 65535', { proto: 6, port: 65536 }, /port: too big: expected number to be <=65535/],
  ['a last port above 65535', { proto: 17, port: 1, to_port: 65536 }, /to_port: too big/],
  [
    'a range that runs backwards',
    { proto: 6, port: 90, to_port: 80 },
    /to_port: range runs backwards/,
  ],
])('more than 2^16 ports: %s is refused in services and in rules', async (_, port, message) => {
  const client = pce().client();
  const service = await makeService(client, 'Ports', 80);
  const before = await Promise.all([service, ruleSet].map(read));
  const inService = await pce().send('PUT', `/api/v2${service.href}`, {
    body: { service_ports: [{ proto: 6, port: 443 }, port] },
  });
  expect([inService.status, inService.text]).toEqual([406, expect.stringMatching(message)]);
  expect(inService.text).toContain('service_ports[1].');
  const inRule = await pce().send('POST', `/api/v2${ruleSet.href}/sec_rules`, {
    body: {
      enabled: true,
      providers: AMS,
      consumers: AMS,
      ingress_services: [port],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    },
  });
  expect([inRule.status, inRule.text]).toEqual([406, expect.stringMatching(message)]);
  expect(inRule.text).toContain('ingress_services[0].');
  expect(await Promise.all([service, ruleSet].map(read))).toEqual(before);
});

test('more than 2^16 ports, listed one by one, are refused with how to write them', async () => {
  const service_ports = Array.from({ length: 65_537 }, (_, port) => ({
    proto: 6,
    port: port % 65_536,
  }));
  const answer = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy/draft/services`, {
    body: { name: 'One by one', service_ports },
  });
  expect(answer.json).toMatchObject([
    {
      token: 'input_validation_error',
      message: expect.stringMatching(
        /service_ports: has more than 10000 entries.*range/,
      ) as unknown,
    },
  ]);
});

test('an inline service that is no TCP or UDP is told to be a service', async () => {
  const answer = await pce().send('POST', `/api/v2${ruleSet.href}/sec_rules`, {
    body: {
      enabled: true,
      providers: [{ label: {} }],
      consumers: AMS,
      ingress_services: [{ proto: 1, icmp_type: 8 }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    },
  });
  expect(answer.text).toContain('ingress_services[0].proto: must be 6 (TCP) or 17 (UDP)');
  expect(answer.text).toContain('providers[0].label.href');
});

test('PS-85: a label group in use stays, and the refusal names who uses it', async () => {
  const client = pce().client();
  const group = await makeGroup('Used group', { labels: [refOf(web)] });
  await client.call('firewall_settings.update', {
    params: DRAFT,
    body: { blocked_connection_reject_scopes: [[{ label_group: refOf(group) }]] },
  });
  const params = { ...DRAFT, id: idOf(group) };
  const refused = await refusalOf(client.call('label_groups.delete', { params }));
  expect(refused.errors).toMatchObject([{ token: 'label_group_referenced' }]);
  expect(first(refused.errors).message).toContain('settings "Firewall settings"');
});
