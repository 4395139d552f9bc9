/** Network namespaces for tests that need a kernel: two hosts with a link between them. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;

export interface NamespacePair {
  /** The host under test, 203.0.113.2/24 and 2001:db8::2/64 on eth0. */
  readonly ours: string;
  /** Its neighbour and gateway: 203.0.113.1, 2001:db8::1, and 10.0.0.1 besides. */
  readonly peer: string;
  run(namespace: string, file: string, args: readonly string[], input?: string): string;
  dispose(): void;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

export function createNamespacePair(): NamespacePair {
  const tag = `bhv${randomBytes(3).toString('hex')}`;
  const [ours, peer] = [`${tag}a`, `${tag}b`];
  const dispose = (): void => {
    for (const namespace of [ours, peer]) {
      try {
        ip('netns', 'delete', namespace);
      } catch {
        // it was never made
      }
    }
  };
  try {
    for (const namespace of [ours, peer]) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    ip('link', 'add', 'eth0', 'netns', ours, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer);
    for (const [namespace, host] of [
      [ours, 2],
      [peer, 1],
    ] as const) {
      ip('-n', namespace, 'address', 'add', `203.0.113.${host}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'address', 'add', `2001:db8::${host}/64`, 'dev', 'eth0', 'nodad');
      ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    }
    ip('-n', peer, 'address', 'add', '10.0.0.1/32', 'dev', 'lo');
    ip('-n', ours, 'route', 'add', 'default', 'via', '203.0.113.1');
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    ours,
    peer,
    run: (namespace, file, args, input = '') =>
      execFileSync('ip', ['netns', 'exec', namespace, file, ...args], {
        encoding: 'utf8',
        input,
        maxBuffer: 64 * 1024 * 1024,
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    dispose,
  };
}

/** Moves this thread into a namespace; sockets and processes made from now on are there. Answers the way back. */
export function enterNamespace(name: string): () => void {
  const libc = koffi.load('libc.so.6');
  const setns = libc.func('int setns(int, int)');
  const before = openSync('/proc/thread-self/ns/net', 'r');
  const move = (fd: number): void => {
    const result: unknown = setns(fd, CLONE_NEWNET);
    closeSync(fd);
    if (result !== 0) throw new Error(`setns failed with errno ${koffi.errno()}`);
  };
  move(openSync(`/run/netns/${name}`, 'r'));
  return () => move(before);
}
