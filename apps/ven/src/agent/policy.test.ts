/** Policies from the PCE to what is enforced: whole ones, deltas, and those that cannot be taken up. */
import type { PolicyContent } from '@bulkhead/contract';
import { createEvaluator, withSetDelta } from '@bulkhead/enforcement';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAgentHost, type AgentHost } from '../testing/agent-host.ts';
import { aDelta, aHostPolicy, aPolicyContent, aWebRule } from '../testing/policies.ts';
import { until } from '../testing/until.ts';

const MOVE = { addHosts: [], removeHosts: [], addRanges: [], removeRanges: [] };
let host: AgentHost;

beforeEach(async () => {
  host = await startAgentHost((pce) => {
    pce.policy = aPolicyContent();
  });
  await until('state 1', () => host.applied() === 1);
});
afterEach(() => host.close());

function passes(remoteAddress: string): boolean {
  const plan = host.platform.enforced();
  if (plan === null) return true;
  const decision = createEvaluator(plan)({
    direction: 'inbound',
    interfaceName: 'eth0',
    remoteAddress,
    protocol: 6,
    sourcePort: 50_000,
    destinationPort: 443,
    icmpType: null,
    icmpCode: null,
    syn: true,
    remoteName: null,
  });
  return decision?.action === 'accept';
}

function sendWhole(parts: Partial<PolicyContent>): void {
  host.pce.send({ type: 'policy', document: host.pce.signed(aPolicyContent(parts)) });
}

test('a delta moves members without a new table', async () => {
  const before = host.platform.wholeApplications();
  host.pce.sendDelta(aDelta());
  await until('state 2', () => host.applied() === 2);
  expect(host.platform.wholeApplications()).toBe(before);
  expect([passes('10.0.0.9'), passes('10.0.0.1')]).toEqual([true, false]);
  expect((await host.store.readPolicy())?.version).toBe(2);
});

test('a delta for another version than the host holds makes the VEN ask for the whole policy', async () => {
  host.pce.policy = aPolicyContent({
    version: 7,
    sets: [{ id: 's_web', hosts: ['10.0.0.7'], ranges: [] }],
  });
  host.pce.sendDelta(aDelta({ from: 6, to: 7 }));
  await until('state 7', () => host.applied() === 7);
  expect(host.pce.wholeRequests()).toBe(1);
  expect(passes('10.0.0.7')).toBe(true);
});

test('a policy that the PCE did not sign is refused', async () => {
  const document = host.pce.signed(
    aPolicyContent({ version: 2, sets: [{ id: 's_web', hosts: ['10.0.0.66'], ranges: [] }] }),
  );
  host.pce.send({ type: 'policy', document: { ...document, content: `${document.content} ` } });
  await until('the refusal', () => host.last('error') !== undefined);
  expect(host.last('error')?.message).toMatch(/signature/);
  expect(passes('10.0.0.66')).toBe(false);
  expect(host.agent.status().policy?.version).toBe(1);
});

test('what the firewall refuses leaves the old policy in force (FR-6)', async () => {
  host.platform.refuse = 'no space in the kernel';
  host.pce.sendDelta(aDelta({ policy: aHostPolicy({ rules: [] }) }));
  await until('the failure', () => host.last('apply_failed') !== undefined);
  expect(host.last('apply_failed')).toMatchObject({ version: 2 });
  expect(host.last('apply_failed')?.message).toMatch(/no space in the kernel/);
  expect(passes('10.0.0.1')).toBe(true);
  expect((await host.store.readPolicy())?.version).toBe(1);
  host.platform.refuse = null;
  host.pce.sendDelta(aDelta());
  await until('state 2', () => host.applied() === 2);
});

test('a policy that names a set that is not there is refused by name', async () => {
  sendWhole({ version: 2, policy: aHostPolicy({ visibility: 'flow_drops' }), sets: [] });
  await until('the failure', () => host.last('apply_failed') !== undefined);
  expect(host.last('apply_failed')?.message).toContain('s_web');
  expect(passes('10.0.0.1')).toBe(true);
});

test('connections that a new policy forbids are cut', async () => {
  const kept = {
    protocol: 6,
    sourceAddress: '10.0.0.2',
    destinationAddress: '127.0.0.10',
    sourcePort: 40_000,
    destinationPort: 443,
    icmpType: null,
    icmpCode: null,
  };
  host.platform.connections = [kept, { ...kept, sourceAddress: '10.0.0.1' }];
  host.pce.sendDelta(aDelta());
  await until('state 2', () => host.applied() === 2);
  await until('the cut', () => host.platform.connections.length === 1);
  expect(host.platform.connections).toEqual([kept]);
});

test('rule names of rules that are gone are forgotten', async () => {
  const other = '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/2';
  const policy = aHostPolicy({ rules: [aWebRule({ origin: { href: other, version: 2 } })] });
  host.pce.sendDelta(aDelta({ policy, rule_names: { [other]: 'Second' }, sets: [] }));
  await until('state 2', () => host.applied() === 2);
  expect((await host.store.readPolicy())?.rule_names).toEqual({ [other]: 'Second' });
});

test('a delta that the firewall does not take, as it holds something else, becomes a whole application', async () => {
  const plan = host.platform.enforced();
  if (plan === null) throw new Error('nothing is enforced');
  await host.platform.firewall.apply(
    withSetDelta(plan, { ...MOVE, id: 's_web', removeHosts: ['10.0.0.1'] }),
  );
  const before = host.platform.wholeApplications();
  host.pce.sendDelta(aDelta());
  await until('state 2', () => host.applied() === 2);
  expect(host.platform.wholeApplications()).toBe(before + 1);
  expect([passes('10.0.0.9'), passes('10.0.0.2'), passes('10.0.0.1')]).toEqual([true, true, false]);
});

test('connections with who joins the peers of a boundary are cut', async () => {
  const policy = aHostPolicy({ mode: 'selective', rules: [aWebRule({ action: 'deny' })] });
  sendWhole({ version: 2, policy });
  await until('state 2', () => host.applied() === 2);
  const connection = {
    protocol: 6,
    sourceAddress: '10.0.0.9',
    destinationAddress: '127.0.0.10',
    sourcePort: 40_000,
    destinationPort: 443,
    icmpType: null,
    icmpCode: null,
  };
  host.platform.connections = [connection];
  host.pce.sendDelta(aDelta({ from: 2, to: 3 }));
  await until('state 3', () => host.applied() === 3);
  expect(host.platform.connections).toEqual([]);
});
