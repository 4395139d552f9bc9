/** The Debian package, installed below a folder of its own on a host in a network namespace, paired, upgraded and removed. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startCtlHost, type CtlHost, type Result } from '../testing/ctl-host.ts';
import { aPolicyContent } from '../testing/policies.ts';
import { TEST_CODE, TEST_FINGERPRINT } from '../testing/test-pce.ts';
import { until } from '../testing/until.ts';
import { VEN_VERSION } from '../version.ts';
import { buildDebianPackage } from './build-deb.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let host: CtlHost;
let folder: string;
let root: string;
let deb: string;

beforeAll(async () => {
  host = await startCtlHost();
  host.pce.policy = aPolicyContent();
  folder = await mkdtemp(join(tmpdir(), 'ven-deb-test-'));
  root = join(folder, 'root');
  deb = join(folder, 'illumio-ven.deb');
  await mkdir(join(root, 'var', 'lib', 'dpkg', 'info'), { recursive: true });
  await mkdir(join(root, 'var', 'lib', 'dpkg', 'updates'));
  for (const file of ['status', 'available'])
    await writeFile(join(root, 'var', 'lib', 'dpkg', file), '');
});
afterAll(async () => {
  if (existsSync(join(root, 'opt', 'illumio_ven_data'))) await dpkg('--remove', 'illumio-ven');
  await host.dispose();
  await rm(folder, { recursive: true, force: true });
});

function onHost(file: string, args: readonly string[], token = ''): Promise<Result> {
  return new Promise((resolve) => {
    execFile(
      'ip',
      ['netns', 'exec', host.pair.ours, file, ...args],
      { encoding: 'utf8', env: { ...process.env, MAINTENANCE_TOKEN: token } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

/** The system's package manager, below our folder; what the package depends on is the machine's. */
function dpkg(...args: readonly string[]): Promise<Result> {
  const own = ['--root', root, '--force-script-chrootless', '--force-depends', '--force-bad-path'];
  return onHost('dpkg', [...own, ...args]);
}
const ctl = (...args: readonly string[]): Promise<Result> =>
  onHost(join(root, 'opt', 'illumio_ven', 'illumio-ven-ctl'), args);

test('the package is built by one function and names what it needs', async () => {
  const built = await buildDebianPackage({ outFile: deb });
  expect(built).toMatchObject({ file: deb, version: VEN_VERSION });
  const shown = await onHost('dpkg-deb', ['--info', deb]);
  expect(shown.out).toContain('Depends: nftables, iproute2, conntrack');
  expect(shown.out).toContain(`Version: ${VEN_VERSION}`);
});

test('installed, the host is paired, and an upgrade keeps its policy in force', async () => {
  expect(await dpkg('--install', deb)).toMatchObject({ code: 0 });
  expect((await ctl('version')).out).toBe(`${VEN_VERSION}\n`);
  const activated = await ctl(
    'activate',
    '-m',
    '203.0.113.1:8443',
    '-a',
    TEST_CODE,
    '--ca-fingerprint',
    TEST_FINGERPRINT,
    '--reconnect-seconds',
    '1',
  );
  expect(activated).toMatchObject({ code: 0, err: '' });
  await until('the policy', () => host.table().includes('10.0.0.1'), 20_000);
  const before = JSON.parse((await ctl('status', '--json')).out) as { pid: number };
  const upgraded = await dpkg('--install', deb);
  expect(upgraded).toMatchObject({ code: 0 });
  const after = JSON.parse((await ctl('status', '--json')).out) as { pid: number };
  expect(after.pid).not.toBe(before.pid);
  expect(host.table()).toContain('10.0.0.1');
});

test('removed, the host is out of its PCE, and nothing is left but one report (R-VEN-4)', async () => {
  const removed = await dpkg('--remove', 'illumio-ven');
  expect(removed).toMatchObject({ code: 0 });
  expect(host.table()).toBe('');
  expect(host.pce.goodbyes.at(-1)).toBe(JSON.stringify({ reason: 'unpair' }));
  const left = await readdir(join(root, 'opt'));
  expect(left).toEqual([expect.stringMatching(/^illumio_ven_report_.*\.json$/)]);
});
