import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './run.ts';

/** Where requests leave: the transports of the typed client, and the stream that it cannot carry. */
const TRANSPORTS = [
  'apps/cli/src/connection.ts',
  'apps/console/src/api/client.ts',
  'apps/console/src/api/live.ts',
  'lab/src/pce/client.ts',
];

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.test)\.tsx?$/.test(name) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`);
}

test('console, lab and command ask the PCE by the client that the endpoint table types, and by nothing else', () => {
  const sources = ['apps/console/src', 'apps/cli/src', 'lab/src'].flatMap(sourcesOf);
  const byHand = sources.filter((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    return /\bfetch\(|['"`]\/api\/v2|from 'node:https?'/.test(text) && !TRANSPORTS.includes(name);
  });
  expect(byHand).toEqual([]);
});
