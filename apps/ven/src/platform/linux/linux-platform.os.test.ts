import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { buildPlan, type FirewallPlan } from '@bulkhead/enforcement';
import type { HostRule } from '@bulkhead/policy';
import { aRecord, dnsBytes, startDnsServer, TYPE_A } from '../../testing/dns.ts';
import {
  createNamespacePair,
  enterNamespace,
  type NamespacePair,
} from '../../testing/namespaces.ts';
import { aHostPolicy, aWebRule } from '../../testing/policies.ts';
import { until } from '../../testing/until.ts';
import type { EndedConnection, ObservedPacket, Platform } from '../port.ts';
import { describePlatform, RESOLVER } from '../port.conformance.ts';
import { createLinuxPlatform } from './linux-platform.ts';
import { readInterfaces } from './linux-interfaces.ts';

/** One question to a DNS server, as a program of the host asks it; resolves with the answer. */
async function ask(name: string): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0);
  await once(socket, 'listening');
  socket.send(dnsBytes({ id: 7, name, type: TYPE_A, records: null }), 53, RESOLVER);
  await once(socket, 'message');
  socket.close();
}

describePlatform('linux', async () => {
  const pair = createNamespacePair();
  const leavePeer = enterNamespace(pair.peer);
  let address = '';
  const server = await startDnsServer(RESOLVER, (name) => [aRecord(name, address)]);
  leavePeer();
  const leave = enterNamespace(pair.ours);
  const platform = await createLinuxPlatform({
    failed: (error) => {
      throw error;
    },
  });
  return {
    platform,
    async addAddress(address, prefixLength) {
      pair.run(pair.ours, 'ip', ['address', 'add', `${address}/${prefixLength}`, 'dev', 'eth0']);
    },
    async resolve(name, to) {
      address = to;
      await ask(name);
    },
    async tamper() {
      pair.run(pair.ours, 'nft', ['delete', 'table', 'inet', 'bulkhead']);
    },
    async dispose() {
      await platform.close();
      server.close();
      leave();
      pair.dispose();
    },
  };
});

let pair: NamespacePair | null = null;
let leave: (() => void) | null = null;
afterEach(() => {
  leave?.();
  pair?.dispose();
  leave = null;
  pair = null;
});

test('interfaces are read with their addresses, gateway and type', async () => {
  pair = createNamespacePair();
  leave = enterNamespace(pair.ours);
  pair.run(pair.ours, 'ip', ['link', 'add', 'wlan0', 'type', 'veth', 'peer', 'name', 'dark0']);
  pair.run(pair.ours, 'ip', ['address', 'add', '198.51.100.9/25', 'dev', 'wlan0']);
  pair.run(pair.ours, 'ip', ['link', 'set', 'wlan0', 'up']);
  const links = await readInterfaces();
  expect(links.map(({ name, type, gateway }) => ({ name, type, gateway }))).toEqual([
    { name: 'eth0', type: 'ethernet', gateway: '203.0.113.1' },
    { name: 'wlan0', type: 'wifi', gateway: null },
  ]);
  expect(links[0]?.addresses).toEqual([
    { address: '203.0.113.2', prefixLength: 24 },
    { address: '2001:db8::2', prefixLength: 64 },
  ]);
});

test('tunnels come and go with whatever number, with their own prefix and no gateway of another; a link of its own is none (FR-31, FR-32, FR-33, FR-34, FR-36)', async () => {
  pair = createNamespacePair();
  leave = enterNamespace(pair.ours);
  const { ours } = pair;
  const ip = (...args: string[]) => pair?.run(ours, 'ip', args);
  ip('tuntap', 'add', 'tun108', 'mode', 'tun');
  ip('address', 'add', '100.64.11.11/32', 'dev', 'tun108');
  ip('address', 'add', '2001:db8:1::7/64', 'dev', 'tun108', 'nodad');
  ip('address', 'add', '2001:db8:1::a9/64', 'dev', 'tun108', 'nodad');
  ip('address', 'add', 'fe80::7/64', 'dev', 'tun108', 'nodad');
  ip('link', 'set', 'tun108', 'up');
  ip('route', 'add', '198.51.100.0/24', 'dev', 'tun108');
  ip('link', 'add', 'inner0', 'type', 'veth', 'peer', 'name', 'inner1');
  ip('address', 'add', 'fe80::5/64', 'dev', 'inner0', 'nodad');
  ip('link', 'set', 'inner0', 'up');
  const links = await readInterfaces();
  expect(links.map(({ name, gateway }) => [name, gateway])).toEqual([
    ['eth0', '203.0.113.1'],
    ['tun108', null],
  ]);
  expect(links[1]?.type).toBe('tunnel');
  expect(links[1]?.addresses).toContainEqual({ address: '100.64.11.11', prefixLength: 32 });
  expect(links[1]?.addresses.map(({ address }) => address).toSorted()).toEqual([
    '100.64.11.11',
    '2001:db8:1::7',
    '2001:db8:1::a9',
  ]);
  ip('tuntap', 'delete', 'tun108', 'mode', 'tun');
  expect((await readInterfaces()).map(({ name }) => name)).toEqual(['eth0']);
});

test('unpairing with recommended leaves only remote management open (R-VEN-4)', async () => {
  pair = createNamespacePair();
  leave = enterNamespace(pair.ours);
  const platform = await createLinuxPlatform({ failed: () => undefined });
  try {
    await platform.firewall.restore('recommended', 'server');
    const ruleset = pair.run(pair.ours, 'nft', ['list', 'ruleset']);
    expect(ruleset).toContain('tcp dport 22 accept');
    expect(ruleset).toContain('policy drop');
    expect(ruleset).not.toContain('table inet bulkhead {');
    await platform.firewall.restore('open', 'server');
    expect(pair.run(pair.ours, 'nft', ['list', 'ruleset'])).toBe('');
  } finally {
    await platform.close();
  }
});

test('addresses are in use while connections with them are tracked', async () => {
  pair = createNamespacePair();
  leave = enterNamespace(pair.ours);
  const platform = await createLinuxPlatform({ failed: () => undefined });
  try {
    pair.run(pair.ours, 'nft', [
      'add table inet t; add chain inet t o { type filter hook output priority 0; }; add rule inet t o ct state new',
    ]);
    const socket = createSocket('udp4');
    socket.connect(9, '203.0.113.1');
    await once(socket, 'connect');
    await new Promise((resolve) => socket.send('x', resolve));
    socket.close();
    const asked = ['203.0.113.1', '203.0.113.9'];
    expect(await platform.firewall.peersInUse(asked)).toEqual(new Set(['203.0.113.1']));
  } finally {
    await platform.close();
  }
});

test('a connection to a published port is reported as the client asked for it, and cut when its rule is gone (FR-3, PS-53)', async () => {
  pair = createNamespacePair();
  leave = enterNamespace(pair.ours);
  const { ours, peer } = pair;
  const run = (...args: readonly string[]) => pair?.run(ours, 'ip', args);
  run('link', 'add', 'c0', 'type', 'veth', 'peer', 'name', 'c1');
  run('address', 'add', '172.30.0.1/24', 'dev', 'c0');
  for (const device of ['c0', 'c1']) run('link', 'set', device, 'up');
  run('neighbour', 'add', '172.30.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'c0');
  pair.run(ours, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  pair.run(ours, 'nft', [
    'add table ip t; add chain ip t p { type nat hook prerouting priority dstnat; }; add rule ip t p udp dport 8080 dnat to 172.30.0.2:80',
  ]);
  const send = `const s = require('dgram').createSocket('udp4'); s.send('x', 8080, '203.0.113.2', () => s.close())`;
  const platform = await createLinuxPlatform({ failed: () => undefined });
  const seen: ObservedPacket[] = [];
  const stop = platform.watchFlows((packets) => seen.push(...packets));
  const planned = (rules: readonly HostRule[]) =>
    buildPlan({
      policy: aHostPolicy({ rules }),
      sets: new Map([['s_web', { id: 's_web', hosts: ['203.0.113.1'], ranges: [] }]]),
      host: {
        interfaces: [{ name: 'eth0', profile: 'corporate', addresses: ['203.0.113.2'] }],
        otherInterfaces: 'corporate',
        pce: [],
        resolvers: [],
        names: new Map(),
      },
    });
  const published = { protocol: 17, port: 8080, toPort: null, icmpType: null, icmpCode: null };
  const allowing = planned([aWebRule({ services: [published] })]);
  const blocking = planned([]);
  /** The record of a connection that gets this decision from the plan. */
  const connects = async (
    plan: FirewallPlan,
    decision: string,
  ): Promise<ObservedPacket | undefined> => {
    const isIt = ({ prefix }: ObservedPacket) => plan.logIndex.get(prefix)?.decision === decision;
    pair?.run(peer, process.execPath, ['-e', send]);
    await until(`a record of what is ${decision}`, () => seen.some(isIt));
    return seen.find(isIt);
  };
  const asked = {
    sourceAddress: '203.0.113.1',
    destinationAddress: '203.0.113.2',
    protocol: 17,
    destinationPort: 8080,
    interfaceName: 'eth0',
  };
  try {
    await platform.interfaces();
    await platform.firewall.apply(allowing);
    expect(await connects(allowing, 'allowed')).toMatchObject(asked);
    await platform.firewall.apply(blocking);
    expect(await platform.firewall.cut(blocking)).toBe(1);
    expect(await connects(blocking, 'blocked')).toMatchObject(asked);
  } finally {
    stop();
    await platform.close();
  }
});

test('a connection ends with its bytes both ways, and its program and user are known while it runs (R-VEN-3)', async () => {
  const pair = createNamespacePair();
  const leave = enterNamespace(pair.ours);
  const platform = await createLinuxPlatform({
    failed: (error) => {
      throw error;
    },
  });
  try {
    const ended: EndedConnection[] = [];
    platform.watchConnections((connections) => ended.push(...connections));
    // the kernel tracks connections where a rule asks for their state
    await platform.firewall.apply(await aPlan(platform));
    pair.run(pair.ours, 'sysctl', ['-qw', 'net.netfilter.nf_conntrack_tcp_timeout_time_wait=1']);
    const server = createServer((socket) => socket.end('b'.repeat(5000)));
    await once(server.listen(443, '203.0.113.2'), 'listening');
    const question = {
      protocol: 6,
      localAddress: '203.0.113.2',
      localPort: 443,
      remoteAddress: '10.0.0.1',
      remotePort: 40_001,
    };
    expect(await platform.ownerOf(question)).toEqual({ process: 'node', user: 'root' });
    expect(await platform.ownerOf({ ...question, localPort: 444 })).toEqual({
      process: null,
      user: null,
    });
    const leavePeer = enterNamespace(pair.peer);
    const client = connect({
      host: '203.0.113.2',
      port: 443,
      localAddress: '10.0.0.1',
      localPort: 40_001,
    });
    await once(client, 'connect');
    leavePeer();
    client.end('a'.repeat(1000));
    client.resume();
    await once(client, 'close');
    server.close();
    const isEnded = async (): Promise<boolean> => {
      // the kernel looks for what is over once a minute; a listing makes it look now
      await platform.liveConnections();
      return ended.some(({ sourcePort }) => sourcePort === 40_001);
    };
    await until('the end', isEnded, 20_000);
    const end = ended.find(({ sourcePort }) => sourcePort === 40_001);
    expect(end).toMatchObject({
      sourceAddress: '10.0.0.1',
      destinationAddress: '203.0.113.2',
      destinationPort: 443,
      isTimedOut: false,
    });
    expect(end?.bytesFromSource).toBeGreaterThan(1000);
    expect(end?.bytesToSource).toBeGreaterThan(5000);
    expect(end?.packetsToSource).toBeGreaterThan(1);
  } finally {
    await platform.close();
    leave();
    pair.dispose();
  }
}, 60_000);

test('an answer nobody closed is told as timed out, and what runs is listed with what it carried', async () => {
  const pair = createNamespacePair();
  const leave = enterNamespace(pair.ours);
  const platform = await createLinuxPlatform({
    failed: (error) => {
      throw error;
    },
  });
  try {
    const ended: EndedConnection[] = [];
    platform.watchConnections((connections) => ended.push(...connections));
    await platform.firewall.apply(await aPlan(platform));
    const socket = createSocket('udp4');
    socket.bind(40_002, '203.0.113.2');
    await once(socket, 'listening');
    const question = { protocol: 17, remoteAddress: '203.0.113.1', remotePort: 5_000 };
    socket.send('x'.repeat(100), question.remotePort, question.remoteAddress);
    const owner = await platform.ownerOf({
      ...question,
      localAddress: '203.0.113.2',
      localPort: 40_002,
    });
    expect(owner).toEqual({ process: 'node', user: 'root' });
    const isOurs = ({ sourcePort }: { sourcePort: number | null }): boolean =>
      sourcePort === 40_002;
    const live = (await platform.liveConnections()).find(isOurs);
    expect(live).toMatchObject({ destinationPort: 5_000, bytesFromSource: 128 });
    pair.run(pair.ours, 'conntrack', ['-D', '-p', 'udp', '--orig-port-src', '40002']);
    await until('the end', () => ended.some(isOurs));
    expect(ended.find(isOurs)).toMatchObject({ isTimedOut: true, bytesFromSource: 128 });
    socket.close();
  } finally {
    await platform.close();
    leave();
    pair.dispose();
  }
}, 60_000);

async function aPlan(platform: Platform): Promise<FirewallPlan> {
  const links = await platform.interfaces();
  return buildPlan({
    policy: aHostPolicy({ mode: 'visibility_only' }),
    sets: new Map([['s_web', { id: 's_web', hosts: ['10.0.0.1'], ranges: [] }]]),
    host: {
      interfaces: links.map(({ name, addresses }) => ({
        name,
        profile: 'corporate',
        addresses: addresses.map(({ address }) => address),
      })),
      otherInterfaces: 'corporate',
      pce: [{ address: '203.0.113.1', port: 8443 }],
      resolvers: [],
      names: new Map(),
    },
  });
}
