/**
 * A VEN that is killed at any moment of a change leaves one whole policy in the kernel, and comes up with one. `VEN_KILLS=300` for more
 * kills, `VEN_KILL_SEED=N` for the same moments again.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PolicyContent } from '@bulkhead/contract';
import { startCtlHost, type CtlHost } from './testing/ctl-host.ts';
import { aHostPolicy, aPolicyContent, aWebRule } from './testing/policies.ts';
import { until } from './testing/until.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const KILLS = Number(process.env['VEN_KILLS'] ?? 30);
const SEED = Number(process.env['VEN_KILL_SEED'] ?? Date.now() % 1_000_000);
/** Longer than a change takes on a busy machine, so that kills fall before, into and after it. */
const LONGEST_MS = 250;
const MEMBERS = 200;
const SLOW_MS = 60_000 + KILLS * 20_000;

let host: CtlHost;
let daemon: ChildProcess | null = null;

beforeAll(async () => {
  host = await startCtlHost();
}, SLOW_MS);
afterAll(async () => {
  daemon?.kill('SIGKILL');
  await host.dispose();
}, SLOW_MS);

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Rules and members of a version: a port of its own, and addresses of its own. */
function contentOf(version: number): PolicyContent {
  const service = {
    protocol: 6,
    port: 40_000 + version,
    toPort: null,
    icmpType: null,
    icmpCode: null,
  };
  return aPolicyContent({
    version,
    policy: aHostPolicy({ rules: [aWebRule({ services: [service] })] }),
    sets: [{ id: 's_web', hosts: membersOf(version), ranges: [] }],
  });
}

const networkOf = (version: number): number => 64 + (version % 60);

function membersOf(version: number): string[] {
  return Array.from({ length: MEMBERS }, (_, index) => `100.${networkOf(version)}.0.${index + 1}`);
}

/** Our table with what is of a version taken out, and what that was. */
function readTable(): { shape: string; ports: string[]; networks: string[]; members: number } {
  // connections that are being cut are forgotten by themselves, and have ports of their own
  const text = host.table().replaceAll(/(set cut[46] \{[^}]*?)\s*elements = \{[^}]*\}/g, '$1');
  const addresses = text.match(/\b100\.\d+\.\d+\.\d+\b/g) ?? [];
  const ports = [...new Set(text.match(/\b40[0-9]{3}\b/g) ?? [])];
  return {
    shape: text
      .replaceAll(/elements = \{[^}]*\b100\.[^}]*\}/g, 'elements = MEMBERS')
      .replaceAll(/\b40[0-9]{3}\b/g, 'PORT')
      .replaceAll(/[0-9a-f]{6,}/g, 'DIGEST')
      // chains are in the order of their names, which are digests
      .split('\n\n')
      .toSorted()
      .join('\n\n'),
    ports,
    networks: [...new Set(addresses.map((address) => address.split('.')[1] ?? ''))],
    members: addresses.length,
  };
}

function whole(version: number): Omit<ReturnType<typeof readTable>, 'shape'> {
  return {
    ports: [String(40_000 + version)],
    networks: [String(networkOf(version))],
    members: MEMBERS,
  };
}

/** Starts the VEN and answers the version that it says it has in force. */
async function start(): Promise<number> {
  host.pce.messages.length = 0;
  daemon = spawn(
    'ip',
    ['netns', 'exec', host.pair.ours, process.execPath, MAIN, '--data-dir', host.data],
    { stdio: 'ignore' },
  );
  let version = -1;
  await until(
    'the VEN says hello',
    () => {
      const hello = host.pce.messages.find(({ type }) => type === 'hello');
      if (hello?.type === 'hello') version = hello.policy_version;
      return version !== -1;
    },
    SLOW_MS,
  );
  return version;
}

async function kill(): Promise<void> {
  const running = daemon;
  daemon = null;
  if (running === null) return;
  const ended = once(running, 'exit');
  running.kill('SIGKILL');
  await ended;
}

test(
  `killed ${KILLS} times at any moment of a change, the kernel holds one whole version each time (seed ${SEED})`,
  async () => {
    const random = randomOf(SEED);
    host.pce.policy = contentOf(1);
    expect((await host.activate()).code).toBe(0);
    const applied = (version: number): boolean =>
      host.pce.messages.some(
        (message) => message.type === 'applied' && message.version === version,
      );
    await until('version 1', () => applied(1), SLOW_MS);
    // what it sends from now on is for the test to say
    host.pce.policy = null;
    expect((await host.ctl('stop')).code).toBe(0);
    const { shape, ...first } = readTable();
    expect(first).toEqual(whole(1));
    for (let round = 1; round <= KILLS; round += 1) {
      const version = await start();
      expect([round, readTable()]).toEqual([round, { shape, ...whole(version) }]);
      const next = contentOf(version + 1);
      if (random() < 0.5) host.pce.send({ type: 'policy', document: host.pce.signed(next) });
      else
        host.pce.sendDelta({
          from: version,
          to: version + 1,
          policy_version: 1,
          policy: next.policy,
          sets: [
            {
              id: 's_web',
              addHosts: membersOf(version + 1),
              removeHosts: membersOf(version),
              addRanges: [],
              removeRanges: [],
            },
          ],
          dropped_sets: [],
          rule_names: {},
        });
      await delay(random() * LONGEST_MS);
      await kill();
      const found = readTable();
      const now = found.ports[0] === String(40_000 + version) ? version : version + 1;
      expect([round, found]).toEqual([round, { shape, ...whole(now) }]);
    }
    const version = await start();
    expect(readTable()).toEqual({ shape, ...whole(version) });
  },
  SLOW_MS,
);
