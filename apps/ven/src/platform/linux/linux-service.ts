/** The boot service on Linux: a unit of systemd, or a script of sysvinit. */
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { readText, remove, writeFileAtomically } from '../../agent/files.ts';
import { messageOf } from '../../agent/log.ts';
import { ServiceError, type BootService, type ServiceManager } from '../port.ts';
import { renderInitScript, renderUnit, SERVICE_NAME } from './service-files.ts';

const UNIT = `${SERVICE_NAME}.service`;

export interface LinuxServiceDeps {
  /** What the paths of the system begin with; `/` on a real host. */
  readonly root: string;
  /** Runs a program with an argument list; rejects when it fails. */
  readonly exec: (file: string, args: readonly string[]) => Promise<unknown>;
}

export function createLinuxService({ root, exec }: LinuxServiceDeps): BootService {
  const at = (...parts: readonly string[]): string => join(root, ...parts);
  const unitFile = at('etc/systemd/system', UNIT);
  const enabledLink = at('etc/systemd/system/multi-user.target.wants', UNIT);
  const initScript = at('etc/init.d', SERVICE_NAME);

  /** A host in a network namespace shares files with the machine, but its VEN is not the one that the machine should start. */
  async function sharesNetworkWithInit(): Promise<boolean> {
    try {
      const [init, own] = await Promise.all([
        fs.readlink(at('proc/1/ns/net')),
        fs.readlink(at('proc/self/ns/net')),
      ]);
      return init === own;
    } catch {
      // who may not look at process 1 may not install services either
      return false;
    }
  }

  async function findManager(): Promise<ServiceManager | null> {
    const init = ((await readText(at('proc/1/comm'))) ?? '').trim();
    if ((init !== 'systemd' && init !== 'init') || !(await sharesNetworkWithInit())) return null;
    if (await isFolder(at('run/systemd/system'))) return init === 'systemd' ? 'systemd' : null;
    const sysvinit =
      init === 'init' &&
      (await isFolder(at('etc/init.d'))) &&
      (await exists(at('usr/sbin/update-rc.d')));
    return sysvinit ? 'sysvinit' : null;
  }

  /** Whether systemd runs here and keeps the VEN. */
  async function keptBySystemd(): Promise<boolean> {
    return (await exists(unitFile)) && (await findManager()) === 'systemd';
  }

  /** All of the steps are tried; the first failure is told. */
  async function tryAll(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
    const failures: string[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (failures[0] !== undefined) throw new ServiceError(failures[0]);
  }

  async function installUnit(text: string): Promise<void> {
    if ((await readText(unitFile)) === text && (await exists(enabledLink))) return;
    await writeFileAtomically(unitFile, text, 0o644);
    await exec('systemctl', ['daemon-reload']);
    await exec('systemctl', ['enable', UNIT]);
  }

  async function installScript(text: string): Promise<void> {
    if ((await readText(initScript)) !== text) await writeFileAtomically(initScript, text, 0o755);
    await exec('update-rc.d', [SERVICE_NAME, 'defaults']);
  }

  async function control(action: 'start' | 'stop'): Promise<boolean> {
    if (!(await keptBySystemd())) return false;
    await asServiceError(() => exec('systemctl', [action, UNIT]));
    return true;
  }

  return {
    async install(folders) {
      const manager = await findManager();
      if (manager === 'systemd') await asServiceError(() => installUnit(renderUnit(folders)));
      if (manager === 'sysvinit')
        await asServiceError(() => installScript(renderInitScript(folders)));
      return manager;
    },
    start: () => control('start'),
    stop: () => control('stop'),
    async remove() {
      const manager = await findManager();
      if (manager === 'systemd' && (await exists(unitFile))) {
        await tryAll([
          () => exec('systemctl', ['disable', UNIT]),
          () => remove(enabledLink),
          () => remove(unitFile),
          () => exec('systemctl', ['daemon-reload']),
        ]);
      }
      if (manager === 'sysvinit' && (await exists(initScript))) {
        await tryAll([
          () => remove(initScript),
          () => exec('update-rc.d', [SERVICE_NAME, 'remove']),
        ]);
      }
    },
  };
}

async function asServiceError(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(messageOf(error), { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    // a link is there also when what it leads to is not
    await fs.lstat(path);
    return true;
  } catch {
    return false;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await fs.stat(path)).isDirectory();
  } catch {
    return false;
  }
}
