import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ApiClient } from '@bulkhead/contract';
import { LabError, run } from '../network/commands.ts';
import type { LabNetwork } from '../network/network.ts';
import { PCE_ADDRESS, PCE_FQDN } from '../network/topology.ts';
import { buildVenPackage } from '../../../tools/build.ts';
import { signIn, type PceAddress } from './client.ts';

const MAIN = fileURLToPath(new URL('../../../apps/pce/src/main.ts', import.meta.url));
const FORWARDER = fileURLToPath(new URL('forwarder.ts', import.meta.url));
export const PCE_PORT = 8443;

export interface PceOwner {
  readonly organization: string;
  readonly user: string;
  readonly password: string;
}

export interface LabPce {
  readonly address: PceAddress;
  readonly owner: PceOwner;
  /** File with the certificate of the PCE's CA, for programs that check it. */
  readonly caFile: string;
  /** Where its messages go. */
  readonly logFile: string;
  readonly secondsToReady: number;
  readonly signIn: () => Promise<ApiClient>;
  /** Ids of all processes of the PCE, its stores included. */
  readonly pids: () => Promise<readonly number[]>;
  /** Makes the console reachable on a loopback port of the host and answers its URL. */
  readonly openConsole: (preferredPort: number) => Promise<string>;
  readonly stop: () => Promise<void>;
  /** Ends the PCE's own process as a power cut would; `startPce` on the same network takes its data up again. */
  readonly kill: () => Promise<void>;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

function inNamespace(namespace: string, script: string, args: readonly string[]): ChildProcess {
  const node = [process.execPath, script, ...args];
  return spawn('ip', ['netns', 'exec', namespace, ...node], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Starts the process and waits for the line that says it is ready; an early end is an error with the process's last words. */
async function startReady(child: ChildProcess, name: string, logFile: string): Promise<Started> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new LabError(`${name} could not be started`);
  let lastWords = '';
  const log = createWriteStream(logFile, { flags: 'a' });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    log.write(text);
    lastWords = (lastWords + text).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      log.end();
      resolve();
    });
  });
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      if (line.startsWith('ready')) resolve();
    });
  });
  const failed = ended.then(() => {
    throw new LabError(`${name} ended before it was ready: ${lastWords.trim() || 'no message'}`);
  });
  await Promise.race([ready, failed]);
  failed.catch(() => {});
  return { child, ended };
}

async function listenLoopback(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : port;
}

/** Starts a PCE on the lab's internet, known there by its name, with its data below the lab's folder. */
export async function startPce(network: LabNetwork, owner: PceOwner): Promise<LabPce> {
  const folder = join(network.folder, 'pce');
  await mkdir(folder, { recursive: true });
  // The stores run as another user and have to pass through.
  await chmod(network.folder, 0o711);
  await chmod(folder, 0o711);
  const [data, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
  const logFile = join(folder, 'pce.log');
  await writeFile(passwordFile, owner.password, { mode: 0o600 });
  const { file } = await buildVenPackage();
  const begun = performance.now();
  const pce = await startReady(
    inNamespace(network.pceNamespace, MAIN, [
      'serve',
      `--data=${data}`,
      `--port=${PCE_PORT}`,
      `--fqdn=${PCE_FQDN}`,
      `--san=${PCE_ADDRESS}`,
      `--ven-package=${file}`,
      `--org=${owner.organization}`,
      `--admin=${owner.user}`,
      `--password-file=${passwordFile}`,
    ]),
    'the PCE',
    logFile,
  );
  const secondsToReady = (performance.now() - begun) / 1000;
  await rm(passwordFile, { force: true });
  const socketPath = join(folder, 'forward.sock');
  const forwarder = await startReady(
    inNamespace(network.pceNamespace, FORWARDER, [socketPath, String(PCE_PORT)]),
    'the way to the PCE',
    logFile,
  );
  const caFile = join(data, 'tls', 'ca.crt');
  const address = { socketPath, fqdn: PCE_FQDN, ca: await readFile(caFile, 'utf8') };
  const servers: Server[] = [];
  return {
    address,
    owner,
    caFile,
    logFile,
    secondsToReady,
    signIn: () => signIn(address, owner.user, owner.password),
    pids: async () => {
      const text = await run('ip', ['netns', 'pids', network.pceNamespace]);
      const all = text.split('\n').filter(Boolean).map(Number);
      return all.filter((pid) => pid !== forwarder.child.pid);
    },
    openConsole: async (preferredPort) => {
      const server = createServer((near) => {
        const far = connect(socketPath);
        near.on('error', () => far.destroy());
        far.on('error', () => near.destroy());
        near.on('close', () => far.destroy());
        far.on('close', () => near.destroy());
        near.pipe(far).pipe(near);
      });
      servers.push(server);
      const port = await listenLoopback(server, preferredPort).catch(() =>
        listenLoopback(server, 0),
      );
      return `https://localhost:${port}`;
    },
    kill: async () => {
      pce.child.kill('SIGKILL');
      forwarder.child.kill('SIGKILL');
      await Promise.all([pce.ended, forwarder.ended]);
      for (const server of servers) server.close();
    },
    stop: async () => {
      for (const server of servers) server.close();
      pce.child.kill('SIGTERM');
      await Promise.race([pce.ended, delay(8000, undefined, { ref: false })]);
      forwarder.child.kill('SIGTERM');
    },
  };
}
