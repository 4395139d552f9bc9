/** Commands, their flags, and how they end: 0 done, 1 failed, 2 wrong arguments. One line on standard error says why. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import pino, { type Logger } from 'pino';
import { ConfigError, readConfig, type Config, type ConfigFlags } from '../config.ts';
import { OperationalError } from '../operational-error.ts';
import { createKey } from './api-key.ts';
import { serve } from './serve.ts';
import { setup } from './setup.ts';
import { UsageError, type SetupFlags } from './setup-request.ts';
import { status } from './status.ts';

type Flags = ConfigFlags & SetupFlags;

export async function runCli(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = buildProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError || error instanceof ConfigError)
      return complain(error.message, 2);
    if (error instanceof OperationalError || (error instanceof Error && error.name === 'TlsError'))
      return complain(error.message, 1);
    return complain(error instanceof Error ? (error.stack ?? error.message) : String(error), 1);
  }
}

function complain(message: string, code: number): number {
  process.stderr.write(`pce: ${message}\n`);
  return code;
}

function buildProgram(done: (code: number) => void): Command {
  const program = new Command('pce')
    .description('Policy compute engine: REST API, console, policy, VEN gateway')
    .exitOverride()
    .showHelpAfterError('(pce --help shows the commands)');
  const command = (name: string, text: string): Command =>
    withConfigFlags(program.command(name).description(text));

  command('serve', 'runs the PCE; the first start also sets it up')
    .option('--org <name>', 'organization, for the first start')
    .option('--admin <email>', 'first administrator, for the first start')
    .option('--password-file <file>', "file with the administrator's password, for the first start")
    .action(async (flags: Flags) => done(await serve(configOf(flags), flags)));
  command('setup', 'creates the organization and its first administrator, without serving')
    .requiredOption('--org <name>', 'organization')
    .requiredOption('--admin <email>', 'first administrator')
    .requiredOption('--password-file <file>', "file with the administrator's password")
    .action(async (flags: Flags) => {
      await setup(configOf(flags), commandLogger(), flags);
    });
  const keys = program.command('api-key').description('API keys');
  withConfigFlags(
    keys.command('create').description('creates an API key and shows its secret this once'),
  )
    .requiredOption('--name <name>', 'name of the key')
    .option('--user <email>', 'user that the key acts for (default: the first administrator)')
    .option('--json', 'as one JSON document')
    .action(async (flags: Flags & { name: string; user?: string; json?: boolean }) => {
      await createKey(configOf(flags), commandLogger(), flags);
    });
  command('status', 'says whether the PCE of this data folder serves')
    .option('--json', 'as one JSON document')
    .action(async (flags: Flags & { json?: boolean }) =>
      done(await status(configOf(flags), flags.json === true)),
    );
  return program;
}

function withConfigFlags(command: Command): Command {
  const collect = (value: string, before: string[] | undefined): string[] => [
    ...(before ?? []),
    value,
  ];
  return command
    .exitOverride()
    .option('--data <folder>', `data folder (BULKHEAD_DATA, default ${defaultDataFolder()})`)
    .option('--host <address>', 'address to listen on (BULKHEAD_HOST, default all)')
    .option('--port <port>', 'port (BULKHEAD_PORT, default 8443)')
    .option(
      '--fqdn <name>',
      "the PCE's name as hosts and browsers use it (BULKHEAD_FQDN, default this host's name)",
    )
    .option(
      '--san <name>',
      "further name or address in the PCE's own certificate; may be repeated (BULKHEAD_SAN, by comma)",
      collect,
    )
    .option('--database-url <url>', 'PostgreSQL server instead of the embedded one (DATABASE_URL)')
    .option(
      '--clickhouse-url <url>',
      'ClickHouse server instead of the embedded engine (CLICKHOUSE_URL)',
    )
    .option('--tls-cert <file>', 'certificate chain in PEM instead of our own (BULKHEAD_TLS_CERT)')
    .option('--tls-key <file>', 'its key (BULKHEAD_TLS_KEY)')
    .option(
      '--ven-package <file>',
      'the VEN that hosts install (BULKHEAD_VEN_PACKAGE, default software/ven-linux-x64.tar.gz in the data folder)',
    )
    .option(
      '--log-level <level>',
      'trace, debug, info, warn, error or silent (BULKHEAD_LOG_LEVEL, default info)',
    );
}

function defaultDataFolder(): string {
  return process.getuid?.() === 0
    ? '/var/lib/bulkhead'
    : join(homedir(), '.local', 'share', 'bulkhead');
}

function configOf(flags: Flags): Config {
  return readConfig(flags, { BULKHEAD_DATA: defaultDataFolder(), ...definedOnly(process.env) });
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );
}

/** Commands that end report by their exit and their one line. */
function commandLogger(): Logger {
  return pino({ level: 'error' }, pino.destination({ dest: 2, sync: true }));
}
