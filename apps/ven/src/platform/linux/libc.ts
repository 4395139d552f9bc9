/** The few calls of libc that netlink and packet sockets need, by koffi. */
import { constants } from 'node:os';
import type koffiModule from 'koffi';

const AF_NETLINK = 16;
const AF_PACKET = 17;
const ETH_P_ALL = 3;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const FILTER_STEP_BYTES = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;
const EFD_CLOEXEC = 0o2000000;
const POLLIN = 1;
const MADV_DONTNEED = 4;
const { EAGAIN, EINTR, ENOBUFS } = constants.errno;

class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
}

/** Records were lost because they came faster than they were read. */
export const OVERRUN = Symbol('overrun');

export interface Libc {
  netlink(protocol: number, groups: number): number;
  send(fd: number, message: Buffer): void;
  /** A packet socket that gets the packets of all interfaces, from their network header on, that pass a classic BPF program. */
  packets(filter: Buffer): number;
  /** One datagram, and in `from` whom it came from; null: there is none now. */
  receive(fd: number, into: Buffer, from: Buffer): Buffer | typeof OVERRUN | null;
  setReceiveBuffer(fd: number, bytes: number): void;
  setSendBuffer(fd: number, bytes: number): void;
  /** Has the kernel say what was wrong and where, without sending everything back; kernels before 4.12 go on without. */
  askForReasons(fd: number): void;
  /** Number by which the kernel knows the socket. */
  portOf(fd: number): number;
  event(): number;
  /** Makes an event readable. */
  signal(fd: number): void;
  clear(fd: number): void;
  /** Waits in a pool thread until one of the descriptors is readable; answers those that are. */
  poll(fds: readonly number[], timeoutMs: number): Promise<number[]>;
  close(fd: number): void;
  /** Unmaps pages that are read from their file again when they are needed. */
  forgetPages(address: number, bytes: number): void;
}

/** Loads libc. The module is imported late: an installed VEN first says where its native part lies. */
export async function loadLibc(): Promise<Libc> {
  const koffi: typeof koffiModule = (await import('koffi')).default;
  const lib = koffi.load('libc.so.6');
  const socket = lib.func('int socket(int, int, int)');
  const bind = lib.func('int bind(int, void *, uint32_t)');
  const sendTo = lib.func('intptr_t send(int, void *, size_t, int)');
  const recvFrom = lib.func('intptr_t recvfrom(int, void *, size_t, int, void *, void *)');
  const setsockopt = lib.func('int setsockopt(int, int, int, void *, uint32_t)');
  const getsockname = lib.func('int getsockname(int, void *, void *)');
  const filterProgram = koffi.pointer(koffi.struct({ len: 'uint16_t', filter: 'void *' }));
  const attachFilter = lib.func('setsockopt', 'int', ['int', 'int', 'int', filterProgram, 'uint']);
  const eventfd = lib.func('int eventfd(uint32_t, int)');
  const read = lib.func('intptr_t read(int, void *, size_t)');
  const write = lib.func('intptr_t write(int, void *, size_t)');
  const pollCall = lib.func('int poll(void *, unsigned long, int)');
  const madvise = lib.func('int madvise(uintptr_t, size_t, int)');
  const closeCall = lib.func('int close(int)');

  function check(result: unknown, what: string): number {
    if (typeof result === 'number' && result >= 0) return result;
    throw new NetlinkError(`${what} failed with errno ${koffi.errno()}`);
  }

  function setOption(fd: number, level: number, option: number, number: number): unknown {
    const value = Buffer.alloc(4);
    value.writeInt32LE(number, 0);
    return setsockopt(fd, level, option, value, value.length);
  }

  const addressLength = Buffer.alloc(4);
  return {
    netlink(protocol, groups) {
      const fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), 'netlink socket');
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      address.writeUInt32LE(groups, 8);
      check(bind(fd, address, address.length), 'netlink bind');
      return fd;
    },
    send: (fd, message) => void check(sendTo(fd, message, message.length, 0), 'netlink send'),
    packets(filter) {
      const fd = check(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'packet socket');
      const program = { len: filter.length / FILTER_STEP_BYTES, filter };
      check(attachFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, 16), 'SO_ATTACH_FILTER');
      // bound only now: before, every packet would have passed
      const address = Buffer.alloc(20);
      address.writeUInt16LE(AF_PACKET, 0);
      address.writeUInt16BE(ETH_P_ALL, 2);
      check(bind(fd, address, address.length), 'packet bind');
      return fd;
    },
    receive(fd, into, from) {
      addressLength.writeInt32LE(from.length, 0);
      const length: unknown = recvFrom(fd, into, into.length, MSG_DONTWAIT, from, addressLength);
      if (typeof length === 'number' && length >= 0) return into.subarray(0, length);
      const error = koffi.errno();
      if (error === ENOBUFS) return OVERRUN;
      if (error === EAGAIN || error === EINTR) return null;
      throw new NetlinkError(`netlink receive failed with errno ${error}`);
    },
    setReceiveBuffer: (fd, bytes) =>
      void check(setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes), 'SO_RCVBUFFORCE'),
    setSendBuffer: (fd, bytes) =>
      void check(setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes), 'SO_SNDBUFFORCE'),
    askForReasons(fd) {
      setOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
      setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    },
    portOf(fd) {
      const address = Buffer.alloc(12);
      const length = Buffer.from([address.length, 0, 0, 0]);
      check(getsockname(fd, address, length), 'getsockname');
      return address.readUInt32LE(4);
    },
    event: () => check(eventfd(0, EFD_CLOEXEC), 'eventfd'),
    signal(fd) {
      const one = Buffer.alloc(8);
      one.writeBigUInt64LE(1n, 0);
      write(fd, one, one.length);
    },
    clear: (fd) => void read(fd, Buffer.alloc(8), 8),
    poll(fds, timeoutMs) {
      const list = Buffer.alloc(8 * fds.length);
      fds.forEach((fd, index) => {
        list.writeInt32LE(fd, index * 8);
        list.writeInt16LE(POLLIN, index * 8 + 4);
      });
      return new Promise((resolve, reject) => {
        pollCall.async(list, fds.length, timeoutMs, (error: unknown) => {
          if (error !== null && error !== undefined) {
            reject(new NetlinkError('poll could not be called', { cause: error }));
            return;
          }
          resolve(fds.filter((_, index) => list.readInt16LE(index * 8 + 6) !== 0));
        });
      });
    },
    close: (fd) => void closeCall(fd),
    forgetPages: (address, bytes) => void madvise(address, bytes, MADV_DONTNEED),
  };
}
