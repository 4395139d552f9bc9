import { beforeEach, describe, expect, test } from 'vitest';
import { aRecord, dnsBytes, TYPE_A } from '../../testing/dns.ts';
import { createDnsObserver, type DnsObserver, type SeenPacket } from './dns-answers.ts';

const HOST = '203.0.113.2';
const RESOLVER = '203.0.113.53';
const NAME = 'www.example.com';

let nowMs: number;
let observer: DnsObserver;
beforeEach(() => {
  nowMs = 0;
  observer = createDnsObserver(
    (address) => address === RESOLVER,
    () => nowMs,
  );
});

interface Parts {
  readonly from?: string;
  readonly to?: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly protocol?: 6 | 17;
  readonly outgoing?: boolean;
  readonly loopback?: boolean;
}

function packet(message: Buffer, parts: Parts): SeenPacket {
  const { from = HOST, to = RESOLVER, protocol = 17, outgoing = false, loopback = false } = parts;
  const transport = Buffer.alloc(protocol === 17 ? 8 : 20);
  transport.writeUInt16BE(parts.fromPort ?? 40_000, 0);
  transport.writeUInt16BE(parts.toPort ?? 53, 2);
  if (protocol === 6) transport[12] = 5 << 4;
  const length = Buffer.alloc(protocol === 6 ? 2 : 0);
  if (protocol === 6) length.writeUInt16BE(message.length);
  const body = Buffer.concat([transport, length, message]);
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + body.length, 2);
  header[9] = protocol;
  Buffer.from(from.split('.').map(Number)).copy(header, 12);
  Buffer.from(to.split('.').map(Number)).copy(header, 16);
  return { bytes: Buffer.concat([header, body, Buffer.alloc(6)]), outgoing, loopback };
}

const ask = (parts: Parts = {}, id = 1) =>
  observer.observe(
    packet(dnsBytes({ id, name: NAME, type: TYPE_A, records: null }), { outgoing: true, ...parts }),
  );
const answer = (parts: Parts = {}, id = 1, name = NAME) =>
  observer.observe(
    packet(dnsBytes({ id, name, type: TYPE_A, records: [aRecord(name, '192.0.2.9')] }), {
      from: RESOLVER,
      to: HOST,
      fromPort: 53,
      toPort: 40_000,
      ...parts,
    }),
  );
const ADDRESSES = { name: NAME, addresses: [{ address: '192.0.2.9', ttlSeconds: 300 }] };

test.each([17, 6] as const)('an answer to what was asked counts (protocol %i)', (protocol) => {
  expect(ask({ protocol })).toBeNull();
  expect(answer({ protocol })).toEqual(ADDRESSES);
});

test('a stub resolver on loopback is a resolver, from loopback alone', () => {
  const stub = { from: '127.0.0.53', to: '127.0.0.1' };
  ask({ from: '127.0.0.1', to: '127.0.0.53', loopback: true });
  expect(answer(stub)).toBeNull();
  expect(answer({ ...stub, loopback: true })).toEqual(ADDRESSES);
});

describe('nothing else counts', () => {
  test.each([
    ['to another port', { toPort: 40_001 }, 1, NAME],
    ['with another id', {}, 2, NAME],
    ['for another name', {}, 1, 'www.example.org'],
    ['from another server', { from: '203.0.113.54' }, 1, NAME],
    ['to another host', { to: '203.0.113.3' }, 1, NAME],
    ['from another port', { fromPort: 5353 }, 1, NAME],
    ['by another protocol', { protocol: 6 }, 1, NAME],
    ['that this host gives', { outgoing: true }, 1, NAME],
  ] as const)('an answer %s', (_, parts, id, name) => {
    ask();
    expect(answer(parts, id, name)).toBeNull();
    expect(answer()).toEqual(ADDRESSES);
  });

  test('an answer that nobody asked for, a second one, and one that is late', () => {
    expect(answer()).toBeNull();
    ask();
    expect(answer()).toEqual(ADDRESSES);
    expect(answer()).toBeNull();
    ask();
    nowMs = 10_001;
    expect(answer()).toBeNull();
  });

  test('an answer of a server that was asked but is no resolver of this host', () => {
    ask({ to: '198.51.100.53' });
    expect(answer({ from: '198.51.100.53' })).toBeNull();
  });

  test('an answer to what another host asked this one', () => {
    ask({ outgoing: false });
    expect(answer()).toBeNull();
  });
});

test('questions without answers are forgotten, oldest first', () => {
  ask({}, 1);
  for (let id = 2; id <= 4_097; id += 1) ask({}, id);
  expect(answer({}, 1)).toBeNull();
  expect(answer({}, 2)).toEqual(ADDRESSES);
});
