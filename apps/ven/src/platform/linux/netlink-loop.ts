/** One waiting pool thread for all netlink and packet sockets of the VEN. */
import { setTimeout as delay } from 'node:timers/promises';
import { OVERRUN, type Libc } from './libc.ts';

/** Also bounds how long an idle process waits for its end. */
const POLL_MS = 1_000;
/** Rest between two readings, so that events gather and a busy host costs little. */
const REST_MS = 10;
const BUFFER_BYTES = 256 * 1024;
const ADDRESS_BYTES = 32;
const DATAGRAMS_AT_ONCE = 512;

export interface NetlinkListener {
  /** One datagram, and the address of its sender as the kernel writes it. The memory is reused after the call. */
  received(datagram: Buffer, from: Buffer): void;
  /** Called once after the datagrams of one reading. */
  drained?(): void;
  /** Messages were lost. */
  overrun(): void;
}

export interface NetlinkLoop {
  add(fd: number, listener: NetlinkListener): void;
  remove(fd: number): void;
  close(): Promise<void>;
}

export function startNetlinkLoop(libc: Libc, failed: (error: unknown) => void): NetlinkLoop {
  const listeners = new Map<number, NetlinkListener>();
  const wake = libc.event();
  const buffer = Buffer.alloc(BUFFER_BYTES);
  const from = Buffer.alloc(ADDRESS_BYTES);
  let closing = false;

  function drain(fd: number, listener: NetlinkListener): void {
    for (let count = 0; count < DATAGRAMS_AT_ONCE; count += 1) {
      const datagram = libc.receive(fd, buffer, from);
      if (datagram === null) break;
      if (datagram === OVERRUN) listener.overrun();
      else listener.received(datagram, from);
    }
    listener.drained?.();
  }

  async function run(): Promise<void> {
    while (!closing) {
      const ready = await libc.poll([wake, ...listeners.keys()], POLL_MS);
      if (ready.includes(wake)) libc.clear(wake);
      for (const fd of ready) {
        const listener = listeners.get(fd);
        if (listener !== undefined) drain(fd, listener);
      }
      if (ready.length > 0 && !closing) await delay(REST_MS);
    }
    for (const fd of [wake, ...listeners.keys()]) libc.close(fd);
    listeners.clear();
  }

  const running = run().catch(failed);
  return {
    add(fd, listener) {
      listeners.set(fd, listener);
      libc.signal(wake);
    },
    remove(fd) {
      if (!listeners.delete(fd)) return;
      libc.close(fd);
      libc.signal(wake);
    },
    async close() {
      closing = true;
      libc.signal(wake);
      await running;
    },
  };
}
