import { readFile } from 'node:fs/promises';
import { FaultsError } from '../folder/fault.ts';
import { importIpLists } from '../imports/ip-lists.ts';
import { importLabels } from '../imports/labels.ts';
import { Faults } from '../imports/table.ts';
import { importWorkloads } from '../imports/workloads.ts';
import { UsageError } from '../errors.ts';
import { CHANGES_CODE, type CommandContext } from './context.ts';

const IMPORTS = {
  workloads: importWorkloads,
  labels: importLabels,
  'ip-lists': importIpLists,
} as const;
export type ImportKind = keyof typeof IMPORTS;

interface ImportFlags {
  readonly dryRun?: boolean;
  readonly createLabels?: boolean;
}

/** Imports a CSV file. A file with a bad line is not written at all; each of its bad lines is told. */
export async function importCommand(
  { client, say, answer }: CommandContext,
  request: { readonly kind: ImportKind; readonly file: string },
  { dryRun = false, createLabels = false }: ImportFlags,
): Promise<number> {
  const { kind, file } = request;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const faults = new Faults(file);
  const found = await IMPORTS[kind]({ client, text, faults, createLabels });
  if (faults.list.length > 0) throw new FaultsError(faults.list);
  const done = dryRun ? found.items : await found.write();
  for (const { action, line, what } of done)
    say(
      `${file}:${line}: ${what} ${dryRun ? 'would be' : 'was'} ${action === 'create' ? 'created' : 'changed'}`,
    );
  say(`${done.length} ${dryRun ? 'to write' : 'written'}, ${found.unchanged} are so already.`);
  if (kind === 'ip-lists' && done.length > 0 && !dryRun)
    say('They are in the draft; provision them to make them active.');
  if (faults.list.length > 0) throw new FaultsError(faults.list);
  answer({
    state: dryRun && done.length > 0 ? 'changes' : 'done',
    items: done.map(({ action, line, what }) => ({ action, line, what })),
    unchanged: found.unchanged,
  });
  return dryRun && done.length > 0 ? CHANGES_CODE : 0;
}
