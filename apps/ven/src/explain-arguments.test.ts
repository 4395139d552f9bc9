import { expect, test } from 'vitest';
import { readQuestion } from './explain-arguments.ts';

const NONE = { port: null, icmpType: null, icmpCode: null };

test.each([
  ['443', { ...NONE, protocol: 6, port: 443 }],
  ['443/TCP', { ...NONE, protocol: 6, port: 443 }],
  ['53/udp', { ...NONE, protocol: 17, port: 53 }],
  ['36/sctp', { ...NONE, protocol: 132, port: 36 }],
  ['8/icmp', { ...NONE, protocol: 1, icmpType: 8 }],
  ['3:4/icmp', { ...NONE, protocol: 1, icmpType: 3, icmpCode: 4 }],
])('%s', (service, expected) => {
  expect(readQuestion('10.0.0.1', 'self', service)).toEqual({
    source: '10.0.0.1',
    destination: 'self',
    ...expected,
  });
});

test('IPv6 is spelled as everywhere, and has ICMP of its own', () => {
  expect(readQuestion('self', '2001:DB8:0::1', '128/icmpv6')).toEqual({
    source: 'self',
    destination: '2001:db8::1',
    protocol: 58,
    port: null,
    icmpType: 128,
    icmpCode: null,
  });
});

test.each([
  ['10.0.0.1', 'self', '0', /"0" is not a port from 1 to 65535/],
  ['10.0.0.1', 'self', '65536/tcp', /is not a port/],
  ['10.0.0.1', 'self', '443/http', /"443\/http" is not a service: write 443, 53\/udp/],
  ['10.0.0.1', 'self', '256/icmp', /is not a service/],
  ['10.0.0.1', 'self', '443/tcp/6', /is not a service/],
  ['10.0.0.1', 'self', '128/icmpv6', /write 128\/icmp/],
  ['web1', 'self', '443', /"web1" is neither an address nor "self"/],
  ['10.0.0.0/8', 'self', '443', /is neither an address/],
  ['self', 'self', '443', /the other one is an address/],
  ['10.0.0.1', '2001:db8::1', '443', /different IP versions/],
])('%s %s %s is refused', (source, destination, service, message) => {
  expect(() => readQuestion(source, destination, service)).toThrow(message);
});
