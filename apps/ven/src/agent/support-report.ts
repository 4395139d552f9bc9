import { promises as fs } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VEN_VERSION } from '../version.ts';
import { readText, writeFileAtomically } from './files.ts';
import { messageOf } from './log.ts';
import type { Store } from './store.ts';

const LOG_TAIL_BYTES = 256 * 1024;

/** Writes what helps to find out what happened, without secrets, beside the data folder. Answers its path. */
export async function writeSupportReport(
  store: Store,
  facts: Readonly<Record<string, unknown>>,
  now: Date,
): Promise<string> {
  const stamp = now.toISOString().replace(/[-:.]/g, '');
  const path = join(
    dirname(store.folder),
    `${basename(store.folder).replace(/_data$/, '')}_report_${stamp}.json`,
  );
  const report = {
    version: VEN_VERSION,
    written_at: now.toISOString(),
    ...facts,
    settings: await readText(join(store.folder, 'config', 'runtime_env.yml')),
    policy: await readQuietly(() => store.readPolicy()),
    log: await readQuietly(() => tail(store.logFile)),
  };
  await writeFileAtomically(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

/** A report about a damaged installation says what is damaged. */
async function readQuietly(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    return `unreadable: ${messageOf(error)}`;
  }
}

async function tail(path: string): Promise<string> {
  const file = await fs.open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, LOG_TAIL_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
}
