/** The boot service on a system that is a folder, with a recorder in place of its programs. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BootService } from '../port.ts';
import { createLinuxService } from './linux-service.ts';
import { renderInitScript, renderUnit, startCommand } from './service-files.ts';

const run = promisify(execFile);
const FOLDERS = { install: '/opt/illumio_ven', data: '/opt/illumio_ven_data' };
const UNIT = 'etc/systemd/system/illumio-ven.service';
const SCRIPT = 'etc/init.d/illumio-ven';
let root: string;
let calls: string[];
let failing: string | null;
let service: BootService;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ven-service-'));
  calls = [];
  failing = null;
  service = createLinuxService({
    root,
    async exec(file, args) {
      const line = [file, ...args].join(' ');
      calls.push(line);
      if (failing !== null && line.startsWith(failing)) throw new Error(`${line} failed`);
      if (line === 'systemctl enable illumio-ven.service') {
        const link = join(root, 'etc/systemd/system/multi-user.target.wants/illumio-ven.service');
        await mkdir(dirname(link), { recursive: true });
        await rm(link, { force: true });
        await symlink('/etc/systemd/system/illumio-ven.service', link);
      }
    },
  });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function aSystem(init: string, network: string = 'net:[1]'): Promise<void> {
  await put('proc/1/comm', `${init}\n`);
  for (const [id, namespace] of [
    ['1', 'net:[1]'],
    ['self', network],
  ] as const) {
    await mkdir(join(root, 'proc', id, 'ns'), { recursive: true });
    await symlink(namespace, join(root, 'proc', id, 'ns', 'net'));
  }
  // machines with systemd have the folders of sysvinit too
  await put('etc/init.d/README', '');
  await put('usr/sbin/update-rc.d', '');
  await mkdir(join(root, 'etc/systemd/system'), { recursive: true });
  if (init === 'systemd') await mkdir(join(root, 'run/systemd/system'), { recursive: true });
}

async function files(): Promise<string[]> {
  const entries = await readdir(join(root, 'etc'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && entry.name !== 'README')
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

const mode = async (path: string): Promise<number> => (await stat(join(root, path))).mode & 0o777;

test('systemd gets an enabled unit that is readable for everybody, once', async () => {
  await aSystem('systemd');
  const umask = process.umask(0o077);
  try {
    expect(await service.install(FOLDERS)).toBe('systemd');
  } finally {
    process.umask(umask);
  }
  expect(await readFile(join(root, UNIT), 'utf8')).toBe(renderUnit(FOLDERS));
  expect(await mode(UNIT)).toBe(0o644);
  const installed = ['systemctl daemon-reload', 'systemctl enable illumio-ven.service'];
  expect(calls).toEqual(installed);
  expect(await service.install(FOLDERS)).toBe('systemd');
  expect(calls).toEqual(installed);
  await put(UNIT, 'changed by somebody');
  await service.install(FOLDERS);
  expect(await readFile(join(root, UNIT), 'utf8')).toBe(renderUnit(FOLDERS));
  expect(calls).toEqual([...installed, ...installed]);
});

test('start and stop go through systemd as long as the unit is there, which leaves no trace', async () => {
  await aSystem('systemd');
  expect([await service.start(), await service.stop()]).toEqual([false, false]);
  await service.install(FOLDERS);
  calls.length = 0;
  expect([await service.start(), await service.stop()]).toEqual([true, true]);
  expect(calls).toEqual([
    'systemctl start illumio-ven.service',
    'systemctl stop illumio-ven.service',
  ]);
  calls.length = 0;
  await service.remove();
  expect(calls).toEqual(['systemctl disable illumio-ven.service', 'systemctl daemon-reload']);
  expect(await files()).toEqual([]);
  await service.remove();
  expect(calls).toHaveLength(2);
  expect(await service.start()).toBe(false);
});

test('what systemd refuses is told, and a removal goes on', async () => {
  await aSystem('systemd');
  failing = 'systemctl enable';
  await expect(service.install(FOLDERS)).rejects.toMatchObject({
    name: 'ServiceError',
    message: 'systemctl enable illumio-ven.service failed',
  });
  failing = null;
  expect(await service.install(FOLDERS)).toBe('systemd');
  failing = 'systemctl start';
  await expect(service.start()).rejects.toMatchObject({ name: 'ServiceError' });
  failing = 'systemctl disable';
  await expect(service.remove()).rejects.toMatchObject({ name: 'ServiceError' });
  expect(await files()).toEqual([]);
  expect(calls.at(-1)).toBe('systemctl daemon-reload');
});

test('sysvinit gets a script that may be run, and keeps no process', async () => {
  await aSystem('init');
  expect(await service.install(FOLDERS)).toBe('sysvinit');
  expect(await service.install(FOLDERS)).toBe('sysvinit');
  expect(await files()).toEqual([SCRIPT]);
  expect(await readFile(join(root, SCRIPT), 'utf8')).toBe(renderInitScript(FOLDERS));
  expect(await mode(SCRIPT)).toBe(0o755);
  expect(calls).toEqual(['update-rc.d illumio-ven defaults', 'update-rc.d illumio-ven defaults']);
  expect([await service.start(), await service.stop()]).toEqual([false, false]);
  calls.length = 0;
  await service.remove();
  expect(calls).toEqual(['update-rc.d illumio-ven remove']);
  expect(await files()).toEqual([]);
});

test.each([
  ['systemd', 'net:[2]'],
  ['init', 'net:[2]'],
  ['runit', 'net:[1]'],
])('nothing is installed or removed under %s in the network %s', async (init, network) => {
  await aSystem(init, network);
  await put(UNIT, 'of the machine');
  await put(SCRIPT, 'of the machine');
  expect(await service.install(FOLDERS)).toBeNull();
  expect([await service.start(), await service.stop()]).toEqual([false, false]);
  await service.remove();
  expect(calls).toEqual([]);
  expect(await readFile(join(root, UNIT), 'utf8')).toBe('of the machine');
  expect(await readFile(join(root, SCRIPT), 'utf8')).toBe('of the machine');
});

test('a folder that would mean something else in a unit or a script is refused', async () => {
  await aSystem('systemd');
  for (const install of ['/opt/my ven', '/opt/%n', '/opt/$(reboot)', 'opt', '/opt/a\nb']) {
    await expect(service.install({ ...FOLDERS, install })).rejects.toMatchObject({
      name: 'ServiceError',
    });
  }
  expect([calls, await files()]).toEqual([[], []]);
});

test('the unit has the policy in force before the network is set up', async () => {
  const folders = { install: join(root, 'illumio_ven'), data: join(root, 'illumio_ven_data') };
  const unit = renderUnit(folders);
  expect(unit).toContain(`ExecStart=${startCommand(folders).join(' ')}\n`);
  expect(unit).toMatch(/^Before=network-pre\.target /m);
  expect(unit).toMatch(/^Wants=network-pre\.target$/m);
  expect(unit).toMatch(/^Type=forking$/m);
  if (!existsSync('/usr/bin/systemd-analyze')) return;
  await mkdir(folders.install);
  await writeFile(join(folders.install, 'illumio-ven-ctl'), '#!/bin/sh\n', { mode: 0o755 });
  const file = join(root, 'illumio-ven.service');
  await writeFile(file, unit);
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', file]);
  expect(`${stdout}${stderr}`).not.toContain('illumio-ven');
});

test('the script for sysvinit is one that a shell reads', async () => {
  const file = join(root, 'script');
  await writeFile(file, renderInitScript(FOLDERS));
  await run('sh', ['-n', file]);
  await expect(run('sh', [file, 'somehow'])).rejects.toMatchObject({
    code: 2,
    stderr: `usage: ${file} start|stop|restart|force-reload|status\n`,
  });
});
