import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VEN_VERSION } from '../version.ts';
import { buildVenPackage } from './build.ts';

const run = promisify(execFile);
const SLOW_MS = 60_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ven-build-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test(
  'the package runs without anything else of the repository, and is built once',
  async () => {
    const outFile = join(folder, 'ven.tar.gz');
    const built = await buildVenPackage({ outFile });
    expect(built).toMatchObject({ file: outFile, version: VEN_VERSION });
    expect(built.sha256).toMatch(/^[0-9a-f]{64}$/);
    await run('tar', ['-xzf', outFile, '-C', folder]);
    const ctl = join(folder, 'illumio_ven', 'illumio-ven-ctl');
    expect((await run(ctl, ['version'], { cwd: '/', env: {} })).stdout).toBe(`${VEN_VERSION}\n`);
    // its data folder lies beside it
    await expect(run(ctl, ['status'], { cwd: '/', env: {} })).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('not activated'),
    });

    const { mtimeMs } = await stat(outFile);
    expect(await buildVenPackage({ outFile })).toEqual(built);
    expect((await stat(outFile)).mtimeMs).toBe(mtimeMs);
    await writeFile(outFile, 'damaged');
    expect(await buildVenPackage({ outFile })).toEqual(built);
  },
  SLOW_MS,
);
