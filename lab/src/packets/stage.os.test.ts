import { createPolicyCore, type PolicyModel } from '@bulkhead/policy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stageHosts } from '../scenario/by-packets.ts';
import { checkDocument, type LoadedScenario } from '../scenario/load.ts';
import type { ScenarioDocument } from '../scenario/format.ts';
import { judgeSeen } from './judge.ts';
import { openPacketLab, type PacketLab } from './packet-lab.ts';
import { deviceNames, type Stage } from './stage.ts';

let lab: PacketLab;
beforeAll(async () => {
  lab = await openPacketLab();
});
afterAll(async () => {
  await lab?.close();
});

const POLICY: ScenarioDocument = {
  name: 'Web to database',
  workloads: [
    { name: 'web', labels: { role: 'web' }, addresses: ['10.0.0.1', '2001:db8::1'] },
    {
      name: 'db',
      labels: { role: 'db' },
      interfaces: [
        { name: 'eth0', addresses: ['10.0.0.2', '2001:db8::2'] },
        { name: 'a name that no device has', addresses: ['10.0.7.2'] },
      ],
    },
  ],
  external_hosts: [{ name: 'visitor', addresses: ['198.51.100.1'] }],
  rulesets: [
    {
      name: 'R',
      rules: [
        {
          name: 'query',
          providers: ['role=db'],
          consumers: ['role=web'],
          ingress_services: ['tcp/5432', 'udp/53', 'icmp/8', 'gre'],
        },
      ],
    },
  ],
  expect: [
    { from: 'web', to: 'db', port: [5432, 22], decision: 'allowed' },
    { from: 'web', to: 'db', to_address: '10.0.7.2', port: 5432, decision: 'allowed' },
    { from: 'web', to: 'db', port: 5432, family: 'ipv6', decision: 'allowed' },
    { from: 'web', to: 'db', proto: 'udp', port: [53, 54], decision: 'allowed' },
    { from: 'web', to: 'db', proto: 'icmp', decision: 'allowed' },
    { from: 'web', to: 'db', proto: 'gre', decision: 'allowed' },
    { from: 'db', to: 'web', proto: 'gre', decision: 'allowed' },
    { from: 'visitor', to: 'db', port: 5432, decision: 'allowed' },
  ],
};

function load(): LoadedScenario {
  const loaded = checkDocument(POLICY, () => 1);
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded;
}

/** Hosts that enforce one model, judged by what another one decides. */
async function judged(stage: Stage, enforced: PolicyModel, patienceMs?: number): Promise<string[]> {
  const { translation, asked } = load();
  await stage.set(stageHosts(translation), createPolicyCore(enforced));
  const core = createPolicyCore(translation.model);
  const items = asked.map((item) => ({ ...item, decision: core.decide(item.connection) }));
  const seen = await stage.send(items, patienceMs);
  return items.flatMap(({ text, decision }, index) => {
    const of = seen[index];
    if (of === undefined) return [`${text}: not sent`];
    return judgeSeen(decision, of, true).map((fault) => `${text}: ${fault}`);
  });
}

test('packets agree with the policy that is enforced and find out any other, on the same hosts', async () => {
  const { translation } = load();
  const { model } = translation;
  const stage = await lab.stage(
    stageHosts(translation).map(({ interfaces }) =>
      deviceNames(interfaces.map(({ name }) => name)),
    ),
  );
  try {
    expect(await judged(stage, model)).toEqual([]);
    const closed = await judged(stage, { ...model, ruleSets: [] }, 500);
    expect(closed).toContain(
      'web (10.0.0.1) -> db (10.0.0.2) tcp/5432: is allowed, but its packet did not arrive',
    );
    expect(closed).toContain(
      'web (2001:db8::1) -> db (2001:db8::2) tcp/5432: outbound: allowed by rule, but the flow record says blocked by default',
    );
    expect(closed).toContain(
      'web (10.0.0.1) -> db (10.0.0.2) icmp: is allowed, but its packet did not arrive (EPERM)',
    );
    const watching = model.workloads.map((item) => ({
      ...item,
      enforcementMode: 'visibility_only' as const,
    }));
    const open = await judged(stage, { ...model, workloads: watching }, 500);
    expect(open).toContain(
      'web (10.0.0.1) -> db (10.0.0.2) tcp/22: is blocked, but its packet arrived',
    );
    expect(open).toContain(
      'db (10.0.0.2) -> web (10.0.0.1) gre: is blocked, but its packet arrived',
    );
    expect(open).toContain(
      'visitor (198.51.100.1) -> db (10.0.0.2) tcp/5432: inbound: blocked by default, but the flow record says potentially_blocked by default',
    );
    expect(await judged(stage, model)).toEqual([]);
  } finally {
    await stage.close();
  }
});
