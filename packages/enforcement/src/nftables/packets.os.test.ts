import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { HostPolicy } from '@bulkhead/policy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEvaluator, type PlanPacket } from '../evaluate/evaluate-plan.ts';
import { connectionsToCut } from '../evaluate/connections.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { FirewallPlan, HostFacts } from '../plan/plan.ts';
import { aPolicy, aRule, protocol, setsOf, tcp, udp } from '../testing/fixtures.ts';
import { compareWithPlan } from './compare.ts';
import { renderCut } from './cut.ts';
import { parseRuleset } from './parse.ts';
import { renderNftables } from './render.ts';

/** Two hosts with a corporate and an external link between them: ours (.2) and its peer (.1). */
const TAG = `bhe${randomBytes(3).toString('hex')}`;
const OURS = `${TAG}a`;
const PEER = `${TAG}b`;
const LINKS = [
  { name: 'corp0', v4: '10.99.1', v6: '2001:db8:c' },
  { name: 'ext0', v4: '198.51.100', v6: '2001:db8:e' },
] as const;
/** How long a packet may be on its way: where it should not arrive at all, and where it should on a busy machine. */
const SILENCE_MS = 400;
const ARRIVAL_MS = 5000;

function run(file: string, args: readonly string[], input = ''): string {
  return execFileSync(file, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

function inOurs(file: string, args: readonly string[], input = ''): string {
  return run('ip', ['netns', 'exec', OURS, file, ...args], input);
}

function apply(transaction: string): void {
  inOurs('nft', ['-f', '-'], transaction);
}

function readBack(): ReturnType<typeof parseRuleset> {
  return parseRuleset(inOurs('nft', ['-j', '-n', 'list', 'table', 'inet', 'bulkhead']));
}

/** Runs inside a namespace: echo servers on TCP and UDP 7001 to 7003, and probes on request, one JSON line each. */
const AGENT = `
const net = require('node:net'), dgram = require('node:dgram');
const { spawn } = require('node:child_process');
const waiting = [], sockets = new Set();
for (const port of [7001, 7002, 7003]) {
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).pipe(socket);
  });
  waiting.push(new Promise((done) => server.listen(port, '::', done)));
  const udp = dgram.createSocket('udp6');
  udp.on('message', (data, from) => udp.send(data, from.port, from.address));
  waiting.push(new Promise((done) => udp.bind(port, '::', done)));
}
let held = null;
const probes = {
  tcp: ({ from, to, port, wait }) => new Promise((done) => {
    const socket = net.connect({ host: to, port, localAddress: from });
    const end = (result) => { clearTimeout(timer); socket.destroy(); done(result); };
    const timer = setTimeout(() => end('silence'), wait);
    socket.on('error', (error) => end(error.code));
    socket.on('connect', () => socket.write('x'));
    socket.on('data', () => end('passed'));
  }),
  udp: ({ from, to, port, wait }) => new Promise((done) => {
    const socket = dgram.createSocket(to.includes(':') ? 'udp6' : 'udp4');
    const end = (result) => { clearTimeout(timer); socket.close(); done(result); };
    const timer = setTimeout(() => end('silence'), wait);
    socket.on('error', (error) => end(error.code));
    socket.on('message', () => end('passed'));
    socket.bind(0, from, () => socket.connect(port, to, () => socket.send('x', () => {})));
  }),
  ping: ({ from, to, wait }) => new Promise((done) => {
    const ping = spawn('ping', ['-n', '-q', '-c', '1', '-W', String(wait / 1000), '-I', from, to], { stdio: 'ignore' });
    ping.on('close', (code) => done(code === 0 ? 'passed' : 'silence'));
  }),
  hold: ({ from, to, port }) => new Promise((done) => {
    held = net.connect({ host: to, port, localAddress: from }, () => done(String(held.localPort)));
    held.on('error', () => {});
  }),
  held: ({ wait }) => new Promise((done) => {
    const timer = setTimeout(() => done('silence'), wait);
    held.once('data', () => { clearTimeout(timer); done('passed'); });
  }),
  ask: () => held.write('y'),
  push: () => sockets.forEach((socket) => socket.write('z')),
};
Promise.all(waiting).then(() => console.log(JSON.stringify({ id: 0, result: 'ready' })));
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, kind, ...rest } = JSON.parse(line);
  console.log(JSON.stringify({ id, result: await probes[kind](rest) }));
}).on('close', () => process.exit(0));
`;

interface Probe {
  readonly kind: 'tcp' | 'udp' | 'ping' | 'hold' | 'held' | 'ask' | 'push';
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

interface Agent {
  readonly process: ChildProcess;
  ask(probe: Probe, wait?: number): Promise<string>;
}

async function startAgent(namespace: string): Promise<Agent> {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', AGENT], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = new Map<number, (result: string) => void>();
  const ready = new Promise<string>((resolve) => answers.set(0, resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result } = JSON.parse(line) as { id: number; result: string };
    answers.get(id)?.(result);
  });
  let last = 0;
  await ready;
  return {
    process: child,
    ask: (probe, wait = SILENCE_MS) =>
      new Promise((resolve) => {
        last += 1;
        answers.set(last, resolve);
        child.stdin.write(`${JSON.stringify({ id: last, ...probe, wait })}\n`);
      }),
  };
}

let ours: Agent;
let peer: Agent;

beforeAll(async () => {
  for (const namespace of [OURS, PEER]) {
    run('ip', ['netns', 'add', namespace]);
    run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  }
  for (const { name, v4, v6 } of LINKS) {
    const ends = ['link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', PEER];
    run('ip', ['-n', OURS, ...ends]);
    for (const [namespace, host] of [
      [PEER, 1],
      [OURS, 2],
    ] as const) {
      run('ip', ['-n', namespace, 'addr', 'add', `${v4}.${host}/24`, 'dev', name]);
      run('ip', ['-n', namespace, 'addr', 'add', `${v6}::${host}/64`, 'dev', name, 'nodad']);
      run('ip', ['-n', namespace, 'link', 'set', name, 'up']);
    }
  }
  [ours, peer] = await Promise.all([startAgent(OURS), startAgent(PEER)]);
}, 20_000);

afterAll(() => {
  for (const agent of [ours, peer]) agent?.process.kill();
  for (const namespace of [OURS, PEER]) {
    try {
      run('ip', ['netns', 'del', namespace]);
    } catch {
      // The other one goes all the same.
    }
  }
});

const FACTS: HostFacts = {
  interfaces: LINKS.map(({ name, v4, v6 }) => ({
    name,
    profile: name === 'corp0' ? 'corporate' : 'external',
    addresses: [`${v4}.2`, `${v6}::2`],
  })),
  otherInterfaces: 'external',
  pce: [{ address: '198.51.100.1', port: 7003 }],
  resolvers: [],
  names: new Map(),
};

const CORPORATE = setsOf(
  { id: 'peers', hosts: ['10.99.1.1'], ranges: ['2001:db8:c::/64', '192.0.2.1-192.0.2.9'] },
  { id: 'any', hosts: [], ranges: ['0.0.0.0/0', '::/0'] },
);

/** Port 7001 is allowed from and to corporate peers, 7002 is behind a boundary on every network. */
function planFor(parts: Partial<HostPolicy>): FirewallPlan {
  const allow = {
    peers: ['peers'],
    services: [tcp(7001), udp(7001), protocol(1, { icmpType: 8 })],
  };
  const deny = { peers: ['any'], services: [tcp(7002), udp(7002)], networkType: 'all' } as const;
  return buildPlan({
    policy: aPolicy({
      rules: [
        aRule({ ...allow, direction: 'inbound' }),
        aRule({ ...allow, direction: 'outbound' }),
        aRule({ ...deny, action: 'deny', direction: 'inbound' }),
        aRule({ ...deny, action: 'deny', direction: 'outbound' }),
      ],
      ...parts,
    }),
    sets: CORPORATE,
    host: FACTS,
  });
}

interface Case {
  readonly label: string;
  readonly probe: Probe;
  readonly packet: PlanPacket;
}

function allCases(): Case[] {
  const kinds = [
    ...[7001, 7002, 7003].flatMap((port) => [
      { kind: 'tcp', protocol: 6, port } as const,
      { kind: 'udp', protocol: 17, port } as const,
    ]),
    { kind: 'ping', protocol: 1, port: 0 } as const,
  ];
  return LINKS.flatMap(({ name, v4, v6 }) =>
    [`${v4}.`, `${v6}::`].flatMap((net) =>
      (['inbound', 'outbound'] as const).flatMap((direction) =>
        kinds.map(({ kind, protocol: number, port }): Case => {
          const [from, to] = direction === 'inbound' ? [1, 2] : [2, 1];
          const isPing = kind === 'ping';
          const isV6 = net.includes(':');
          return {
            label: `${direction} ${name} ${isV6 ? 'IPv6' : 'IPv4'} ${kind} ${port}`,
            probe: { kind, from: `${net}${from}`, to: `${net}${to}`, port },
            packet: {
              direction,
              interfaceName: name,
              remoteAddress: `${net}1`,
              protocol: isPing && isV6 ? 58 : number,
              sourcePort: null,
              destinationPort: isPing ? null : port,
              icmpType: isPing ? (isV6 ? 128 : 8) : null,
              icmpCode: isPing ? 0 : null,
              syn: true,
              remoteName: null,
            },
          };
        }),
      ),
    ),
  );
}

function becomes(action: 'accept' | 'drop' | 'reject', protocolNumber: number): string {
  if (action === 'accept') return 'passed';
  if (action === 'drop') return 'silence';
  if (protocolNumber === 6) return 'ECONNREFUSED';
  // ping says nothing of what it was told
  return protocolNumber === 17 ? 'told' : 'silence';
}

/** What became of every case, by label, beside what the plan says of it. */
async function heldAgainstPackets(plan: FirewallPlan): Promise<[string[], string[]]> {
  const evaluate = createEvaluator(plan);
  const found = await Promise.all(
    allCases().map(async ({ label, probe, packet }) => {
      const agent = packet.direction === 'inbound' ? peer : ours;
      const decision = evaluate(packet);
      const planned = becomes(decision?.action ?? 'accept', packet.protocol);
      const result = await agent.ask(probe, planned === 'silence' ? SILENCE_MS : ARRIVAL_MS);
      const told =
        planned === 'told' && ['EHOSTUNREACH', 'EACCES', 'ECONNREFUSED'].includes(result);
      return [`${label}: ${planned}`, `${label}: ${told ? 'told' : result}`] as const;
    }),
  );
  return [found.map(([planned]) => planned), found.map(([, result]) => result)];
}

describe('packets between two hosts get what the plan says (R-POL-5, R-POL-7, R-POL-9)', () => {
  test.each([
    ['visibility_only', 'drop'],
    ['selective', 'drop'],
    ['full', 'drop'],
    ['full', 'reject'],
  ] as const)('in mode %s with %s', async (mode, blockedConnectionAction) => {
    const plan = planFor({ mode, blockedConnectionAction });
    apply(renderNftables(plan));
    const [planned, found] = await heldAgainstPackets(plan);
    expect(found).toEqual(planned);
    expect(new Set(planned.map((line) => line.split(': ')[1])).has('silence')).toBe(
      mode !== 'visibility_only',
    );
  });

  test('with external interfaces left to the host itself (R-NET-4)', async () => {
    const plan = planFor({ managesExternal: false });
    apply(renderNftables(plan));
    const [planned, found] = await heldAgainstPackets(plan);
    expect(found).toEqual(planned);
  });

  test.each(['block_all', 'allow_all'] as const)('with IPv6 as %s says', async (ipv6Mode) => {
    const plan = planFor({ ipv6Mode });
    apply(renderNftables(plan));
    const [planned, found] = await heldAgainstPackets(plan);
    expect(found).toEqual(planned);
    const rest = planned.filter(
      (line) =>
        line.includes('IPv6') && !line.endsWith(ipv6Mode === 'block_all' ? 'silence' : 'passed'),
    );
    expect(rest).toEqual([]);
  });

  test('with custom iptables rules before the policy, and the PCE before those', async () => {
    const custom = (ipVersion: 4 | 6, chain: 'INPUT' | 'OUTPUT', ...lines: readonly string[]) => ({
      ipVersion,
      statements: lines.map((parameters) => ({ table: 'filter', chain, parameters }) as const),
      origin: { href: '/orgs/1/ip_tables_rules/1', version: 1 },
    });
    const plan = planFor({
      ipTablesRules: [
        custom(
          4,
          'INPUT',
          '-s 10.99.1.0/24 -p tcp -m multiport --dports 7001,7002 -j DROP',
          '-i ext+ -p tcp --dport 7002 -m limit --limit 100/s -j ACCEPT',
          '-p udp --dport 7001:7002 -j REJECT --reject-with icmp-host-prohibited',
          '-p icmp ! --icmp-type echo-request -j RETURN',
          '-p icmp -j ACCEPT',
        ),
        custom(4, 'OUTPUT', '-d 198.51.100.1 -j LOG', '-d 198.51.100.1 -j DROP'),
        custom(6, 'OUTPUT', '! -o corp0 -j RETURN', '-p udp -j ACCEPT'),
      ],
    });
    apply(renderNftables(plan));
    const [planned, found] = await heldAgainstPackets(plan);
    expect(found).toEqual(planned);
    expect(planned).toEqual(
      expect.arrayContaining([
        'inbound corp0 IPv4 tcp 7001: silence',
        'inbound ext0 IPv4 tcp 7002: passed',
        'inbound ext0 IPv4 udp 7001: told',
        'outbound ext0 IPv4 tcp 7001: silence',
        'outbound ext0 IPv4 tcp 7003: passed',
        'outbound corp0 IPv6 udp 7003: passed',
      ]),
    );
  });

  test('a connection that is no longer allowed is cut in both directions and stays cut', async () => {
    const before = planFor({ mode: 'selective' });
    apply(renderNftables(before));
    const link = { from: '10.99.1.1', to: '10.99.1.2', port: 7001 };
    const sourcePort = Number(await peer.ask({ kind: 'hold', ...link }));
    const hears = async (kind: 'ask' | 'push', agent: Agent, wait: number) => {
      const heard = peer.ask({ kind: 'held', ...link }, wait);
      await agent.ask({ kind, ...link });
      return heard;
    };
    expect(await hears('ask', peer, ARRIVAL_MS)).toBe('passed');
    const boundary = aRule({ action: 'deny', peers: ['any'], services: [tcp(7001)] });
    const after = planFor({ mode: 'selective', rules: [boundary] });
    apply(renderNftables(after));
    expect(await hears('ask', peer, ARRIVAL_MS)).toBe('passed');
    const tracked = {
      protocol: 6,
      sourceAddress: link.from,
      destinationAddress: link.to,
      sourcePort,
      destinationPort: link.port,
      icmpType: null,
      icmpCode: null,
    };
    expect(connectionsToCut(before, [tracked])).toEqual([]);
    const cut = connectionsToCut(after, [tracked]);
    expect(cut).toEqual([tracked]);
    apply(renderCut(after, cut));
    inOurs('conntrack', ['-D', '-p', 'tcp', '--sport', `${sourcePort}`, '--dport', '7001']);
    expect(await hears('push', ours, SILENCE_MS)).toBe('silence');
    expect(await hears('ask', peer, SILENCE_MS)).toBe('silence');
    expect(compareWithPlan(after, readBack())).toEqual([]);
  });
});
