/** What a PCE is set up with: from flags, or asked for in a terminal. */
import { readFile } from 'node:fs/promises';
import { OperationalError, errorText } from '../operational-error.ts';
import { parseSetup, type SetupRequest } from '../resources/orgs/setup.ts';
import { ask, askSecret, canAsk } from './prompt.ts';

export interface SetupFlags {
  readonly org?: string | undefined;
  readonly admin?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** A command line that lacks something: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export async function setupRequest(flags: SetupFlags): Promise<SetupRequest> {
  const { org, admin, passwordFile } = flags;
  if (org !== undefined && admin !== undefined && passwordFile !== undefined)
    return parseSetup({ org, admin, password: await readPassword(passwordFile) });
  if (!canAsk())
    throw new UsageError(
      'This PCE is not set up yet: give --org NAME --admin EMAIL --password-file FILE, or start it in a terminal',
    );
  process.stderr.write('This PCE is new. Name the organization and its first administrator.\n');
  return parseSetup({
    org: org ?? (await ask('Organization: ')),
    admin: admin ?? (await ask("Administrator's e-mail address: ")),
    password:
      passwordFile === undefined ? await askPasswordTwice() : await readPassword(passwordFile),
  });
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw new OperationalError(`Cannot read the password file ${path}: ${errorText(error)}`);
  }
}

async function askPasswordTwice(): Promise<string> {
  for (;;) {
    const first = await askSecret('Password (8 characters or more): ');
    if (first.length < 8) process.stderr.write('That is shorter than 8 characters.\n');
    else if ((await askSecret('The same again: ')) === first) return first;
    else process.stderr.write('The two differ; once more.\n');
  }
}
