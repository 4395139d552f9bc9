/** Starting and stopping the daemon as a process of its own. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { agentStatusSchema, type AgentStatus } from './agent/status.ts';
import { askDaemon } from './agent/control.ts';
import type { Store } from './agent/store.ts';
import type { BootService } from './platform/port.ts';

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 25;

export class DaemonError extends Error {
  override readonly name = 'DaemonError';
}

/** What runs as the daemon: the bundle beside this one, or the source. */
function daemonFile(): string {
  const bundle = fileURLToPath(new URL('agent.mjs', import.meta.url));
  return existsSync(bundle) ? bundle : fileURLToPath(new URL('main.ts', import.meta.url));
}

/** Null when none runs, or it is not ready yet. */
export async function daemonStatus(store: Store): Promise<AgentStatus | null> {
  const answer = await askDaemon(store.socketFile, { command: 'status' });
  if (answer === null || answer.result === null) return null;
  return agentStatusSchema.parse(answer.result);
}

/** Starts the daemon in a session of its own; resolves when the last policy is in force. Rejects with DaemonError. */
export async function spawnDaemon(store: Store): Promise<AgentStatus> {
  mkdirSync(dirname(store.logFile), { recursive: true, mode: 0o700 });
  const output = openSync(store.logFile, 'a', 0o600);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', daemonFile(), '--data-dir', store.folder],
    { detached: true, stdio: ['ignore', output, output], cwd: '/' },
  );
  closeSync(output);
  let failure: string | null = null;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code) => (failure = `it ended with status ${code ?? 'unknown'}`));
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until) {
    if (failure !== null) break;
    const status = await daemonStatus(store);
    if (status !== null) {
      child.removeAllListeners();
      child.unref();
      return status;
    }
    await delay(POLL_MS);
  }
  throw new DaemonError(
    `the VEN did not start: ${failure ?? `not ready within ${START_TIMEOUT_MS / 1000} s`}; see ${store.logFile}`,
  );
}

/** Starts the VEN as the host keeps it: by its service manager, or as a process of its own. Rejects with DaemonError or ServiceError. */
export async function startKept(service: BootService, store: Store): Promise<AgentStatus> {
  if (!(await service.start())) return spawnDaemon(store);
  const status = await daemonStatus(store);
  if (status === null) {
    throw new DaemonError(
      `the system's service manager started the VEN, but it does not answer; see ${store.logFile}`,
    );
  }
  return status;
}

/** Ends the daemon and waits until its process is gone. Answers its id; null when none ran. */
export async function stopDaemon(store: Store, quiet: boolean): Promise<number | null> {
  const status = await daemonStatus(store);
  if (status === null) return null;
  await askDaemon(store.socketFile, { command: 'stop', quiet });
  await processGone(status.pid);
  return status.pid;
}

/** Rejects with DaemonError when the process is still there after 10 s. */
export async function processGone(pid: number): Promise<void> {
  const until = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (Date.now() > until) throw new DaemonError(`process ${pid} did not end within 10 s`);
    await delay(POLL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
