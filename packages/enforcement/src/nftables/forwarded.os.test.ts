import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { HostPolicy } from '@bulkhead/policy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionsToCut } from '../evaluate/connections.ts';
import { createEvaluator } from '../evaluate/evaluate-plan.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { withInterfaces } from '../plan/update.ts';
import { aPacket, aPolicy, aRule, setsOf, someFacts, tcp, udp } from '../testing/fixtures.ts';
import { compareWithPlan } from './compare.ts';
import { elementChanges } from './element-change.ts';
import { parseRuleset } from './parse.ts';
import { renderNftables } from './render.ts';

/**
 * A host with a container behind a bridge (two ports published, what it opens goes out under the host's address), and a LAN behind a plain
 * interface for which it is a router that translates addresses. The peer is on the corporate network.
 */
const TAG = `bhf${randomBytes(3).toString('hex')}`;
const [HOST, PEER, CONTAINER, LAN] = ['h', 'p', 'c', 'l'].map((end) => `${TAG}${end}`) as [
  string,
  string,
  string,
  string,
];
const HOST_ADDRESSES = ['10.98.1.2', '2001:db8:98::2'];
const PEER_ADDRESSES = ['10.98.1.1', '2001:db8:98::1'];
const SILENCE_MS = 400;
const ARRIVAL_MS = 5000;

function run(file: string, args: readonly string[], input = ''): string {
  return execFileSync(file, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

function inside(namespace: string, file: string, args: readonly string[], input = ''): string {
  return run('ip', ['netns', 'exec', namespace, file, ...args], input);
}

const LISTENER = `
const net = require('node:net'), dgram = require('node:dgram');
const ports = process.argv.slice(1).map(Number);
const ready = ports.flatMap((port) => [
  new Promise((done) => net.createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(port, '::', done)),
  new Promise((done) => {
    const udp = dgram.createSocket('udp6');
    udp.on('message', (data, from) => udp.send(data, from.port, from.address));
    udp.bind(port, '::', done);
  }),
]);
Promise.all(ready).then(() => console.log('ready'));
process.stdin.resume().on('close', () => process.exit(0));
`;

const PROBE = `
const [kind, to, port, wait] = process.argv.slice(1);
const end = (text) => { console.log(text); process.exit(0); };
setTimeout(() => end('silence'), Number(wait));
if (kind === 'tcp') {
  const socket = require('node:net').connect({ host: to, port: Number(port) });
  socket.on('error', (error) => end(error.code)).on('connect', () => socket.write('x')).on('data', () => end('passed'));
} else {
  const socket = require('node:dgram').createSocket(to.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', (error) => end(error.code)).on('message', () => end('passed'));
  socket.connect(Number(port), to, () => socket.send('x'));
}
`;

const children: ChildProcess[] = [];

async function listen(namespace: string, ...ports: readonly number[]): Promise<void> {
  const args = ['netns', 'exec', namespace, process.execPath, '-e', LISTENER, ...ports.map(String)];
  const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

async function probe(
  from: string,
  { kind = 'tcp', to, port }: { kind?: 'tcp' | 'udp'; to: string; port: number },
  wait = SILENCE_MS,
): Promise<string> {
  const script = ['-e', PROBE, kind, to, `${port}`, `${wait}`];
  const args = ['netns', 'exec', from, process.execPath, ...script];
  return (await promisify(execFile)('ip', args)).stdout.trim();
}

function link(
  name: string,
  [one, other]: readonly [string, string],
  nets: readonly string[],
): void {
  run('ip', ['-n', one, 'link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', other]);
  for (const [namespace, host] of [
    [one, 2],
    [other, 1],
  ] as const) {
    run('ip', ['-n', namespace, 'link', 'set', name, 'up']);
    for (const net of nets) addAddress(namespace, name, `${net}${host}`);
  }
}

function addAddress(namespace: string, device: string, address: string): void {
  const [length, flags] = address.includes(':') ? [64, ['nodad']] : [24, []];
  run('ip', ['-n', namespace, 'addr', 'add', `${address}/${length}`, 'dev', device, ...flags]);
}

const NAT = `
table inet elsewhere {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local meta nfproto ipv4 tcp dport 8080 dnat ip to 172.30.0.2:7001
    fib daddr type local meta nfproto ipv4 udp dport 8080 dnat ip to 172.30.0.2:7001
    fib daddr type local meta nfproto ipv6 tcp dport 8080 dnat ip6 to [2001:db8:30::2]:7001
    fib daddr type local meta nfproto ipv4 tcp dport 8081 dnat ip to 172.30.0.2:7002
    ip daddr 10.96.0.1 tcp dport 53 dnat ip to 172.30.0.2:7001
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "corp0" ip saddr { 172.30.0.0/24, 10.97.0.0/24 } masquerade
    oifname "corp0" ip6 saddr 2001:db8:30::/64 masquerade
  }
}
`;

beforeAll(async () => {
  for (const namespace of [HOST, PEER, CONTAINER, LAN]) {
    run('ip', ['netns', 'add', namespace]);
    run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  }
  link('corp0', [HOST, PEER], ['10.98.1.', '2001:db8:98::']);
  run('ip', ['-n', HOST, 'link', 'add', 'cbr0', 'type', 'bridge']);
  link('eth0', [CONTAINER, HOST], []);
  run('ip', ['-n', HOST, 'link', 'set', 'eth0', 'master', 'cbr0']);
  run('ip', ['-n', HOST, 'link', 'set', 'cbr0', 'up']);
  for (const net of ['172.30.0.', '2001:db8:30::']) {
    addAddress(HOST, 'cbr0', `${net}1`);
    addAddress(CONTAINER, 'eth0', `${net}2`);
  }
  link('lan0', [HOST, LAN], []);
  // any device that is no way into a container
  run('ip', ['-n', HOST, 'link', 'add', 'link', 'lan0', 'lan5', 'type', 'macvlan']);
  run('ip', ['-n', HOST, 'link', 'set', 'lan5', 'up']);
  // else lan0 answers for its address, too
  inside(HOST, 'sysctl', ['-qw', 'net.ipv4.conf.lan0.arp_ignore=1']);
  addAddress(HOST, 'lan5', '10.97.0.1');
  addAddress(LAN, 'lan0', '10.97.0.2');
  run('ip', ['-n', CONTAINER, 'route', 'add', 'default', 'via', '172.30.0.1']);
  run('ip', ['-n', CONTAINER, '-6', 'route', 'add', 'default', 'via', '2001:db8:30::1']);
  run('ip', ['-n', LAN, 'route', 'add', 'default', 'via', '10.97.0.1']);
  run('ip', ['-n', PEER, 'route', 'add', '10.96.0.0/16', 'via', '10.98.1.2']);
  run('ip', ['-n', PEER, 'route', 'add', '172.30.0.0/24', 'via', '10.98.1.2']);
  inside(HOST, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  inside(HOST, 'nft', ['-f', '-'], NAT);
  await Promise.all([listen(CONTAINER, 7001, 7002), listen(PEER, 7001, 7002)]);
}, 30_000);

afterAll(() => {
  for (const child of children) child.kill();
  for (const namespace of [HOST, PEER, CONTAINER, LAN]) {
    try {
      run('ip', ['netns', 'del', namespace]);
    } catch {
      // The others go all the same.
    }
  }
});

const INTERFACES = [
  { name: 'corp0', profile: 'corporate', addresses: HOST_ADDRESSES },
  { name: 'cbr0', profile: 'corporate', addresses: ['172.30.0.1', '2001:db8:30::1'] },
  { name: 'lan5', profile: 'corporate', addresses: ['10.97.0.1'] },
] as const;

/** The peer may come to port 8080, and the host may go to the peer's port 7001; nothing else passes. */
function planFor(parts: Partial<HostPolicy> = {}): FirewallPlan {
  return buildPlan({
    policy: aPolicy({
      rules: [
        aRule({ direction: 'inbound', peers: ['peer'], services: [tcp(8080), udp(8080)] }),
        aRule({ direction: 'outbound', peers: ['peer'], services: [tcp(7001)] }),
      ],
      ...parts,
    }),
    sets: setsOf({ id: 'peer', hosts: PEER_ADDRESSES, ranges: [] }),
    host: someFacts({ interfaces: [...INTERFACES], otherInterfaces: 'corporate', pce: [] }),
  });
}

function apply(plan: FirewallPlan): void {
  inside(HOST, 'nft', ['-f', '-'], renderNftables(plan));
  const listed = inside(HOST, 'nft', ['-j', '-n', 'list', 'table', 'inet', 'bulkhead']);
  expect(compareWithPlan(plan, parseRuleset(listed))).toEqual([]);
}

describe('what a host forwards under its own address (PS-53, FR-3)', () => {
  test('a published port is held to inbound rules by the port that was asked for, in both families', async () => {
    apply(planFor());
    for (const to of HOST_ADDRESSES) {
      expect(await probe(PEER, { to, port: 8080 }, ARRIVAL_MS)).toBe('passed');
    }
    const [to = ''] = HOST_ADDRESSES;
    expect(await probe(PEER, { kind: 'udp', to, port: 8080 }, ARRIVAL_MS)).toBe('passed');
    expect(await probe(PEER, { to, port: 8081 })).toBe('silence');
    // of the container's own port nothing is known outside
    apply(planFor({ rules: [aRule({ peers: ['peer'], services: [tcp(7001), udp(7001)] })] }));
    expect(await probe(PEER, { to, port: 8080 })).toBe('silence');
    expect(await probe(PEER, { to: HOST_ADDRESSES[1] ?? '', port: 8080 })).toBe('silence');
  });

  test('a rejected one is told so, and visibility only lets it pass', async () => {
    const [to = ''] = HOST_ADDRESSES;
    apply(planFor({ rules: [], blockedConnectionAction: 'reject' }));
    expect(await probe(PEER, { to, port: 8080 }, ARRIVAL_MS)).toBe('ECONNREFUSED');
    apply(planFor({ rules: [], mode: 'visibility_only' }));
    expect(await probe(PEER, { to, port: 8080 }, ARRIVAL_MS)).toBe('passed');
  });

  test('what a container opens under the address of the host is held to outbound rules, in both families', async () => {
    apply(planFor());
    for (const to of PEER_ADDRESSES) {
      expect(await probe(CONTAINER, { to, port: 7001 }, ARRIVAL_MS)).toBe('passed');
      expect(await probe(CONTAINER, { to, port: 7002 })).toBe('silence');
    }
  });

  test('what the host merely routes is left alone: of a LAN, to an address of nobody here, to a container by its own', async () => {
    apply(planFor({ rules: [] }));
    const [to = ''] = PEER_ADDRESSES;
    expect(await probe(LAN, { to, port: 7002 }, ARRIVAL_MS)).toBe('passed');
    expect(await probe(PEER, { to: '10.96.0.1', port: 53 }, ARRIVAL_MS)).toBe('passed');
    expect(await probe(PEER, { to: '172.30.0.2', port: 7002 }, ARRIVAL_MS)).toBe('passed');
  });

  test('the plan says the same of a connection that is there already, and cuts it when its rule is gone', () => {
    const [address = ''] = HOST_ADDRESSES;
    const [sourceAddress = ''] = PEER_ADDRESSES;
    const tracked = {
      protocol: 6,
      sourceAddress,
      destinationAddress: '172.30.0.2',
      sourcePort: 40_000,
      destinationPort: 7001,
      icmpType: null,
      icmpCode: null,
      asked: { address, port: 8080 },
    };
    expect(connectionsToCut(planFor(), [tracked])).toEqual([]);
    expect(connectionsToCut(planFor({ rules: [] }), [tracked])).toEqual([tracked]);
    const routed = { ...tracked, asked: { address: '10.96.0.1', port: 53 } };
    expect(connectionsToCut(planFor({ rules: [] }), [routed])).toEqual([]);
    const packet = aPacket({ remoteAddress: sourceAddress, interfaceName: 'corp0' });
    const forwarded = { ...packet, isForwarded: true, destinationPort: 8080 };
    expect(createEvaluator(planFor())(forwarded)?.decision).toBe('allowed');
  });

  test('an address that comes to the host comes to its set of own addresses, without a new table', () => {
    const before = planFor();
    const [corp0, ...others] = INTERFACES;
    const addresses = [...corp0.addresses, '10.98.1.9'];
    const changes = elementChanges(
      before,
      withInterfaces(before, [{ ...corp0, addresses }, ...others]),
    );
    expect(changes).toMatchObject([
      { set: 'own4', keyType: 'ipv4_addr', add: [{ key: '10.98.1.9' }], remove: [] },
    ]);
  });
});
