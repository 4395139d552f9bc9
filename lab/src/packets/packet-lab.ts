/** What packets need of the machine: the right to make namespaces, and a janitor that removes them however this process ends. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPermissions } from '../network/build.ts';
import { LabError } from '../network/commands.ts';
import { newInstance, removeInstance, removeStaleInstances } from '../network/instances.ts';
import { createStage, type Stage } from './stage.ts';
import { createVens } from './ven.ts';

const JANITOR = fileURLToPath(new URL('../network/janitor.ts', import.meta.url));

const BOOTSTRAP = fileURLToPath(new URL('../../../tools/bootstrap.mjs', import.meta.url));
const PROGRAMS = ['ip', 'nft'] as const;

/** Installs what is missing, as the scripts of the demo and of the tests do before they start. What it says goes to standard error. */
function installPrograms(): void {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  const isThere = (name: string): boolean =>
    folders.some((folder) => existsSync(join(folder, name)));
  if (PROGRAMS.every(isThere)) return;
  const { status } = spawnSync(process.execPath, [BOOTSTRAP, '--system', 'lab'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new LabError(`packets need the programs ${PROGRAMS.join(' and ')}`);
}

export interface PacketLab {
  /** A stage with room for hosts of these devices; its caller closes it. */
  readonly stage: (devices: readonly (readonly string[])[]) => Promise<Stage>;
  /** Removes everything that was made. Safe to repeat. */
  readonly close: () => Promise<void>;
}

/** Rejects with LabError, one line, when the machine does not permit it; nothing is left behind then. */
export async function openPacketLab(): Promise<PacketLab> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new LabError(
      'packets need network namespaces and nftables: run this as root on Linux, or leave --packets out',
    );
  }
  installPrograms();
  const instance = newInstance();
  await removeStaleInstances();
  await checkPermissions(`${instance}-check`);
  const janitor = spawn(process.execPath, [JANITOR, instance], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const vens = await createVens();
  let stages = 0;
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    await vens.close();
    await removeInstance(instance);
    janitor.stdin.end();
  }

  return {
    stage(devices) {
      stages += 1;
      return createStage(`${instance}-s${stages}`, devices, vens);
    },
    close: () => (closing ??= close()),
  };
}
