import { stat, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account that the database runs as: PostgreSQL refuses root, and needs an account with a name. Undefined: our own. */
export async function databaseAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8');
  const [, , uid, gid] =
    accounts
      .split('\n')
      .find((line) => line.startsWith('nobody:'))
      ?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error('There is no account "nobody" in /etc/passwd to run the database as');
  return { uid: Number(uid), gid: Number(gid) };
}

/** The first folder on the way to `path` that an account without rights of its own cannot enter. */
export async function blockedAt(path: string): Promise<string | undefined> {
  const chain: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    chain.unshift(at);
    if (at === dirname(at)) break;
  }
  for (const folder of chain) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) return folder;
  }
  return undefined;
}
