import { expect, test } from 'vitest';
import { networkProfileState, subnetsState } from './rule-options.ts';

const list = { ip_list: { href: '/orgs/1/sec_policy/draft/ip_lists/1', name: 'Any' } };
const label = { label: { href: '/orgs/1/labels/1', key: 'app', value: 'Endpoints' } };

test('Corporate is always offered (R-POL-5)', () => {
  expect(networkProfileState('brn', { consumers: [label], providers: [label] }).allowed).toBe(true);
});

test.each(['non_brn', 'all'] as const)(
  '%s is offered when one side is IP lists only, and says which (R-POL-6)',
  (type) => {
    expect(networkProfileState(type, { consumers: [list], providers: [label] })).toMatchObject({
      allowed: true,
      note: expect.stringContaining('Consumers is'),
    });
    expect(networkProfileState(type, { consumers: [label], providers: [list] })).toMatchObject({
      allowed: true,
      note: expect.stringContaining('Providers is'),
    });
  },
);

test.each(['non_brn', 'all'] as const)(
  '%s is refused when no side is IP lists only, with the reason (R-POL-6)',
  (type) => {
    const reason = 'One side must be IP lists only: neither is.';
    expect(networkProfileState(type, { consumers: [label], providers: [list, label] })).toEqual({
      allowed: false,
      reason,
    });
    expect(networkProfileState(type, { consumers: [], providers: [] })).toEqual({
      allowed: false,
      reason,
    });
  },
);

test('Use Workload Subnets is for sides with workloads (R-POL-3)', () => {
  expect(subnetsState([label, list]).allowed).toBe(true);
  expect(subnetsState([list]).allowed).toBe(false);
});
