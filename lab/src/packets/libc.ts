/**
 * Sockets by libc: what Node's own cannot do. One process holds sockets in many network namespaces, sends any protocol from any address
 * and sees what arrives, so that no process is started for a host or a connection.
 */
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';
import { parseAddress, type Family } from '@bulkhead/net';
import { LabError } from '../network/commands.ts';

const CLONE_NEWNET = 0x40000000;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_NETFILTER = 12;
const SOCKET_TYPES = { stream: 1, datagram: 2, raw: 3 } as const;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SO_BINDTODEVICE = 25;
const SOCKADDR_BYTES = 28;
const BACKLOG = 1024;
export const POLLIN = 1;
export const POLLOUT = 4;
const { EAGAIN, EINPROGRESS } = constants.errno;

const lib = koffi.load('libc.so.6');
const calls = {
  setns: lib.func('int setns(int, int)'),
  socket: lib.func('int socket(int, int, int)'),
  bind: lib.func('int bind(int, void *, uint32_t)'),
  listen: lib.func('int listen(int, int)'),
  connect: lib.func('int connect(int, void *, uint32_t)'),
  sendto: lib.func('intptr_t sendto(int, void *, size_t, int, void *, uint32_t)'),
  recvfrom: lib.func('intptr_t recvfrom(int, void *, size_t, int, void *, void *)'),
  setsockopt: lib.func('int setsockopt(int, int, int, void *, uint32_t)'),
  getsockopt: lib.func('int getsockopt(int, int, int, void *, void *)'),
  poll: lib.func('int poll(void *, unsigned long, int)'),
  close: lib.func('int close(int)'),
};

const ERRNO_NAMES = new Map(Object.entries(constants.errno).map(([name, code]) => [code, name]));

/** Name of the error of the last call. */
function lastError(): string {
  const code = koffi.errno();
  return ERRNO_NAMES.get(code) ?? `errno ${code}`;
}

function check(result: unknown, what: string): number {
  if (typeof result === 'number' && result >= 0) return result;
  throw new LabError(`${what} failed: ${lastError()}`);
}

function sockaddr(address: string, port: number): Buffer {
  const parsed = parseAddress(address);
  if (parsed === null) throw new LabError(`"${address}" is not an address`);
  if (parsed.family === 4) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    bytes.writeUInt32BE(Number(parsed.value), 4);
    return bytes;
  }
  const bytes = Buffer.alloc(SOCKADDR_BYTES);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.write(parsed.value.toString(16).padStart(32, '0'), 8, 'hex');
  return bytes;
}

/** A network namespace that this process can work in. */
export interface Namespace {
  readonly name: string;
  /**
   * Does the work in the namespace: sockets that it opens and programs that it starts are there for good. Only what happens before the
   * work first waits is done there.
   */
  readonly run: <T>(work: () => T) => T;
  readonly close: () => void;
}

const home = openSync('/proc/self/ns/net', 'r');

/** Opens a namespace by the name that `ip netns` gave it. */
export function openNamespace(name: string): Namespace {
  const fd = openSync(`/run/netns/${name}`, 'r');
  return {
    name,
    run(work) {
      check(calls.setns(fd, CLONE_NEWNET), `entering namespace ${name}`);
      try {
        return work();
      } finally {
        check(calls.setns(home, CLONE_NEWNET), `leaving namespace ${name}`);
      }
    },
    close: () => closeSync(fd),
  };
}

/** Opens a socket that never waits. */
export function openSocket(
  kind: keyof typeof SOCKET_TYPES,
  family: Family,
  protocol: number,
): number {
  const type = SOCKET_TYPES[kind] | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const domain = family === 4 ? AF_INET : AF_INET6;
  return check(calls.socket(domain, type, protocol), `a ${kind} socket of protocol ${protocol}`);
}

/** Opens a socket to the kernel's netfilter. */
export function openNetfilterSocket(): number {
  const type = SOCKET_TYPES.raw | SOCK_NONBLOCK | SOCK_CLOEXEC;
  return check(calls.socket(AF_NETLINK, type, NETLINK_NETFILTER), 'a netfilter socket');
}

/** Whether the kernel has the protocol. */
export function hasProtocol(kind: keyof typeof SOCKET_TYPES, protocol: number): boolean {
  const fd: unknown = calls.socket(AF_INET, SOCKET_TYPES[kind] | SOCK_CLOEXEC, protocol);
  if (typeof fd !== 'number' || fd < 0) return false;
  closeSocket(fd);
  return true;
}

function setOption(fd: number, option: number, value: Buffer): void {
  check(calls.setsockopt(fd, SOL_SOCKET, option, value, value.length), `socket option ${option}`);
}

/** Binds to an address (port 0: one that is free) and to the device that holds it, by which everything is then sent. */
export function bindSocket(
  fd: number,
  at: { readonly address: string; readonly port: number; readonly device: string },
): void {
  setOption(fd, SO_BINDTODEVICE, Buffer.from(`${at.device}\0`));
  const to = sockaddr(at.address, at.port);
  check(calls.bind(fd, to, to.length), `binding to ${at.address} port ${at.port}`);
}

/** Listens also while connections of before linger. */
export function listenSocket(
  fd: number,
  at: { readonly address: string; readonly port: number; readonly device: string },
): void {
  setOption(fd, SO_REUSEADDR, Buffer.from([1, 0, 0, 0]));
  bindSocket(fd, at);
  check(calls.listen(fd, BACKLOG), `listening on ${at.address} port ${at.port}`);
}

/** Begins to connect; null, or the error that came at once. A connection that is closed later leaves nothing behind. */
export function connectSocket(fd: number, address: string, port: number): string | null {
  const to = sockaddr(address, port);
  const result: unknown = calls.connect(fd, to, to.length);
  if (result === 0 || koffi.errno() === EINPROGRESS) return null;
  return lastError();
}

/** Has the connection end by a reset when it is closed, so that it does not linger. */
export function resetOnClose(fd: number): void {
  setOption(fd, SO_LINGER, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
}

/** Sends one datagram to a socket address, or where the socket is connected to; null, or the error. */
export function sendDatagram(fd: number, bytes: Buffer, to: Buffer | null): string | null {
  const result: unknown = calls.sendto(fd, bytes, bytes.length, 0, to, to?.length ?? 0);
  return typeof result === 'number' && result >= 0 ? null : lastError();
}

/** The socket address of a host, for raw protocols, which have no ports. */
export function rawAddress(address: string): Buffer {
  return sockaddr(address, 0);
}

const buffer = Buffer.alloc(64 * 1024);

/** One datagram that has arrived, and where from; null: there is none. An error that the other side caused counts as none. */
export function receiveDatagram(
  fd: number,
): { readonly bytes: Buffer; readonly from: Buffer } | null {
  const from = Buffer.alloc(SOCKADDR_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(from.length, 0);
  const result: unknown = calls.recvfrom(fd, buffer, buffer.length, 0, from, length);
  if (typeof result !== 'number' || result < 0) {
    if (koffi.errno() !== EAGAIN) socketError(fd);
    return null;
  }
  return {
    bytes: Buffer.from(buffer.subarray(0, result)),
    from: from.subarray(0, length.readUInt32LE(0)),
  };
}

/** The error that waits at a socket, taken away by asking; null: there is none. */
export function socketError(fd: number): string | null {
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(4, 0);
  check(calls.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length), 'SO_ERROR');
  const code = value.readInt32LE(0);
  return code === 0 ? null : (ERRNO_NAMES.get(code) ?? `errno ${code}`);
}

/** Waits for at most `timeoutMs` until something can be done with one of the sockets; answers those, errors included. */
export function pollSockets(
  wanted: readonly { readonly fd: number; readonly events: number }[],
  timeoutMs: number,
): number[] {
  const list = Buffer.alloc(8 * wanted.length);
  wanted.forEach(({ fd, events }, index) => {
    list.writeInt32LE(fd, index * 8);
    list.writeInt16LE(events, index * 8 + 4);
  });
  check(calls.poll(list, wanted.length, timeoutMs), 'poll');
  return wanted.flatMap(({ fd }, index) => (list.readInt16LE(index * 8 + 6) === 0 ? [] : [fd]));
}

export function closeSocket(fd: number): void {
  calls.close(fd);
}
