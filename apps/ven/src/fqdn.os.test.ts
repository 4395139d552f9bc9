/** FQDN rules on a host of its own: the daemon, a DNS server and servers behind names, in network namespaces. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { Socket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aRecord, anAlias, startDnsServer } from './testing/dns.ts';
import { createNamespacePair, enterNamespace, type NamespacePair } from './testing/namespaces.ts';
import { aHostPolicy, aNamesRule, aPolicyContent } from './testing/policies.ts';
import { startTestPce, TEST_CODE, TEST_FINGERPRINT, type TestPce } from './testing/test-pce.ts';
import { until } from './testing/until.ts';

const CTL = fileURLToPath(new URL('ctl.ts', import.meta.url));
const RESOLVER = '203.0.113.1';
const EXACT = 'db.example.com';
/** Behind every name of the test but the exact one: 198.51.100.N for `hostN`. */
const SERVERS = '198.51.100.0/24';
const CONNECT = `
  const [name, address] = process.argv.slice(1);
  const end = (what) => { console.log(what); process.exit(); };
  const connect = (to) => {
    const socket = require('node:net').connect(443, to);
    socket.on('connect', () => end('open')).on('error', (error) => end(error.code));
    setTimeout(() => end('silence'), 2500);
  };
  if (address) connect(address);
  else require('node:dns').resolve4(name, (error, found) => (error ? end(error.code) : connect(found[0])));
`;

let pair: NamespacePair;
let pce: TestPce;
let dns: Socket;
let web: Server;
let folder: string;
let configuration: string;

function onHost(...command: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      'ip',
      ['netns', 'exec', pair.ours, ...command],
      { encoding: 'utf8' },
      (error, out, err) =>
        error === null ? resolve(out) : reject(new Error(err || error.message)),
    );
  });
}
const ctl = (...args: readonly string[]): Promise<string> =>
  onHost(process.execPath, CTL, '--data-dir', join(folder, 'data'), ...args);
/** `open` or why not, for a program that resolves a name and connects at once, or connects to an address. */
const connect = async (name: string, address = ''): Promise<string> =>
  (await onHost(process.execPath, '-e', CONNECT, name, address)).trim();

beforeAll(async () => {
  pair = createNamespacePair();
  folder = await mkdtemp(join(tmpdir(), 'ven-fqdn-'));
  // what \`ip netns exec\` shows as the host's own file
  configuration = join('/etc/netns', pair.ours);
  await mkdir(configuration, { recursive: true });
  await writeFile(join(configuration, 'resolv.conf'), `nameserver ${RESOLVER}\n`);
  pair.run(pair.peer, 'ip', ['route', 'add', 'local', SERVERS, 'dev', 'lo']);
  const leave = enterNamespace(pair.peer);
  try {
    pce = await startTestPce(8443, RESOLVER);
    dns = await startDnsServer(RESOLVER, (name) => {
      if (name === EXACT) return [aRecord(name, '10.0.0.1')];
      const number = /^host(\d+)\./.exec(name)?.[1];
      if (number === undefined) return [];
      return [
        anAlias(name, 'edge.example.org'),
        aRecord('edge.example.org', `198.51.100.${number}`),
      ];
    });
    web = createServer((socket) => socket.on('error', () => undefined).end());
    await once(web.listen(443, '0.0.0.0'), 'listening');
  } finally {
    leave();
  }
  pce.policy = aPolicyContent({
    policy: aHostPolicy({ rules: [aNamesRule(['*.example.net', EXACT])] }),
  });
  await ctl(
    'activate',
    '-m',
    `${RESOLVER}:8443`,
    '-a',
    TEST_CODE,
    '--ca-fingerprint',
    TEST_FINGERPRINT,
  );
  await until('the policy', () => pce.messages.some(({ type }) => type === 'applied'));
});

afterAll(async () => {
  if (existsSync(join(folder, 'data'))) await ctl('unpair', 'open');
  await pce.close();
  dns.close();
  web.close();
  pair.dispose();
  await rm(configuration, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

test('a program that resolves a name of the rules and connects at once gets through, by way of an alias too', async () => {
  expect(await connect('', '198.51.100.7')).toBe('silence');
  expect(await connect('host7.example.net')).toBe('open');
  expect(await connect('', '198.51.100.7')).toBe('open');
  expect(await ctl('show-policy')).toContain('*.example.net is 198.51.100.7');
});

test('other names open nothing, also those that the rules’ names are aliases of', async () => {
  expect(await connect('host8.example.org')).toBe('silence');
  expect(await connect('', '198.51.100.8')).toBe('silence');
});

test('an exact name of the rules is known before any program asks for it', async () => {
  await until(
    'the name',
    async () => (await ctl('show-policy')).includes(`${EXACT} is 10.0.0.1`),
    15_000,
  );
  expect(await connect('', '10.0.0.1')).toBe('open');
});
