import {
  aBoundary,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aWorkload,
  named,
  tcp,
  verdict,
  type Question,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import {
  ALL_TRAFFIC,
  createPolicyCore,
  type IngressService,
  type OsFamily,
  type Rule,
  type ServicePort,
  type Workload,
} from './index.ts';

const { label, ipList } = named;
const STAFF = 'S-1-5-21-100';
const GUESTS = 'S-1-5-21-200';

function hosts(consumer: OsFamily, provider: OsFamily): Workload[] {
  return [
    aWorkload('app', ['role=app'], '10.0.0.2', { osFamily: consumer }),
    aWorkload('web', ['role=web'], '10.0.0.1', { osFamily: provider }),
  ];
}

function policy(changes: Partial<Rule>, workloads = hosts('windows', 'windows')) {
  const rule = aRule('rule', {
    providers: [label('role=web')],
    consumers: [label('role=app')],
    ...changes,
  });
  return aPolicy({ workloads, ruleSets: [aRuleSet([rule])] });
}

describe('a rule for user groups', () => {
  const forStaff = { consumingSecurityPrincipals: [STAFF, 'S-1-5-21-101'] };
  const asked = (principals?: string[]): Question => ({
    from: 'app',
    to: 'web',
    source: principals === undefined ? {} : { principals },
  });

  test.each<[string, string[] | undefined, string]>([
    ['a user of one of them', [GUESTS, STAFF], 'allowed (rule rule, rule rule)'],
    ['a user of others', [GUESTS], 'blocked (default, rule rule)'],
    ['a user of none', [], 'blocked (default, rule rule)'],
    ['a user who is not known', undefined, 'blocked (default, rule rule)'],
  ])('is for %s (PS-16)', (_, principals, wanted) => {
    expect(verdict(policy(forStaff), asked(principals))).toBe(wanted);
  });

  test.each<OsFamily>(['linux', 'darwin'])('opens nothing on a consumer of %s (PS-16)', (os) => {
    const model = policy(forStaff, hosts(os, 'windows'));
    expect(verdict(model, asked([STAFF]))).toBe('blocked (default, rule rule)');
    expect(createPolicyCore(model).hostPolicy('/workloads/app')?.rules).toEqual([]);
  });

  test('is told to consumers with the groups, to providers without (PS-16)', () => {
    const core = createPolicyCore(policy(forStaff));
    const groups = (name: string) =>
      core.hostPolicy(`/workloads/${name}`)?.rules.map(({ principals }) => principals);
    expect(groups('app')).toEqual([[STAFF, 'S-1-5-21-101']]);
    expect(groups('web')).toEqual([[]]);
  });

  test('leaves a rule for everybody beside it as it is (PS-16)', () => {
    const model = policy({ consumingSecurityPrincipals: [] });
    expect(verdict(model, asked([GUESTS]))).toBe('allowed (rule rule, rule rule)');
  });
});

describe('a service of a program', () => {
  const SERVE = { ...tcp(443), process: 'C:\\web\\serve.exe' };
  const W3SVC = { ...tcp(443), windowsService: 'W3SVC' };
  const only = (...ports: ServicePort[]) => ({
    ingressServices: ports.map((port): IngressService => ({ port })),
  });
  const asked = (destination: Question['destination'] = {}): Question => ({
    from: 'app',
    to: 'web',
    destination,
  });

  test.each<[string, ServicePort, Question['destination'], string]>([
    ['the program answers', SERVE, { process: 'c:\\WEB\\serve.exe' }, 'rule rule'],
    ['another program answers', SERVE, { process: 'C:\\other.exe' }, 'default'],
    ['nobody knows what answers', SERVE, {}, 'default'],
    ['the Windows service answers', W3SVC, { windowsService: 'W3SVC' }, 'rule rule'],
    ['another Windows service answers', W3SVC, { windowsService: 'DNS' }, 'default'],
    [
      'the program answers, of another service',
      { ...SERVE, windowsService: 'W3SVC' },
      { process: 'C:\\web\\serve.exe', windowsService: 'DNS' },
      'default',
    ],
  ])('on a Windows provider, where %s (PS-61)', (_, port, destination, inbound) => {
    const said = verdict(policy(only(port)), asked(destination));
    expect(said).toContain(`(rule rule, ${inbound})`);
  });

  test.each<OsFamily>(['linux', 'darwin'])(
    'matches nothing on a provider of %s, and leaves other entries be (PS-61)',
    (os) => {
      const where = hosts('windows', os);
      const known = asked({ process: SERVE.process });
      expect(verdict(policy(only(SERVE), where), known)).toBe('blocked (rule rule, default)');
      const both = policy(only(SERVE, tcp(80)), where);
      const plain = { from: 'app', to: 'web', port: 80 };
      expect(verdict(both, plain)).toBe('allowed (rule rule, rule rule)');
      expect(verdict(both, known)).toBe('blocked (rule rule, default)');
    },
  );

  test('is protocol and port to consumers (PS-61)', () => {
    const core = createPolicyCore(policy(only(SERVE, W3SVC, tcp(444)), hosts('linux', 'windows')));
    const [line] = core.hostPolicy('/workloads/app')?.rules ?? [];
    expect(line?.services).toEqual([tcp(443, 444)]);
  });

  test('counts in boundaries too (PS-61)', () => {
    const boundary = aBoundary('boundary', {
      providers: [label('role=web')],
      consumers: [ipList('Any')],
      ...only(SERVE),
    });
    const model = aPolicy({
      workloads: hosts('windows', 'windows'),
      ipLists: [anIpList('Any', ['0.0.0.0/0'])],
      enforcementBoundaries: [boundary],
    });
    expect(verdict(model, asked({ process: SERVE.process }))).toContain('boundary boundary');
    expect(verdict(model, asked({ process: 'C:\\other.exe' }))).not.toContain('boundary boundary');
  });
});

describe('a service', () => {
  const ICMP = { ...ALL_TRAFFIC, protocol: 1 };
  test.each<[string, ServicePort, Partial<Question>, boolean]>([
    ['a port', tcp(443), { port: 443 }, true],
    ['another port', tcp(443), { port: 444 }, false],
    ['a range to its end', tcp(8000, 8099), { port: 8099 }, true],
    ['the same port of another protocol', tcp(443), { protocol: 17, port: 443 }, false],
    ['all ports of a protocol', { ...ALL_TRAFFIC, protocol: 6 }, { port: 9 }, true],
    ['everything', ALL_TRAFFIC, { protocol: 47 }, true],
    ['a protocol by number', { ...ALL_TRAFFIC, protocol: 47 }, { protocol: 47 }, true],
    ['an ICMP type', { ...ICMP, icmpType: 8 }, { protocol: 1, icmpType: 8, icmpCode: 3 }, true],
    [
      'an ICMP type with another code',
      { ...ICMP, icmpType: 8, icmpCode: 0 },
      { protocol: 1, icmpType: 8, icmpCode: 3 },
      false,
    ],
  ])('of %s (PS-60)', (_, port, question, allowed) => {
    const said = verdict(policy({ ingressServices: [{ port }] }), {
      from: 'app',
      to: 'web',
      ...question,
    });
    expect(said.startsWith('allowed')).toBe(allowed);
  });

  test('several are the sum of all their entries, and one that is gone is nothing (PS-60)', () => {
    const rule = (...ingressServices: IngressService[]) => ({
      ...policy({ ingressServices }),
      services: [{ href: '/services/1', name: 'Web', ports: [tcp(80), tcp(443)] }],
    });
    const open = (model: ReturnType<typeof rule>) =>
      [80, 443, 8443].filter((port) =>
        verdict(model, { from: 'app', to: 'web', port }).startsWith('allowed'),
      );
    expect(open(rule({ href: '/services/1' }, { port: tcp(8443) }))).toEqual([80, 443, 8443]);
    expect(open(rule({ href: '/services/gone' }))).toEqual([]);
  });
});
