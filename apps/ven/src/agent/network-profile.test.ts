import { expect, test } from 'vitest';
import { anInterface } from '../platform/fake/fake-platform.ts';
import { startAgentHost } from '../testing/agent-host.ts';
import { aPolicyContent } from '../testing/policies.ts';
import { until } from '../testing/until.ts';
import { detectionAddress, networkKey, recall, remember } from './network-profile.ts';

const HOUR = 3_600_000;

test('an answer is used for the same network for 24 hours, and for no other network (R-NET-3)', () => {
  const office = networkKey(anInterface());
  const cache = remember({}, office, 'corporate', 0);
  // another address from the same DHCP server
  const again = anInterface({ addresses: [{ address: '127.0.0.77', prefixLength: 24 }] });
  expect(recall(cache, networkKey(again), 24 * HOUR)).toBe('corporate');
  expect(recall(cache, office, 24 * HOUR + 1)).toBeNull();
  const cafe = anInterface({ gatewayMac: '02:00:00:00:00:99' });
  expect(recall(cache, networkKey(cafe), HOUR)).toBeNull();
  expect(networkKey(anInterface({ addresses: [] }))).toBeNull();
});

test('detection is sent from IPv4 where there is one', () => {
  const v6 = { address: '2001:db8::5', prefixLength: 64 };
  expect(detectionAddress(anInterface({ addresses: [v6] }))).toBe('2001:db8::5');
  expect(
    detectionAddress(anInterface({ addresses: [v6, { address: '127.0.0.10', prefixLength: 8 }] })),
  ).toBe('127.0.0.10');
});

test.each([
  ['a redirect', { status: 302, headers: { location: 'https://portal.example/' }, text: '' }],
  [
    'a login page',
    { status: 200, headers: { 'content-type': 'text/html' }, text: '<html></html>' },
  ],
  ['JSON of something else', { status: 200, headers: {}, text: '{"network_profile":"yes"}' }],
])('%s in place of the PCE is no answer, so the network is external (FR-27)', async (_, portal) => {
  const host = await startAgentHost(
    (pce) => {
      pce.policy = aPolicyContent();
      pce.portal = portal;
    },
    { endpoint: true },
  );
  try {
    await until('the policy', () => host.applied() === 1);
    await until('the detection', () => host.pce.detections.length > 0);
    await until(
      'the report',
      () => host.pce.reports.at(-1)?.interfaces[0]?.network_profile === 'external',
    );
    expect(host.platform.enforced()?.interfaces).toMatchObject({
      corporate: [],
      external: ['eth0'],
    });
    host.pce.portal = null;
    host.pce.send({ type: 'redetect' });
    await until(
      'the interface is corporate',
      () => host.platform.enforced()?.interfaces.corporate[0] === 'eth0',
    );
  } finally {
    await host.close();
  }
});
