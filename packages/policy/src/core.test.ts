import {
  anInterface,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aWorkload,
  ask,
  connectionOf,
  named,
  tcp,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import { createPolicyCore, type Rule, type Workload } from './index.ts';

const SERVER = aWorkload('server', ['role=server'], '10.1.0.10');
const laptop = (number: number, address: string) =>
  aWorkload(`laptop-${number}`, ['role=laptop'], address, { type: 'endpoint' });

/** A rule from laptops to servers. */
function access(changes: Partial<Rule> = {}): Rule {
  const sides = {
    providers: [named.label('role=server')],
    consumers: [named.label('role=laptop')],
  };
  return aRule('access', { ...sides, ...changes });
}

function aModel(rules: readonly Rule[], workloads: readonly Workload[]) {
  return aPolicy({ workloads, ruleSets: [aRuleSet(rules)] });
}

function put(workload: Workload) {
  return { type: 'workload', href: workload.href, value: workload } as const;
}

describe('a laptop that moves', () => {
  const two = [SERVER, laptop(1, '10.8.0.1'), laptop(2, '10.8.0.2')];

  test('changes one member of a set by address, and no policy', () => {
    const core = createPolicyCore(aModel([access()], two));
    const [id] = core.setsOf(SERVER.href);
    expect(core.apply([put(laptop(1, '10.8.0.77'))])).toEqual({
      policies: [],
      sets: [
        {
          id,
          addHosts: ['10.8.0.77'],
          removeHosts: ['10.8.0.1'],
          addRanges: [],
          removeRanges: [],
        },
      ],
    });
  });

  test('changes nothing at all within known subnets (R-POL-3)', () => {
    const rule = access({ useWorkloadSubnets: ['consumers'] });
    const core = createPolicyCore(aModel([rule], [...two, laptop(3, '10.9.0.3')]));
    expect(core.apply([put(laptop(1, '10.9.0.50'))])).toEqual({ policies: [], sets: [] });
  });

  test('gets another temporary address beside the one that stays: nothing in its subnet, else one member (FR-54)', () => {
    const holding = (temporary: string) => ({
      ...laptop(1, ''),
      interfaces: [anInterface(['2001:db8:8::1', temporary])],
    });
    const rotated = (rule: Rule) => {
      const core = createPolicyCore(aModel([rule], [SERVER, holding('2001:db8:8::a1')]));
      return core.apply([put(holding('2001:db8:8::b2'))]);
    };
    expect(rotated(access({ useWorkloadSubnets: ['consumers'] }))).toEqual({
      policies: [],
      sets: [],
    });
    expect(rotated(access())).toMatchObject({
      policies: [],
      sets: [{ addHosts: ['2001:db8:8::b2'], removeHosts: ['2001:db8:8::a1'] }],
    });
  });

  test('opens a subnet as its first and closes it as its last (R-POL-3)', () => {
    const rule = access({ useWorkloadSubnets: ['consumers'] });
    const core = createPolicyCore(aModel([rule], two));
    const moved = core.apply([put(laptop(1, '10.9.0.1'))]);
    expect(moved.sets[0]).toMatchObject({ addRanges: ['10.9.0.0/24'], removeRanges: [] });
    const last = core.apply([put(laptop(2, '10.9.0.2'))]);
    expect(last.sets[0]).toMatchObject({ addRanges: [], removeRanges: ['10.8.0.0/24'] });
  });

  test('leaves every set when its interface turns external (R-NET-1, R-POL-11)', () => {
    const core = createPolicyCore(aModel([access()], two));
    const home = laptop(1, '10.8.0.1');
    const [first] = home.interfaces;
    if (first === undefined) throw new Error('the laptop has an interface');
    const roamed = { ...home, interfaces: [{ ...first, networkProfile: 'external' as const }] };
    const delta = core.apply([put(roamed)]);
    expect(delta.policies).toEqual([]);
    expect(delta.sets.map((set) => set.removeHosts)).toEqual([['10.8.0.1']]);
  });
});

describe('policy classes', () => {
  test('ten thousand equal laptops are one class with one policy', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      laptop(index, `10.${8 + (index >> 14)}.${(index >> 8) & 63}.${index & 255}`),
    );
    const core = createPolicyCore(aModel([access()], [SERVER, ...many]));
    expect(core.sizes()).toMatchObject({ workloads: 10_001, classes: 2, policies: 2 });
    const hashes = new Set(many.map(({ href }) => core.hostPolicy(href)?.hash));
    expect(hashes.size).toBe(1);
  });

  test('equal content has an equal hash, whichever way it came about', () => {
    const core = createPolicyCore(aModel([access()], [SERVER, laptop(1, '10.8.0.1')]));
    const hash = core.hostPolicy(SERVER.href)?.hash;
    const selective = { ...SERVER, enforcementMode: 'selective' as const };
    const delta = core.apply([put(selective)]);
    expect(delta.policies.map(({ workload }) => workload)).toEqual([SERVER.href]);
    expect(core.hostPolicy(SERVER.href)?.hash).not.toBe(hash);
    core.apply([put(SERVER)]);
    expect(core.hostPolicy(SERVER.href)?.hash).toBe(hash);
  });

  test('a workload that a rule names twice counts once, and leaves with the rule', () => {
    const named = { kind: 'workload', href: '/workloads/laptop-1' } as const;
    const rule = access({ consumers: [named, named] });
    const core = createPolicyCore(aModel([rule], [SERVER, laptop(1, '10.8.0.1')]));
    const [id = ''] = core.setsOf(SERVER.href);
    core.apply([put(laptop(1, '10.8.0.2'))]);
    expect(core.addressSet(id)?.hosts).toEqual(['10.8.0.2']);
  });

  test('an unmanaged or unknown workload has no policy', () => {
    const printer: Workload = { ...SERVER, type: 'unmanaged', venVersion: null };
    const core = createPolicyCore(aModel([access()], [printer]));
    expect(core.hostPolicy(printer.href)).toBeUndefined();
    expect(core.hostPolicy('/workloads/nobody')).toBeUndefined();
  });

  test('a policy names sets and origins, never peers', () => {
    const core = createPolicyCore(aModel([access()], [SERVER, laptop(1, '10.8.0.1')]));
    const policy = core.hostPolicy(SERVER.href);
    expect(policy?.rules).toEqual([
      {
        action: 'allow',
        direction: 'inbound',
        networkType: 'brn',
        peers: [expect.stringMatching(/^[a-z0-9_]{1,24}$/)],
        fqdns: [],
        services: [tcp(443)],
        stateless: false,
        principals: [],
        origin: { href: '/rule_sets/1/sec_rules/access', version: 1 },
      },
    ]);
    expect(JSON.stringify(policy)).not.toContain('10.8.0.1');
    expect(core.workloadsNaming(policy?.rules[0]?.peers[0] ?? '')).toEqual([SERVER.href]);
  });

  test('a rule whose label is on no workload is kept with an empty set, never "any"', () => {
    const core = createPolicyCore(aModel([access()], [SERVER]));
    const [id = ''] = core.setsOf(SERVER.href);
    expect(core.addressSet(id)).toEqual({ id, hosts: [], ranges: [] });
  });
});

describe('a wide range over single addresses (FR-7)', () => {
  test('the address stays allowed when the range goes away', () => {
    const office = (...ranges: string[]) => anIpList('Office', ranges);
    const consumers = [named.label('role=laptop'), named.ipList('Office')];
    const model = aModel([access({ consumers })], [SERVER, laptop(1, '192.168.82.2')]);
    const before = { ...model, ipLists: [office('192.168.0.0/16')] };
    const after = { ...model, ipLists: [office('198.51.100.0/24')] };
    const core = createPolicyCore(before);
    const { href } = office();
    core.apply([{ type: 'ip_list', href, value: office('198.51.100.0/24') }]);
    for (const from of ['192.168.82.2', '192.168.82.3']) {
      const question = { from, to: 'server' };
      expect(ask(before, question).inbound?.decision).toBe('allowed');
      expect(core.decide(connectionOf(after, question))).toEqual(ask(after, question));
    }
    expect(ask(after, { from: '192.168.82.2', to: 'server' }).inbound?.decision).toBe('allowed');
    expect(ask(after, { from: '192.168.82.3', to: 'server' }).inbound?.decision).toBe('blocked');
  });
});

test('a set that lost its rule and got it back, and was looked at before the next delta, follows its IP list', () => {
  const office = (range: string) => anIpList('Office', [range]);
  const rule = access({ consumers: [named.ipList('Office')] });
  const core = createPolicyCore({
    ...aModel([rule], [SERVER]),
    ipLists: [office('192.168.0.0/16')],
  });
  const withRules = (rules: readonly Rule[]) => {
    const value = aRuleSet(rules);
    core.change([{ type: 'rule_set', href: value.href, value }]);
  };
  const ranges = () => core.setsOf(SERVER.href).map((id) => core.addressSet(id)?.ranges);
  withRules([]);
  withRules([rule]);
  expect(ranges()).toEqual([['192.168.0.0/16']]);
  const value = office('198.51.100.0/24');
  core.change([{ type: 'ip_list', href: value.href, value }]);
  expect(ranges()).toEqual([['198.51.100.0/24']]);
  expect(core.takeDelta().sets).toMatchObject([
    { addRanges: ['198.51.100.0/24'], removeRanges: ['192.168.0.0/16'] },
  ]);
});
