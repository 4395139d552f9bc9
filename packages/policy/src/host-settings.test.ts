import { aPolicy, aRuleSet, aWorkload, named } from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import {
  createPolicyCore,
  DEFAULT_FIREWALL_SETTINGS,
  type FirewallSettings,
  type IpTablesRule,
  type PolicyModel,
  type RuleSet,
  type Workload,
} from './index.ts';
import { naiveHostSettings, type NaiveHostSettings } from './naive/settings.ts';

const { everybody, label, allBut, workload } = named;
const PROD = aWorkload('prod', ['env=prod'], '10.0.0.1');
const DEV = aWorkload('dev', ['env=dev'], '10.0.0.2');

/** What a host is told beside its rules, by the core; the reference evaluator must say the same. */
function told(model: PolicyModel, host: Workload): NaiveHostSettings {
  const policy = createPolicyCore(model).hostPolicy(host.href);
  const naive = naiveHostSettings(model, host);
  if (policy === undefined || naive === undefined) throw new Error(`${host.name} has no policy`);
  const { ipv6Mode, firewallCoexistence, blockedConnectionAction, ipTablesRules } = policy;
  const core = { ipv6Mode, firewallCoexistence, blockedConnectionAction, ipTablesRules };
  expect(core).toEqual(naive);
  return core;
}

function withSettings(changes: Partial<FirewallSettings>, workloads = [PROD, DEV]): PolicyModel {
  const firewallSettings = { ...DEFAULT_FIREWALL_SETTINGS, ...changes };
  return aPolicy({ workloads, firewallSettings });
}

describe('blocked connections', () => {
  const action = (model: PolicyModel, host: Workload) => told(model, host).blockedConnectionAction;

  test('are dropped, and rejected where the workload says so (PS-50)', () => {
    const rejecting = { ...DEV, blockedConnectionAction: 'reject' as const };
    const model = withSettings({}, [PROD, rejecting]);
    expect([action(model, PROD), action(model, rejecting)]).toEqual(['drop', 'reject']);
  });

  test('are rejected in any of the reject scopes (PS-50)', () => {
    const scopes = [[label('env=stage')], [label('env=dev')]];
    const model = withSettings({ blockedConnectionRejectScopes: scopes });
    expect([action(model, PROD), action(model, DEV)]).toEqual(['drop', 'reject']);
    const everywhere = withSettings({ blockedConnectionRejectScopes: [[]] });
    expect(action(everywhere, PROD)).toBe('reject');
  });
});

describe('firewall coexistence', () => {
  const shared = (...entries: FirewallSettings['firewallCoexistence'][number][]) => {
    const model = withSettings({ firewallCoexistence: entries });
    return [PROD, DEV].map((host) => told(model, host).firewallCoexistence);
  };

  test('is exclusive in no scope, else primary or secondary (PS-51)', () => {
    expect(shared()).toEqual(['exclusive', 'exclusive']);
    expect(
      shared(
        { scope: [label('env=prod')], illumioPrimary: true },
        { scope: [label('env=dev')], illumioPrimary: false },
      ),
    ).toEqual(['primary', 'secondary']);
  });

  test('of several scopes that hold a workload the first counts (PS-51)', () => {
    expect(
      shared(
        { scope: [allBut('env=prod')], illumioPrimary: true },
        { scope: [], illumioPrimary: false },
      ),
    ).toEqual(['secondary', 'primary']);
  });

  test('an entry for one enforcement mode is passed over on hosts in another, and follows the mode (PS-51)', () => {
    const entries = [
      { scope: [], illumioPrimary: true, enforcementMode: 'visibility_only' as const },
      { scope: [], illumioPrimary: false },
    ];
    const model = withSettings({ firewallCoexistence: entries });
    expect(told(model, PROD).firewallCoexistence).toBe('secondary');
    const core = createPolicyCore(model);
    const watching = { ...PROD, enforcementMode: 'visibility_only' as const };
    core.apply([{ type: 'workload', href: PROD.href, value: watching }]);
    expect(core.hostPolicy(PROD.href)?.firewallCoexistence).toBe('primary');
    expect(core.hostPolicy(DEV.href)?.firewallCoexistence).toBe('secondary');
  });

  test('follows labels as they move (PS-51)', () => {
    const entries = [{ scope: [label('env=prod')], illumioPrimary: true }];
    const core = createPolicyCore(withSettings({ firewallCoexistence: entries }));
    const moved = { ...DEV, labels: PROD.labels };
    const delta = core.apply([{ type: 'workload', href: DEV.href, value: moved }]);
    expect(delta.policies.map((item) => item.workload)).toEqual([DEV.href]);
    expect(core.hostPolicy(DEV.href)?.firewallCoexistence).toBe('primary');
  });
});

describe('the IPv6 mode', () => {
  test('is told to every host, and a change of it moves their policies (PS-45)', () => {
    const core = createPolicyCore(withSettings({}));
    const value = { ...DEFAULT_FIREWALL_SETTINGS, ipv6Mode: 'block_all' as const };
    const set = { type: 'firewall_settings', href: 'firewall_settings', value } as const;
    expect(
      core
        .apply([set])
        .policies.map((item) => item.workload)
        .toSorted(),
    ).toEqual([PROD.href, DEV.href].toSorted());
    expect(core.hostPolicy(PROD.href)?.ipv6Mode).toBe('block_all');
    expect(core.apply([set])).toEqual({ policies: [], sets: [] });
    core.apply([{ ...set, value: null }]);
    expect(core.hostPolicy(PROD.href)?.ipv6Mode).toBe('policy_based');
  });
});

describe('custom iptables rules', () => {
  const raw = (name: string, changes: Partial<IpTablesRule>): IpTablesRule => ({
    href: `/rule_sets/1/ip_tables_rules/${name}`,
    version: 1,
    enabled: true,
    ipVersion: 4,
    statements: [{ table: 'filter', chain: 'INPUT', parameters: '-p tcp --dport 22 -j ACCEPT' }],
    actors: [everybody],
    ...changes,
  });
  const hosts = [PROD, DEV, aWorkload('bare', [], '10.0.0.3')];
  /** Hosts that get raw rules, each with how many. */
  const given = (ipTablesRules: IpTablesRule[], changes: Partial<RuleSet> = {}, all = hosts) => {
    const model = aPolicy({
      workloads: all,
      ruleSets: [aRuleSet([], { ipTablesRules, ...changes })],
    });
    return all
      .map((host) => ({ host, count: told(model, host).ipTablesRules.length }))
      .filter(({ count }) => count > 0)
      .map(({ host, count }) => `${host.name} ${count}`);
  };
  const inProd = { scopes: [[label('env=prod')]] };

  test('go to whom their actors select: All Workloads, labels, workloads (PS-52)', () => {
    expect(given([raw('1', {})])).toEqual(['prod 1', 'dev 1', 'bare 1']);
    expect(given([raw('1', { actors: [label('env=dev')] }), raw('2', {})])).toEqual([
      'prod 1',
      'dev 2',
      'bare 1',
    ]);
    expect(given([raw('1', { actors: [workload('bare')] })])).toEqual(['bare 1']);
  });

  test('within the scopes of the ruleset, and to named workloads anywhere (PS-52)', () => {
    expect(given([raw('1', {})], inProd)).toEqual(['prod 1']);
    expect(given([raw('1', { actors: [workload('dev')] })], inProd)).toEqual(['dev 1']);
  });

  test('once, through how many scopes it may be (PS-52)', () => {
    expect(given([raw('1', {})], { scopes: [[label('env=prod')], []] })).toEqual([
      'prod 1',
      'dev 1',
      'bare 1',
    ]);
  });

  test('not when disabled, and to no host but Linux (PS-52)', () => {
    expect(given([raw('1', { enabled: false })])).toEqual([]);
    expect(given([raw('1', {})], { enabled: false })).toEqual([]);
    const others = [
      { ...PROD, osFamily: 'windows' as const },
      { ...DEV, osFamily: null },
      aWorkload('mac', [], '10.0.0.4', { osFamily: 'darwin' }),
    ];
    expect(given([raw('1', {})], {}, others)).toEqual([]);
  });

  test('every statement reaches the host as it was written, in the order of hrefs (PS-52, PS-86)', () => {
    const odd = { table: 'mangle', chain: 'FORWARD', parameters: '-m odd --of 1' } as const;
    const rules = [raw('2', { ipVersion: 6 }), raw('1', { statements: [odd] })];
    const model = aPolicy({
      workloads: hosts,
      ruleSets: [aRuleSet([], { ipTablesRules: rules })],
    });
    const reached = told(model, PROD).ipTablesRules;
    expect(reached.map(({ ipVersion, statements }) => [ipVersion, statements])).toEqual([
      [4, [odd]],
      [6, raw('2', {}).statements],
    ]);
  });
});
