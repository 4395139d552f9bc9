/** The commands of illumio-ven-ctl (ven.md, Commands). */
import { promises as fs } from 'node:fs';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { askDaemon, type ControlRequest } from './agent/control.ts';
import type { Store } from './agent/store.ts';
import { unpair } from './agent/unpair.ts';
import { addActivate, startAtBoot } from './ctl-activate.ts';
import { authorize, ctlContext, UsageError, withPlatform, type CtlContext } from './ctl-context.ts';
import { addInspection } from './ctl-inspect.ts';
import {
  daemonStatus,
  DaemonError,
  processGone,
  spawnDaemon,
  startKept,
  stopDaemon,
} from './daemon-process.ts';
import { installFolder } from './install.ts';
import type { FirewallRestore } from './platform/port.ts';
import { VEN_VERSION } from './version.ts';

export interface ProgramDeps {
  readonly out: (text: string) => void;
  readonly defaultDataFolder: string;
}

interface LifeOptions {
  readonly json?: boolean;
  readonly maintenanceToken?: string;
}

const RESTORES: readonly FirewallRestore[] = ['saved', 'recommended', 'open'];
const unpairResultSchema = z.object({ messages: z.array(z.string()), reportPath: z.string() });
const messagesSchema = z.array(z.string());

export function buildProgram({ out, defaultDataFolder }: ProgramDeps): Command {
  const program = new Command('illumio-ven-ctl')
    .description('Controls the VEN of this host')
    .version(VEN_VERSION, '--version', 'Print the version')
    .option('--data-dir <folder>', 'Folder of the VEN’s state', defaultDataFolder)
    .helpOption('-h, --help', 'Print help')
    .showHelpAfterError('Run "illumio-ven-ctl help" for the commands.')
    .exitOverride();
  const context = ctlContext(program, out);
  addActivate(program, context);
  addInspection(program, context);
  addLife(program, context);
  addLeaving(program, context);
  return program;
}

function guarded(command: Command): Command {
  return command
    .option('--maintenance-token <token>', 'Where the organization asks for one')
    .option('--json', 'Print JSON');
}

function addLife(program: Command, context: CtlContext): void {
  program
    .command('start')
    .description('Start the VEN, now and at every boot')
    .addOption(new Option('--by-service', 'For the service of the system').hideHelp())
    .option('--json', 'Print JSON')
    .action(async ({ byService, json }: { byService?: boolean; json?: boolean }) => {
      const opened = await context.activatedStore();
      const running = await daemonStatus(opened);
      const started = (pid: number): string =>
        running === null ? `VEN started (process ${pid}).` : `VEN runs already (process ${pid}).`;
      if (byService === true) {
        // what the service manager asks for must not be asked of the service manager again
        const { pid } = running ?? (await spawnDaemon(opened));
        context.tell(json, [started(pid)], { pid });
        return;
      }
      await withPlatform(async (platform) => {
        const atBoot = await startAtBoot(platform, opened);
        const { pid } = running ?? (await startKept(platform.service, opened));
        context.tell(json, [atBoot, started(pid)], { pid });
      });
    });

  guarded(program.command('stop'))
    .description(
      'Stop the VEN until it is started or the host boots; its last policy stays in force',
    )
    .action(async ({ json, maintenanceToken }: LifeOptions) => {
      const opened = await context.activatedStore();
      await authorize(opened, maintenanceToken);
      const pid = await stopDaemon(opened, false);
      await withPlatform((platform) => platform.service.stop());
      context.tell(
        json,
        [
          pid === null
            ? 'VEN was not running.'
            : `VEN stopped (process ${pid}). Its last policy stays in force.`,
        ],
        { stopped: pid },
      );
    });

  guarded(program.command('restart'))
    .description('Stop and start the VEN')
    .action(async ({ json, maintenanceToken }: LifeOptions) => {
      const opened = await context.activatedStore();
      await authorize(opened, maintenanceToken);
      const stopped = await stopDaemon(opened, true);
      await withPlatform(async ({ service }) => {
        await service.stop();
        const { pid } = await startKept(service, opened);
        context.tell(
          json,
          [
            stopped === null ? 'VEN was not running.' : `VEN stopped (process ${stopped}).`,
            `VEN started (process ${pid}).`,
          ],
          { stopped, pid },
        );
      });
    });

  guarded(program.command('suspend'))
    .description(
      'Hand the firewall back and be silent until "unsuspend", also over restarts; others keep the host as a peer',
    )
    .action(async ({ json, maintenanceToken }: LifeOptions) => {
      const opened = await context.activatedStore();
      await authorize(opened, maintenanceToken);
      context.tell(json, await askForMessages(opened, { command: 'suspend' }), { suspended: true });
    });

  program
    .command('unsuspend')
    .description('Enforce and report again after "suspend"')
    .option('--json', 'Print JSON')
    .action(async ({ json }: LifeOptions) => {
      const opened = await context.activatedStore();
      context.tell(json, await askForMessages(opened, { command: 'unsuspend' }), {
        suspended: false,
      });
    });
}

function addLeaving(program: Command, context: CtlContext): void {
  guarded(program.command('unpair'))
    .description('Take the VEN out; the firewall is left saved, recommended or open')
    .argument('<firewall>', RESTORES.join(' | '))
    .action(async (text: string, { json, maintenanceToken }: LifeOptions) => {
      const restore = RESTORES.find((name) => name === text);
      if (restore === undefined) {
        throw new UsageError(`"${text}" is not one of ${RESTORES.join(', ')}`);
      }
      const opened = await context.activatedStore();
      await authorize(opened, maintenanceToken);
      const { messages, reportPath } = await takeOut(opened, { command: 'unpair', restore });
      context.tell(json, messages, { report: reportPath });
    });

  guarded(program.command('deactivate'))
    .description(
      'Take the VEN out of its PCE as "unpair saved" does, but leave the program installed for another activation',
    )
    .action(async ({ json, maintenanceToken }: LifeOptions) => {
      const opened = await context.activatedStore();
      await authorize(opened, maintenanceToken);
      const { messages, reportPath } = await takeOut(opened, { command: 'deactivate' });
      context.tell(json, messages, { report: reportPath });
    });
}

async function askForMessages(store: Store, request: ControlRequest): Promise<string[]> {
  const answer = await askDaemon(store.socketFile, request);
  if (answer === null) {
    throw new DaemonError(
      `the VEN is stopped; start it with "illumio-ven-ctl start" before "${request.command}"`,
    );
  }
  return messagesSchema.parse(answer.result);
}

async function takeOut(
  store: Store,
  request: Extract<ControlRequest, { command: 'unpair' | 'deactivate' }>,
): Promise<z.infer<typeof unpairResultSchema>> {
  const status = await daemonStatus(store);
  if (status !== null) {
    const answer = await askDaemon(store.socketFile, request);
    await processGone(status.pid);
    return unpairResultSchema.parse(answer?.result);
  }
  return withPlatform(async (platform) => {
    const isUnpair = request.command === 'unpair';
    const result = await unpair(platform, store, isUnpair ? request.restore : 'saved');
    const folder = installFolder();
    if (isUnpair && folder !== null) await fs.rm(folder, { recursive: true, force: true });
    return { ...result, messages: [...result.messages] };
  });
}
