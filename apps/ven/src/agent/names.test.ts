/** FQDN rules from the PCE's policy to what is enforced. */
import { createEvaluator } from '@bulkhead/enforcement';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAgentHost, type AgentHost } from '../testing/agent-host.ts';
import { aHostPolicy, aNamesRule, aPolicyContent, aWebRule } from '../testing/policies.ts';
import { until } from '../testing/until.ts';

const RESOLVER = '203.0.113.53';
const TO = 443;
let host: AgentHost;

beforeEach(async () => {
  host = await startAgentHost((pce) => {
    pce.policy = aPolicyContent({
      policy: aHostPolicy({ rules: [aWebRule(), aNamesRule(['*.example.com'])] }),
    });
  });
  host.platform.resolverAddresses = [RESOLVER];
  await host.restart();
  await until('the policy', () => host.applied() === 1);
});
afterEach(() => host.close());

function reaches(remoteAddress: string): boolean {
  const plan = host.platform.enforced();
  if (plan === null) return true;
  const decision = createEvaluator(plan)({
    direction: 'outbound',
    interfaceName: 'eth0',
    remoteAddress,
    protocol: 6,
    sourcePort: 50_000,
    destinationPort: TO,
    icmpType: null,
    icmpCode: null,
    syn: true,
    remoteName: null,
  });
  return decision?.action === 'accept';
}

function resolve(name: string, address: string, from = RESOLVER): void {
  host.platform.resolve({ name, addresses: [{ address, ttlSeconds: 300 }] }, from);
}

test('a host reaches what a name of its rules was just resolved to, without a new table', async () => {
  expect(reaches('192.0.2.9')).toBe(false);
  const before = host.platform.wholeApplications();
  resolve('www.example.com', '192.0.2.9');
  await until('the address', () => reaches('192.0.2.9'));
  expect(host.platform.wholeApplications()).toBe(before);
  expect(host.agent.showPolicy()?.names).toEqual([
    { name: '*.example.com', addresses: ['192.0.2.9'], address_count: 1 },
  ]);
});

test('answers from others than the resolvers of the host, and for other names, open nothing', async () => {
  resolve('www.example.com', '192.0.2.66', '198.51.100.53');
  resolve('example.org', '192.0.2.67');
  resolve('www.example.com', '192.0.2.9');
  await until('the address', () => reaches('192.0.2.9'));
  expect([reaches('192.0.2.66'), reaches('192.0.2.67')]).toEqual([false, false]);
});

test('a whole policy that comes keeps what is known, one without the name forgets it and ends the watch', async () => {
  resolve('www.example.com', '192.0.2.9');
  await until('the address', () => reaches('192.0.2.9'));
  const send = (version: number, rules: Parameters<typeof aNamesRule>[0]): void => {
    const policy = aHostPolicy({
      visibility: 'flow_drops',
      rules: [aWebRule(), aNamesRule(rules)],
    });
    const content = aPolicyContent({ version, policy });
    host.pce.send({ type: 'policy', document: host.pce.signed(content) });
  };
  send(2, ['*.example.com']);
  await until('state 2', () => host.applied() === 2);
  expect(reaches('192.0.2.9')).toBe(true);
  send(3, []);
  await until('state 3', () => host.applied() === 3);
  expect(reaches('192.0.2.9')).toBe(false);
  expect(host.platform.watchesNames()).toBe(false);
});

test('after a restart connections to what a name stood for go on, and new ones wait for an answer', async () => {
  resolve('www.example.com', '192.0.2.9');
  await until('the address', () => reaches('192.0.2.9'));
  const connection = {
    protocol: 6,
    sourceAddress: '127.0.0.10',
    destinationAddress: '192.0.2.9',
    sourcePort: 40_000,
    destinationPort: TO,
    icmpType: null,
    icmpCode: null,
  };
  host.platform.connections = [connection];
  await host.restart();
  expect(reaches('192.0.2.9')).toBe(false);
  expect(host.platform.connections).toEqual([connection]);
  resolve('www.example.com', '192.0.2.9');
  await until('the address again', () => reaches('192.0.2.9'));
});
