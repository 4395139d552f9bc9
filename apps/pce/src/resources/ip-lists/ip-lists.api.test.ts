import { expect, test } from 'vitest';
import { withTestPce } from '../../testing/test-pce.ts';
import { DRAFT, idOf, makeIpList, refusalOf } from '../../testing/policy-client.ts';

const pce = withTestPce();

function create(name: string, ranges: object[], fqdns: string[] = []) {
  return pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy/draft/ip_lists`, {
    body: { name, ip_ranges: ranges, fqdns: fqdns.map((fqdn) => ({ fqdn })) },
  });
}

test('addresses, blocks, ranges of both families, exclusions and names are kept in their order', async () => {
  const ranges = [
    { from_ip: '10.0.0.0/8', exclusion: false },
    { from_ip: '10.1.0.0', to_ip: '10.1.255.255', exclusion: true, description: 'lab' },
    { from_ip: '2001:db8::/32', exclusion: false },
    { from_ip: '192.0.2.7', exclusion: false },
  ];
  const answer = await create('Kinds', ranges, ['*.example.com', 'www.example.org']);
  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({
    ip_ranges: ranges,
    fqdns: [{ fqdn: '*.example.com' }, { fqdn: 'www.example.org' }],
  });
});

test.each([
  [
    'host bits behind the prefix (FR-13)',
    { from_ip: '10.20.30.40/16' },
    /the network is 10\.20\.0\.0\/16/,
  ],
  [
    'an address whose prefix makes it every address (FR-15)',
    { from_ip: '192.168.1.24/0' },
    /the network is 0\.0\.0\.0\/0/,
  ],
  [
    'a range that runs backwards (FR-9)',
    { from_ip: '10.0.0.9', to_ip: '10.0.0.1' },
    /10\.0\.0\.1 to 10\.0\.0\.9/,
  ],
  ['no address', { from_ip: '192.0.2.256' }, /not an address/],
  ['leading zeros', { from_ip: '192.0.02.1' }, /not an address/],
  ['a prefix that is too long', { from_ip: '192.0.2.0/33' }, /0 to 32/],
  ['two families', { from_ip: '192.0.2.1', to_ip: '2001:db8::1' }, /different families/],
  ['a block and an end', { from_ip: '192.0.2.0/24', to_ip: '192.0.2.255' }, /no to_ip/],
])('refused: %s', async (what, range, message) => {
  const answer = await create(`Refused ${what}`, [range]);
  expect([answer.status, answer.json]).toMatchObject([
    406,
    [
      {
        token: 'invalid_ip_address',
        message: expect.stringMatching(message) as unknown,
      },
    ],
  ]);
  const listed = await pce()
    .client()
    .call('ip_lists.list', { params: DRAFT, query: { name: what } });
  expect(listed.total).toBe(0);
});

test('an exclusion outside of what is included is refused', async () => {
  const answer = await create('Outside', [
    { from_ip: '10.0.0.0/8' },
    { from_ip: '192.0.2.0/24', exclusion: true },
  ]);
  expect(answer.json).toMatchObject([
    {
      token: 'input_validation_error',
      message: expect.stringContaining('192.0.2.0/24 is outside') as unknown,
    },
  ]);
});

test('a name that is none is refused', async () => {
  for (const fqdn of ['*', 'a..b', 'www.*.example.com', 'with space.com'])
    expect((await create(`Name ${fqdn}`, [], [fqdn])).status).toBe(406);
});

test('a second list of a name is refused', async () => {
  const client = pce().client();
  await makeIpList(client, 'Unique', '192.0.2.0/24');
  const refused = await refusalOf(makeIpList(client, 'Unique', '198.51.100.0/24'));
  expect(refused.errors[0]).toMatchObject({
    token: 'ip_list_name_not_unique',
    message: expect.stringContaining('"Unique"') as unknown,
  });
});

test('a list is found by an address within it, exclusions respected (FR-8), by a part of a text and by FQDN', async () => {
  const client = pce().client();
  await create(
    'Findable',
    [{ from_ip: '172.16.0.0/16' }, { from_ip: '172.16.9.0/24', exclusion: true }],
    ['*.internal.labs.io'],
  );
  const found = async (query: Record<string, string>): Promise<string[]> =>
    (
      await client.call('ip_lists.list', { params: DRAFT, query: { ...query, name: 'Findable' } })
    ).items.map(({ name }) => name);
  expect(await found({ ip_address: '172.16.1.1' })).toEqual(['Findable']);
  expect(await found({ ip_address: '172.16.9.1' })).toEqual([]);
  expect(await found({ ip_address: '172.16' })).toEqual(['Findable']);
  expect(await found({ fqdn: 'internal.labs.io' })).toEqual(['Findable']);
  await create('Findable internet', [
    { from_ip: '0.0.0.0/0' },
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((from_ip) => ({
      from_ip,
      exclusion: true,
    })),
  ]);
  for (const ip_address of ['172.15.255.255', '172.32.0.0', '192.167.255.255', '11.0.0.0'])
    expect(await found({ ip_address }), ip_address).toContain('Findable internet');
  for (const ip_address of ['172.16.0.0', '172.31.255.255', '10.255.255.255'])
    expect(await found({ ip_address }), ip_address).not.toContain('Findable internet');
  const bad = await refusalOf(
    client.call('ip_lists.list', { params: DRAFT, query: { ip_address: 'foo' } }),
  );
  expect(bad.has('invalid_ip_address')).toBe(true);
});

test('null and empty clear; what was read can be written back', async () => {
  const client = pce().client();
  const list = await makeIpList(client, 'Clear me', '192.0.2.0/24');
  const params = { ...DRAFT, id: idOf(list) };
  await client.call('ip_lists.update', {
    params,
    body: { description: 'x', fqdns: [{ fqdn: 'a.example' }] },
  });
  const read = await client.call('ip_lists.get', { params });
  expect((await pce().send('PUT', `/api/v2${list.href}`, { body: read })).status).toBe(204);
  await client.call('ip_lists.update', { params, body: { description: null, fqdns: [] } });
  expect(await client.call('ip_lists.get', { params })).toMatchObject({
    description: null,
    fqdns: [],
    ip_ranges: [{ from_ip: '192.0.2.0/24' }],
  });
  const unknown = await pce().send('PUT', `/api/v2${list.href}`, { body: { ranges: [] } });
  expect(unknown.json).toMatchObject([
    { token: 'input_validation_error', message: expect.stringContaining('ranges') as unknown },
  ]);
});

test('external data is unique together', async () => {
  const client = pce().client();
  const external = { external_data_set: 'cmdb', external_data_reference: '1' };
  const list = await client.call('ip_lists.create', {
    params: DRAFT,
    body: { name: 'External one', ...external },
  });
  const second = client.call('ip_lists.create', {
    params: DRAFT,
    body: { name: 'External two', ...external },
  });
  expect((await refusalOf(second)).has('duplicate_external_data_reference')).toBe(true);
  const found = await client.call('ip_lists.list', { params: DRAFT, query: external });
  expect(found.items.map(({ href }) => href)).toEqual([list.href]);
});
