/** `illumio-ven-ctl activate`. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import { z } from 'zod';
import { activate } from './agent/activation.ts';
import { parseServer, SettingsError } from './agent/settings.ts';
import type { Store } from './agent/store.ts';
import { parseFingerprint, TrustError } from './agent/trust.ts';
import { UsageError, withPlatform, type CtlContext } from './ctl-context.ts';
import { startKept } from './daemon-process.ts';
import { installFolder } from './install.ts';
import { ServiceError, type Platform } from './platform/port.ts';

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
  json: z.boolean().optional(),
});
type ActivateOptions = z.infer<typeof activateOptionsSchema>;

export function addActivate(program: Command, context: CtlContext): void {
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
    .option('--json', 'Print JSON')
    .action(async (given: unknown) => {
      const opened = context.store();
      const options = readOptions(given);
      await withPlatform(async (platform) => {
        const identity = await activate(activationOf(options), platform, opened);
        const atBoot = await startAtBoot(platform, opened);
        const { pid } = await startKept(platform.service, opened);
        context.tell(
          options.json,
          [
            `Activated with ${identity.pce_fqdn} as VEN ${identity.ven_uuid}.`,
            atBoot,
            `VEN started (process ${pid}).`,
          ],
          { ven_uuid: identity.ven_uuid, pce: identity.pce_fqdn, pid },
        );
      });
    });
}

/** Has an installed VEN started at every boot; answers a line that says whether it will be. */
export async function startAtBoot({ service }: Platform, { folder }: Store): Promise<string> {
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

function readOptions(given: unknown): ActivateOptions {
  const parsed = activateOptionsSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`option ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  return parsed.data;
}

function activationOf(options: ActivateOptions): Parameters<typeof activate>[0] {
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
