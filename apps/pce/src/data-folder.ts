/** The data folder, and the lock that keeps a second PCE out of it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, errorCode, explainFileError } from './operational-error.ts';

interface Holder {
  readonly pid: number;
  /** Start of the process in clock ticks since boot: a pid that was given again does not look like the holder. */
  readonly started: string;
}

export interface FolderLock {
  release(): Promise<void>;
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the name in parentheses, which may hold spaces
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  const [pid = '', started = ''] = text.trim().split(' ');
  return /^\d+$/.test(pid) ? { pid: Number(pid), started } : undefined;
}

function isAlive(holder: Holder): boolean {
  return startOf(holder.pid) === holder.started;
}

/** Creates the folder. Others may pass through it (the database runs as another user) but not list it. */
export async function prepareDataFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o711 });
    await chmod(path, 0o711);
  } catch (error) {
    throw explainFileError(error, path);
  }
}

/** Process of the PCE that runs on the folder. */
export async function runningPce(folder: string): Promise<number | undefined> {
  const holder = parseHolder(await readFile(join(folder, 'pce.lock'), 'utf8').catch(() => ''));
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined;
}

/** Takes the folder for this process. A lock whose process is gone is taken over. */
export async function lockDataFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'pce.lock');
  const content = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (await createExclusively(path, content, folder)) {
      return { release: () => rm(path, { force: true }) };
    }
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder !== undefined && isAlive(holder))
      throw new OperationalError(
        `The data folder ${folder} is in use by another PCE (process ${holder.pid}); stop it, or choose another folder with --data`,
      );
    await removeStale(path, text);
  }
  throw new OperationalError(
    `Cannot take the lock ${path}; make sure that no other PCE is starting there, then delete it`,
  );
}

async function createExclusively(path: string, content: string, folder: string): Promise<boolean> {
  // Linked into place whole, so that nobody reads a lock without its pid.
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw explainFileError(error, folder);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function removeStale(path: string, seen: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  // Somebody else may have been faster and this is their live lock: put it back.
  const moved = await readFile(aside, 'utf8').catch(() => '');
  if (moved !== seen) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
