import type { DecisionWire } from '@bulkhead/contract';
import { describe, expect, test } from 'vitest';
import { decidedBy } from './connections.ts';

type End = NonNullable<DecisionWire['inbound']>;

function end(parts: Partial<End>): End {
  return {
    workload: { href: '/orgs/1/workloads/1', name: 'web', hostname: 'web' },
    decision: 'allowed',
    reason: 'rule',
    rules: [],
    boundaries: [],
    mode: 'full',
    interface_name: 'eth0',
    network_profile: 'corporate',
    ...parts,
  };
}
const named = (name: string) => [{ href: `/rules/${name}`, name, version: 1 }];

describe('who decided a connection', () => {
  test('the rule that allows, as the provider sees it', () => {
    const inbound = end({ rules: named('Shop') });
    const decision = {
      decision: 'allowed',
      outbound: end({ rules: named('Out') }),
      inbound,
    } as const;
    expect(decidedBy(decision)).toBe('rule Shop (provider, full)');
  });

  test('a boundary before a default, and only an end that says what came of it', () => {
    const boundary = end({ decision: 'blocked', reason: 'boundary', boundaries: named('NetBIOS') });
    const other = end({ decision: 'blocked', reason: 'default', mode: 'full' });
    expect(decidedBy({ decision: 'blocked', outbound: boundary, inbound: other })).toBe(
      'boundary NetBIOS (consumer, full)',
    );
    const allowed = end({ rules: named('Out') });
    expect(decidedBy({ decision: 'blocked', outbound: allowed, inbound: other })).toBe(
      'default (provider, full)',
    );
  });

  test('nobody, between hosts without a VEN', () => {
    expect(decidedBy({ decision: 'allowed', outbound: null, inbound: null })).toBe(
      'no managed host has a say',
    );
  });
});
