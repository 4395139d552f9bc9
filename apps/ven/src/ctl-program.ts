/** The commands of illumio-ven-ctl (ven.md, Commands). */
import { promises as fs } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import { z } from 'zod';
import { activate } from './agent/activation.ts';
import { NotActivatedError } from './agent/agent.ts';
import { askDaemon } from './agent/control.ts';
import { explainAnswerSchema } from './agent/explain.ts';
import { parseServer, SettingsError } from './agent/settings.ts';
import { formatPolicy, policyViewSchema } from './agent/show-policy.ts';
import { openStore, type Store } from './agent/store.ts';
import { parseFingerprint, TrustError } from './agent/trust.ts';
import { unpair } from './agent/unpair.ts';
import {
  daemonStatus,
  processGone,
  startDaemon,
  startKept,
  stopDaemon,
  DaemonError,
} from './daemon-process.ts';
import { readQuestion } from './explain-arguments.ts';
import { formatExplain } from './format-explain.ts';
import { formatStatus } from './format-status.ts';
import { installFolder } from './install.ts';
import { ServiceError, type FirewallRestore, type Platform } from './platform/port.ts';
import { selectPlatform } from './platform/select.ts';
import { VEN_VERSION } from './version.ts';

/** Arguments that cannot be meant. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface ProgramDeps {
  readonly out: (text: string) => void;
  readonly defaultDataFolder: string;
}

const unpairResultSchema = z.object({ messages: z.array(z.string()), reportPath: z.string() });
const activateOptionsSchema = z.object({
  managementServer: z.string(),
  activationCode: z.string(),
  endpoint: z.union([z.string(), z.boolean()]).optional(),
  role: z.string().optional(),
  app: z.string().optional(),
  env: z.string().optional(),
  loc: z.string().optional(),
  mode: z.enum(ENFORCEMENT_MODES).optional(),
  enforcementMode: z.enum(ENFORCEMENT_MODES).optional(),
  name: z.string().optional(),
  caFingerprint: z.string().optional(),
  caFile: z.string().optional(),
  flowReportSeconds: z.coerce.number().min(1).max(600),
  reconnectSeconds: z.coerce.number().min(1).max(600),
});
const RESTORES: readonly FirewallRestore[] = ['saved', 'recommended', 'open'];

export function buildProgram({ out, defaultDataFolder }: ProgramDeps): Command {
  const program = new Command('illumio-ven-ctl')
    .description('Controls the VEN of this host')
    .version(VEN_VERSION, '--version', 'Print the version')
    .option('--data-dir <folder>', 'Folder of the VEN’s state', defaultDataFolder)
    .helpOption('-h, --help', 'Print help')
    .showHelpAfterError('Run "illumio-ven-ctl help" for the commands.')
    .exitOverride();
  const store = (): Store => openStore(program.opts<{ dataDir: string }>().dataDir);
  const done = (line: string): void => out(`${line}\n`);

  async function activatedStore(): Promise<Store> {
    const opened = store();
    if ((await opened.readIdentity()) === null) {
      throw new NotActivatedError('the VEN is not activated: run "illumio-ven-ctl activate"');
    }
    return opened;
  }

  program
    .command('activate')
    .description('Pair this host with a PCE and start the VEN')
    .requiredOption('-m, --management-server <host:port>', 'The PCE, port 8443 unless given')
    .requiredOption('-a, --activation-code <code>', 'Code from a pairing profile')
    .option('--endpoint [true]', 'Endpoint mode: laptops and desktops')
    .option('--role <value>', 'Role label')
    .option('--app <value>', 'Application label')
    .option('--env <value>', 'Environment label')
    .option('--loc <value>', 'Location label')
    .addOption(new Option('--mode <mode>', 'Enforcement mode').choices(ENFORCEMENT_MODES))
    .addOption(
      new Option('--enforcement-mode <mode>', 'The same as --mode').choices(ENFORCEMENT_MODES),
    )
    .option('--name <name>', 'Name of the workload')
    .option('--ca-fingerprint <sha256>', 'SHA-256 of the PCE’s CA certificate')
    .option('--ca-file <pem>', 'The PCE’s CA certificate')
    .option('--flow-report-seconds <n>', 'Seconds between flow reports', '10')
    .option('--reconnect-seconds <n>', 'Longest wait before the PCE is tried again', '60')
    .action(async (given: unknown) => {
      const opened = store();
      const request = readActivation(given);
      await withPlatform(async (platform) => {
        const identity = await activate(request, platform, opened);
        done(`Activated with ${identity.pce_fqdn} as VEN ${identity.ven_uuid}.`);
        done(await startAtBoot(platform, opened));
        done(`VEN started (process ${(await startKept(platform.service, opened)).pid}).`);
      });
    });

  program
    .command('status')
    .description('What the VEN does now')
    .option('--json', 'Print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const status = await daemonStatus(await activatedStore());
      if (status === null) {
        if (json === true) done(JSON.stringify({ activated: true, running: false }));
        throw new DaemonError(
          'the VEN is stopped; its last policy is in force. Start it with "illumio-ven-ctl start"',
        );
      }
      if (json === true) done(JSON.stringify({ running: true, ...status }, null, 2));
      else out(formatStatus(status));
    });

  program
    .command('show-policy')
    .description('What is enforced now, with the rule behind each line')
    .option('--json', 'Print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const opened = await activatedStore();
      const answer = await askDaemon(opened.socketFile, { command: 'show-policy' });
      if (answer === null) throw new DaemonError('the VEN is stopped; start it to see its policy');
      if (answer.result === null) throw new DaemonError('no policy has been applied yet');
      const view = policyViewSchema.parse(answer.result);
      if (json === true) done(JSON.stringify(view, null, 2));
      else out(formatPolicy(view));
    });

  program
    .command('explain')
    .description('Why a connection of this host is allowed or blocked, and what would let it pass')
    .argument('<src>', 'Who connects: an address, or "self" for this host')
    .argument('<dst>', 'Who answers: an address, or "self" for this host')
    .argument(
      '<service>',
      'PORT[/PROTO], such as 443, 53/udp, 36/sctp; ICMP as 8/icmp or 128/icmpv6',
    )
    .option('--json', 'Print JSON')
    .addHelpText(
      'after',
      '\nThe PCE answers for both ends by the active policy. Where it cannot be reached, the answer is\n' +
        'what this host enforces now, and says so.\n\n' +
        'Example: illumio-ven-ctl explain 10.1.2.3 self 443/tcp',
    )
    .action(async (src: string, dst: string, service: string, { json }: { json?: boolean }) => {
      const question = readQuestion(src, dst, service);
      const opened = await activatedStore();
      const answer = await askDaemon(opened.socketFile, { command: 'explain', question });
      if (answer === null) throw new DaemonError('the VEN is stopped; start it to have it answer');
      const explained = explainAnswerSchema.parse(answer.result);
      if (json === true) done(JSON.stringify(explained, null, 2));
      else out(formatExplain(explained));
    });

  program
    .command('start')
    .description('Start the VEN, now and at every boot')
    .addOption(new Option('--by-service', 'For the service of the system').hideHelp())
    .action(async ({ byService }: { byService?: boolean }) => {
      const opened = await activatedStore();
      const running = await daemonStatus(opened);
      if (byService === true) {
        // what the service manager asks for must not be asked of the service manager again
        const { pid } = running ?? (await startDaemon(opened));
        done(
          running === null ? `VEN started (process ${pid}).` : `VEN runs already (process ${pid}).`,
        );
        return;
      }
      await withPlatform(async (platform) => {
        done(await startAtBoot(platform, opened));
        if (running !== null) done(`VEN runs already (process ${running.pid}).`);
        else done(`VEN started (process ${(await startKept(platform.service, opened)).pid}).`);
      });
    });

  program
    .command('stop')
    .description(
      'Stop the VEN until it is started or the host boots; its last policy stays in force',
    )
    .action(async () => {
      const opened = await activatedStore();
      const pid = await stopDaemon(opened, false);
      await withPlatform((platform) => platform.service.stop());
      done(
        pid === null
          ? 'VEN was not running.'
          : `VEN stopped (process ${pid}). Its last policy stays in force.`,
      );
    });

  program
    .command('restart')
    .description('Stop and start the VEN')
    .action(async () => {
      const opened = await activatedStore();
      const pid = await stopDaemon(opened, true);
      await withPlatform(async ({ service }) => {
        await service.stop();
        done(pid === null ? 'VEN was not running.' : `VEN stopped (process ${pid}).`);
        done(`VEN started (process ${(await startKept(service, opened)).pid}).`);
      });
    });

  program
    .command('unpair')
    .description('Take the VEN out; the firewall is left saved, recommended or open')
    .argument('<firewall>', RESTORES.join(' | '))
    .action(async (text: string) => {
      const restore = RESTORES.find((name) => name === text);
      if (restore === undefined) {
        throw new UsageError(`"${text}" is not one of ${RESTORES.join(', ')}`);
      }
      const opened = await activatedStore();
      const messages = await takeOut(opened, restore);
      for (const message of messages) done(message);
    });

  program
    .command('version')
    .description('Print the version')
    .action(() => done(VEN_VERSION));
  return program;
}

async function takeOut(store: Store, restore: FirewallRestore): Promise<readonly string[]> {
  const status = await daemonStatus(store);
  if (status !== null) {
    const answer = await askDaemon(store.socketFile, { command: 'unpair', restore });
    await processGone(status.pid);
    return unpairResultSchema.parse(answer?.result).messages;
  }
  return withPlatform(async (platform) => {
    const { messages } = await unpair(platform, store, restore);
    const folder = installFolder();
    if (folder !== null) await fs.rm(folder, { recursive: true, force: true });
    return messages;
  });
}

async function withPlatform<Result>(
  work: (platform: Platform) => Promise<Result>,
): Promise<Result> {
  const platform = await selectPlatform(() => undefined);
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
}

/** Has an installed VEN started at every boot; answers a line that says whether it will be. */
async function startAtBoot({ service }: Platform, { folder }: Store): Promise<string> {
  const byHand = 'After a reboot the VEN must be started by "illumio-ven-ctl start".';
  const install = installFolder();
  if (install === null) return `A VEN that runs from its sources is not started at boot. ${byHand}`;
  try {
    const manager = await service.install({ install, data: resolve(folder) });
    return manager === null
      ? `This host has no service manager that the VEN knows. ${byHand}`
      : `The VEN is started at every boot, by ${manager}.`;
  } catch (error) {
    // a VEN that enforces until the next boot is better than none
    if (!(error instanceof ServiceError)) throw error;
    return `The service that starts the VEN at boot could not be installed: ${error.message}. ${byHand}`;
  }
}

function readActivation(given: unknown): Parameters<typeof activate>[0] {
  const parsed = activateOptionsSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`option ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const options = parsed.data;
  try {
    parseServer(options.managementServer);
    if (options.caFingerprint !== undefined) parseFingerprint(options.caFingerprint);
  } catch (error) {
    if (error instanceof SettingsError || error instanceof TrustError) {
      throw new UsageError(error.message);
    }
    throw error;
  }
  const { role, app, env, loc } = options;
  return {
    managementServer: options.managementServer,
    activationCode: options.activationCode,
    endpoint: readEndpoint(options.endpoint),
    caFingerprint: options.caFingerprint ?? null,
    caFile: options.caFile ?? null,
    name: options.name ?? null,
    labels: Object.fromEntries(
      Object.entries({ role, app, env, loc }).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value]],
      ),
    ),
    enforcementMode: options.enforcementMode ?? options.mode ?? null,
    flowReportSeconds: options.flowReportSeconds,
    reconnectSeconds: options.reconnectSeconds,
  };
}

function readEndpoint(value: string | boolean | undefined): boolean {
  if (value === undefined || value === false || value === 'false') return false;
  if (value === true || value === 'true') return true;
  throw new UsageError(`--endpoint is "${value}"; give true or false`);
}
