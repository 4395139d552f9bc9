/** Commands, their flags, and how they end: 0 done or nothing to do, 1 failed, 2 wrong arguments, 3 (`plan`, and imports with --dry-run) there are changes. */
import { Command, CommanderError } from 'commander';
import { ApiRequestError } from '@bulkhead/contract';
import { applyCommand } from './commands/apply.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand, type ImportKind } from './commands/import.ts';
import { planCommand } from './commands/plan.ts';
import { testCommand } from './commands/test.ts';
import { connect, type ConnectionFlags } from './connection.ts';
import { CHANGES_CODE, type CommandContext } from './commands/context.ts';
import { FaultsError } from './folder/fault.ts';
import { IP_LIST_COLUMNS } from './imports/ip-lists.ts';
import { LABEL_COLUMNS } from './imports/labels.ts';
import { WORKLOAD_COLUMNS } from './imports/workloads.ts';
import { CommandError, UsageError } from './errors.ts';

export interface Surroundings {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Flags = ConnectionFlags & { readonly json?: boolean };

/** Runs one command line. Answers the exit code; never rejects for what a user or the PCE did. */
export async function runBulkhead(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  let code = 0;
  let json = false;
  const run = async (
    flags: Flags,
    command: (context: CommandContext) => Promise<number>,
  ): Promise<void> => {
    json = flags.json === true;
    const client = await connect(flags, surroundings.environment);
    code = await command({
      client,
      say: (line) => (json ? undefined : surroundings.out(`${line}\n`)),
      answer: (value) => (json ? surroundings.out(`${JSON.stringify(value)}\n`) : undefined),
    });
  };
  try {
    await programOf(run, surroundings).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return complain(error, json, surroundings);
  }
}

type Run = (flags: Flags, command: (context: CommandContext) => Promise<number>) => Promise<void>;

function programOf(run: Run, { out, err }: Surroundings): Command {
  const program = new Command('bulkhead')
    .description(
      'Policy as files in a folder, kept in git: written from the PCE, compared with it, applied to it',
    )
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError('(bulkhead --help shows the commands)')
    .addHelpText(
      'after',
      `
The PCE and the key are named by flags or by the environment: BULKHEAD_PCE, BULKHEAD_CA, BULKHEAD_ORG,
BULKHEAD_API_KEY_FILE, or BULKHEAD_API_KEY and BULKHEAD_API_SECRET.

Exit codes: 0 done, or nothing to do; 1 failed; 2 wrong arguments; ${CHANGES_CODE} (plan, and import --dry-run) there are changes.`,
    );
  withFlags(
    program
      .command('export <folder>')
      .description(
        'writes the draft policy into a folder; files that are there keep comments and order',
      ),
  ).action(async (folder: string, flags: Flags) =>
    run(flags, (context) => exportCommand(context, folder)),
  );
  withFlags(
    program
      .command('plan <folder>')
      .description(
        `shows what apply would write, and connections that the draft gains and loses; exit code ${CHANGES_CODE} when there are changes`,
      ),
  ).action(async (folder: string, flags: Flags) =>
    run(flags, (context) => planCommand(context, folder)),
  );
  withFlags(program.command('apply <folder>').description('makes the draft what the folder says'))
    .option('--provision', 'provisions what was written')
    .option('--note <text>', 'note of the new policy version')
    .action(async (folder: string, flags: Flags & { provision?: boolean; note?: string }) =>
      run(flags, (context) => applyCommand(context, folder, flags)),
    );
  withFlags(
    program
      .command('test <folder>')
      .description("holds the folder's policy tests against the draft"),
  ).action(async (folder: string, flags: Flags) =>
    run(flags, (context) => testCommand(context, folder)),
  );
  const imports = program
    .command('import')
    .description('imports CSV files; a file with a bad line is not written at all');
  for (const { kind, what, columns } of IMPORTS)
    withFlags(imports.command(`${kind} <file>`).description(what))
      .option(
        '--dry-run',
        `writes nothing; exit code ${CHANGES_CODE} when there is something to write`,
      )
      .option('--create-labels', 'creates labels that are not there yet (workloads)')
      .addHelpText('after', `\nColumns: ${columns.join(', ')}`)
      .action(async (file: string, flags: Flags & { dryRun?: boolean; createLabels?: boolean }) =>
        run(flags, (context) => importCommand(context, { kind, file }, flags)),
      );
  return program;
}

const IMPORTS: readonly { kind: ImportKind; what: string; columns: readonly string[] }[] = [
  {
    kind: 'workloads',
    what: 'workloads, new ones as unmanaged; an empty cell changes nothing',
    columns: [...WORKLOAD_COLUMNS, 'and one for each label dimension: role, app, env, loc'],
  },
  { kind: 'labels', what: 'labels; effective at once', columns: LABEL_COLUMNS },
  {
    kind: 'ip-lists',
    what: 'IP lists into the draft, one range or name a row',
    columns: IP_LIST_COLUMNS,
  },
];

function withFlags(command: Command): Command {
  return command
    .option('--pce <url>', 'address of the PCE, such as https://pce.example.com:8443')
    .option(
      '--key-file <file>',
      'API key as "pce api-key create --json" printed it; readable by you alone',
    )
    .option(
      '--ca <file>',
      "PEM of the CA that the PCE's certificate comes from (default: what the system trusts)",
    )
    .option('--org <number>', 'organization (default: that of the key file, or 1)')
    .option('--json', 'one JSON document on standard output');
}

function complain(error: unknown, json: boolean, { out, err }: Surroundings): number {
  if (!(error instanceof Error)) throw error;
  const isKnown =
    error instanceof FaultsError ||
    error instanceof UsageError ||
    error instanceof CommandError ||
    error instanceof ApiRequestError;
  const text = isKnown ? error.message : (error.stack ?? error.message);
  if (json && error instanceof FaultsError)
    out(`${JSON.stringify({ state: 'failed', faults: error.faults })}\n`);
  else if (json) out(`${JSON.stringify({ state: 'failed', message: error.message })}\n`);
  err(error instanceof FaultsError ? `${text}\n` : `bulkhead: ${text}\n`);
  return error instanceof UsageError ? 2 : 1;
}
