/** Commands of illumio-ven-ctl that look and change nothing. */
import type { Command } from 'commander';
import { testConnectivity } from './agent/connectivity.ts';
import { askDaemon } from './agent/control.ts';
import { checkEnvironment, type EnvironmentReport } from './agent/environment.ts';
import { explainAnswerSchema } from './agent/explain.ts';
import { messageOf } from './agent/log.ts';
import type { PceAddress } from './agent/pce-client.ts';
import { parseServer } from './agent/settings.ts';
import { formatPolicy, policyViewSchema } from './agent/show-policy.ts';
import type { AgentStatus } from './agent/status.ts';
import type { Store } from './agent/store.ts';
import { clientOf, readActivated, type Activated } from './agent/stored-client.ts';
import { writeSupportReport } from './agent/support-report.ts';
import { UsageError, withPlatform, type CtlContext } from './ctl-context.ts';
import { daemonStatus, DaemonError } from './daemon-process.ts';
import { readQuestion } from './explain-arguments.ts';
import { formatExplain } from './format-explain.ts';
import { formatStatus } from './format-status.ts';
import { VEN_VERSION } from './version.ts';

interface Json {
  readonly json?: boolean;
}

const print = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export function addInspection(program: Command, context: CtlContext): void {
  const { out } = context;
  program
    .command('status')
    .description('What the VEN does now')
    .option('--json', 'Print JSON')
    .action(async ({ json }: Json) => {
      const status = await daemonStatus(await context.activatedStore());
      if (status === null) {
        if (json === true) out(`${JSON.stringify({ activated: true, running: false })}\n`);
        throw new DaemonError(
          'the VEN is stopped; its last policy is in force. Start it with "illumio-ven-ctl start"',
        );
      }
      out(json === true ? print({ running: true, ...status }) : formatStatus(status));
      if (status.channel === 'refused') {
        throw new DaemonError(
          'the PCE does not accept the identity of this VEN: activate again ("illumio-ven-ctl deactivate", then "activate" with a new code); its last policy is in force',
        );
      }
    });

  program
    .command('show-policy')
    .description('What is enforced now, with the rule behind each line')
    .option('--json', 'Print JSON')
    .action(async ({ json }: Json) => {
      const opened = await context.activatedStore();
      const answer = await askDaemon(opened.socketFile, { command: 'show-policy' });
      if (answer === null) throw new DaemonError('the VEN is stopped; start it to see its policy');
      if (answer.result === null) {
        const isSuspended = (await daemonStatus(opened))?.suspended === true;
        throw new DaemonError(
          isSuspended
            ? 'the VEN is suspended and enforces nothing'
            : 'no policy has been applied yet',
        );
      }
      const view = policyViewSchema.parse(answer.result);
      out(json === true ? print(view) : `${formatPolicy(view)}`);
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
    .action(async (src: string, dst: string, service: string, { json }: Json) => {
      const question = readQuestion(src, dst, service);
      const opened = await context.activatedStore();
      const answer = await askDaemon(opened.socketFile, { command: 'explain', question });
      if (answer === null) throw new DaemonError('the VEN is stopped; start it to have it answer');
      const explained = explainAnswerSchema.parse(answer.result);
      out(json === true ? print(explained) : formatExplain(explained));
    });

  program
    .command('check-env')
    .description('Whether the VEN can work on this host, check by check (compatibility report)')
    .option('--json', 'Print JSON')
    .addHelpText(
      'after',
      '\nWorks before activation too. Once activated, the PCE is sent the report.\nExit code 1 when a check is red.',
    )
    .action(async ({ json }: Json) => {
      const activated = await readActivated(context.store());
      const report = await withPlatform((platform) =>
        checkEnvironment(
          platform,
          activated === null ? null : clientOf(activated),
          () => new Date(),
        ),
      );
      const sent = activated === null ? null : await sendReport(activated, report);
      out(
        json === true ? print({ ...report, sent_to_pce: sent === 'sent' }) : formatReport(report),
      );
      if (json !== true && sent !== null) {
        out(
          `${sent === 'sent' ? 'The PCE has the report.' : `The PCE could not be sent the report: ${sent}`}\n`,
        );
      }
      if (report.status === 'red')
        throw new DaemonError('a check is red: the VEN cannot work here');
    });

  program
    .command('connectivity-test')
    .description('Whether the PCE can be reached, step by step')
    .option('-m, --management-server <host:port>', 'A PCE; that of the activation unless given')
    .option('--json', 'Print JSON')
    .action(async ({ json, managementServer }: Json & { managementServer?: string }) => {
      const { pce, token } = await whichPce(context.store(), managementServer);
      const steps = await testConnectivity(pce, token, () => new Date());
      const isOk = steps.every(({ ok }) => ok);
      out(
        json === true
          ? print({ ok: isOk, server: `${pce.host}:${pce.port}`, steps })
          : steps
              .map(({ name, ok, detail }) => `${ok ? 'ok    ' : 'FAILED'} ${name}: ${detail}\n`)
              .join(''),
      );
      if (!isOk) throw new DaemonError(`${pce.host}:${pce.port} cannot be used as PCE from here`);
    });

  program
    .command('gen-supportreport')
    .description('Write what helps to find out what happened, without secrets')
    .option('--json', 'Print JSON')
    .action(async ({ json }: Json) => {
      const opened = await context.activatedStore();
      const status = await statusForReport(opened);
      const path = await withPlatform(async (platform) =>
        writeSupportReport(
          opened,
          {
            host: platform.describe(),
            status,
            environment: await checkEnvironment(platform, null, () => new Date()),
          },
          new Date(),
        ),
      );
      context.tell(json, [`The support report is ${path}`], { path });
    });

  program
    .command('version')
    .description('Print the version')
    .option('--json', 'Print JSON')
    .action(({ json }: Json) =>
      out(json === true ? print({ version: VEN_VERSION }) : `${VEN_VERSION}\n`),
    );
}

/** A report about a VEN that does not answer says so. */
async function statusForReport(store: Store): Promise<AgentStatus | string> {
  try {
    return (await daemonStatus(store)) ?? 'stopped';
  } catch (error) {
    return messageOf(error);
  }
}

/** `sent`, or why not. */
async function sendReport(activated: Activated, { checks }: EnvironmentReport): Promise<string> {
  try {
    await clientOf(activated).compatibility({ checks: [...checks] });
    return 'sent';
  } catch (error) {
    return messageOf(error);
  }
}

function formatReport({ status, checks }: EnvironmentReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return [
    ...checks.map(
      (check) => `${check.status.padEnd(6)} ${check.name.padEnd(width)}  ${check.detail}`,
    ),
    `Compatibility: ${status}`,
    '',
  ].join('\n');
}

async function whichPce(
  store: Store,
  server: string | undefined,
): Promise<{ readonly pce: PceAddress; readonly token: string | null }> {
  if (server !== undefined) return { pce: { ...parseServer(server), ca: null }, token: null };
  const activated = await readActivated(store);
  if (activated !== null) return { pce: activated.pce, token: activated.identity.token };
  throw new UsageError(
    'this VEN is not activated: name the PCE with --management-server HOST:PORT',
  );
}
