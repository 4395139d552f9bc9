/** Element batches against a real kernel, in a network namespace. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNamespacePair,
  enterNamespace,
  type NamespacePair,
} from '../../testing/namespaces.ts';
import { loadLibc } from './libc.ts';
import type { ElementChange } from './nft-elements.ts';
import { openElementSocket, type ElementSocket } from './nft-socket.ts';

const TABLE = `table inet bulkhead {
  chain c_one { accept; }
  chain c_two { drop; }
  set h4 { type ipv4_addr; elements = { 10.0.0.1 }; }
  set r4 { type ipv4_addr; flags interval; elements = { 10.1.0.0/16, 10.2.0.0/16 }; }
  set r6 { type ipv6_addr; flags interval; }
  set ifs { type ifname; }
  map m4 { type ipv4_addr : verdict; elements = { 10.0.0.1 : goto c_one }; }
  map mr4 { type ipv4_addr : verdict; flags interval; elements = { 10.1.0.0/16 : goto c_one }; }
}`;

let pair: NamespacePair;
let leave: () => void;
let socket: ElementSocket;

beforeEach(async () => {
  pair = createNamespacePair();
  leave = enterNamespace(pair.ours);
  pair.run(pair.ours, 'nft', ['-f', '-'], TABLE);
  socket = openElementSocket(await loadLibc());
});
afterEach(() => {
  socket.close();
  leave();
  pair.dispose();
});

function change(
  set: string,
  add: readonly (string | readonly [key: string, chain: string])[],
  remove: readonly string[] = [],
): ElementChange {
  return {
    table: 'bulkhead',
    set,
    map: set.startsWith('m'),
    keyType: set === 'ifs' ? 'ifname' : set.endsWith('6') ? 'ipv6_addr' : 'ipv4_addr',
    interval: set.includes('r'),
    add: add.map((item) =>
      typeof item === 'string' ? { key: item, chain: null } : { key: item[0], chain: item[1] },
    ),
    remove: remove.map((key) => ({ key })),
  };
}

/** Elements as nft lists them. */
function elements(set: string): string[] {
  const kind = set.startsWith('m') ? 'map' : 'set';
  const text = pair.run(pair.ours, 'nft', ['list', kind, 'inet', 'bulkhead', set]);
  const list = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? '';
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

test('hosts, intervals, interfaces and verdicts of both families are there as nft lists them', () => {
  socket.move([
    change('h4', ['10.0.0.2'], ['10.0.0.1']),
    change('r6', ['2001:db8::/32', '2001:db9::5-2001:db9::9', 'ff00::/8']),
    change('ifs', ['eth0', 'wlan0']),
    change('m4', [['10.0.0.2', 'c_two']]),
    change('mr4', [
      ['240.0.0.0/4', 'c_two'],
      ['10.2.0.0/16', 'c_two'],
    ]),
  ]);
  expect(elements('h4')).toEqual(['10.0.0.2']);
  expect(elements('r6')).toEqual(['2001:db8::/32', '2001:db9::5-2001:db9::9', 'ff00::/8']);
  expect(elements('ifs').sort()).toEqual(['"eth0"', '"wlan0"']);
  expect(elements('m4').sort()).toEqual(['10.0.0.1 : goto c_one', '10.0.0.2 : goto c_two']);
  expect(elements('mr4')).toEqual([
    '10.1.0.0/16 : goto c_one',
    '10.2.0.0/16 : goto c_two',
    '240.0.0.0/4 : goto c_two',
  ]);
});

test('an interval is split, joined with its neighbour, and given another verdict in one step', () => {
  socket.move([change('r4', ['10.1.0.0/17', '10.1.128.0-10.1.255.254'], ['10.1.0.0/16'])]);
  expect(elements('r4')).toEqual(['10.1.0.0/17', '10.1.128.0-10.1.255.254', '10.2.0.0/16']);
  socket.move([
    change(
      'r4',
      ['10.1.0.0-10.2.255.255'],
      ['10.1.0.0/17', '10.1.128.0-10.1.255.254', '10.2.0.0/16'],
    ),
    change(
      'mr4',
      [
        ['10.1.0.0/17', 'c_two'],
        ['10.1.128.0/17', 'c_one'],
      ],
      ['10.1.0.0/16'],
    ),
  ]);
  expect(elements('r4')).toEqual(['10.1.0.0-10.2.255.255']);
  expect(elements('mr4')).toEqual(['10.1.0.0/17 : goto c_two', '10.1.128.0/17 : goto c_one']);
  socket.move([
    change('r4', [], ['10.1.0.0-10.2.255.255']),
    change('m4', [['10.0.0.1', 'c_two']], ['10.0.0.1']),
  ]);
  expect(elements('r4')).toEqual([]);
  expect(elements('m4')).toEqual(['10.0.0.1 : goto c_two']);
});

test.each([
  [
    'what is there already',
    change('h4', ['10.0.0.2', '10.0.0.1']),
    /adding 10\.0\.0\.1 to h4.*EEXIST/,
  ],
  ['what is not there', change('h4', [], ['10.0.0.7']), /removing 10\.0\.0\.7 from h4.*ENOENT/],
  [
    'what overlaps',
    change('r4', ['10.1.7.0/24']),
    /adding the end of an interval before 10\.1\.8\.0 to r4.*EEXIST/,
  ],
  ['a part of an interval', change('r4', [], ['10.1.0.0/17']), /from r4.*ENOENT/],
  [
    'a chain that is not there',
    change('m4', [['10.0.0.9', 'c_gone']]),
    /10\.0\.0\.9 to m4.*ENOENT/,
  ],
  ['a set that is not there', change('h_gone', ['10.0.0.9']), /to h_gone.*ENOENT/],
])('%s is refused by name, and nothing of the batch is in force', (_, refused, message) => {
  const before = pair.run(pair.ours, 'nft', ['list', 'ruleset']);
  const others = [
    change('h4', ['10.0.0.50']),
    change('ifs', ['eth0']),
    change('r4', [], ['10.2.0.0/16']),
  ];
  expect(() => socket.move([...others, refused])).toThrow(message);
  expect(() => socket.move([refused, ...others])).toThrow(message);
  expect(pair.run(pair.ours, 'nft', ['list', 'ruleset'])).toBe(before);
});

test('one of 100,000 hosts comes and goes at a cost that does not grow with them, in one batch of megabytes too', () => {
  const keys = Array.from(
    { length: 100_000 },
    (_, index) => `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
  );
  socket.move([
    change(
      'm4',
      keys.map((key) => [key, 'c_one'] as const),
    ),
  ]);
  const times = Array.from({ length: 200 }, (_, index) => {
    const key = `172.16.0.${index}`;
    const begun = performance.now();
    socket.move([change('m4', [[key, 'c_two']])]);
    return performance.now() - begun;
  }).sort((one, other) => one - other);
  // far above what it takes (0.01 ms), far below what reading the set back would (400 ms)
  expect(times[100]).toBeLessThan(2);
  expect(elements('m4')).toHaveLength(100_201);
});

test('more errors than the kernel can tell are one failure, and do not reach the next change', () => {
  const add = Array.from({ length: 5_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
  const bad = Array.from({ length: 3_000 }, () => change('h_gone', ['10.0.0.9']));
  expect(() => socket.move([change('h4', add), ...bad])).toThrow(/more errors than could be read/);
  expect(elements('h4')).toEqual(['10.0.0.1']);
  socket.move([change('h4', ['10.0.0.2'])]);
  expect(elements('h4').sort()).toEqual(['10.0.0.1', '10.0.0.2']);
});
