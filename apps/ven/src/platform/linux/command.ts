/** Runs one of the system's own programs with an argument list, never through a shell. */
import { spawn } from 'node:child_process';

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly stderr: string;
  constructor(message: string, stderr: string) {
    super(message);
    this.stderr = stderr;
  }
}

const TIMEOUT_MS = 30_000;

export interface CommandOptions {
  readonly input?: string;
  /** Called with the process id as soon as it is known. */
  readonly started?: (pid: number) => void;
}

/** Standard output. Rejects with CommandError when the program is not there, fails, or takes longer than 30 s. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    if (child.pid !== undefined) options.started?.(child.pid);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CommandError(
          error.code === 'ENOENT'
            ? `the program ${file} is not installed`
            : `${file} could not be run: ${error.message}`,
          '',
        ),
      ),
    );
    child.on('close', (code, signal) => {
      const stderr = Buffer.concat(err).toString('utf8').trim();
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else {
        const how =
          code === null ? `ended by ${signal ?? 'a signal'}` : `ended with status ${code}`;
        reject(new CommandError(`${file} ${how}: ${stderr.slice(0, 500)}`, stderr));
      }
    });
    // a program that ends before it has read everything is judged by its status
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
