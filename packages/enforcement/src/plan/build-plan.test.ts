import type { VISIBILITY_LEVELS } from '@bulkhead/policy';
import { describe, expect, test } from 'vitest';
import { aPolicy, aRule, setsOf, someFacts } from '../testing/fixtures.ts';
import { buildPlan } from './build-plan.ts';
import { listMembers } from './members.ts';
import { PlanError } from './plan-error.ts';
import type { FirewallPlan } from './plan.ts';
import { withSetDelta } from './update.ts';

const SETS = setsOf({ id: 'peers', hosts: ['10.0.0.1'], ranges: ['10.1.0.0/16'] });

describe('what no plan can be made from is refused with what, where and what would be right', () => {
  test('a set that is not given', () => {
    const policy = aPolicy({ rules: [aRule({ peers: ['peers', 'lost'] })] });
    const build = () => buildPlan({ policy, sets: SETS, host: someFacts() });
    expect(build).toThrow(PlanError);
    expect(build).toThrow(/lost of \/orgs\/1\/\S+sec_rules\/1 is not among the 1 given/);
  });

  test.each([
    [{ pce: [{ address: 'pce.example.com', port: 8443 }] }, /PCE address "pce.example.com"/],
    [{ pce: [{ address: '192.0.2.1', port: 0 }] }, /port 0 of the PCE.*1 and 65535/],
    [{ pce: [{ address: '192.0.2.1', port: 70_000 }] }, /port 70000/],
    [{ resolvers: ['10.0.0'] }, /resolver "10.0.0"/],
  ] as const)('facts %j', (facts, message) => {
    const build = () => buildPlan({ policy: aPolicy(), sets: SETS, host: someFacts(facts) });
    expect(build).toThrow(PlanError);
    expect(build).toThrow(message);
  });
});

describe('the log index', () => {
  const decisions = (plan: FirewallPlan) =>
    [...new Set([...plan.logIndex.values()].map((entry) => entry.decision))].sort();
  const planWith = (visibility: (typeof VISIBILITY_LEVELS)[number], mode: 'selective' | 'full') =>
    buildPlan({
      policy: aPolicy({
        visibility,
        mode,
        rules: [aRule({ peers: ['peers'] }), aRule({ peers: ['peers'], action: 'deny' })],
      }),
      sets: SETS,
      host: someFacts(),
    });

  test.each([
    ['flow_off', []],
    ['flow_drops', ['blocked']],
    ['flow_summary', ['allowed', 'blocked', 'potentially_blocked']],
    ['flow_full_detail', ['allowed', 'blocked', 'potentially_blocked']],
    ['enhanced_data_collection', ['allowed', 'blocked', 'potentially_blocked']],
  ] as const)('with %s holds %j (PS-47)', (visibility, expected) => {
    expect(decisions(planWith(visibility, 'selective'))).toEqual(expected);
  });

  test('leads from a prefix to the rule behind it, and keeps the prefix as long as the rule', () => {
    const rule = aRule({ peers: ['peers'], origin: { href: '/orgs/1/r/7', version: 3 } });
    const build = (...rules: (typeof rule)[]) =>
      buildPlan({ policy: aPolicy({ rules }), sets: SETS, host: someFacts() });
    const prefixOf = (plan: FirewallPlan) =>
      [...plan.logIndex].find(([, entry]) => entry.origins[0]?.href === '/orgs/1/r/7');
    const [prefix, entry] = prefixOf(build(rule)) ?? [];
    expect(entry).toEqual({
      decision: 'allowed',
      direction: 'inbound',
      reason: 'rule',
      origins: [{ href: '/orgs/1/r/7', version: 3 }],
      essential: null,
    });
    expect(prefixOf(build(aRule({ peers: ['peers'] }), rule))?.[0]).toBe(prefix);
    const changed = { ...rule, origin: { ...rule.origin, version: 4 } };
    expect(prefixOf(build(changed))?.[0]).not.toBe(prefix);
  });
});

describe('a set delta', () => {
  const plan = buildPlan({
    policy: aPolicy({ rules: [aRule({ peers: ['peers'] })] }),
    sets: SETS,
    host: someFacts(),
  });
  const delta = {
    id: 'peers',
    addHosts: ['10.0.0.3', '10.0.0.1'],
    removeHosts: ['10.0.0.9'],
    addRanges: [],
    removeRanges: ['10.1.0.0/16'],
  };

  test('moves members of its set, once', () => {
    const moved = withSetDelta(plan, delta).sets.get('peers');
    expect(moved && listMembers(moved.hosts)).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(moved && listMembers(moved.ranges)).toEqual([]);
    expect(withSetDelta(withSetDelta(plan, delta), delta).sets.get('peers')).toEqual(moved);
    const before = plan.sets.get('peers');
    expect(before && listMembers(before.hosts)).toEqual(['10.0.0.1']);
  });

  test('of a set that no rule names changes nothing', () => {
    expect(withSetDelta(plan, { ...delta, id: 'other' })).toBe(plan);
  });
});
