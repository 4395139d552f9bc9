import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../network/commands.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CONSOLE = join(ROOT, 'apps', 'console');
const SOURCES = [
  join(CONSOLE, 'src'),
  join(CONSOLE, 'public'),
  ...['contract', 'policy', 'net'].map((name) => join(ROOT, 'packages', name, 'src')),
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
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
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
