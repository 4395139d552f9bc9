import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandError } from './command.ts';
import {
  checkLinuxEnvironment,
  connectionTableWarning,
  readConnectionTable,
} from './linux-environment.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ven-environment-'));
  await put('proc/sys/kernel/osrelease', '6.1.0-18-amd64\n');
  await put('opt/.keep', '');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

/** Checks that are not green, by name. */
async function troubles(
  exec: (file: string, args: readonly string[]) => Promise<string>,
  userId = 0,
): Promise<Record<string, string>> {
  const checks = await checkLinuxEnvironment({ root, exec, userId: () => userId });
  return Object.fromEntries(
    checks
      .filter(({ status }) => status !== 'green')
      .map(({ name, status, detail }) => [name, `${status}: ${detail}`]),
  );
}

const allThere = (file: string): Promise<string> => Promise.resolve(file === 'nft' ? '' : 'v1');

test('a host with everything has nothing to say (R-VEN-7)', async () => {
  await put('proc/sys/net/netfilter/nf_conntrack_count', '10\n');
  await put('proc/sys/net/netfilter/nf_conntrack_max', '262144\n');
  await put('proc/sys/net/netfilter/nf_conntrack_acct', '1\n');
  expect(await troubles(allThere)).toEqual({});
});

test('an old kernel, a missing program and somebody who is not root are red, and say what is missing', async () => {
  const found = await troubles((file, args) => {
    if (file === 'conntrack')
      return Promise.reject(new CommandError('the program conntrack is not installed', ''));
    if (args[0] === '-c')
      return Promise.reject(
        new CommandError(
          'nft ended with status 1',
          'Error: Could not process rule: Operation not supported',
        ),
      );
    return Promise.resolve('');
  }, 1000);
  expect(found).toMatchObject({
    root: 'red: the VEN must run as root, this is user 1000',
    conntrack_tools: expect.stringContaining('install the package conntrack-tools'),
    kernel: expect.stringMatching(/^red: Linux 6.1.0-18-amd64 lacks .*Operation not supported/),
  });
});

test('other firewalls and guests behind bridges are yellow and named (R-WIN-5, R-VEN-5)', async () => {
  await put('sys/class/net/docker0/ifindex', '3');
  const found = await troubles((file, args) =>
    Promise.resolve(
      file === 'nft' && args[0] === 'list'
        ? 'table inet firewalld\ntable ip nat\ntable inet bulkhead\n'
        : '',
    ),
  );
  expect(found['other_firewalls']).toContain('inet firewalld, ip nat');
  expect(found['other_firewalls']).not.toContain('bulkhead');
  expect(found['guests']).toContain('docker0');
});

test('a connection table from 90 % on is warned of, and said to be full when it is (FR-53)', async () => {
  expect(await readConnectionTable(root)).toBeNull();
  await put('proc/sys/net/netfilter/nf_conntrack_count', '899\n');
  await put('proc/sys/net/netfilter/nf_conntrack_max', '1000\n');
  expect(connectionTableWarning(await readConnectionTable(root))).toBeNull();
  await put('proc/sys/net/netfilter/nf_conntrack_count', '900\n');
  expect(connectionTableWarning(await readConnectionTable(root))).toContain('900 of 1000 (90 %)');
  await put('proc/sys/net/netfilter/nf_conntrack_count', '1000\n');
  expect(connectionTableWarning(await readConnectionTable(root))).toContain('new connections fail');
});
