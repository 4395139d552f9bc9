import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPolicyCore } from '@bulkhead/policy';
import { afterAll, expect, test } from 'vitest';
import { listNamespaces } from '../network/instances.ts';
import { openPacketLab, type PacketLab } from '../packets/packet-lab.ts';
import { seekTruth } from './seek.ts';
import { worldText } from './world.ts';

const COMMAND = join(import.meta.dirname, 'main.ts');
const SCENARIO = join(import.meta.dirname, '../scenario/main.ts');
const SEED = 20_261_125;
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-truth-test-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(command: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
}

test(`500 connections of random policies: four answers agree (seed ${SEED})`, () => {
  const before = listNamespaces();
  const { status, stdout, stderr } = run(
    COMMAND,
    '--seed',
    `${SEED}`,
    '--cases',
    '500',
    '--json',
    '--out',
    folder,
  );
  const figures = JSON.parse(stdout) as { cases: number; seed: number; found: unknown };
  expect(figures.found, stderr).toBeNull();
  expect({ status, seed: figures.seed }).toEqual({ status: 0, seed: SEED });
  expect(figures.cases).toBeGreaterThanOrEqual(500);
  expect(stderr).toContain(`seed ${SEED}`);
  expect(
    listNamespaces().filter((name) => !before.includes(name) && name.includes('-s1h')),
  ).toEqual([]);
}, 60_000);

test('hosts that enforce another policy are found out, with a small scenario', async () => {
  const lab = await openPacketLab();
  try {
    // as a VEN that has missed every rule but goes on by its mode
    const stale: PacketLab = {
      ...lab,
      stage: async (devices) => {
        const stage = await lab.stage(devices);
        return {
          ...stage,
          set: (hosts, core) => {
            const workloads = hosts.flatMap(({ workload }) => workload ?? []);
            const without = createPolicyCore();
            without.apply(
              workloads.map((value) => ({ type: 'workload', href: value.href, value })),
            );
            return stage.set(hosts, workloads.length === 0 ? core : without);
          },
        };
      },
    };
    const { found } = await seekTruth(stale, {
      seed: SEED,
      cases: 2000,
      from: 0,
      shrinkMs: 4000,
      progress: () => undefined,
    });
    expect(found?.disagreement.faults.join()).toContain('packets: ');
    if (found === null) return;
    expect(found.world.document.expect).toHaveLength(1);
    const file = join(folder, 'found.yaml');
    writeFileSync(file, worldText(found.world));
    expect(run(SCENARIO, file)).toMatchObject({ stderr: '' });
  } finally {
    await lab.close();
  }
}, 90_000);

test('options: --help says them, unknown ones and other words are refused', () => {
  expect(run(COMMAND, '--help')).toMatchObject({ status: 0 });
  for (const wrong of [['--no-such'], ['--seed', 'x'], ['--cases', '-1'], ['word']]) {
    const { status, stdout, stderr } = run(COMMAND, ...wrong);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(wrong.at(-1) ?? '');
  }
});
