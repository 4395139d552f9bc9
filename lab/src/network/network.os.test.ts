import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './commands.ts';
import { listNamespaces, removeInstance } from './instances.ts';
import { createNetwork, probeBetween, type LabNetwork } from './network.ts';
import { CORPORATE_PUBLIC_IP, HOME_PUBLIC_IP, PCE_FQDN } from './topology.ts';

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-lab-test-'));
let lab: LabNetwork;

beforeAll(async () => {
  lab = await createNetwork(folder);
}, 20_000);

afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

const tcp = (port: number) => ({ protocol: 'tcp', port, timeoutMs: 400 }) as const;

/** A server in the PCE's place that answers each connection with the address it came from. */
const WHO = `require('node:net').createServer((s) => s.on('error', () => {}).end(s.remoteAddress))
  .listen(8443, '0.0.0.0', () => console.log('ready'))`;
const ASK = `require('node:net').connect(8443, '${PCE_FQDN}').on('data', (d) => console.log(String(d)))`;

async function seenByPce(): Promise<string> {
  const { stdout } = await lab.host('laptop-1').exec(process.execPath, ['-e', ASK]);
  return stdout.trim();
}

describe('the networks of the lab', () => {
  test('datacenter and office reach each other without translation, the internet is beyond', async () => {
    const found = await Promise.all([
      probeBetween(lab, 'web', 'app', tcp(8080)),
      probeBetween(lab, 'laptop-2', 'web', tcp(443)),
      probeBetween(lab, 'laptop-2', 'internet', tcp(443)),
      probeBetween(lab, 'laptop-2', 'laptop-1', { protocol: 'icmp' }),
      probeBetween(lab, 'web', 'ad', { protocol: 'udp', port: 389 }),
      probeBetween(lab, 'internet', 'web', tcp(443)),
    ]);
    expect(found.map(({ outcome }) => outcome)).toEqual([
      'passed',
      'passed',
      'passed',
      'passed',
      'passed',
      'blocked',
    ]);
  });

  test('each host has a name, files and an /opt of its own', async () => {
    const [web, app] = [lab.host('web'), lab.host('app')];
    const own = ['/opt/illumio_ven', '/opt/illumio_ven_data'];
    await web.exec('mkdir', own);
    expect((await web.exec('ls', ['-d', ...own])).code).toBe(0);
    expect((await app.exec('ls', ['-d', ...own])).code).not.toBe(0);
    expect((await web.exec('hostname', [])).stdout.trim()).toBe('web');
    const ids = await Promise.all(lab.hosts().map((host) => host.exec('cat', ['/etc/machine-id'])));
    expect(new Set(ids.map(({ stdout }) => stdout)).size).toBe(ids.length);
    expect(readdirSync('/opt').filter((name) => name.startsWith('illumio'))).toEqual([]);
  });

  test('a laptop that roams keeps its interface and shows the public address of where it is (R-NET-3)', async () => {
    const pce = ['netns', 'exec', lab.pceNamespace, process.execPath, '-e', WHO];
    const server = spawn('ip', pce, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(createInterface({ input: server.stdout }), 'line');
      expect(await seenByPce()).toBe(CORPORATE_PUBLIC_IP);
      await lab.roam('home');
      expect(await seenByPce()).toBe(HOME_PUBLIC_IP);
      expect(lab.addressOf('laptop-1')).toBe('192.168.1.11');
      const { stdout } = await lab
        .host('laptop-1')
        .exec('ip', ['-4', '-br', 'addr', 'show', 'eth0']);
      expect(stdout).toContain('192.168.1.11/24');
      expect(stdout).not.toContain('10.20.0.11');
      expect((await probeBetween(lab, 'laptop-1', 'web', tcp(443))).outcome).toBe('blocked');
      expect((await probeBetween(lab, 'laptop-1', 'internet', tcp(443))).outcome).toBe('passed');
      await lab.roam('office');
      expect(await seenByPce()).toBe(CORPORATE_PUBLIC_IP);
      expect((await probeBetween(lab, 'laptop-1', 'web', tcp(443))).outcome).toBe('passed');
    } finally {
      server.kill();
    }
  });

  test('a firewall rule on a host shows in the probe', async () => {
    const block =
      'table inet t {\nchain c {\ntype filter hook input priority 0\ntcp dport 5432 drop\n}\n}\n';
    const db = lab.host('db');
    await db.exec('nft', ['-f', '-'], { input: block });
    expect((await probeBetween(lab, 'app', 'db', tcp(5432))).outcome).toBe('blocked');
    await db.exec('nft', ['delete', 'table', 'inet', 't']);
    expect((await probeBetween(lab, 'app', 'db', tcp(5432))).outcome).toBe('passed');
  });
});

describe('what a lab leaves behind', () => {
  const owned = (instance: string) =>
    listNamespaces().filter((name) => name.startsWith(`${instance}-`));

  test('nothing, after close, with a daemon still running on a host', async () => {
    const links = await run('ip', ['-br', 'link']);
    const own = mkdtempSync(join(folder, 'closed-'));
    const other = await createNetwork(own);
    const daemon = `require('node:child_process').spawn('sleep', ['300'], { detached: true, stdio: 'ignore' }).unref()`;
    await other.host('web').exec(process.execPath, ['-e', daemon]);
    const pids = (await Promise.all(other.hosts().map((host) => host.pids()))).flat();
    expect(pids.length).toBe(other.hosts().length + 1);
    expect(owned(other.instance).length).toBe(other.hosts().length + 4);
    await other.close();
    expect(owned(other.instance)).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await run('ip', ['-br', 'link'])).toBe(links);
    expect(lab.hosts().length).toBe(owned(lab.instance).length - 4);
  });

  test('nothing, when its owner is killed', async () => {
    const network = fileURLToPath(new URL('network.ts', import.meta.url));
    const own = mkdtempSync(join(folder, 'killed-'));
    const script = `import { createNetwork } from ${JSON.stringify(network)};
      console.log((await createNetwork(${JSON.stringify(own)})).instance); setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [instance] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
    try {
      expect(owned(instance).length).toBeGreaterThan(8);
      owner.kill('SIGKILL');
      await expect.poll(() => owned(instance), { timeout: 8000, interval: 50 }).toEqual([]);
    } finally {
      owner.kill('SIGKILL');
      await removeInstance(instance);
    }
  }, 15_000);

  test('nothing of a lab that lost owner and janitor, once the next one starts', async () => {
    const stale = 'bh1-0-1-web';
    await run('ip', ['netns', 'add', stale]);
    const other = await createNetwork(mkdtempSync(join(folder, 'next-')));
    try {
      expect(listNamespaces()).not.toContain(stale);
      expect(owned(lab.instance).length).toBeGreaterThan(8);
    } finally {
      await other.close();
    }
  });
});

/** A process that has ended and whose parent has not looked yet is no longer alive. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}
