/** illumio-ven-ctl. Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 not activated. */
import { CommanderError } from 'commander';
import { NotActivatedError } from './agent/agent.ts';
import { messageOf } from './agent/log.ts';
import { normalizeArguments } from './ctl-arguments.ts';
import { UsageError } from './ctl-context.ts';
import { buildProgram } from './ctl-program.ts';
import { ExplainArgumentError } from './explain-arguments.ts';
import { defaultDataFolder, locateNativeParts } from './install.ts';

locateNativeParts();
try {
  await buildProgram({
    out: (text) => void process.stdout.write(text),
    defaultDataFolder: defaultDataFolder(),
  }).parseAsync(normalizeArguments(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(
      `illumio-ven-ctl: ${withoutRights(error) ? 'run this as root' : messageOf(error)}\n`,
    );
    if (error instanceof UsageError || error instanceof ExplainArgumentError) process.exitCode = 2;
    else process.exitCode = error instanceof NotActivatedError ? 3 : 1;
  }
}

function withoutRights(error: unknown): boolean {
  return (
    process.getuid?.() !== 0 &&
    error instanceof Error &&
    'code' in error &&
    (error.code === 'EACCES' || error.code === 'EPERM')
  );
}
