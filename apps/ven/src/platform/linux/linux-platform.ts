/** The platform port on Linux. */
import { promises as fs, readFileSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import type {
  EndedConnection,
  FirewallChange,
  ObservedPacket,
  Platform,
  ResolvedName,
} from '../port.ts';
import { parseConntrack } from './conntrack.ts';
import { CONNTRACK_DESTROY_GROUP, parseConntrackEvents } from './conntrack-events.ts';
import { createDnsObserver, dnsFilter } from './dns-answers.ts';
import { readInterfaces } from './linux-interfaces.ts';
import { createLinuxFirewall } from './linux-firewall.ts';
import {
  checkLinuxEnvironment,
  connectionTableWarning,
  readConnectionTable,
} from './linux-environment.ts';
import { createLinuxService } from './linux-service.ts';
import { runCommand } from './command.ts';
import { loadLibc } from './libc.ts';
import { startNetlinkLoop, type NetlinkListener } from './netlink-loop.ts';
import { readAttributes, readMessages, textOf } from './netlink-message.ts';
import { readOnlyFilePages } from './memory-map.ts';
import { readResolvers } from './resolvers.ts';
import { nflogRequests, parseNflog } from './nflog.ts';
import { createSocketOwners, type SocketOwners } from './socket-owners.ts';
import { openElementSocket, type ElementSocket } from './nft-socket.ts';

const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
/** Links, IPv4 and IPv6 addresses, IPv4 and IPv6 routes. */
const ROUTE_GROUPS = 0x1 | 0x10 | 0x100 | 0x40 | 0x400;
/** NFNLGRP_NFTABLES is group 7. */
const NFTABLES_GROUP = 1 << 6;
const NFT_NEW_GENERATION = (10 << 8) | 15;
const GENERATION_PROCESS_ID = 2;
const GENERATION_PROCESS_NAME = 3;
/** Of the address that a packet socket gives with a packet. */
const PACKET_LINK = 8;
const PACKET_TYPE = 10;
const PACKET_OUTGOING = 4;
const LINK_LOOPBACK = 772;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const OWN_PROCESSES_KEPT = 64;

export interface LinuxPlatformOptions {
  /** Something in the background failed; the watchers are dead. */
  readonly failed: (error: unknown) => void;
}

export async function createLinuxPlatform({ failed }: LinuxPlatformOptions): Promise<Platform> {
  const libc = await loadLibc();
  const loop = startNetlinkLoop(libc, failed);
  const ownProcesses: number[] = [];
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const machineId = readMachineId();
  const osRelease = readRelease();
  let elements: ElementSocket | null = null;
  let owners: SocketOwners | null = null;
  let interfaceNames = new Map<number, string>();

  async function interfaces(): ReturnType<typeof readInterfaces> {
    const found = await readInterfaces();
    interfaceNames = new Map([
      ...interfaceNames,
      ...found.map(({ index, name }) => [index, name] as const),
    ]);
    return found;
  }

  function listen(protocol: number, groups: number, listener: NetlinkListener): () => void {
    const fd = libc.netlink(protocol, groups);
    libc.setReceiveBuffer(fd, RECEIVE_BUFFER_BYTES);
    loop.add(fd, listener);
    return () => loop.remove(fd);
  }

  function watchFirewall(changed: (change: FirewallChange) => void): () => void {
    return listen(NETLINK_NETFILTER, NFTABLES_GROUP, {
      received(datagram) {
        for (const { type, port, body } of readMessages(datagram)) {
          if (type !== NFT_NEW_GENERATION || port === elements?.port) continue;
          const attributes = readAttributes(body.subarray(4));
          const pid = attributes.get(GENERATION_PROCESS_ID)?.readUInt32BE(0);
          if (pid !== undefined && ownProcesses.includes(pid)) continue;
          const name = textOf(attributes.get(GENERATION_PROCESS_NAME));
          changed({ by: name === null ? null : `${name}, process ${pid ?? '?'}` });
        }
      },
      overrun: () => changed({ by: null }),
    });
  }

  return {
    describe: () => ({
      hostname: os.hostname(),
      osPlatform: 'linux',
      osId: `${osRelease.id}-${os.arch() === 'x64' ? 'x86_64' : os.arch()}-${osRelease.version}`,
      osDetail: `${os.type()} ${os.release()} ${osRelease.prettyName}`,
      uptimeSeconds: Math.round(os.uptime()),
      bootId,
      machineId,
    }),
    interfaces,
    watchNetwork: (changed) => {
      let pending = false;
      return listen(NETLINK_ROUTE, ROUTE_GROUPS, {
        received: () => (pending = true),
        overrun: () => (pending = true),
        drained() {
          if (!pending) return;
          pending = false;
          changed();
        },
      });
    },
    watchFlows(observed) {
      let batch: ObservedPacket[] = [];
      const fd = libc.netlink(NETLINK_NETFILTER, 0);
      libc.setReceiveBuffer(fd, RECEIVE_BUFFER_BYTES);
      for (const request of nflogRequests()) libc.send(fd, request);
      loop.add(fd, {
        received(datagram) {
          for (const { interfaceIndex, ...record } of parseNflog(datagram)) {
            const interfaceName =
              interfaceIndex === null ? null : (interfaceNames.get(interfaceIndex) ?? null);
            batch.push({ ...record, interfaceName });
          }
        },
        overrun: () => undefined,
        drained() {
          if (batch.length === 0) return;
          const packets = batch;
          batch = [];
          observed(packets);
        },
      });
      return () => loop.remove(fd);
    },
    watchConnections(ended) {
      countBytes();
      let batch: EndedConnection[] = [];
      return listen(NETLINK_NETFILTER, CONNTRACK_DESTROY_GROUP, {
        received: (datagram) => void batch.push(...parseConntrackEvents(datagram)),
        // what each carried is not known then; that it was there is, by its first packet
        overrun: () => undefined,
        drained() {
          if (batch.length === 0) return;
          const connections = batch;
          batch = [];
          ended(connections);
        },
      });
    },
    liveConnections: async () =>
      parseConntrack(await runCommand('conntrack', ['-L', '-o', 'extended'])),
    ownerOf(question) {
      owners ??= createSocketOwners(libc);
      return owners.ownerOf(question);
    },
    watchNames(isResolver, resolved) {
      const observer = createDnsObserver(isResolver, () => performance.now());
      let batch: ResolvedName[] = [];
      const fd = libc.packets(dnsFilter());
      libc.setReceiveBuffer(fd, RECEIVE_BUFFER_BYTES);
      loop.add(fd, {
        received(bytes, from) {
          const found = observer.observe({
            bytes,
            outgoing: from.readUInt8(PACKET_TYPE) === PACKET_OUTGOING,
            loopback: from.readUInt16LE(PACKET_LINK) === LINK_LOOPBACK,
          });
          if (found !== null) batch.push(found);
        },
        // what was lost is asked for again sooner or later
        overrun: () => undefined,
        drained() {
          if (batch.length === 0) return;
          const names = batch;
          batch = [];
          resolved(names);
        },
      });
      return () => loop.remove(fd);
    },
    resolvers: () => readResolvers((path) => fs.readFile(path, 'utf8')),
    checkEnvironment: () =>
      checkLinuxEnvironment({ root: '/', exec: runCommand, userId: () => os.userInfo().uid }),
    async warnings() {
      const message = connectionTableWarning(await readConnectionTable('/'));
      return message === null ? [] : [{ token: 'connection_table_full', message }];
    },
    firewall: createLinuxFirewall({
      watch: watchFirewall,
      moveElements(changes) {
        elements ??= openElementSocket(libc);
        elements.move(changes);
      },
      ownProcess(pid) {
        ownProcesses.push(pid);
        if (ownProcesses.length > OWN_PROCESSES_KEPT) ownProcesses.shift();
      },
    }),
    service: createLinuxService({ root: '/', exec: runCommand }),
    releaseMemory() {
      // half of what a start touches of Node's 120 MB is never needed again
      const smaps = readFileSync('/proc/self/smaps', 'utf8');
      for (const { address, bytes } of readOnlyFilePages(smaps, process.execPath)) {
        libc.forgetPages(address, bytes);
      }
    },
    async close() {
      await loop.close();
      elements?.close();
      elements = null;
      owners?.close();
      owners = null;
    },
  };
}

function readRelease(): { id: string; version: string; prettyName: string } {
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // a system without the file is described by its kernel alone
  }
  const value = (key: string): string =>
    new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return {
    id: value('ID') === '' ? 'linux' : value('ID'),
    version: value('VERSION_ID') === '' ? '0' : value('VERSION_ID'),
    prettyName: value('PRETTY_NAME'),
  };
}

/** Connections that are tracked from now on are counted; in a namespace that may not be set, flows come without bytes. */
function countBytes(): void {
  try {
    writeFileSync('/proc/sys/net/netfilter/nf_conntrack_acct', '1');
  } catch {
    // the compatibility report says so
  }
}

function readMachineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // not every system has one
    return '';
  }
}
