import { parseAddress, parseRange, parseSpan } from '@bulkhead/net';
import { changesOf, createPolicyCore, type EndDecision, type PolicyModel } from '@bulkhead/policy';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyToModel,
  changesOfStep,
  connection,
  EMPTY_MODEL,
  policyChange,
  policyHistory,
  PolicyMirror,
  policyModel,
} from './index.ts';

const SEED = 20_261_125;

describe('policies of the small world', () => {
  test('are well formed: one label a key, addresses that parse, external interfaces on endpoints only', () => {
    fc.assert(
      fc.property(policyModel(), (model) => {
        for (const workload of model.workloads) {
          const keys = workload.labels.map((href) => href.split('-')[0]);
          expect(new Set(keys).size).toBe(keys.length);
          for (const item of workload.interfaces) {
            const onCorporate = workload.type === 'endpoint' || item.networkProfile === 'corporate';
            expect(onCorporate).toBe(true);
            for (const { address } of item.addresses) expect(parseAddress(address)).not.toBeNull();
          }
        }
        for (const { from, to } of model.ipLists.flatMap((list) => list.ranges)) {
          expect((to === null ? parseSpan(from) : parseRange(from, to)).ok).toBe(true);
        }
        for (const rule of model.ruleSets.flatMap((item) => item.rules)) {
          expect(rule.providers.length * rule.consumers.length).toBeGreaterThan(0);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test('meet: rules, boundaries, defaults, IPv6 modes and essential traffic all come to decide', () => {
    const asked = policyModel().chain((model) =>
      fc.record({
        model: fc.constant(model),
        items: fc.array(connection(model), { minLength: 8, maxLength: 8 }),
      }),
    );
    const ends: (EndDecision | null)[] = fc
      .sample(asked, { seed: SEED, numRuns: 400 })
      .flatMap(({ model, items }) => {
        const core = createPolicyCore(model);
        return items.flatMap((item) => {
          const { outbound, inbound } = core.decide(item);
          return [outbound, inbound];
        });
      });
    for (const reason of ['essential', 'ipv6_mode', 'rule', 'boundary', 'default']) {
      expect(ends.filter((end) => end?.reason === reason).length, reason).toBeGreaterThan(20);
    }
    for (const profile of ['corporate', 'external']) {
      const decided = ends.filter((end) => end?.networkProfile === profile);
      expect(decided.filter((end) => end?.reason === 'rule').length, profile).toBeGreaterThan(5);
    }
    expect(ends.filter((end) => end === null).length).toBeGreaterThan(100);
  });

  test('move: most single changes to a policy reach some host', () => {
    const moves = fc
      .sample(fc.tuple(policyModel(), policyChange()), { seed: SEED, numRuns: 300 })
      .filter(([model, change]) => {
        const delta = createPolicyCore(model).apply([change]);
        return delta.policies.length + delta.sets.length > 0;
      });
    expect(moves.length).toBeGreaterThan(90);
  });

  test('are rebuilt object by object from their changes', () => {
    fc.assert(
      fc.property(policyModel(), (model) => {
        expect(changesOf(model).reduce(applyToModel, EMPTY_MODEL)).toEqual(model);
        const gone = changesOf(model).map(
          ({ type, href }) => ({ type, href, value: null }) as const,
        );
        expect(gone.reduce(applyToModel, model)).toEqual(EMPTY_MODEL);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});

describe('policies with everything in them', () => {
  const models = fc.sample(policyModel({ extended: true }), { seed: SEED, numRuns: 200 });
  const some = (has: (model: PolicyModel) => boolean) => models.filter(has).length;
  const rules = (model: PolicyModel) => model.ruleSets.flatMap((item) => item.rules);

  test.each<[string, (model: PolicyModel) => boolean]>([
    ['hosts that are suspended', (m) => m.workloads.some((item) => item.suspended)],
    ['hosts of Windows', (m) => m.workloads.some((item) => item.osFamily === 'windows')],
    ['user groups', (m) => rules(m).some((item) => item.consumingSecurityPrincipals.length > 0)],
    ['programs', (m) => m.services.some(({ ports }) => ports.some((port) => port.process))],
    ['VPN pools', (m) => m.firewallSettings.vpnPools.length > 0],
    ['another IPv6 mode', (m) => m.firewallSettings.ipv6Mode !== 'policy_based'],
    ['firewalls that coexist', (m) => m.firewallSettings.firewallCoexistence.length > 0],
    ['raw iptables rules', (m) => m.ruleSets.some((item) => item.ipTablesRules.length > 0)],
  ])('have %s now and then', (_, has) => {
    expect(some(has)).toBeGreaterThan(20);
  });

  test('are drawn only where they are asked for', () => {
    const plain = fc.sample(policyModel({ extended: false }), { seed: SEED, numRuns: 50 });
    for (const model of plain) {
      expect(model.workloads.every((item) => !item.suspended)).toBe(true);
      expect(model.firewallSettings).toEqual(EMPTY_MODEL.firewallSettings);
    }
  });
});

describe('the history of a policy', () => {
  test('restores an earlier state in one batch', () => {
    fc.assert(
      fc.property(policyModel(), policyHistory(), (start, { start: later }) => {
        const changes = changesOfStep({ kind: 'restore', back: 1 }, [start, later]);
        const back = changes.reduce(applyToModel, later);
        const places = (model: PolicyModel) =>
          changesOf(model).map((change) => JSON.stringify(change));
        expect(places(back).toSorted()).toEqual(places(start).toSorted());
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  test('takes every kind of step, and steps that do something', () => {
    const histories = fc.sample(policyHistory(), { seed: SEED, numRuns: 200 });
    const moving = histories.flatMap(({ start, steps }) =>
      steps
        .filter((step) => changesOfStep(step, [EMPTY_MODEL, start]).length > 0)
        .map(({ kind }) => kind),
    );
    for (const kind of ['change', 'provision', 'restore', 'relabel', 'roam', 'go']) {
      expect(moving.filter((one) => one === kind).length, kind).toBeGreaterThan(50);
    }
  });
});

describe('the mirror of a policy core', () => {
  const empty = { addHosts: [], removeHosts: [], addRanges: [], removeRanges: [] };

  test('holds members from their addition to their removal', () => {
    const mirror = new PolicyMirror();
    const id = 's1';
    mirror.apply({ policies: [], sets: [{ ...empty, id, addHosts: ['10.0.0.2', '10.0.0.1'] }] });
    mirror.apply({ policies: [], sets: [{ ...empty, id, removeHosts: ['10.0.0.2'] }] });
    mirror.apply({ policies: [], sets: [{ ...empty, id, addRanges: ['10.1.0.0/16'] }] });
    expect(mirror.members(id)).toEqual(['10.0.0.1', '10.1.0.0/16']);
    mirror.keepOnly(new Set());
    expect(mirror.members(id)).toEqual([]);
  });

  test.each([
    ['a removal of what is not there', { removeHosts: ['10.0.0.9'] }],
    ['an addition of what is there', { addHosts: ['10.0.0.1'] }],
  ])('refuses %s', (_, change) => {
    const mirror = new PolicyMirror();
    mirror.apply({ policies: [], sets: [{ ...empty, id: 's1', addHosts: ['10.0.0.1'] }] });
    expect(() => {
      mirror.apply({ policies: [], sets: [{ ...empty, id: 's1', ...change }] });
    }).toThrow(/10\.0\.0\./);
  });

  test('refuses a policy that is listed without having moved', () => {
    const mirror = new PolicyMirror();
    const delta = { policies: [{ workload: '/workloads/1', hash: 'aa' }], sets: [] };
    mirror.apply(delta);
    expect(() => {
      mirror.apply(delta);
    }).toThrow('is what it was');
  });
});
