/** The daemon: one agent, or none while the VEN is suspended, and the control socket by which it is commanded. */
import { promises as fs } from 'node:fs';
import { NotActivatedError, startAgent, type Agent } from './agent/agent.ts';
import { openControlServer, type ControlRequest } from './agent/control.ts';
import { writeFileAtomically } from './agent/files.ts';
import { messageOf, type Log } from './agent/log.ts';
import { createSerial } from './agent/serial.ts';
import { suspendedStatus, type AgentStatus } from './agent/status.ts';
import { clientOf, readActivated } from './agent/stored-client.ts';
import type { Store } from './agent/store.ts';
import { keepTelling, NEVER_SUSPENDED, tellSuspension } from './agent/suspension.ts';
import { unpair, type UnpairResult } from './agent/unpair.ts';
import { installFolder } from './install.ts';
import type { FirewallRestore, Platform } from './platform/port.ts';
import { VEN_VERSION } from './version.ts';

const STARTED_MS = 10_000;
const RELEASE_MEMORY_MS = 600_000;

export interface DaemonDeps {
  readonly platform: Platform;
  readonly store: Store;
  readonly log: Log;
  /** The process ends; nothing of the daemon runs any more. */
  readonly exit: (code: number) => void;
}

export interface Daemon {
  /** Ends it; the last policy stays in force. `reason` null: it starts again, and the PCE need not know. */
  end(reason: 'stop' | 'shutdown' | null, code: number): Promise<unknown>;
}

/** The last policy is in force when this resolves, unless the VEN is suspended. */
export async function startDaemon(deps: DaemonDeps): Promise<Daemon> {
  const { platform, store, log } = deps;
  const serial = createSerial();
  const startedAt = Date.now();
  let agent: Agent | null = null;
  let suspended: AgentStatus | null = null;
  let stopTelling = (): void => undefined;
  let ending: Promise<unknown> | null = null;

  const startOwnAgent = (): Promise<Agent> =>
    startAgent({
      platform,
      store,
      log,
      unpairAsked: (restore) =>
        void leaveOnce(restore, true).catch((error: unknown) => {
          log.error('unpairing failed', { reason: messageOf(error) });
          deps.exit(1);
        }),
      restartAsked: () =>
        void serial(restartAgent).catch((error: unknown) => {
          log.error('the VEN could not start again', { reason: messageOf(error) });
          void end('shutdown', 1);
        }),
    });

  async function restartAgent(): Promise<void> {
    if (agent === null || ending !== null) return;
    log.info('starting again, as the PCE asked');
    await agent.close(null);
    agent = await startOwnAgent();
  }

  async function readSuspended(): Promise<AgentStatus> {
    const activated = await readActivated(store);
    if (activated === null) throw new NotActivatedError('this VEN is not activated');
    const client = clientOf(activated);
    const tell = (): Promise<boolean> =>
      tellSuspension(store, (status) => client.setStatus(status), log);
    if (!(await tell())) stopTelling = keepTelling(tell);
    return suspendedStatus(activated, Math.round((Date.now() - startedAt) / 1000));
  }

  /** The firewall is handed back first: whoever suspends a VEN wants that, whatever the PCE says. */
  async function suspend(): Promise<string[]> {
    if (suspended !== null) return ['The VEN is suspended already.'];
    if (agent === null) throw new Error('the VEN is starting; ask again in a moment');
    const { ven_type: venType, pce } = agent.status();
    await store.writeSuspension({ suspended: true, told: false });
    await agent.close(null);
    agent = null;
    let note: string | null;
    try {
      note = await platform.firewall.restore('saved', venType);
    } catch (error) {
      await store.writeSuspension(NEVER_SUSPENDED);
      agent = await startOwnAgent();
      throw error;
    }
    log.warn('suspended; the firewall is as it was before pairing');
    suspended = await readSuspended();
    const { told } = await store.readSuspension();
    return [
      'VEN suspended. The firewall is as it was before pairing; nothing is enforced or reported.',
      ...(note === null ? [] : [note]),
      told
        ? `The PCE ${pce} shows it as Suspended.`
        : `The PCE ${pce} could not be told yet; the VEN goes on trying.`,
    ];
  }

  async function unsuspend(): Promise<string[]> {
    if (suspended === null) return ['The VEN is not suspended.'];
    stopTelling();
    await store.writeSuspension({ suspended: false, told: false });
    agent = await startOwnAgent();
    suspended = null;
    log.info('goes on after it was suspended');
    return ['VEN goes on. Its last policy is in force.'];
  }

  async function closeAll(reason: 'stop' | 'shutdown' | null): Promise<void> {
    stopTelling();
    await agent?.close(reason);
    await platform.close();
  }

  function end(reason: 'stop' | 'shutdown' | null, code: number): Promise<unknown> {
    ending ??= serial(async () => {
      log.info('stopping; the last policy stays in force', { reason: reason ?? 'restart' });
      await closeAll(reason);
      server.close();
      await fs.rm(store.pidFile, { force: true });
      deps.exit(code);
    });
    return ending;
  }

  async function leave(restore: FirewallRestore, removeProgram: boolean): Promise<UnpairResult> {
    log.info('unpairing', { firewall: restore });
    await closeAll(null);
    const result = await unpair(platform, store, restore);
    const folder = installFolder();
    if (removeProgram && folder !== null) await fs.rm(folder, { recursive: true, force: true });
    server.close();
    deps.exit(0);
    return result;
  }
  function leaveOnce(restore: FirewallRestore, removeProgram: boolean): Promise<unknown> {
    ending ??= serial(() => leave(restore, removeProgram));
    return ending;
  }

  async function handle(request: ControlRequest): Promise<unknown> {
    switch (request.command) {
      case 'status':
        return agent?.status() ?? suspended;
      case 'show-policy':
        return agent?.showPolicy() ?? null;
      case 'explain':
        if (suspended !== null) throw new Error('the VEN is suspended and enforces nothing');
        if (agent === null) throw new Error('the VEN is starting; ask again in a moment');
        return agent.explain(request.question);
      case 'stop':
        await end(request.quiet ? null : 'stop', 0);
        return { pid: process.pid };
      case 'suspend':
        return serial(suspend);
      case 'unsuspend':
        return serial(unsuspend);
      case 'unpair':
        return leaveOnce(request.restore, true);
      case 'deactivate':
        return leaveOnce('saved', false);
    }
  }

  const server = await openControlServer(store.socketFile, handle);
  try {
    await writeFileAtomically(store.pidFile, `${process.pid}\n`);
    log.info('VEN starts', { version: VEN_VERSION, pid: process.pid });
    if ((await store.readSuspension()).suspended) suspended = await readSuspended();
    else agent = await startOwnAgent();
  } catch (error) {
    log.error('the VEN could not start', { reason: messageOf(error) });
    server.close();
    await platform.close();
    throw error;
  }
  setTimeout(() => platform.releaseMemory(), STARTED_MS).unref();
  setInterval(() => platform.releaseMemory(), RELEASE_MEMORY_MS).unref();
  return { end };
}
