import { beforeAll, expect, test } from 'vitest';
import type { LabelWire, VirtualServiceWire } from '@bulkhead/contract';
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
  makeService,
  makeVirtualService,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
let web: LabelWire;
beforeAll(async () => {
  web = await makeLabel(pce().client(), 'app', 'Web');
});

function bind(items: readonly object[]) {
  return pce()
    .client()
    .call('service_bindings.create', { body: [...items] });
}

async function makeWorkload(name: string) {
  return pce().client().call('workloads.create', { body: { name } });
}

async function provisioned(name: string): Promise<VirtualServiceWire> {
  const service = await makeVirtualService(pce().client(), name);
  await provisionAll(pce().client());
  return service;
}

test('drafted, provisioned and read back with what it refers to, in the word that is read', async () => {
  const client = pce().client();
  const service = await makeService(client, 'HTTPS', 443);
  const created = await client.call('virtual_services.create', {
    params: DRAFT,
    body: {
      name: 'Shop',
      description: 'The shop',
      service: { href: activeHref(service) },
      service_addresses: [{ ip: '192.0.2.10' }, { ip: '2001:DB8:0::1' }],
      ip_overrides: ['198.51.100.0/24', '203.0.113.7'],
      labels: [refOf(web)],
    },
  });
  expect(created).toMatchObject({
    update_type: 'create',
    apply_to: 'host_only',
    service: { href: service.href, name: 'HTTPS' },
    service_addresses: [{ ip: '192.0.2.10' }, { ip: '2001:db8::1' }],
    ip_overrides: ['198.51.100.0/24', '203.0.113.7'],
    labels: [{ href: web.href, key: 'app', value: 'Web' }],
    warnings: [],
    caps: ['write', 'provision'],
  });
  expect(created).not.toHaveProperty('service_ports');
  const params = { ...DRAFT, id: idOf(created) };
  expect((await client.call('sec_policy.pending')).virtual_services).toMatchObject([
    { href: created.href, name: 'Shop', update_type: 'create' },
  ]);
  // What exists in draft only is brought along.
  const alone = client.call('sec_policy.provision', {
    body: { change_subset: { virtual_services: [refOf(created)] } },
  });
  expect((await refusalOf(alone)).errors).toMatchObject([
    { token: 'dependency_required', href: service.href },
  ]);
  await provisionAll(client);
  expect(
    await client.call('virtual_services.get', { params: { ...ACTIVE, id: idOf(created) } }),
  ).toMatchObject({ service: { href: activeHref(service) }, update_type: null, caps: [] });

  await client.call('virtual_services.update', {
    params,
    body: { service_ports: [{ proto: 6, port: 8443 }] },
  });
  const changed = await client.call('virtual_services.get', { params });
  expect(changed).toMatchObject({
    update_type: 'update',
    service_ports: [{ proto: 6, port: 8443 }],
    description: 'The shop',
  });
  expect(changed).not.toHaveProperty('service');
  await client.call('sec_policy.revert', {
    body: { change_subset: { virtual_services: [refOf(created)] } },
  });
  expect(await client.call('virtual_services.get', { params })).toMatchObject({
    update_type: null,
    service: refOf(service),
  });
  // What was read can be written back.
  const read = await client.call('virtual_services.get', { params });
  expect((await pce().send('PUT', `/api/v2${created.href}`, { body: read })).status).toBe(204);
  expect(await client.call('virtual_services.get', { params })).toEqual(read);
});

test.each([
  ['neither service nor ports', {}, /service: needs a service, or service_ports/],
  [
    'a service and ports',
    { service: { href: '/orgs/1/sec_policy/draft/services/1' }, service_ports: [{ proto: 6 }] },
    /service_ports: stand beside service/,
  ],
  [
    'a service that is none',
    { service: { href: '/orgs/1/sec_policy/draft/services/999' } },
    /service: there is no service/,
  ],
  [
    'a range that runs backwards',
    { service_ports: [{ proto: 6, port: 90, to_port: 80 }] },
    /service_ports\[0\]\.to_port: range runs backwards: 90 to 80/,
  ],
  [
    'an address that is none',
    { service_ports: [{ proto: 6, port: 80 }], service_addresses: [{ ip: '192.0.2.999' }] },
    /service_addresses\[0\]\.ip: .*192\.0\.2\.999.* is not an address/,
  ],
  [
    'host bits in a block',
    { service_ports: [{ proto: 6, port: 80 }], ip_overrides: ['192.0.2.1/24'] },
    /ip_overrides\[0\]: .*192\.0\.2\.0\/24/,
  ],
])('refused: %s, and nothing is kept', async (what, members, message) => {
  const answer = await pce().send(
    'POST',
    `/api/v2/orgs/${pce().orgId}/sec_policy/draft/virtual_services`,
    { body: { name: what, ...members } },
  );
  expect(answer.status).toBe(406);
  expect(answer.text).toMatch(message);
  const query = { name: what };
  const found = await pce().client().call('virtual_services.list', { params: DRAFT, query });
  expect(found.total).toBe(0);
});

test('two labels of one key are refused; a name is unique', async () => {
  const client = pce().client();
  const other = await makeLabel(client, 'app', 'Other');
  const two = makeVirtualService(client, 'Two apps', { labels: [refOf(web), refOf(other)] });
  expect((await refusalOf(two)).message).toMatch(/"Web" and "Other" are both of the key app/);
  await makeVirtualService(client, 'Once');
  expect((await refusalOf(makeVirtualService(client, 'Once'))).has('name_must_be_unique')).toBe(
    true,
  );
});

test('what stands for nothing in the policy is kept with a warning', async () => {
  const created = await makeVirtualService(pce().client(), 'Warned', {
    apply_to: 'internal_bridge_network',
    service_ports: [{ proto: 6, port: 443 }],
    service_addresses: [
      { ip: '192.0.2.1', port: 443 },
      { ip: '192.0.2.2', port: 8443 },
      { fqdn: 'shop.example.com', description: 'by name' },
    ],
  });
  expect(created.warnings.map(({ token, message }) => [token, message])).toEqual([
    ['fqdn_dropped', expect.stringContaining('shop.example.com')],
    ['service_address_port_ignored', expect.stringContaining('192.0.2.2:8443')],
    ['apply_to_without_effect', expect.any(String)],
  ]);
});

test('filters: name, labels, service, addresses, ports inside ranges', async () => {
  const client = pce().client();
  const service = await makeService(client, 'Filter service', 53);
  await makeVirtualService(client, 'Filter ranges', {
    labels: [refOf(web)],
    service_ports: [{ proto: 17, port: 130, to_port: 140 }],
    service_addresses: [{ fqdn: 'Files.Example.com' }],
    ip_overrides: ['192.0.2.77'],
  });
  await client.call('virtual_services.create', {
    params: DRAFT,
    body: { name: 'Filter ref', service: refOf(service) },
  });
  const names = async (query: Record<string, string | number>): Promise<string[]> =>
    (
      await client.call('virtual_services.list', {
        params: DRAFT,
        query: { name: 'filter', ...query },
      })
    ).items.map(({ name }) => name);
  expect(await names({})).toEqual(['Filter ranges', 'Filter ref']);
  expect(await names({ 'service_ports.port': 137 })).toEqual(['Filter ranges']);
  expect(await names({ 'service_ports.port': 141 })).toEqual([]);
  expect(await names({ 'service_ports.proto': 17 })).toEqual(['Filter ranges']);
  expect(await names({ service: activeHref(service) })).toEqual(['Filter ref']);
  expect(await names({ labels: JSON.stringify([[web.href]]) })).toEqual(['Filter ranges']);
  expect(await names({ 'service_address.fqdn': 'example.com' })).toEqual(['Filter ranges']);
  expect(await names({ 'service_address.ip': '192.0.2.77' })).toEqual(['Filter ranges']);
});

test('in bulk: one item that fails leaves the others', async () => {
  const client = pce().client();
  const made = await client.call('virtual_services.bulk_create', {
    params: DRAFT,
    body: [
      { name: 'Bulk 1', service_ports: [{ proto: 6, port: 80 }] },
      { name: 'Bulk 2' },
      { name: 'Bulk 3', service_ports: [{ proto: 6, port: 80 }], surprise: 1 },
    ],
  });
  expect(made).toMatchObject([
    { status: 'created' },
    { status: 'validation_failure', message: expect.stringContaining('service:') as unknown },
    { status: 'validation_failure', message: expect.stringContaining('surprise') as unknown },
  ]);
  const href = first(made).href ?? '';
  const changed = await client.call('virtual_services.bulk_update', {
    params: DRAFT,
    body: [
      { href, description: 'new' },
      { href: '/orgs/1/labels/1', name: 'x' },
    ],
  });
  expect(changed).toMatchObject([{ href, status: 'updated' }, { token: 'invalid_uri' }]);
  expect(
    await client.call('virtual_services.get', { params: { ...DRAFT, id: idOf({ href }) } }),
  ).toMatchObject({ description: 'new', name: 'Bulk 1' });
});

test('workloads are bound to what is provisioned, each item its own; the binding names both', async () => {
  const client = pce().client();
  const drafted = await makeVirtualService(client, 'Draft only');
  const host = await makeWorkload('host-1');
  const refused = await bind([{ virtual_service: refOf(drafted), workload: refOf(host) }]);
  expect(refused).toMatchObject([{ status: 'error', token: 'dependency_required' }]);
  await provisionAll(client);
  const results = await bind([
    { virtual_service: { href: activeHref(drafted) }, workload: refOf(host) },
    { virtual_service: refOf(drafted), workload: refOf(host) },
    { virtual_service: refOf(drafted), workload: { href: '/orgs/1/workloads/nobody' } },
    {
      virtual_service: refOf(drafted),
      workload: refOf(host),
      port_overrides: [{ port: 80, new_port: 8080 }],
    },
  ]);
  expect(results).toMatchObject([
    { status: 'created' },
    { status: 'validation_failure', message: expect.stringContaining('already') as unknown },
    { status: 'error', token: 'invalid_uri' },
    { status: 'validation_failure', message: expect.stringContaining('port_overrides') as unknown },
  ]);
  const href = first(results).href ?? '';
  expect(await client.get(href)).toMatchObject({
    virtual_service: { href: activeHref(drafted) },
    bound_service: { href: activeHref(drafted) },
    workload: { href: host.href, name: 'host-1', deleted: false },
    port_overrides: [],
  });
  const by = async (query: Record<string, string>) =>
    (await client.call('service_bindings.list', { query })).items.map((item) => item.href);
  expect(await by({ virtual_service: drafted.href })).toEqual([href]);
  expect(await by({ workload: host.href })).toEqual([href]);
  expect(await by({ workload: drafted.href })).toEqual([]);
  await client.call('service_bindings.delete', { params: { id: idOf({ href }) } });
  expect((await refusalOf(client.get(href))).status).toBe(404);
});

test('what is bound or named by a rule is held, and the refusal says by whom; dead bindings go along', async () => {
  const client = pce().client();
  const service = await provisioned('Held');
  const host = await makeWorkload('bound-host');
  await bind([{ virtual_service: refOf(service), workload: refOf(host) }]);
  const params = { ...DRAFT, id: idOf(service) };
  const remove = () => client.call('virtual_services.delete', { params });
  expect((await refusalOf(remove())).errors).toMatchObject([
    {
      token: 'virtual_service_referenced',
      message: expect.stringContaining('workload "bound-host"') as unknown,
    },
  ]);
  await client.call('workloads.delete', { params: { id: idOf(host) } });
  const ruleSet = await makeRuleSet(client, 'Holds a service');
  const rule = await makeRule(client, ruleSet, {
    providers: [{ virtual_service: refOf(service) }],
    consumers: [{ actors: 'ams' }],
    ingress_services: [],
  });
  expect((await refusalOf(remove())).message).toContain('ruleset "Holds a service"');
  await client.call('sec_rules.delete', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) },
  });
  await remove();
  const late = await makeWorkload('late');
  expect(await bind([{ virtual_service: refOf(service), workload: refOf(late) }])).toMatchObject([
    { token: 'object_not_editable' },
  ]);
  await provisionAll(client);
  const query = { virtual_service: service.href };
  expect((await client.call('service_bindings.list', { query })).total).toBe(0);
});

test('a label, and a service, of a virtual service stay', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'loc', 'Held by a service');
  const service = await makeService(client, 'Held by a virtual service', 99);
  await client.call('virtual_services.create', {
    params: DRAFT,
    body: { name: 'The holder', service: refOf(service), labels: [refOf(label)] },
  });
  const ofLabel = await refusalOf(client.call('labels.delete', { params: { id: idOf(label) } }));
  expect(ofLabel.errors).toMatchObject([
    {
      token: 'label_still_has_associated_virtual_service',
      message: expect.stringContaining('virtual service "The holder"') as unknown,
    },
  ]);
  const params = { ...DRAFT, id: idOf(service) };
  const ofService = await refusalOf(client.call('services.delete', { params }));
  expect(ofService.has('service_referenced')).toBe(true);
  const usage = await client.call('labels.get', {
    params: { id: idOf(label) },
    query: { usage: 'true' },
  });
  expect(usage.usage).toMatchObject({ virtual_service: true, ruleset: false });
});

test('who may: everybody reads, owners and administrators write, a provisioner of objects does not provision them', async () => {
  const service = await makeVirtualService(pce().client(), 'Permissions');
  const { auth } = await pce().userWith('global_object_provisioner');
  const client = pce().client(auth);
  expect(
    (await client.call('virtual_services.list', { params: DRAFT })).items.length,
  ).toBeGreaterThan(0);
  expect((await refusalOf(makeVirtualService(client, 'Mine'))).status).toBe(403);
  const provision = client.call('sec_policy.provision', {
    body: { change_subset: { virtual_services: [refOf(service)] } },
  });
  expect((await refusalOf(provision)).status).toBe(403);
});

test('a change, and a binding, leave events', async () => {
  const client = pce().client();
  const service = await provisioned('Events');
  const host = await makeWorkload('event-host');
  const [binding] = await bind([{ virtual_service: refOf(service), workload: refOf(host) }]);
  const of = async (type: string) =>
    (await client.call('events.list', { query: { event_type: type } })).items[0];
  expect(await of('virtual_service.create')).toMatchObject({
    resource_changes: [{ resource: { virtual_service: { href: service.href, name: 'Events' } } }],
  });
  expect(await of('service_binding.create')).toMatchObject({
    resource_changes: [
      {
        resource: { service_binding: { href: binding?.href } },
        changes: { workload: { before: null, after: { href: host.href } } },
      },
    ],
  });
});
