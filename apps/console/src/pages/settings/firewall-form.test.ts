import { expect, test } from 'vitest';
import { changesOf, coexistenceEntry, poolError, toForm } from './firewall-form.ts';
import { FIREWALL_SETTINGS } from './testing/firewall-settings.ts';

const initial = toForm(FIREWALL_SETTINGS);

test('only what was changed is written, so that nothing of somebody else is put back', () => {
  expect(changesOf(initial, initial)).toEqual({});
  expect(changesOf({ ...initial, ipv6: 'block_all' }, initial)).toEqual({ ipv6_mode: 'block_all' });
  const everywhere = { ...initial, reject: [[]], pools: '10.200.0.0/16\nfd00::/48' };
  expect(changesOf(everywhere, initial)).toEqual({
    blocked_connection_reject_scopes: [[]],
    vpn_pools: ['10.200.0.0/16', 'fd00::/48'],
  });
});

test('entries of coexistence keep their order', () => {
  const first = coexistenceEntry({ scope: [], primary: false, mode: 'enforced' });
  expect(changesOf({ ...initial, coexistence: [first, ...initial.coexistence] }, initial)).toEqual({
    firewall_coexistence: [
      { scope: [], illumio_primary: false, workload_mode: 'enforced' },
      {
        scope: [{ href: '/orgs/1/labels/1' }],
        illumio_primary: true,
        workload_mode: null,
      },
    ],
  });
});

test('a pool is a CIDR block', () => {
  expect(poolError(initial)).toBeUndefined();
  expect(poolError({ ...initial, pools: '10.1.2.3' })).toContain('is no CIDR block');
  expect(poolError({ ...initial, pools: '10.1.2.3/16' })).toContain('10.1.0.0/16');
});
