/** Element batches against a real kernel, in a network namespace. */
import type { ElementChange } from '@bulkhead/enforcement';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createNamespacePair,
  enterNamespace,
  type NamespacePair,
} from '../../testing/namespaces.ts';
import { loadLibc } from './libc.ts';
import { openElementSocket, type ElementSocket } from './nft-socket.ts';

const TABLE = `table inet bulkhead {
  set h4 { type ipv4_addr; elements = { 10.0.0.1 }; }
  set r4 { type ipv4_addr; flags interval; elements = { 10.1.0.0/16, 10.2.0.0/16 }; }
  set r6 { type ipv6_addr; flags interval; }
  set ifs { type ifname; }
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
  add: readonly string[],
  remove: readonly string[] = [],
): ElementChange {
  return {
    table: 'bulkhead',
    set,
    keyType: set === 'ifs' ? 'ifname' : set.endsWith('6') ? 'ipv6_addr' : 'ipv4_addr',
    interval: set.startsWith('r'),
    add: add.map((key) => ({ key })),
    remove: remove.map((key) => ({ key })),
  };
}

/** Elements as nft lists them. */
function elements(set: string): string[] {
  const text = pair.run(pair.ours, 'nft', ['list', 'set', 'inet', 'bulkhead', set]);
  const list = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? '';
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

test('hosts, intervals and interfaces of both families are there as nft lists them', () => {
  socket.move([
    change('h4', ['10.0.0.2'], ['10.0.0.1']),
    change('r4', ['240.0.0.0/4']),
    change('r6', ['2001:db8::/32', '2001:db9::5-2001:db9::9', 'ff00::/8']),
    change('ifs', ['eth0', 'wlan0']),
  ]);
  expect(elements('h4')).toEqual(['10.0.0.2']);
  expect(elements('r4')).toEqual(['10.1.0.0/16', '10.2.0.0/16', '240.0.0.0/4']);
  expect(elements('r6')).toEqual(['2001:db8::/32', '2001:db9::5-2001:db9::9', 'ff00::/8']);
  expect(elements('ifs').sort()).toEqual(['"eth0"', '"wlan0"']);
  socket.move([change('r4', [], ['240.0.0.0/4']), change('r6', [], ['ff00::/8', '2001:db8::/32'])]);
  expect(elements('r4')).toEqual(['10.1.0.0/16', '10.2.0.0/16']);
  expect(elements('r6')).toEqual(['2001:db9::5-2001:db9::9']);
});

test('an interval is split and joined with its neighbour in one step', () => {
  socket.move([change('r4', ['10.1.0.0/17', '10.1.128.0-10.1.255.254'], ['10.1.0.0/16'])]);
  const split = ['10.1.0.0/17', '10.1.128.0-10.1.255.254', '10.2.0.0/16'];
  expect(elements('r4')).toEqual(split);
  socket.move([change('r4', ['10.1.0.0-10.2.255.255'], split)]);
  expect(elements('r4')).toEqual(['10.1.0.0-10.2.255.255']);
  socket.move([change('r4', [], ['10.1.0.0-10.2.255.255'])]);
  expect(elements('r4')).toEqual([]);
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

test('one of 100,000 hosts comes at a cost that does not grow with them, and all of them in one batch (FR-6)', () => {
  const keys = Array.from(
    { length: 100_000 },
    (_, index) => `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
  );
  const among = (network: string) => {
    const times = Array.from({ length: 200 }, (_, index) => {
      const begun = performance.now();
      socket.move([change('h4', [`${network}.${index}`])]);
      return performance.now() - begun;
    }).sort((one, other) => one - other);
    return times[100] ?? Number.NaN;
  };
  const few = among('172.16.0');
  socket.move([change('h4', keys)]);
  // reading the set back would make it thousands of times as much
  expect(among('172.16.1') / few).toBeLessThan(100);
  expect(elements('h4')).toHaveLength(100_401);
});

test('a change of thousands of sets is acknowledged whole, however many answers that are (FR-5)', () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `h_${index}_4`);
  const sets = names.map((name) => `set ${name} { type ipv4_addr; }`).join('\n');
  pair.run(pair.ours, 'nft', ['-f', '-'], `table inet bulkhead {\n${sets}\n}`);
  socket.move(names.map((name) => change(name, ['10.0.0.9'])));
  expect([elements('h_0_4'), elements('h_2999_4')]).toEqual([['10.0.0.9'], ['10.0.0.9']]);
});

test('thousands of errors are one failure that names the first, and do not reach the next change (FR-5)', () => {
  const add = Array.from({ length: 5_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
  const bad = Array.from({ length: 3_000 }, () => change('h_gone', ['10.0.0.9']));
  expect(() => socket.move([change('h4', add), ...bad])).toThrow(/to h_gone.*ENOENT/);
  expect(elements('h4')).toEqual(['10.0.0.1']);
  socket.move([change('h4', ['10.0.0.2'])]);
  expect(elements('h4').sort()).toEqual(['10.0.0.1', '10.0.0.2']);
});
