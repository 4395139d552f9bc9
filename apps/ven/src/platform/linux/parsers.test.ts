import { describe, expect, test } from 'vitest';
import { parseConntrack } from './conntrack.ts';
import { parseListening } from './listening-ports.ts';
import { parsePacket } from './packet.ts';
import { readResolvers } from './resolvers.ts';

test('tracked connections keep the filter’s view: the destination after translation', () => {
  const output = [
    'ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=198.51.100.7 sport=50000 dport=443 src=10.2.0.7 dst=10.0.0.1 sport=8443 dport=50000 [ASSURED] mark=0 use=1',
    'ipv6     10 icmpv6   58 29 src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=7 src=2001:db8::2 dst=2001:db8::1 type=129 code=0 id=7 mark=0 use=1',
    'conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.',
    '',
  ].join('\n');
  expect(parseConntrack(output)).toMatchObject([
    {
      protocol: 6,
      sourceAddress: '10.0.0.1',
      destinationAddress: '10.2.0.7',
      sourcePort: 50_000,
      destinationPort: 8443,
      icmpType: null,
      icmpCode: null,
      asked: { address: '198.51.100.7', port: 443 },
      deleteArguments: [
        '-f',
        'ipv4',
        '-p',
        '6',
        '-s',
        '10.0.0.1',
        '-d',
        '198.51.100.7',
        '--orig-port-src',
        '50000',
        '--orig-port-dst',
        '443',
      ],
    },
    expect.objectContaining({ protocol: 58, sourcePort: null, icmpType: 128, icmpCode: 0 }),
  ]);
});

test('ports that programs wait on, and no others, of both families', () => {
  const list = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100 0 0 10 0',
    '   1: 0100007F:A1B2 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0000000000000000 20 4 30 10 -1',
    '   2: 00000000000000000000000000000000:20FB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 3 1',
    '',
  ].join('\n');
  expect(parseListening(list)).toEqual([22, 8443]);
});

describe('resolvers', () => {
  const read = (files: Readonly<Record<string, string>>) =>
    readResolvers(async (path) => {
      const text = files[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    });

  test('are read without comments, zones and what is no address', async () => {
    const text =
      '# nameserver 192.0.2.1\n nameserver 198.51.100.53\nnameserver FE80::1%eth0\nsearch example.com\nnameserver pce\nnameserver 198.51.100.53\n';
    expect(await read({ '/etc/resolv.conf': text })).toEqual(['198.51.100.53', 'fe80::1']);
    expect(await read({})).toEqual([]);
  });

  test('behind a stub on loopback are those that it asks, and only there', async () => {
    const behind = 'nameserver 192.0.2.53\nnameserver 127.0.0.1\n';
    const files = {
      '/etc/resolv.conf': 'nameserver 127.0.0.53\n',
      '/run/systemd/resolve/resolv.conf': behind,
    };
    expect(await read(files)).toEqual(['192.0.2.53']);
    expect(await read({ ...files, '/etc/resolv.conf': 'nameserver 192.0.2.1\n' })).toEqual([
      '192.0.2.1',
    ]);
  });
});

function v4(protocol: number, transport: readonly number[], fragment = 0): Buffer {
  return Buffer.from([
    0x45,
    0,
    0,
    40,
    0,
    1,
    fragment >> 8,
    fragment & 255,
    64,
    protocol,
    0,
    0,
    10,
    0,
    0,
    1,
    192,
    0,
    2,
    10,
    ...transport,
  ]);
}

test('ports and ICMP types are read from first fragments only', () => {
  expect(parsePacket(v4(6, [0xc3, 0x50, 0x01, 0xbb]))).toMatchObject({
    sourceAddress: '10.0.0.1',
    destinationAddress: '192.0.2.10',
    protocol: 6,
    sourcePort: 50_000,
    destinationPort: 443,
  });
  expect(parsePacket(v4(1, [8, 0, 0, 0]))).toMatchObject({
    icmpType: 8,
    icmpCode: 0,
    sourcePort: null,
  });
  expect(parsePacket(v4(6, [0xc3, 0x50, 0x01, 0xbb], 8))).toMatchObject({
    protocol: 6,
    destinationPort: null,
  });
  expect(parsePacket(Buffer.from('not a packet'))).toBeNull();
  expect(parsePacket(Buffer.from([0x45, 0]))).toBeNull();
});

test('IPv6 ports stand behind extension headers', () => {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header[6] = 0;
  Buffer.from('20010db8000000000000000000000001', 'hex').copy(header, 8);
  Buffer.from('20010db8000000000000000000000002', 'hex').copy(header, 24);
  const hopByHop = Buffer.from([17, 0, 5, 2, 0, 0, 1, 0]);
  const udp = Buffer.from([0, 53, 0x30, 0x39]);
  expect(parsePacket(Buffer.concat([header, hopByHop, udp]))).toMatchObject({
    sourceAddress: '2001:db8::1',
    destinationAddress: '2001:db8::2',
    protocol: 17,
    sourcePort: 53,
    destinationPort: 12_345,
  });
});
