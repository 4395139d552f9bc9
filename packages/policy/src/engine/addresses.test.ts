import { formatSpan } from '@bulkhead/net';
import { describe, expect, test } from 'vitest';
import type { IpList, Workload } from '../model.ts';
import type { NetworkProfile, WorkloadType } from '../vocabulary.ts';
import { addressesOf, ipListSpans, readVpnPools, subnetsOf } from './addresses.ts';

interface Made {
  readonly type?: WorkloadType;
  readonly online?: boolean;
  readonly networkProfile?: NetworkProfile;
}

/** A workload with one interface; addresses as `address/prefix length`. */
function having(addresses: readonly string[], made: Made = {}): Workload {
  const { type = 'endpoint', online = true, networkProfile = 'corporate' } = made;
  return {
    href: '/workloads/1',
    name: 'one',
    type,
    labels: [],
    enforcementMode: 'full',
    visibilityLevel: 'flow_summary',
    blockedConnectionAction: 'drop',
    venVersion: '23.2.0',
    online,
    suspended: false,
    osFamily: 'linux',
    interfaces: [
      {
        name: 'eth0',
        addresses: addresses.map((text) => {
          const [address = '', length] = text.split('/');
          return { address, prefixLength: Number(length) };
        }),
        gateway: null,
        linkState: 'up',
        networkProfile,
      },
    ],
  };
}

function contributionOf(workload: Workload) {
  return { addresses: addressesOf(workload), subnets: subnetsOf(workload, []) };
}

describe('what a workload gives to the sets of others', () => {
  test('is its addresses, and the subnets they lie in (R-POL-3)', () => {
    expect(contributionOf(having(['10.1.2.3/24', '10.1.2.4/24', '2001:DB8::9/64']))).toEqual({
      addresses: ['10.1.2.3', '10.1.2.4', '2001:db8::9'],
      subnets: ['10.1.2.0/24', '2001:db8::/64'],
    });
  });

  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/7', '10.1.2.3'],
    ['10.1.2.3/0', '10.1.2.3'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['10.1.2.3/33', '10.1.2.3'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['2001:db8::1/31', '2001:db8::1'],
    ['2001:db8::1/128', '2001:db8::1'],
  ])('%s as a subnet is %s', (text, subnet) => {
    expect(contributionOf(having([text])).subnets).toEqual([subnet]);
  });

  test('is nothing from an external interface (R-POL-11)', () => {
    const roaming = having(['203.0.113.9/24'], { networkProfile: 'external' });
    expect(contributionOf(roaming)).toEqual({ addresses: [], subnets: [] });
  });

  test('is its addresses alone when it is unmanaged', () => {
    const printer = having(['10.1.2.3/24'], { type: 'unmanaged' });
    expect(contributionOf(printer)).toEqual({ addresses: ['10.1.2.3'], subnets: ['10.1.2.3'] });
  });

  test('is nothing while it is offline (R-VEN-9)', () => {
    const gone = having(['10.1.2.3/24'], { online: false });
    expect(contributionOf(gone)).toEqual({ addresses: [], subnets: [] });
  });

  test('never holds link-local, loopback, multicast or unspecified addresses', () => {
    const odd = ['169.254.7.7/16', '127.0.0.1/8', '0.0.0.0/0', '224.0.0.1/32', 'fe80::1/64'];
    expect(contributionOf(having([...odd, '::1/128', '::/0', 'ff02::1/128'])).addresses).toEqual(
      [],
    );
  });
});

describe('VPN pools (PS-24)', () => {
  const pools = readVpnPools(['10.8.0.0/16', '10.8.4.0/22', '2001:db8:8::/48']);

  test.each([
    ['10.8.9.1/32', '10.8.0.0/16'],
    ['10.8.5.1/32', '10.8.4.0/22'],
    ['10.9.0.1/32', '10.9.0.1'],
    ['10.8.5.1/24', '10.8.5.0/24'],
    ['2001:db8:8::7/128', '2001:db8:8::/48'],
  ])('%s stands as %s', (text, subnet) => {
    expect(subnetsOf(having([text]), pools)).toEqual([subnet]);
    expect(addressesOf(having([text]))).toEqual([text.split('/')[0]]);
  });
});

describe('what an IP list covers', () => {
  const list = (ranges: IpList['ranges']): readonly string[] =>
    ipListSpans({ href: '/ip_lists/1', name: 'List', ranges, fqdns: [] }).map(formatSpan);
  const range = (from: string, to: string | null = null, exclusion = false) => ({
    from,
    to,
    exclusion,
  });

  test('is its ranges of every spelling, joined', () => {
    const ranges = [range('10.0.0.0', '10.0.0.127'), range('10.0.0.128/25'), range('10.0.2.1')];
    expect(list(ranges)).toEqual(['10.0.0.0/24', '10.0.2.1']);
  });

  test('is without its exclusions, in whatever order they stand (FR-8)', () => {
    const ranges = [
      range('10.0.0.64/26', null, true),
      range('10.0.0.0/24'),
      range('2001:db8::/32'),
    ];
    expect(list(ranges)).toEqual(['10.0.0.0/26', '10.0.0.128/25', '2001:db8::/32']);
    expect(list([...ranges].reverse())).toEqual(list(ranges));
  });

  test('is nothing when the exclusions cover it', () => {
    expect(list([range('10.0.0.0/24'), range('10.0.0.0/8', null, true)])).toEqual([]);
  });
});
