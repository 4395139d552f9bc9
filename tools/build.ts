/** What has to be built before a PCE can show its console and hand out its VEN; kept while it is younger than its sources. */
import { execFile } from 'node:child_process';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './run.ts';

const run = promisify(execFile);
const CONSOLE = join(root, 'apps', 'console');
const VEN = join(root, 'apps', 'ven');
const SOURCES = [
  join(CONSOLE, 'src'),
  join(CONSOLE, 'public'),
  ...['contract', 'policy', 'net'].map((name) => join(root, 'packages', name, 'src')),
];
const FILES = [join(CONSOLE, 'index.html'), join(CONSOLE, 'vite.config.ts')];

async function modified(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

async function newestBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const times = await Promise.all(entries.map((entry) => modified(join(folder, entry))));
  return Math.max(0, ...times);
}

/** Builds the console's files for the browser unless the ones that are there are younger than its sources. Answers whether it did. */
export async function buildConsole(): Promise<boolean> {
  const dist = join(CONSOLE, 'dist');
  const built = await modified(join(dist, 'index.html'));
  const changed = await Promise.all([...SOURCES.map(newestBelow), ...FILES.map(modified)]);
  if (built > Math.max(...changed)) return false;
  const fresh = join(CONSOLE, `dist-${process.pid}`);
  const old = `${fresh}-old`;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  try {
    await run(process.execPath, [vite, 'build', '--outDir', fresh, '--emptyOutDir'], {
      cwd: CONSOLE,
    });
    await rename(dist, old).catch(() => {});
    await rename(fresh, dist);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
  return true;
}

export interface VenPackage {
  readonly file: string;
  readonly version: string;
  readonly bytes: number;
}

/** Builds the VEN's package for Linux unless it is there already, made of the same parts. */
export async function buildVenPackage(): Promise<VenPackage> {
  const out = join(VEN, 'dist', 'ven-linux-x64.tar.gz');
  const { stdout } = await run(process.execPath, [join(VEN, 'src', 'package', 'build.ts'), out]);
  // what the builder, which is ours, prints
  return JSON.parse(stdout) as VenPackage;
}
