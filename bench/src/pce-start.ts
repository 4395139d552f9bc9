import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { memoryOf, spread, withDescendants, type Figures } from './measure.ts';

const MAIN = fileURLToPath(new URL('../../apps/pce/src/main.ts', import.meta.url));
const STARTS = 5;

interface Start {
  readonly seconds: number;
  readonly rss: number;
  readonly pss: number;
  readonly processes: number;
}

async function startOnce(folder: string, passwordFile: string): Promise<Start> {
  const args = ['serve', `--data=${join(folder, 'data')}`, '--port=0', '--host=127.0.0.1'];
  const setup = [
    '--org=Bench',
    '--admin=bench@bulkhead.example',
    `--password-file=${passwordFile}`,
  ];
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args, '--fqdn=localhost', ...setup], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  const ready = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready')) resolve((performance.now() - begun) / 1000);
    });
    child.on('close', () => reject(new Error('the PCE ended before it was ready')));
  });
  try {
    const seconds = await ready;
    const pids = withDescendants(child.pid ?? 0);
    return { seconds, ...memoryOf(pids), processes: pids.length };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Seconds from the start of the process to the line that says it serves, with a new data folder and with one that exists. */
export async function benchPceStart(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-'));
  const passwordFile = join(folder, 'password');
  const [first, again]: [Start[], Start[]] = [[], []];
  try {
    // The stores run as another user and have to pass through.
    await chmod(folder, 0o711);
    await writeFile(passwordFile, 'bench password 2026', { mode: 0o600 });
    for (let index = 0; index < STARTS; index += 1) {
      await rm(join(folder, 'data'), { recursive: true, force: true });
      first.push(await startOnce(folder, passwordFile));
      again.push(await startOnce(folder, passwordFile));
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  const last = again.at(-1);
  return {
    ...spread(
      'first start s',
      first.map(({ seconds }) => seconds),
    ),
    ...spread(
      'later start s',
      again.map(({ seconds }) => seconds),
    ),
    processes: last?.processes ?? 0,
    'rss MB': last?.rss ?? 0,
    'pss MB': last?.pss ?? 0,
  };
}
