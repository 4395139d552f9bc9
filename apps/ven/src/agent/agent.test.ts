import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VenMessage } from '@bulkhead/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  anInterface,
  createFakePlatform,
  type FakePlatform,
} from '../platform/fake/fake-platform.ts';
import { createEvaluator } from '@bulkhead/enforcement';
import { aPolicyContent, RULE_HREF } from '../testing/policies.ts';
import { startTestPce, TEST_CODE, TEST_FINGERPRINT, type TestPce } from '../testing/test-pce.ts';
import { until } from '../testing/until.ts';
import { activate, type ActivationRequest } from './activation.ts';
import { startAgent, type Agent } from './agent.ts';
import { createLog } from './log.ts';
import { openStore, type Store } from './store.ts';
import { unpair } from './unpair.ts';

let folder: string;
let store: Store;
let pce: TestPce;
let platform: FakePlatform;
let agent: Agent | null;
const unpairs: string[] = [];
let restarts = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ven-agent-'));
  store = openStore(join(folder, 'data'));
  pce = await startTestPce();
  platform = createFakePlatform();
  agent = null;
  unpairs.length = 0;
  restarts = 0;
});

afterEach(async () => {
  await agent?.close(null);
  await pce.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

function request(parts: Partial<ActivationRequest> = {}): ActivationRequest {
  return {
    managementServer: `localhost:${pce.port}`,
    activationCode: TEST_CODE,
    endpoint: true,
    caFingerprint: TEST_FINGERPRINT,
    caFile: null,
    name: null,
    labels: {},
    enforcementMode: null,
    flowReportSeconds: 1,
    reconnectSeconds: 1,
    ...parts,
  };
}

async function start(parts: Partial<ActivationRequest> = {}): Promise<Agent> {
  if ((await store.readIdentity()) === null) await activate(request(parts), platform, store);
  agent = await startAgent({
    platform,
    store,
    log: createLog(
      () => undefined,
      () => new Date(),
    ),
    unpairAsked: (restore) => unpairs.push(restore),
    restartAsked: () => (restarts += 1),
  });
  return agent;
}

function last<Type extends VenMessage['type']>(
  type: Type,
): Extract<VenMessage, { type: Type }> | undefined {
  return pce.messages
    .filter((message): message is Extract<VenMessage, { type: Type }> => message.type === type)
    .at(-1);
}

function passes(remoteAddress: string, interfaceName = 'eth0'): boolean {
  const plan = platform.enforced();
  if (plan === null) return true;
  const decision = createEvaluator(plan)({
    direction: 'inbound',
    interfaceName,
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

test('activates, enforces the policy it gets and acknowledges it (R-VEN-1)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('the acknowledgement', () => last('applied') !== undefined);
  expect(last('applied')).toMatchObject({
    version: 1,
    hash: pce.policy.policy.hash,
    rule_count: 1,
  });
  expect(passes('10.0.0.1')).toBe(true);
  expect(passes('10.0.0.5')).toBe(false);
  expect(pce.activations[0]).toMatchObject({
    ven_type: 'endpoint',
    facts: { hostname: 'fake-host' },
  });
  expect(agent?.status()).toMatchObject({ channel: 'open', policy: { version: 1, mode: 'full' } });
  expect(agent?.showPolicy()?.rules[0]).toMatchObject({
    rule_name: 'Web from the office',
    services: ['443/TCP'],
    peers: ['10.0.0.1', '10.0.0.2'],
  });
});

test('an unknown code and a CA with another fingerprint are refused, and nothing is left on disk', async () => {
  await expect(activate(request({ activationCode: 'wrong' }), platform, store)).rejects.toThrow(
    'The activation code is unknown',
  );
  await expect(
    activate(request({ caFingerprint: 'ab'.repeat(32) }), platform, store),
  ).rejects.toThrow(/is not the expected PCE/);
  expect(await store.readIdentity()).toBeNull();
  expect(pce.activations).toEqual([]);
});

test('a host that cannot enforce is told what it lacks, and the code is not spent (R-VEN-7)', async () => {
  platform.environment = [
    { name: 'kernel', status: 'red', detail: 'Linux 3.10 lacks nf_tables' },
    { name: 'guests', status: 'yellow', detail: 'docker0' },
  ];
  const refused = activate(request(), platform, store);
  await expect(refused).rejects.toThrow(/kernel: Linux 3.10 lacks nf_tables$/);
  expect(pce.activations).toEqual([]);
});

test('a PCE that nobody vouches for, or that is not there, is refused with what to do', async () => {
  await expect(activate(request({ caFingerprint: null }), platform, store)).rejects.toThrow(
    /certificate is not trusted here .* give --ca-fingerprint/,
  );
  const nowhere = request({ managementServer: '127.0.0.1:9', caFingerprint: null });
  await expect(activate(nowhere, platform, store)).rejects.toThrow(
    /127.0.0.1:9 cannot be used as PCE: .*ECONNREFUSED.*connectivity-test/,
  );
  expect(await store.readIdentity()).toBeNull();
});

test('a copy that the PCE made a workload of its own takes the identity and starts again (R-VEN-8)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  pce.send({ type: 'reactivated', ven_uuid: '99999999-2222-4333-8444-555555555555', token: 't2' });
  await until('the restart is asked for', () => restarts === 1);
  expect(await store.readIdentity()).toMatchObject({
    ven_uuid: '99999999-2222-4333-8444-555555555555',
    token: 't2',
    machine_id: 'machine-1',
  });
});

test('what the host warns of comes with a heartbeat at once, and goes again (FR-53)', async () => {
  pce.policy = aPolicyContent();
  platform.trouble = [{ token: 'connection_table_full', message: '950 of 1000' }];
  await start();
  await until('the warning', () => last('heartbeat')?.warnings?.[0]?.message === '950 of 1000');
  expect(agent?.status().warnings).toEqual(platform.trouble);
});

test('a second activation is refused', async () => {
  await activate(request(), platform, store);
  await expect(activate(request(), platform, store)).rejects.toThrow(/activated already/);
});

test('a VEN whose PCE is away keeps its policy over a restart, and catches up by itself (FR-28)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  await until(
    'the profile is on disk',
    async () => Object.keys(await store.readProfiles()).length === 1,
  );
  await agent?.close(null);
  const { port } = pce;
  await pce.close();
  platform = createFakePlatform();
  await start();
  expect(passes('10.0.0.1')).toBe(true);
  expect(passes('10.0.0.5')).toBe(false);
  expect(agent?.status()).toMatchObject({ channel: 'closed', policy: { version: 1 } });
  // the same PCE comes back with another key only if it lost its data: policies of such a one are refused
  pce = await startTestPce(port);
  pce.policy = aPolicyContent({ version: 2 });
  await until('the channel', () => last('hello')?.policy_version === 1, 10_000);
  await until('the refusal', () => last('error') !== undefined);
  expect(agent?.status().policy?.version).toBe(1);
});

test('an endpoint that moves to another network enforces its other profile at once (R-NET-3)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  await until(
    'the report',
    () => pce.reports.at(-1)?.interfaces[0]?.network_profile === 'corporate',
  );
  expect(pce.detections[0]).toEqual({ interface: 'eth0', from: '127.0.0.10' });
  const before = platform.wholeApplications();
  pce.profile = 'external';
  platform.setInterfaces([
    anInterface({
      addresses: [{ address: '127.0.1.20', prefixLength: 24 }],
      gateway: '127.0.1.1',
      gatewayMac: '02:00:00:00:00:99',
    }),
  ]);
  await until(
    'the interface is external',
    () => platform.enforced()?.interfaces.external[0] === 'eth0',
  );
  expect(passes('10.0.0.1')).toBe(false);
  expect(platform.wholeApplications()).toBe(before);
  await until(
    'the report',
    () => pce.reports.at(-1)?.interfaces[0]?.network_profile === 'external',
  );
  expect(pce.reports.at(-1)?.interfaces[0]).toMatchObject({
    addresses: [{ address: '127.0.1.20' }],
  });
});

test('a network without an answer is external until the PCE has answered for it', async () => {
  pce.profile = null;
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  expect(platform.enforced()?.interfaces.external).toEqual(['eth0']);
  pce.profile = 'corporate';
  pce.send({ type: 'redetect' });
  await until(
    'the interface is corporate',
    () => platform.enforced()?.interfaces.corporate[0] === 'eth0',
  );
});

test('the last answer for a network is used again while the PCE is away', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  await until('corporate', () => platform.enforced()?.interfaces.corporate[0] === 'eth0');
  await until(
    'the answer is on disk',
    async () => Object.keys(await store.readProfiles()).length === 1,
  );
  await agent?.close(null);
  platform = createFakePlatform();
  pce.profile = null;
  await start();
  expect(platform.enforced()?.interfaces.corporate).toEqual(['eth0']);
});

test('servers never have external interfaces and report no Wi-Fi (R-NET-8)', async () => {
  platform.setInterfaces([
    anInterface(),
    anInterface({
      name: 'wlan0',
      type: 'wifi',
      addresses: [{ address: '198.51.100.4', prefixLength: 24 }],
    }),
  ]);
  pce.policy = aPolicyContent();
  await start({ endpoint: false });
  await until('the report', () => pce.reports.length > 0);
  expect(pce.reports.at(-1)?.interfaces.map((link) => [link.name, link.network_profile])).toEqual([
    ['eth0', 'corporate'],
  ]);
  expect(pce.detections).toEqual([]);
});

test('a table that somebody else removed is put back and told', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  platform.tamper('iptables, process 12');
  await until('the table is back', () => platform.enforced() !== null);
  await until('the message', () => last('tampering') !== undefined);
  expect(last('tampering')).toMatchObject({ reverted: true });
  expect(last('tampering')?.detail).toContain('iptables, process 12');
});

test('flows are one record for each 5-tuple less the client port, with the rule that decided (R-VEN-3)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  const index = platform.enforced()?.logIndex ?? new Map();
  const prefix = [...index].find(([, entry]) => entry.reason === 'rule')?.[0];
  const packet = {
    prefix: prefix ?? '',
    sourceAddress: '10.0.0.1',
    destinationAddress: '127.0.0.10',
    protocol: 6,
    sourcePort: 50_001,
    destinationPort: 443,
    icmpType: null,
    icmpCode: null,
    interfaceName: 'eth0',
    userId: null,
  };
  // three connections, one of them with a packet that was sent again; and one of no rule of ours
  platform.observe([
    packet,
    { ...packet, sourcePort: 50_002 },
    { ...packet, sourcePort: 50_002 },
    { ...packet, sourcePort: 50_003 },
    { ...packet, prefix: 'somebody else: ' },
  ]);
  await until('the flows', () => pce.flows.length > 0);
  expect(pce.flows).toHaveLength(1);
  expect(pce.flows[0]).toMatchObject({
    src_ip: '10.0.0.1',
    dst_port: 443,
    connections: 3,
    decision: 'allowed',
    direction: 'inbound',
    reason: 'rule',
    rules: [RULE_HREF],
    interface: 'eth0',
    network_profile: 'corporate',
  });
});

test('a channel that breaks is opened again and goes on from the same state', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  pce.disconnect();
  await until(
    'the second hello',
    () => pce.messages.filter(({ type }) => type === 'hello').length === 2,
  );
  expect(last('hello')).toMatchObject({ policy_version: 1, policy_hash: pce.policy.policy.hash });
});

test('the console’s unpair is handed on with what the firewall is left as (R-VEN-4)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  pce.send({ type: 'unpair', firewall_restore: 'default' });
  await until('the request', () => unpairs.length > 0);
  expect(unpairs).toEqual(['recommended']);
});

test('a stop is told to the PCE', async () => {
  await start();
  await until('the channel', () => pce.connected());
  await agent?.close('stop');
  expect(pce.goodbyes).toEqual([JSON.stringify({ reason: 'stop' })]);
});

test('unpairing takes the boot service away, and says when it could not (R-VEN-4)', async () => {
  const folders = { install: '/opt/illumio_ven', data: store.folder };
  await (await start()).close(null);
  await platform.service.install(folders);
  expect((await unpair(platform, store, 'saved')).messages.join(' ')).not.toContain('at boot');
  expect(platform.bootService()).toBeNull();

  await (await start()).close(null);
  await platform.service.install(folders);
  platform.refuseService = 'systemctl is not installed';
  const { messages } = await unpair(platform, store, 'saved');
  expect(messages).toContain(
    'The service that starts the VEN at boot could not be removed: systemctl is not installed',
  );
  expect(await store.readIdentity()).toBeNull();
});

test('flows of a time without PCE wait on disk over a restart, and come once each (R-VEN-3)', async () => {
  pce.policy = aPolicyContent();
  await start();
  await until('state 1', () => last('applied')?.version === 1);
  pce.refusesFlows = true;
  const index = platform.enforced()?.logIndex ?? new Map();
  const prefix = [...index].find(([, entry]) => entry.reason === 'rule')?.[0] ?? '';
  const see = (port: number): void =>
    platform.observe([
      {
        prefix,
        sourceAddress: '10.0.0.1',
        destinationAddress: '127.0.0.10',
        protocol: 6,
        sourcePort: 50_001,
        destinationPort: port,
        icmpType: null,
        icmpCode: null,
        interfaceName: 'eth0',
        userId: null,
      },
    ]);
  see(1);
  await until('a report on disk', async () => {
    const files = await readdir(store.flowFolder).catch(() => []);
    return files.length === 1;
  });
  see(2);
  await agent?.close(null);
  agent = null;
  pce.refusesFlows = false;
  await start();
  await until('both', () => pce.flows.length >= 2);
  expect(pce.flows.map((flow) => flow.dst_port)).toEqual([1, 2]);
  expect(new Set(pce.flowReports).size).toBe(pce.flowReports.length);
  await until('nothing is left', async () => (await readdir(store.flowFolder)).length === 0);
});
