/** What the VEN needs of a Linux host, and what on it may get in its way (R-VEN-7). */
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import type { CompatibilityCheck, QualifyStatus } from '@bulkhead/contract';
import { readText } from '../../agent/files.ts';
import { messageOf } from '../../agent/log.ts';
import { CommandError } from './command.ts';

export interface LinuxEnvironmentDeps {
  /** What the paths of the system begin with; `/` on a real host. */
  readonly root: string;
  /** Runs a program with an argument list, and text for it to read; rejects when it fails. */
  readonly exec: (
    file: string,
    args: readonly string[],
    options?: { readonly input: string },
  ) => Promise<string>;
  readonly userId: () => number;
}

/** What every policy needs of the kernel; checked, not loaded. */
const TRIAL = `table inet bulkhead_trial {
  set hosts { type ipv4_addr; }
  set ranges { type ipv4_addr; flags interval; }
  chain input {
    type filter hook input priority -10;
    ct state established accept
    iifname "lo" accept
    ip saddr @hosts tcp dport 443 log prefix "trial" group 1 accept
    ip saddr @ranges meta l4proto tcp reject with icmpx type admin-prohibited
  }
}
`;
/** From this share on of the connection table, a warning (FR-53). */
const TABLE_WARNING = 0.9;
const DISK_YELLOW_BYTES = 200 * 1024 * 1024;
const DISK_RED_BYTES = 20 * 1024 * 1024;
const DATA_FOLDER = 'opt';
const CONNTRACK = 'proc/sys/net/netfilter';

export interface ConnectionTable {
  readonly used: number;
  readonly max: number;
}

/** Null where the kernel tracks no connections (yet). */
export async function readConnectionTable(root: string): Promise<ConnectionTable | null> {
  const number = async (name: string): Promise<number> =>
    Number((await readText(join(root, CONNTRACK, name))) ?? 'none');
  const [used, max] = await Promise.all([number('nf_conntrack_count'), number('nf_conntrack_max')]);
  return Number.isFinite(used) && max > 0 ? { used, max } : null;
}

/** What to warn of; null while there is room. */
export function connectionTableWarning(table: ConnectionTable | null): string | null {
  if (table === null || table.used < table.max * TABLE_WARNING) return null;
  const share = Math.floor((table.used / table.max) * 100);
  return `the connection table of the kernel holds ${table.used} of ${table.max} (${share} %): ${
    table.used >= table.max
      ? 'new connections fail, whatever the policy says'
      : 'new connections will fail when it is full'
  }; raise net.netfilter.nf_conntrack_max`;
}

export async function checkLinuxEnvironment(
  deps: LinuxEnvironmentDeps,
): Promise<CompatibilityCheck[]> {
  const checks = await Promise.all([
    checkRoot(deps),
    checkProgram(deps, 'nftables', 'nft', ['--version']),
    checkProgram(deps, 'iproute2', 'ip', ['-V']),
    checkProgram(deps, 'conntrack_tools', 'conntrack', ['--version']),
    checkKernel(deps),
    checkConnectionTable(deps),
    checkAccounting(deps),
    checkOtherFirewalls(deps),
    checkGuests(deps),
    checkDisk(deps),
  ]);
  return checks;
}

function check(name: string, status: QualifyStatus, detail: string): CompatibilityCheck {
  return { name, status, detail: detail.slice(0, 1024) };
}

async function checkRoot({ userId }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  const id = userId();
  return id === 0
    ? check('root', 'green', 'the VEN runs as root')
    : check('root', 'red', `the VEN must run as root, this is user ${id}`);
}

async function checkProgram(
  { exec }: LinuxEnvironmentDeps,
  name: string,
  file: string,
  args: readonly string[],
): Promise<CompatibilityCheck> {
  try {
    const [line = ''] = (await exec(file, args)).split('\n');
    return check(name, 'green', line.trim() === '' ? `${file} is installed` : line.trim());
  } catch (error) {
    return check(name, 'red', `${messageOf(error)}; install the package ${name.replace('_', '-')}`);
  }
}

async function checkKernel({ exec, root }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  const release = ((await readText(join(root, 'proc/sys/kernel/osrelease'))) ?? '').trim();
  try {
    await exec('nft', ['-c', '-f', '-'], { input: TRIAL });
    return check('kernel', 'green', `Linux ${release} has all of nf_tables that policies need`);
  } catch (error) {
    const reason =
      error instanceof CommandError && error.stderr !== ''
        ? (error.stderr.split('\n')[0] ?? '')
        : messageOf(error);
    return check(
      'kernel',
      'red',
      `Linux ${release} lacks what policies need of nf_tables: ${reason}; Linux 4.18 or later with nf_tables, nf_conntrack and nfnetlink_log is needed`,
    );
  }
}

async function checkConnectionTable({ root }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  const table = await readConnectionTable(root);
  const warning = connectionTableWarning(table);
  if (warning !== null) return check('connection_table', 'yellow', warning);
  return check(
    'connection_table',
    'green',
    table === null ? 'not in use yet' : `${table.used} of ${table.max} connections`,
  );
}

async function checkAccounting({ root }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  const value = (await readText(join(root, CONNTRACK, 'nf_conntrack_acct')))?.trim();
  return value === '0'
    ? check(
        'connection_accounting',
        'yellow',
        'net.netfilter.nf_conntrack_acct is 0: flows come without bytes until the VEN, once paired, turns it on',
      )
    : check('connection_accounting', 'green', 'bytes of connections are counted');
}

/** Tables of others with chains that filter; the VEN decides beside them (firewall coexistence). */
async function checkOtherFirewalls({ exec }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  let listed: string;
  try {
    listed = await exec('nft', ['list', 'tables']);
  } catch {
    // said by the check of nftables already
    return check('other_firewalls', 'yellow', 'the tables of the kernel cannot be listed');
  }
  const tables = listed
    .split('\n')
    .flatMap((line) => /^table (\S+ \S+)/.exec(line)?.[1] ?? [])
    .filter((table) => !table.startsWith('inet bulkhead'));
  return tables.length === 0
    ? check('other_firewalls', 'green', 'no other firewall has tables')
    : check(
        'other_firewalls',
        'yellow',
        `others have tables too, which go on filtering: ${tables.join(', ')}`,
      );
}

const GUEST_BRIDGES = /^(?:docker|virbr|br-|cni|lxcbr|podman|vmnet)/;

async function checkGuests({ root }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  const names = await fs.readdir(join(root, 'sys/class/net')).catch((): string[] => []);
  const bridges = names.filter((name) => GUEST_BRIDGES.test(name)).sort();
  return bridges.length === 0
    ? check('guests', 'green', 'no bridge of containers or virtual machines')
    : check(
        'guests',
        'yellow',
        `containers or virtual machines behind ${bridges.join(', ')}: what is forwarded to them is not filtered`,
      );
}

async function checkDisk({ root }: LinuxEnvironmentDeps): Promise<CompatibilityCheck> {
  const folder = join(root, DATA_FOLDER);
  try {
    const { bavail, bsize } = await fs.statfs(folder);
    const free = bavail * bsize;
    const text = `${Math.floor(free / 1024 / 1024)} MB free in /${DATA_FOLDER}`;
    if (free < DISK_RED_BYTES) return check('disk', 'red', `${text}; 20 MB are needed`);
    return free < DISK_YELLOW_BYTES
      ? check('disk', 'yellow', `${text}; 200 MB let the VEN keep flows while the PCE is away`)
      : check('disk', 'green', text);
  } catch (error) {
    return check('disk', 'yellow', `free space is not known: ${messageOf(error)}`);
  }
}
