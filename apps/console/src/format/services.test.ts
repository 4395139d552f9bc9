import { expect, test } from 'vitest';
import { parsePort, parsePorts, portLine, portsText } from './services.ts';

test('ports of one protocol stand together', () => {
  expect(
    portsText([
      { proto: 6, port: 631 },
      { proto: 6, port: 9100 },
    ]),
  ).toBe('TCP 631, 9100');
  expect(
    portsText([
      { proto: 17, port: 137, to_port: 138 },
      { proto: 6, port: 139 },
    ]),
  ).toBe('UDP 137-138, TCP 139');
});

test('all ports, all protocols and ICMP types are words', () => {
  expect(portsText([{ proto: 6, port: 0 }])).toBe('TCP');
  expect(portsText([{ proto: -1 }])).toBe('All');
  expect(portsText([{ proto: 1, icmp_type: 8 }])).toBe('ICMP type 8');
  expect(portsText([{ proto: 132 }, { proto: 99 }])).toBe('SCTP, IP 99');
});

test.each([
  ['tcp/443', { proto: 6, port: 443 }],
  ['443/tcp', { proto: 6, port: 443 }],
  ['UDP 5000-5010', { proto: 17, port: 5000, to_port: 5010 }],
  ['tcp/80-80', { proto: 6, port: 80 }],
  ['icmp', { proto: 1 }],
  ['icmp/8', { proto: 1, icmp_type: 8 }],
  ['ICMPv6 3/1', { proto: 58, icmp_type: 3, icmp_code: 1 }],
  ['all', { proto: -1 }],
  ['47', { proto: 47 }],
])('%s is understood', (text, value) => {
  expect(parsePort(text)).toEqual({ ok: true, value });
});

test.each([
  ['tcp/70000', 'Port 70000 does not exist. Ports are 1 to 65535.'],
  ['tcp/0', 'Port 0 does not exist. Ports are 1 to 65535.'],
  ['tcp/90-80', 'The range runs backwards. Write 80-90.'],
  ['gre/8', 'GRE has no ports. Leave the port out.'],
  ['icmp/256', 'ICMP types and codes are 0 to 255. Write icmp/8 or icmp/3/1.'],
  ['300', 'Protocol 300 does not exist. Use tcp, udp, icmp or a number up to 255.'],
  ['web', '"web" is not a port. Write tcp/443, udp/5000-5010 or icmp.'],
])('%s is refused with what would be right', (text, message) => {
  expect(parsePort(text)).toEqual({ ok: false, message });
});

test('ports are read as they are written, one a line or parted by commas', () => {
  const ports = [
    { proto: 6, port: 443 },
    { proto: 17, port: 5000, to_port: 5010 },
    { proto: 1 },
    { proto: 1, icmp_type: 3, icmp_code: 1 },
    { proto: 99 },
    { proto: -1 },
  ];
  expect(parsePorts(ports.map(portLine).join('\n'))).toEqual({ ok: true, value: ports });
  expect(parsePorts(' tcp/443,, udp/53 ')).toMatchObject({ ok: true });
  expect(parsePorts('tcp/443\nweb')).toEqual({
    ok: false,
    message: '"web" is not a port. Write tcp/443, udp/5000-5010 or icmp.',
  });
});
