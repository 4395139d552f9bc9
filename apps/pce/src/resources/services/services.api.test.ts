import { expect, test } from 'vitest';
import { withTestPce } from '../../testing/test-pce.ts';
import { DRAFT, idOf, makeService, refusalOf } from '../../testing/policy-client.ts';

const pce = withTestPce();

function create(name: string, ports: object[]) {
  return pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy/draft/services`, {
    body: { name, service_ports: ports },
  });
}

test('ports read back in the form that clients index: port 0 for all of TCP and UDP (PS-89)', async () => {
  const answer = await create('Forms', [
    { proto: 6, port: 443 },
    { proto: 17, port: 1000, to_port: 2000 },
    { proto: 6 },
    { proto: 17, port: -1 },
    { proto: 1, icmp_type: 8, icmp_code: 0 },
    { proto: 58 },
    { proto: 47 },
  ]);
  expect(answer.json).toMatchObject({
    service_ports: [
      { proto: 6, port: 443 },
      { proto: 17, port: 1000, to_port: 2000 },
      { proto: 6, port: 0 },
      { proto: 17, port: 0 },
      { proto: 1, icmp_type: 8, icmp_code: 0 },
      { proto: 58 },
      { proto: 47 },
    ],
    description: null,
    process_name: null,
    deleted_at: null,
  });
});

test.each([
  ['port 70000 (FR-11)', { proto: 6, port: 70000 }, /service_ports\[0\]\.port.*65535/],
  [
    'the port behind the last (FR-11)',
    { proto: 6, port: 65536 },
    /service_ports\[0\]\.port.*65535/,
  ],
  [
    'a range that ends behind the last port (FR-11)',
    { proto: 6, port: 1, to_port: 65536 },
    /service_ports\[0\]\.to_port.*65535/,
  ],
  [
    'a range that runs backwards (FR-11)',
    { proto: 6, port: 9000, to_port: 8000 },
    /write 8000 to 9000/,
  ],
  ['a port without ports', { proto: 47, port: 80 }, /only TCP/],
  ['a code without a type', { proto: 1, icmp_code: 0 }, /needs icmp_type/],
  ['a protocol that is none', { proto: 256 }, /proto/],
])('refused: %s', async (what, port, message) => {
  const answer = await create(what, [port]);
  expect(answer.status).toBe(406);
  expect(answer.text).toMatch(message);
});

test('a service without ports is refused, since it would allow nothing', async () => {
  expect((await create('None', [])).json).toMatchObject([{ token: 'input_validation_error' }]);
});

test('names may be given twice', async () => {
  const client = pce().client();
  const one = await makeService(client, 'Twice', 80);
  const two = await makeService(client, 'Twice', 81);
  expect(one.href).not.toBe(two.href);
});

test('found by a port within a range, and by protocol', async () => {
  const client = pce().client();
  await create('Low ports', [{ proto: 6, port: 1, to_port: 1023 }]);
  await create('Name service', [{ proto: 17, port: 53 }]);
  const names = async (query: Record<string, number>): Promise<string[]> =>
    (await client.call('services.list', { params: DRAFT, query })).items.map(({ name }) => name);
  expect(await names({ port: 443 })).toContain('Low ports');
  expect(await names({ port: 1024 })).not.toContain('Low ports');
  const udp = await names({ proto: 17 });
  expect(udp).toContain('Name service');
  expect(udp).not.toContain('Low ports');
});

test('what is changed is changed, the rest stays', async () => {
  const client = pce().client();
  const service = await makeService(client, 'Partly', 80);
  const params = { ...DRAFT, id: idOf(service) };
  await client.call('services.update', { params, body: { description: 'web' } });
  expect(await client.call('services.get', { params })).toMatchObject({
    name: 'Partly',
    description: 'web',
    service_ports: [{ proto: 6, port: 80 }],
  });
  const empty = client.call('services.update', { params, body: { service_ports: [] } });
  expect((await refusalOf(empty)).status).toBe(406);
});

test('programs and Windows services, with ports or without, read back as they are written', async () => {
  const client = pce().client();
  const windows_services = [
    {
      process_name: String.raw`C:\Program Files\Shop\shop.exe`,
      proto: 6,
      port: 8000,
      to_port: 8010,
    },
    { service_name: 'Spooler' },
    { proto: 1, icmp_type: 8, icmp_code: 0 },
    { process_name: 'any.exe', service_name: 'Both', proto: 17 },
  ];
  const created = await client.call('services.create', {
    params: DRAFT,
    body: {
      name: 'Programs',
      windows_services,
      windows_egress_services: [{ process_name: 'out.exe' }],
      risk_details: {
        ransomware: { category: 'admin', severity: 'high', os_platforms: ['windows'] },
      },
    },
  });
  expect(created).toMatchObject({
    windows_services: [
      windows_services[0],
      { service_name: 'Spooler' },
      { proto: 1, icmp_type: 8, icmp_code: 0 },
      { process_name: 'any.exe', service_name: 'Both', proto: 17, port: 0 },
    ],
    windows_egress_services: [{ process_name: 'out.exe' }],
    risk_details: { ransomware: { severity: 'high' } },
  });
  expect(created).not.toHaveProperty('service_ports');
  const params = { ...DRAFT, id: idOf(created) };
  expect((await pce().send('PUT', `/api/v2${created.href}`, { body: created })).status).toBe(204);
  expect(await client.call('services.get', { params })).toEqual(created);
  const found = async (query: Record<string, number>) =>
    (await client.call('services.list', { params: DRAFT, query: { ...query, name: 'Programs' } }))
      .total;
  expect(await found({ port: 8005 })).toBe(1);
  expect(await found({ proto: 58 })).toBe(0);

  // The other list takes its place.
  await client.call('services.update', {
    params,
    body: { service_ports: [{ proto: 6, port: 80 }] },
  });
  const ports = await client.call('services.get', { params });
  expect(ports.service_ports).toEqual([{ proto: 6, port: 80 }]);
  expect(ports).not.toHaveProperty('windows_services');
});

test.each<[string, object, RegExp]>([
  [
    'both lists',
    { service_ports: [{ proto: 6 }], windows_services: [{ service_name: 'x' }] },
    /windows_services: stands beside service_ports/,
  ],
  [
    'a port without a protocol',
    { windows_services: [{ process_name: 'x', port: 80 }] },
    /windows_services\[0\]\.proto/,
  ],
  ['nothing in an entry', { windows_services: [{}] }, /windows_services\[0\]: names nothing/],
  [
    'a backwards range',
    { windows_services: [{ service_name: 'x', proto: 6, port: 9, to_port: 8 }] },
    /windows_services\[0\]\.to_port: range runs backwards/,
  ],
])('programs refused: %s', async (what, body, message) => {
  const answer = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy/draft/services`, {
    body: { name: what, ...body },
  });
  expect([answer.status, answer.text]).toEqual([406, expect.stringMatching(message)]);
});
