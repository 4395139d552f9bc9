import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listNamespaces } from '../network/instances.ts';

const COMMAND = join(import.meta.dirname, 'main.ts');
const SCENARIOS = join(import.meta.dirname, '../../scenarios');
const FILES = readdirSync(SCENARIOS);
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-packets-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Statements about policies that a scenario can show; the others are about what its format has no words for. */
const STATEMENTS = [
  1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 20, 21, 22, 23, 25, 30, 32, 33, 40, 41, 42, 43,
  46, 60, 81, 82, 83, 84, 87, 89,
].map((number) => `PS-${number}`);

const lineSchema = z.object({
  file: z.string(),
  scenarios: z.number(),
  expectations: z.number(),
  hold: z.number(),
  not_sent: z.number(),
  mismatches: z.array(z.unknown()),
});

function run(args: readonly string[]) {
  return spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
}

function ours(pid: number | undefined): string[] {
  const prefix = `bh${(pid ?? 0).toString(36)}-`;
  return listNamespaces().filter((name) => name.startsWith(prefix));
}

describe('scenarios kept with the lab, by packets (PS-1 to PS-89)', () => {
  let lines: z.infer<typeof lineSchema>[] = [];
  beforeAll(() => {
    const { stdout, stderr } = run([
      '--packets',
      '--json',
      ...FILES.map((name) => join(SCENARIOS, name)),
    ]);
    if (stderr !== '') throw new Error(stderr);
    lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => lineSchema.parse(JSON.parse(line)));
  });

  test.each(FILES)('%s', (name) => {
    const line = lines.find(({ file }) => file === join(SCENARIOS, name));
    expect(line?.mismatches).toEqual([]);
    expect(line?.hold).toBe(line?.expectations);
    expect(line?.not_sent).toBeLessThan(line?.expectations ?? 0);
  });

  test('show every statement that a scenario can show', () => {
    const texts = FILES.map((name) => readFileSync(join(SCENARIOS, name), 'utf8')).join('\n');
    const shown = new Set(texts.match(/\bPS-\d+\b/g));
    expect(STATEMENTS.filter((id) => !shown.has(id))).toEqual([]);
  });
});

const SMALL = `name: Small
workloads:
  - { name: web, labels: { role: web }, addresses: [10.0.0.1] }
  - { name: db, labels: { role: db }, addresses: [10.0.0.2] }
rulesets:
  - name: R
    rules:
      - { name: query, providers: [role=db], consumers: [role=web], ingress_services: [tcp/5432] }
expect:
  - { from: web, to: db, port: 5432, decision: allowed, by: query }
`;

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('the scenario command with packets', () => {
  test('says what was not sent and why, and counts it neither for nor against', () => {
    const file = written(
      'part.yaml',
      `${SMALL}  - { from: web, to: web, port: 1, decision: allowed, by: essential }\n`,
    );
    expect(run(['--packets', file])).toMatchObject({
      status: 0,
      stdout: `${file}: 2 of 2 expectations hold, 1 not sent: a host to itself\n`,
    });
  });

  test('what is expected and is not: exit 1, as without packets', () => {
    const file = written(
      'wrong.yaml',
      `${SMALL}  - { from: db, to: web, port: 1, decision: allowed }\n`,
    );
    const { status, stdout } = run(['--packets', file]);
    expect(status).toBe(1);
    expect(stdout).toContain('expected allowed, got blocked by default');
    expect(stdout).not.toContain('packets:');
    expect(stdout).toContain(`${file}: 1 of 2 expectations hold\n`);
  });

  test('reads the members of subnets back from the kernel (PS-22)', () => {
    const file = written(
      'subnets.yaml',
      `${SMALL}expect_subnets:\n  - { workload: db, rule: query, peers: consumers, addresses: [10.0.0.9] }\n`,
    );
    const { status, stdout } = run(['--packets', file]);
    expect(status).toBe(1);
    expect(stdout).toContain('expected 10.0.0.9, got 10.0.0.1');
  });

  test('without root: one line and exit 2', () => {
    const file = written('small.yaml', SMALL);
    // in a user namespace of its own, root is nobody
    const args = ['--user', process.execPath, COMMAND, '--packets', file];
    const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]*root[^\n]*\n$/);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'ended by %s it leaves no namespace behind',
    async (signal) => {
      const many = Array.from({ length: 200 }, () => SMALL).join('---\n');
      const child = spawn(process.execPath, [COMMAND, '--packets', written('many.yaml', many)], {
        stdio: 'ignore',
      });
      const ended = once(child, 'exit');
      await expect
        .poll(() => ours(child.pid).length, { timeout: 10_000, interval: 10 })
        .toBeGreaterThan(2);
      child.kill(signal);
      await ended;
      await expect.poll(() => ours(child.pid), { timeout: 8000, interval: 20 }).toEqual([]);
    },
  );
});
