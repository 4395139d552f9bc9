import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALL_TRAFFIC,
  normalizeServices,
  resolveServices,
  servicesMatch,
  type ServicePort,
} from './index.ts';

function tcp(port: number | null, toPort: number | null = null): ServicePort {
  return { ...ALL_TRAFFIC, protocol: 6, port, toPort };
}

function icmp(icmpType: number | null, icmpCode: number | null = null): ServicePort {
  return { ...ALL_TRAFFIC, protocol: 1, icmpType, icmpCode };
}

const asked = (protocol: number, port: number | null) => ({
  protocol,
  port,
  icmpType: null,
  icmpCode: null,
});
const ping = (icmpType: number, icmpCode: number) => ({
  protocol: 1,
  port: null,
  icmpType,
  icmpCode,
});

describe('service ports in canonical form', () => {
  test('are sorted by protocol, then by port', () => {
    const udp = { ...tcp(53), protocol: 17 };
    expect(normalizeServices([udp, tcp(443), icmp(8), tcp(22)])).toEqual([
      icmp(8),
      tcp(22),
      tcp(443),
      udp,
    ]);
  });

  test('a range inside another leaves no trace, touching ranges are one', () => {
    expect(normalizeServices([tcp(80, 90), tcp(82, 85), tcp(91)])).toEqual([tcp(80, 91)]);
    expect(normalizeServices([tcp(80, 90), tcp(92)])).toEqual([tcp(80, 90), tcp(92)]);
    expect(normalizeServices([tcp(65_534), tcp(65_535)])).toEqual([tcp(65_534, 65_535)]);
  });

  test('a range of all ports is the whole protocol, also in parts and from 0 on (PS-60)', () => {
    expect(normalizeServices([tcp(1, 65_535)])).toEqual([tcp(null)]);
    expect(normalizeServices([tcp(0, 65_535)])).toEqual([tcp(null)]);
    expect(normalizeServices([tcp(1, 99), tcp(100, 65_535)])).toEqual([tcp(null)]);
    expect(normalizeServices([tcp(2, 65_535)])).toEqual([tcp(2, 65_535)]);
  });

  test('a range of one port is that port', () => {
    expect(normalizeServices([tcp(80, 80)])).toEqual([tcp(80)]);
  });

  test('a type without code swallows its codes and nothing else', () => {
    expect(normalizeServices([icmp(3, 4), icmp(3), icmp(8, 0)])).toEqual([icmp(3), icmp(8, 0)]);
    expect(normalizeServices([icmp(3, 4), icmp(null)])).toEqual([icmp(null)]);
  });

  test('nothing stays nothing, and lets nothing match', () => {
    expect(normalizeServices([])).toEqual([]);
    expect(servicesMatch([], asked(6, 443))).toBe(false);
  });

  test('entries of a program or Windows service are kept apart by name, after those of none (PS-61)', () => {
    const named = { ...tcp(443), process: 'C:\\web\\serve.exe' };
    const service = { ...tcp(443, 445), windowsService: 'W3SVC' };
    expect(normalizeServices([service, named, tcp(80)])).toEqual([tcp(80), named, service]);
    expect(normalizeServices([named, { ...named, port: 444 }])).toEqual([
      { ...named, toPort: 444 },
    ]);
  });

  test('a program is the same in any letter case, and spelled in one way (PS-61)', () => {
    const upper = { ...tcp(443), process: 'C:\\Web\\Serve.exe' };
    const lower = { ...tcp(444), process: 'c:\\web\\serve.exe' };
    const joined = [{ ...upper, toPort: 444 }];
    expect(normalizeServices([upper, lower])).toEqual(joined);
    expect(normalizeServices([lower, upper])).toEqual(joined);
  });

  test('an entry without a name absorbs what it covers, and nothing else (PS-61)', () => {
    const named = { ...tcp(443), process: 'C:\\serve.exe' };
    const wider = { ...tcp(442, 443), process: 'C:\\serve.exe' };
    expect(normalizeServices([named, tcp(440, 450)])).toEqual([tcp(440, 450)]);
    expect(normalizeServices([named, ALL_TRAFFIC])).toEqual([ALL_TRAFFIC]);
    expect(normalizeServices([wider, tcp(443)])).toEqual([tcp(443), wider]);
  });

  const port = fc.integer({ min: 1, max: 12 });
  const traffic: fc.Arbitrary<ServicePort> = fc.oneof(
    fc.tuple(port, fc.option(port)).map(([from, to]) => tcp(from, to === null ? null : from + to)),
    fc
      .tuple(fc.constantFrom(0, 3, 8), fc.option(fc.constantFrom(0, 1)))
      .map(([type, code]) => icmp(type, code)),
    fc.constantFrom(-1, 6, 1, 47).map((protocol) => ({ ...ALL_TRAFFIC, protocol })),
  );
  const NAMES = [{}, {}, { process: 'a.exe' }, { process: 'A.exe' }, { windowsService: 's' }];
  const entry = fc
    .tuple(traffic, fc.constantFrom(...NAMES))
    .map(([port, names]): ServicePort => ({ ...port, ...names }));
  test('match exactly what the written list matches, in any order', () => {
    const list = fc.array(entry, { maxLength: 6 });
    const bare = [
      ...Array.from({ length: 26 }, (_, index) => asked(6, index)),
      ...[0, 3, 8, 13].flatMap((type) => [ping(type, 0), ping(type, 1), ping(type, 2)]),
      asked(47, null),
      asked(50, null),
    ];
    const programs = [{}, { process: 'a.exe' }, { process: 'B.exe', windowsService: 's' }];
    const queries = bare.flatMap((query) => programs.map((names) => ({ ...query, ...names })));
    fc.assert(
      fc.property(list, (ports) => {
        const normal = normalizeServices(ports);
        expect(normalizeServices([...ports].reverse())).toEqual(normal);
        expect(normalizeServices(normal)).toEqual(normal);
        for (const query of queries) {
          expect(servicesMatch(normal, query)).toBe(servicesMatch(ports, query));
        }
      }),
    );
  });
});

test('two hundred single ports are two hundred entries (FR-12)', () => {
  const ports = Array.from({ length: 200 }, (_, index) => tcp(20_001 + 2 * index));
  const services = normalizeServices(ports);
  expect(services).toHaveLength(200);
  expect([20_001, 20_002, 20_399].map((port) => servicesMatch(services, asked(6, port)))).toEqual([
    true,
    false,
    true,
  ]);
});

describe('ingress services', () => {
  const web = { href: '/services/web', name: 'Web', ports: [tcp(80), tcp(443)] };
  const find = (href: string) => (href === web.href ? web : undefined);

  test('are the ports of services by name and in place, together', () => {
    const ports = resolveServices([{ href: web.href }, { port: tcp(81) }], find);
    expect(ports).toEqual([tcp(80, 81), tcp(443)]);
  });

  test('an unknown service adds nothing, never everything', () => {
    expect(resolveServices([{ href: '/services/gone' }], find)).toEqual([]);
  });
});

describe('a connection', () => {
  test.each([
    ['the first port of a range', asked(6, 8000), true],
    ['the last port of a range', asked(6, 8099), true],
    ['a port behind it', asked(6, 8100), false],
    ['the same port of another protocol', asked(17, 8000), false],
    ['no port at all', asked(6, null), false],
  ])('at %s', (_, query, expected) => {
    expect(servicesMatch([tcp(8000, 8099)], query)).toBe(expected);
  });

  test.each([
    ['by the program itself, in any letter case', { process: 'c:\\SERVE.EXE' }, true],
    ['by another program', { process: 'C:\\other.exe' }, false],
    ['by nobody knows whom', {}, false],
  ])('that is answered %s (PS-61)', (_, names, expected) => {
    const ports = [{ ...tcp(443), process: 'C:\\serve.exe' }];
    expect(servicesMatch(ports, { ...asked(6, 443), ...names })).toBe(expected);
  });
});
