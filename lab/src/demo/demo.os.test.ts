import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tryRun } from '../network/commands.ts';
import { listNamespaces } from '../network/instances.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const reportSchema = z.object({
  ok: z.boolean(),
  seconds: z.number(),
  steps: z.array(
    z.object({ name: z.string(), ok: z.boolean(), seconds: z.number(), detail: z.string() }),
  ),
  connections: z.array(
    z.object({
      decision: z.string(),
      packets: z.string(),
      decidedBy: z.string(),
      holds: z.boolean(),
    }),
  ),
});

describe('the demo', () => {
  test('tells its whole story, every line of it holds, and nothing is left', async () => {
    const { code, stdout, stderr } = await tryRun(process.execPath, [MAIN, '--once', '--json']);
    const { ok, steps, connections } = reportSchema.parse(JSON.parse(stdout));
    expect(steps.filter((step) => !step.ok)).toEqual([]);
    expect(connections.filter(({ holds }) => !holds)).toEqual([]);
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
    expect(connections.length).toBeGreaterThanOrEqual(24);
    expect(new Set(connections.map(({ packets }) => packets))).toEqual(
      new Set(['passed', 'blocked']),
    );
    const instance = /namespaces (\S+)-\*/.exec(stderr)?.[1] ?? 'no instance';
    expect(stderr).toContain(instance);
    expect(listNamespaces().filter((name) => name.startsWith(`${instance}-`))).toEqual([]);
    expect(existsSync(/log (\S+)/.exec(stderr)?.[1] ?? MAIN)).toBe(false);
  }, 240_000);

  test.each([
    ['sys_admin', 'network namespaces are not permitted'],
    ['net_admin', 'nftables is not permitted'],
  ])(
    'without the capability %s it says so in one line',
    async (capability, words) => {
      const without = [`--bounding-set=-${capability}`, `--inh-caps=-${capability}`];
      const demo = [process.execPath, MAIN, '--once', '--json'];
      const { code, stderr } = await tryRun('setpriv', [...without, ...demo]);
      const lines = stderr.split('\n').filter((line) => line.startsWith('demo: '));
      expect(code).toBe(1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(words);
      expect(lines[0]).toContain('run the lab as root');
    },
    20_000,
  );
});
