/** Two namespaces joined by a veth pair, gone again however the process ends. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { LINK } from './subject.ts';

export interface Pair {
  readonly server: string;
  readonly client: string;
  /** A program in one of them, on one processor where that is given, killed with the pair. */
  start(namespace: string, file: string, args: readonly string[], processor?: number): ChildProcess;
  /** Loads rules into the server's firewall in place of all it has. */
  load(file: string | null): void;
  close(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** `folder` is removed with the pair. */
export function createPair(folder: string): Pair {
  const server = `bhbench${process.pid}s`;
  const client = `bhbench${process.pid}c`;
  const children: ChildProcess[] = [];
  const ended = (): never => {
    close();
    process.exit(130);
  };

  function close(): void {
    for (const signal of SIGNALS) process.off(signal, ended);
    for (const child of children) child.kill('SIGKILL');
    for (const name of [server, client]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // it was never made
      }
    }
    rmSync(folder, { recursive: true, force: true });
  }

  for (const signal of SIGNALS) process.on(signal, ended);
  try {
    for (const name of [server, client]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    const [device, peer] = [LINK.device, `${LINK.device}p`];
    ip('-n', server, 'link', 'add', device, 'type', 'veth', 'peer', 'name', peer, 'netns', client);
    for (const [name, link, address] of [
      [server, device, LINK.server],
      [client, peer, LINK.client],
    ] as const) {
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', link);
      ip('-n', name, 'link', 'set', link, 'up');
    }
  } catch (error) {
    close();
    throw error;
  }

  return {
    server,
    client,
    start(namespace, file, args, processor) {
      const pinned = processor === undefined ? [] : ['taskset', '-c', `${processor}`];
      const command = [...pinned, process.execPath, file, ...args];
      const child = spawn('ip', ['netns', 'exec', namespace, ...command], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.push(child);
      return child;
    },
    load(file) {
      const inServer = (...args: readonly string[]) => ip('netns', 'exec', server, ...args);
      inServer('nft', 'flush', 'ruleset');
      if (file !== null) inServer('nft', '-f', file);
      inServer('conntrack', '-F');
    },
    close,
  };
}
