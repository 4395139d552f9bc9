/**
 * Runs inside one host's namespaces, for as long as the lab lives: gives the host its own /opt, /etc/hosts, machine id and name,
 * answers on its ports, and makes connections on request. One JSON request per line of standard input, one answer per line of
 * standard output; it ends when its input does.
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { agentConfigSchema, agentRequestSchema } from './agent-messages.ts';
import { probe } from './probe.ts';

const config = agentConfigSchema.parse(JSON.parse(process.argv[2] ?? ''));

function bind(from: string, to: string): void {
  execFileSync('mount', ['--rbind', from, to], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The host's own /opt, in which what the machine has there still stands. */
function mountOpt(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync('/opt')) {
    if (entry.startsWith('illumio_ven')) continue;
    const [from, to] = [join('/opt', entry), join(folder, entry)];
    if (statSync(from).isDirectory()) mkdirSync(to, { recursive: true });
    else writeFileSync(to, '');
    bind(from, to);
  }
  bind(folder, '/opt');
}

function mountFile(name: string, target: string, content: string): void {
  const file = join(config.folder, name);
  writeFileSync(file, content);
  if (existsSync(target)) bind(file, target);
}

function settleIn(): void {
  mkdirSync(config.folder, { recursive: true });
  mountOpt(join(config.folder, 'opt'));
  mountFile('hosts', '/etc/hosts', config.hosts);
  mountFile('resolv.conf', '/etc/resolv.conf', config.resolvConf);
  mountFile('machine-id', '/etc/machine-id', `${config.machineId}\n`);
  // Where systemd runs the machine, it must not be asked to keep services of a lab host.
  if (existsSync('/run/systemd/system')) {
    mkdirSync(join(config.folder, 'systemd'), { recursive: true });
    bind(join(config.folder, 'systemd'), '/run/systemd/system');
  }
  execFileSync('hostname', [config.name]);
}

async function listen(): Promise<void> {
  const tcp = config.tcp.map(
    (port) =>
      new Promise<void>((resolve, reject) => {
        const server = createServer((socket) => {
          socket.on('error', () => {});
          socket.pipe(socket);
        });
        server.on('error', reject);
        server.listen({ port, host: '::' }, resolve);
      }),
  );
  const udp = config.udp.map(
    (port) =>
      new Promise<void>((resolve, reject) => {
        const socket = createSocket('udp6');
        socket.on('error', reject);
        socket.on('message', (data, from) => socket.send(data, from.port, from.address, () => {}));
        socket.bind(port, '::', resolve);
      }),
  );
  await Promise.all([...tcp, ...udp]);
}

function say(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

settleIn();
await listen();
say({ id: 0, ready: true });
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, probes } = agentRequestSchema.parse(JSON.parse(line));
  void Promise.all(probes.map(probe)).then((results) => say({ id, results }));
});
lines.on('close', () => process.exit(0));
