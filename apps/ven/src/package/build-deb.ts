/** Builds the Debian package: `node apps/ven/src/package/build-deb.ts OUT.deb` prints `{"file","sha256","version","bytes"}`. */
import { execFile } from 'node:child_process';
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { VEN_VERSION } from '../version.ts';
import { assemble, fileDigest, PackageError, type VenPackage } from './build.ts';

const run = promisify(execFile);
const BYTES_PER_KIB = 1024;

function control(installedKib: number): string {
  return `Package: illumio-ven
Version: ${VEN_VERSION}
Architecture: amd64
Maintainer: Bulkhead <ven@bulkhead.invalid>
Installed-Size: ${installedKib}
Depends: nftables, iproute2, conntrack
Section: admin
Priority: optional
Description: Virtual Enforcement Node
 Enforces the policy of a Policy Compute Engine in the firewall of this host
 and reports its connections. Pair the host with
 /opt/illumio_ven/illumio-ven-ctl activate.
`;
}

/** What the scripts share. \`MAINTENANCE_TOKEN\` is needed where the organization asks for one. */
const PREAMBLE = `#!/bin/sh
set -eu
install="\${DPKG_ROOT:-}/opt/illumio_ven"
data="\${DPKG_ROOT:-}/opt/illumio_ven_data"
ctl() {
  "$install/illumio-ven-ctl" --data-dir "$data" "$@"
}
token() {
  if [ -n "\${MAINTENANCE_TOKEN:-}" ]; then printf '%s %s' --maintenance-token "$MAINTENANCE_TOKEN"; fi
}
`;

/** Removing takes the host out of its PCE first; an upgrade keeps the last policy in force while there is no VEN. */
const PRERM = `${PREAMBLE}
[ -e "$data/state/identity.json" ] || exit 0
case "\${1:-}" in
  remove) ctl deactivate $(token) ;;
  upgrade) ctl stop $(token) ;;
esac
`;

/** Also called when an upgrade or a removal was refused: what was there goes on. */
const POSTINST = `${PREAMBLE}
if [ -e "$data/state/identity.json" ]; then ctl start; fi
`;

/** Builds the package; needs dpkg-deb. Rejects with PackageError. */
export async function buildDebianPackage({ outFile }: { outFile: string }): Promise<VenPackage> {
  const work = await fs.mkdtemp(join(tmpdir(), 'ven-deb-'));
  try {
    const root = join(work, 'root');
    await assemble(join(root, 'opt', 'illumio_ven'));
    await fs.mkdir(join(root, 'DEBIAN'), { mode: 0o755 });
    await fs.chmod(root, 0o755);
    await fs.writeFile(join(root, 'DEBIAN', 'control'), control(await sizeOf(join(root, 'opt'))));
    const scripts = { prerm: PRERM, postinst: POSTINST };
    for (const [name, text] of Object.entries(scripts)) {
      await fs.writeFile(join(root, 'DEBIAN', name), text, { mode: 0o755 });
    }
    await fs.mkdir(dirname(outFile), { recursive: true });
    await pack(root, outFile);
    return {
      file: outFile,
      sha256: await fileDigest(outFile),
      version: VEN_VERSION,
      bytes: (await fs.stat(outFile)).size,
    };
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await fs.stat(join(entry.parentPath, entry.name))).size),
  );
  return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / BYTES_PER_KIB);
}

async function pack(root: string, outFile: string): Promise<void> {
  try {
    await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', root, outFile]);
  } catch (error) {
    throw new PackageError('dpkg-deb could not build the package; it is in the package dpkg', {
      cause: error,
    });
  }
}

const [, started, outFile] = process.argv;
if (started !== undefined && import.meta.url === pathToFileURL(resolve(started)).href) {
  if (outFile === undefined) {
    process.stderr.write('usage: node apps/ven/src/package/build-deb.ts OUT.deb\n');
    process.exitCode = 2;
  } else {
    const built = await buildDebianPackage({ outFile: resolve(outFile) });
    process.stdout.write(`${JSON.stringify(built)}\n`);
  }
}
