import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFolder } from './folder/read.ts';
import { writeFolder } from './folder/write.ts';
import { byName, policyIn } from './testing/policy-of-folder.ts';
import { policies } from './testing/policy-arbitrary.ts';

test('what is written is read back as it was, and writing it again changes no file', async () => {
  await fc.assert(
    fc.asyncProperty(policies, async (policy) => {
      const folder = await mkdtemp(join(tmpdir(), 'bulkhead-files-'));
      try {
        await writeFolder(folder, { files: [], sections: {} }, policy);
        const read = await readFolder(folder);
        expect(policyIn(read)).toEqual(byName(policy));
        expect(await writeFolder(folder, read, policy)).toEqual({ written: [], removed: [] });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});

test('a folder that says one policy says another after it is written there', async () => {
  await fc.assert(
    fc.asyncProperty(policies, policies, async (before, after) => {
      const folder = await mkdtemp(join(tmpdir(), 'bulkhead-files-'));
      try {
        await writeFolder(folder, { files: [], sections: {} }, before);
        await writeFolder(folder, await readFolder(folder), after);
        expect(policyIn(await readFolder(folder))).toEqual(byName(after));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});
