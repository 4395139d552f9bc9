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
  ['port 70000', { proto: 6, port: 70000 }, /service_ports\[0\]\.port/],
  ['a range that runs backwards', { proto: 6, port: 90, to_port: 80 }, /write 80 to 90/],
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
