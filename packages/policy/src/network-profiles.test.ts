import {
  aBoundary,
  anInterface,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aWorkload,
  named,
  verdict,
} from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import { createPolicyCore, type NetworkType, type Workload } from './index.ts';

const { everybody, ipList } = named;
const INTERFACES = [
  anInterface(['10.8.0.1'], { name: 'office' }),
  anInterface(['192.168.1.7'], { name: 'home', networkProfile: 'external' }),
];
const ANY = anIpList('Any', ['0.0.0.0/0']);

function aHost(changes: Partial<Workload> = {}): Workload {
  return aWorkload('host', [], '', { type: 'endpoint', interfaces: INTERFACES, ...changes });
}

/** What is said on an interface of outbound HTTPS, allowed to anywhere by a rule of the network type. */
function outbound(networkType: NetworkType, interfaceName: string, host = aHost()): string {
  const rule = aRule('out', { providers: [ipList('Any')], consumers: [everybody], networkType });
  const model = aPolicy({ workloads: [host], ipLists: [ANY], ruleSets: [aRuleSet([rule])] });
  return verdict(model, { from: 'host', to: '198.51.100.7', source: { interfaceName } });
}

const APPLIES = 'allowed (rule out, -)';
const NOT = 'blocked (default, -)';

describe('a rule by network type (PS-30)', () => {
  test.each<[NetworkType, string, string, string]>([
    ['brn', APPLIES, APPLIES, NOT],
    ['non_brn', NOT, NOT, APPLIES],
    ['all', APPLIES, APPLIES, APPLIES],
  ])('%s: server, corporate interface, external interface', (type, server, office, home) => {
    const serverHost = aHost({ type: 'server', interfaces: INTERFACES.slice(0, 1) });
    expect([
      outbound(type, 'office', serverHost),
      outbound(type, 'office'),
      outbound(type, 'home'),
    ]).toEqual([server, office, home]);
  });
});

describe('a boundary by network type (PS-30)', () => {
  test.each<[NetworkType, string, string]>([
    ['brn', 'boundary', 'default'],
    ['non_brn', 'default', 'boundary'],
    ['all', 'boundary', 'boundary'],
  ])('%s: corporate interface, external interface', (networkType, office, home) => {
    const boundary = aBoundary('web', {
      providers: [everybody],
      consumers: [ipList('Any')],
      networkType,
    });
    const model = aPolicy({
      workloads: [aHost()],
      ipLists: [ANY],
      enforcementBoundaries: [boundary],
    });
    const reason = (interfaceName: string) =>
      verdict(model, { from: '198.51.100.7', to: 'host', destination: { interfaceName } });
    expect(reason('office')).toContain(office);
    expect(reason('home')).toContain(home);
  });
});

test('servers and unmanaged workloads are corporate with every interface (PS-33)', () => {
  expect(outbound('brn', 'home', aHost({ type: 'server' }))).toBe(APPLIES);
  const rule = aRule('in', { providers: [named.workload('server')], consumers: [everybody] });
  const model = aPolicy({
    workloads: [aHost({ type: 'unmanaged' }), aWorkload('server', [], '10.1.0.1')],
    ruleSets: [aRuleSet([rule])],
  });
  const asked = { from: 'host', to: 'server', source: { address: '192.168.1.7' } };
  expect(verdict(model, asked)).toBe('allowed (-, rule in)');
});

test('a VEN before 22.3 leaves external interfaces alone and holds the others (PS-32)', () => {
  const old = aHost({ venVersion: '22.2.30' });
  expect(outbound('all', 'home', old)).toBe('allowed (-, -)');
  expect(outbound('non_brn', 'home', old)).toBe('allowed (-, -)');
  expect(outbound('non_brn', 'office', old)).toBe(NOT);
  expect(outbound('brn', 'office', old)).toBe(APPLIES);
});

test('an endpoint carries rules for external interfaces only where its VEN manages them (PS-32)', () => {
  const rule = aRule('out', {
    providers: [ipList('Any')],
    consumers: [everybody],
    networkType: 'non_brn',
  });
  const linesOf = (host: Workload) =>
    createPolicyCore(
      aPolicy({ workloads: [host], ipLists: [ANY], ruleSets: [aRuleSet([rule])] }),
    ).hostPolicy(host.href)?.rules.length;
  expect(linesOf(aHost({ venVersion: '22.3.0' }))).toBe(1);
  expect(linesOf(aHost({ venVersion: '22.2.30' }))).toBe(0);
});

test('a host none of whose interfaces its VEN manages has no say in anything (PS-34)', () => {
  const away = aHost({ venVersion: '22.2.30', interfaces: INTERFACES.slice(1) });
  const boundary = aBoundary('all', {
    providers: [everybody],
    consumers: [ipList('Any')],
    networkType: 'all',
  });
  const model = aPolicy({
    workloads: [away],
    ipLists: [ANY],
    enforcementBoundaries: [boundary],
  });
  expect(verdict(model, { from: 'host', to: '198.51.100.7' })).toBe('allowed (-, -)');
  expect(verdict(model, { from: '198.51.100.7', to: 'host' })).toBe('allowed (-, -)');
});
