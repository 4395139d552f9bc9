/** The VEN daemon. Started by `illumio-ven-ctl start`; `--data-dir FOLDER`. */
import { promises as fs } from 'node:fs';
import { parseArgs } from 'node:util';
import { startAgent, type Agent } from './agent/agent.ts';
import { openControlServer, type ControlRequest } from './agent/control.ts';
import { writeFileAtomically } from './agent/files.ts';
import { messageOf } from './agent/log.ts';
import { openStore } from './agent/store.ts';
import { unpair, type UnpairResult } from './agent/unpair.ts';
import { openFileLog } from './daemon-log.ts';
import { defaultDataFolder, installFolder, locateNativeParts } from './install.ts';
import type { FirewallRestore } from './platform/port.ts';
import { selectPlatform } from './platform/select.ts';
import { VEN_VERSION } from './version.ts';

const GRACE_MS = 5_000;
const STARTED_MS = 10_000;
const RELEASE_MEMORY_MS = 600_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'data-dir': { type: 'string' } } });
  const store = openStore(values['data-dir'] ?? defaultDataFolder());
  const log = openFileLog(store.logFile);
  let ending: Promise<unknown> | null = null;
  let agent: Agent | null = null;
  locateNativeParts();

  function exitSoon(code: number): void {
    process.exitCode = code;
    // whatever still holds the process is not worth waiting for
    setTimeout(() => process.exit(code), GRACE_MS).unref();
  }

  const platform = await selectPlatform((error) => {
    log.error('watching the system failed', { reason: messageOf(error) });
    end('shutdown', 1).catch(() => process.exit(1));
  });

  async function closeAll(reason: 'stop' | 'shutdown' | null): Promise<void> {
    await agent?.close(reason);
    await platform.close();
  }

  function end(reason: 'stop' | 'shutdown' | null, code: number): Promise<unknown> {
    ending ??= (async () => {
      log.info('stopping; the last policy stays in force', { reason: reason ?? 'restart' });
      await closeAll(reason);
      server?.close();
      await fs.rm(store.pidFile, { force: true });
      exitSoon(code);
    })();
    return ending;
  }

  async function leave(restore: FirewallRestore): Promise<UnpairResult> {
    log.info('unpairing', { firewall: restore });
    await closeAll(null);
    const result = await unpair(platform, store, restore);
    const folder = installFolder();
    if (folder !== null) await fs.rm(folder, { recursive: true, force: true });
    server?.close();
    exitSoon(0);
    return result;
  }
  function unpairOnce(restore: FirewallRestore): Promise<unknown> {
    ending ??= leave(restore);
    return ending;
  }

  async function handle(request: ControlRequest): Promise<unknown> {
    switch (request.command) {
      case 'status':
        return agent?.status() ?? null;
      case 'show-policy':
        return agent?.showPolicy() ?? null;
      case 'explain':
        if (agent === null) throw new Error('the VEN is starting; ask again in a moment');
        return agent.explain(request.question);
      case 'stop':
        await end(request.quiet ? null : 'stop', 0);
        return { pid: process.pid };
      case 'unpair':
        return unpairOnce(request.restore);
    }
  }

  const server = await openControlServer(store.socketFile, handle);
  try {
    await writeFileAtomically(store.pidFile, `${process.pid}\n`);
    log.info('VEN starts', { version: VEN_VERSION, pid: process.pid });
    agent = await startAgent({
      platform,
      store,
      log,
      unpairAsked: (restore) =>
        void unpairOnce(restore).catch((error: unknown) => {
          log.error('unpairing failed', { reason: messageOf(error) });
          exitSoon(1);
        }),
    });
  } catch (error) {
    log.error('the VEN could not start', { reason: messageOf(error) });
    server.close();
    await platform.close();
    throw error;
  }
  setTimeout(() => platform.releaseMemory(), STARTED_MS).unref();
  setInterval(() => platform.releaseMemory(), RELEASE_MEMORY_MS).unref();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void end('shutdown', 0));
  }
  process.on('SIGHUP', () => undefined);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`illumio-ven: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
