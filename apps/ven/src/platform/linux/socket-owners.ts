/** Which program and user a socket belongs to: its inode by sock_diag, at once; the process that holds it open by /proc, gathered. */
import { promises as fs } from 'node:fs';
import { basename, join } from 'node:path';
import { parseAddress } from '@bulkhead/net';
import type { SocketOwner, SocketQuestion } from '../port.ts';
import { OVERRUN, type Libc } from './libc.ts';
import { readMessages, writeMessage } from './netlink-message.ts';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const [AF_INET, AF_INET6] = [2, 10];
const [TCP, UDP] = [6, 17];
const REQUEST_BYTES = 56;
const ANSWER_BYTES = 72;
const UID_OFFSET = 64;
const INODE_OFFSET = 68;
const NO_COOKIE = 0xffffffff;
const RECEIVE_BYTES = 16 * 1024;
/** A walk through /proc at most so often. */
const WALK_EVERY_MS = 500;
/** Inodes that wait for one walk; more are not looked for. */
const MAX_WAITING = 512;
const USERS_FOR_MS = 60_000;

const NOBODY: SocketOwner = { process: null, user: null };

export interface SocketOwners {
  /** Members are null where they are not known (any more). */
  ownerOf(question: SocketQuestion): Promise<SocketOwner>;
  close(): void;
}

export function createSocketOwners(libc: Libc, proc = '/proc'): SocketOwners {
  const fd = libc.netlink(NETLINK_SOCK_DIAG, 0);
  const buffer = Buffer.alloc(RECEIVE_BYTES);
  const from = Buffer.alloc(12);
  let waiting = new Map<string, ((process: string | null) => void)[]>();
  let timer: NodeJS.Timeout | null = null;
  let lastWalk = 0;
  let users: { readonly at: number; readonly names: ReadonlyMap<number, string> } | null = null;

  function ask(question: SocketQuestion, swapped: boolean): { uid: number; inode: number } | null {
    const request = diagRequest(question, swapped);
    if (request === null) return null;
    libc.send(fd, request);
    let found: { uid: number; inode: number } | null = null;
    for (;;) {
      const datagram = libc.receive(fd, buffer, from);
      if (datagram === null) return found;
      if (datagram === OVERRUN) continue;
      for (const { type, body } of readMessages(datagram)) {
        if (type !== SOCK_DIAG_BY_FAMILY || body.length < ANSWER_BYTES) continue;
        found = { uid: body.readUInt32LE(UID_OFFSET), inode: body.readUInt32LE(INODE_OFFSET) };
      }
    }
  }

  function processOf(inode: number): Promise<string | null> {
    const key = `socket:[${inode}]`;
    return new Promise((resolve) => {
      const known = waiting.get(key);
      if (known !== undefined) known.push(resolve);
      else if (waiting.size >= MAX_WAITING) resolve(null);
      else waiting.set(key, [resolve]);
      timer ??= setTimeout(
        () => {
          timer = null;
          lastWalk = Date.now();
          const asked = waiting;
          waiting = new Map();
          void walk(asked);
        },
        Math.max(0, lastWalk + WALK_EVERY_MS - Date.now()),
      );
    });
  }

  async function walk(asked: Map<string, ((process: string | null) => void)[]>): Promise<void> {
    const left = new Map(asked);
    try {
      for (const entry of await fs.readdir(proc)) {
        if (left.size === 0) break;
        if (!/^\d+$/.test(entry)) continue;
        const links = await descriptorsOf(join(proc, entry, 'fd'));
        const held = links.filter((link) => left.has(link));
        if (held.length === 0) continue;
        const name = await programName(join(proc, entry));
        for (const link of held) {
          for (const resolve of left.get(link) ?? []) resolve(name);
          left.delete(link);
        }
      }
    } finally {
      for (const resolves of left.values()) for (const resolve of resolves) resolve(null);
    }
  }

  async function userName(uid: number): Promise<string> {
    if (users === null || users.at + USERS_FOR_MS < Date.now()) {
      const text = await fs.readFile('/etc/passwd', 'utf8').catch(() => '');
      const names = text.split('\n').flatMap((line): [number, string][] => {
        const [name = '', , id] = line.split(':');
        return id === undefined ? [] : [[Number(id), name]];
      });
      users = { at: Date.now(), names: new Map(names) };
    }
    return users.names.get(uid) ?? String(uid);
  }

  return {
    async ownerOf(question) {
      // for UDP the kernel takes the ends as a packet has them, for TCP as the socket does
      const found =
        ask(question, question.protocol === UDP) ?? ask(question, question.protocol !== UDP);
      if (found === null || found.inode === 0) return NOBODY;
      const [process, user] = await Promise.all([processOf(found.inode), userName(found.uid)]);
      return { process, user };
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      for (const resolves of waiting.values()) for (const resolve of resolves) resolve(null);
      waiting.clear();
      libc.close(fd);
    },
  };
}

/** `struct inet_diag_req_v2`; null for what has no sockets by ports. */
function diagRequest(question: SocketQuestion, swapped: boolean): Buffer | null {
  if (question.protocol !== TCP && question.protocol !== UDP) return null;
  const ends = [
    { address: question.localAddress, port: question.localPort },
    { address: question.remoteAddress, port: question.remotePort },
  ];
  const [source, destination] = swapped ? ends.toReversed() : ends;
  if (source === undefined || destination === undefined) return null;
  const from = addressBytes(source.address);
  const to = addressBytes(destination.address);
  if (from === null || to === null || from.length !== to.length) return null;
  const body = Buffer.alloc(REQUEST_BYTES);
  body.writeUInt8(from.length === 4 ? AF_INET : AF_INET6, 0);
  body.writeUInt8(question.protocol, 1);
  body.writeUInt32LE(0xffffffff, 4);
  body.writeUInt16BE(source.port, 8);
  body.writeUInt16BE(destination.port, 10);
  from.copy(body, 12);
  to.copy(body, 28);
  body.writeUInt32LE(NO_COOKIE, 48);
  body.writeUInt32LE(NO_COOKIE, 52);
  return writeMessage(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, body);
}

function addressBytes(text: string): Buffer | null {
  const address = parseAddress(text);
  if (address === null) return null;
  const digits = address.family === 4 ? 8 : 32;
  return Buffer.from(address.value.toString(16).padStart(digits, '0'), 'hex');
}

/** What the descriptors of a process lead to; a process that ended, or may not be looked at, has none. */
async function descriptorsOf(folder: string): Promise<string[]> {
  try {
    const names = await fs.readdir(folder);
    return await Promise.all(names.map((name) => fs.readlink(join(folder, name)).catch(() => '')));
  } catch {
    return [];
  }
}

/** Name of the program's file; of a kernel thread or a deleted file what the process calls itself. */
async function programName(folder: string): Promise<string | null> {
  const exe = await fs.readlink(join(folder, 'exe')).catch(() => null);
  if (exe !== null && !exe.endsWith(' (deleted)')) return basename(exe);
  const comm = await fs.readFile(join(folder, 'comm'), 'utf8').catch(() => null);
  return comm?.trim() ?? null;
}
