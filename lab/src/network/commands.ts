import { spawn } from 'node:child_process';

/** An error that the person at the keyboard can act on: one line, no stack. */
export class LabError extends Error {
  override readonly name: string = 'LabError';
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a program with an argument array to its end; a program that ends with an error is an answer, not an exception. */
export async function tryRun(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.timeoutMs !== undefined && {
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL' as const,
    }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A program that never reads its input is no fault of the caller.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new LabError(`cannot start ${file}: ${error.message}`)));
    const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
      const killed = signal === null ? '' : `${file} was ended by ${signal}\n`;
      resolve({ code, stdout, stderr: stderr + killed });
    };
    child.on('close', finish);
    // A daemon that the program leaves behind may hold the pipes open: then the end of the program is what counts.
    child.on('exit', (code, signal) => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        finish(code, signal);
      }, 250).unref();
    });
  });
}

/** Like {@link tryRun}, but a program that fails is an error that names it and carries its own words. */
export async function run(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryRun(file, args, options);
  if (code !== 0) {
    const said = stderr.trim() || stdout.trim();
    throw new LabError(
      `${file} ${args.slice(0, 6).join(' ')} failed (${code ?? 'killed'}): ${said}`,
    );
  }
  return stdout;
}
