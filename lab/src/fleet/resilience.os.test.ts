import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from '@bulkhead/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provision } from '../demo/policy.ts';
import { createNetwork, probeBetween, type LabNetwork } from '../network/network.ts';
import { startPce, type LabPce } from '../pce/pce.ts';
import { waitUntil } from '../wait.ts';
import { pairHost, pairingLine, waitUntilSettled } from './pairing.ts';

const OWNER = {
  organization: 'Resilience',
  user: 'owner@bulkhead.example',
  password: 'resilience password 2026',
};
const CTL = '/opt/illumio_ven/illumio-ven-ctl';
const draft = { pversion: 'draft' };
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-resilience-'));
let network: LabNetwork;
let pce: LabPce;
let api: ApiClient;
let ruleParams: { pversion: string; rule_set_id: string; id: string };

const lastPart = (href: string): string => href.split('/').at(-1) ?? '';

async function restartPce(): Promise<void> {
  pce = await startPce(network, OWNER);
  api = await pce.signIn();
}

/** The one rule of the policy: who may reach web, on this port alone. */
async function allowOnly(port: number): Promise<void> {
  await api.call('sec_rules.update', {
    params: ruleParams,
    body: { ingress_services: [{ proto: 6, port }] },
  });
}

async function killVen(): Promise<void> {
  const ven = (await network.host('web').pids()).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/opt/illumio_ven/'),
  );
  expect(ven).toHaveLength(1);
  for (const pid of ven) process.kill(pid, 'SIGKILL');
}

async function outcomes(): Promise<string> {
  const results = await Promise.all(
    [80, 443].map(async (port) => {
      const probe = { protocol: 'tcp', port, timeoutMs: 400 } as const;
      return `${port} ${(await probeBetween(network, 'app', 'web', probe)).outcome}`;
    }),
  );
  return results.join(', ');
}

async function becomes(expected: string): Promise<void> {
  await waitUntil(`web answers: ${expected}`, 20_000, async () => {
    const seen = await outcomes();
    return seen === expected ? null : seen;
  });
}
const ONLY_80 = '80 passed, 443 blocked';
const ONLY_443 = '80 blocked, 443 passed';

beforeAll(async () => {
  chmodSync(folder, 0o711);
  network = await createNetwork(folder);
  await restartPce();
  const everybody = [{ actors: 'ams' as const }];
  const { items } = await api.call('ip_lists.list', { params: draft });
  const any = items.find(({ name }) => name.startsWith('Any ('))?.href ?? '';
  const made = await api.call('rule_sets.create', {
    params: draft,
    body: {
      name: 'Resilience',
      scopes: [[]],
      rules: [
        {
          enabled: true,
          providers: everybody,
          consumers: [{ ip_list: { href: any } }],
          ingress_services: [{ proto: 6, port: 443 }],
          resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
        },
      ],
    },
  });
  ruleParams = {
    ...draft,
    rule_set_id: lastPart(made.href),
    id: lastPart(made.rules[0]?.href ?? ''),
  };
  await provision(api, 'Only 443');
  await pairHost(network.host('web'), await pairingLine(api, 'Servers', 'server'));
  const web = (await waitUntilSettled(api, ['web'])).get('web');
  await api.call('workloads.update', {
    params: { id: lastPart(web?.href ?? '') },
    body: { enforcement_mode: 'full' },
  });
  await becomes(ONLY_443);
}, 120_000);

afterAll(async () => {
  await pce?.stop();
  await network?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}, 60_000);

describe('what breaks keeps its last good state and catches up', () => {
  test('a VEN whose PCE is away enforces on, also over its own restart, and catches up', async () => {
    await pce.kill();
    expect(await outcomes()).toBe(ONLY_443);
    const restarted = await network.host('web').exec(CTL, ['restart']);
    expect(restarted).toMatchObject({ code: 0 });
    await becomes(ONLY_443);
    await restartPce();
    await allowOnly(80);
    await provision(api, 'Only 80');
    await becomes(ONLY_80);
  }, 90_000);

  test('a VEN that is killed while a policy is on its way enforces one of the two, and then the new one', async () => {
    const web = network.host('web');
    await allowOnly(443);
    await Promise.all([provision(api, 'Only 443 again'), killVen()]);
    expect([ONLY_80, ONLY_443]).toContain(await outcomes());
    await web.exec(CTL, ['start']);
    await becomes(ONLY_443);
    await waitUntilSettled(api, ['web']);
  }, 60_000);

  test('a PCE that is killed while it provisions has the old policy or the new one, whole, and hosts have the same', async () => {
    await allowOnly(80);
    const provisioning = provision(api, 'Only 80, cut short').catch(() => null);
    await pce.kill();
    await provisioning;
    await restartPce();
    const { items: active } = await api.call('rule_sets.list', { params: { pversion: 'active' } });
    const port = active[0]?.rules[0]?.ingress_services[0]?.port;
    expect([80, 443]).toContain(port);
    await becomes(port === 80 ? ONLY_80 : ONLY_443);
    if (port === 443) await provision(api, 'Only 80, again');
    await becomes(ONLY_80);
  }, 60_000);
});
