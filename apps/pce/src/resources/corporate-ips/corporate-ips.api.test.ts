import { expect, test } from 'vitest';
import { withTestPce } from '../../testing/test-pce.ts';
import { first, refusalOf } from '../../testing/policy-client.ts';

const pce = withTestPce();

async function addresses(): Promise<string[]> {
  return first((await pce().client().call('corporate_ips.list')).items).ip_addresses;
}

test('IPv4 addresses and blocks are kept, each once, and detection hears of it (R-NET-2)', async () => {
  const client = pce().client();
  expect(await addresses()).toEqual([]);
  const { changeLog } = pce().pce.deps;
  const start = await changeLog.latest();
  await client.call('corporate_ips.update', {
    body: { ip_addresses: ['203.0.113.7', '198.51.100.0/24', '203.0.113.7/32'] },
  });
  expect(await addresses()).toEqual(['203.0.113.7', '198.51.100.0/24']);
  expect((await changeLog.after(start)).map(({ kind, href }) => `${kind} ${href}`)).toContain(
    `settings /orgs/${pce().orgId}/settings/corporate_ips/default`,
  );
});

test.each([
  ['IPv6', '2001:db8::1', /IPv4/],
  ['an IPv6 block', '2001:db8::/32', /IPv4/],
  ['host bits (FR-13)', '198.51.100.77/24', /the network is 198\.51\.100\.0\/24/],
  ['a range', '203.0.113.1-203.0.113.9', /CIDR/],
  ['a name', 'corp.example.com', /not an address/],
])('refused: %s, and nothing is lost', async (_, text, message) => {
  const before = await addresses();
  const refused = await refusalOf(
    pce()
      .client()
      .call('corporate_ips.update', { body: { ip_addresses: ['192.0.2.1', text] } }),
  );
  expect(refused.errors[0]).toMatchObject({
    token: 'invalid_ip_address',
    message: expect.stringMatching(message) as unknown,
  });
  expect(refused.errors[0]?.message).toContain('ip_addresses[1]');
  expect(await addresses()).toEqual(before);
});

test('only an organization owner may change them', async () => {
  const admin = pce().client((await pce().userWith('admin')).auth);
  const refused = admin.call('corporate_ips.update', { body: { ip_addresses: [] } });
  expect((await refusalOf(refused)).status).toBe(403);
});

test('a stale edit is refused', async () => {
  const { updated_at: seen } = first((await pce().client().call('corporate_ips.list')).items);
  const put = (list: string[]) =>
    pce().send(
      'PUT',
      `/api/v2/orgs/${pce().orgId}/settings/corporate_ips/default?if_updated_at=${seen}`,
      { body: { ip_addresses: list } },
    );
  expect((await put(['192.0.2.1'])).status).toBe(204);
  expect((await put(['192.0.2.2'])).json).toMatchObject([{ token: 'object_changed' }]);
});
