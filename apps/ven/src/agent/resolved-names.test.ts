import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from './log.ts';
import { createResolvedNames, type NameMove, type ResolvedNames } from './resolved-names.ts';
import type { ResolvedName } from '../platform/port.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
let moves: NameMove[];
let lookedUp: string[];
let hosts: Map<string, readonly string[]>;
let used: Set<string>;
let tell: ((names: readonly ResolvedName[]) => void) | null;
let refuse: boolean;
let names: ResolvedNames;

beforeEach(() => {
  vi.useFakeTimers();
  moves = [];
  lookedUp = [];
  hosts = new Map();
  used = new Set();
  tell = null;
  refuse = false;
  names = createResolvedNames({
    async lookup(name) {
      lookedUp.push(name);
      const found = hosts.get(name);
      if (found === undefined) throw new Error('no such name');
      return found;
    },
    inUse: async (addresses) => new Set(addresses.filter((address) => used.has(address))),
    watch(resolved) {
      if (refuse) throw new Error('operation not permitted');
      tell = resolved;
      return () => (tell = null);
    },
    moved: (list) => moves.push(...list),
    log: createLog(
      () => undefined,
      () => new Date(),
    ),
    nowMs: () => Date.now(),
  });
});
afterEach(() => {
  names.close();
  vi.useRealTimers();
});

function answer(name: string, ttlSeconds: number, ...addresses: readonly string[]): void {
  tell?.([{ name, addresses: addresses.map((address) => ({ address, ttlSeconds })) }]);
}
const known = (name: string): readonly string[] | undefined => names.known().get(name);

describe('what a name stands for', () => {
  test('exact names are that name, wildcards what is below them, in any letter case', () => {
    names.follow(['*.Example.com', 'login.example.com']);
    answer('login.example.com', 300, '192.0.2.1');
    answer('a.b.example.com', 300, '192.0.2.2', '2001:DB8::2');
    answer('example.com', 300, '192.0.2.3');
    answer('example.com.attacker.test', 300, '192.0.2.4');
    expect(known('login.example.com')).toEqual(['192.0.2.1']);
    expect(known('*.Example.com')).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::2']);
    expect(moves).toContainEqual({ name: '*.Example.com', added: ['192.0.2.1'], removed: [] });
  });

  test('never loopback, link-local or multicast addresses', () => {
    names.follow(['*.example.com']);
    answer('www.example.com', 300, '127.0.0.1', '0.0.0.0', '169.254.1.1', '224.0.0.1', '::1');
    expect(known('*.example.com')).toEqual([]);
    expect(moves).toEqual([]);
  });

  test('an answer that says nothing new moves nothing', () => {
    names.follow(['www.example.com']);
    answer('www.example.com', 300, '192.0.2.1');
    answer('www.example.com', 300, '192.0.2.1');
    expect(moves).toHaveLength(1);
  });

  test('of more than 1,024 addresses those seen longest ago are given up', () => {
    names.follow(['*.example.com']);
    for (let index = 0; index < 1_025; index += 1) {
      answer('www.example.com', 300, `192.0.${index >> 8}.${index & 255}`);
      if (index === 1) answer('www.example.com', 300, '192.0.0.0');
    }
    expect(known('*.example.com')).toHaveLength(1_024);
    expect(known('*.example.com')).toContain('192.0.0.0');
    expect(moves.at(-1)).toEqual({
      name: '*.example.com',
      added: ['192.0.4.0'],
      removed: ['192.0.0.1'],
    });
  });
});

describe('how long', () => {
  test('for the time that the answer says, at least a minute and at most a day', async () => {
    names.follow(['*.example.com']);
    answer('a.example.com', 5, '192.0.2.1');
    answer('b.example.com', 600, '192.0.2.2');
    answer('c.example.com', 10 * 86_400, '192.0.2.3');
    await vi.advanceTimersByTimeAsync(MINUTE - 1);
    expect(known('*.example.com')).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(known('*.example.com')).toEqual(['192.0.2.2', '192.0.2.3']);
    expect(moves.at(-1)).toEqual({ name: '*.example.com', added: [], removed: ['192.0.2.1'] });
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(known('*.example.com')).toEqual(['192.0.2.3']);
    await vi.advanceTimersByTimeAsync(24 * 60 * MINUTE);
    expect(known('*.example.com')).toEqual([]);
  });

  test('another answer begins the time anew, and a shorter one does not end it sooner', async () => {
    names.follow(['*.example.com']);
    answer('a.example.com', 600, '192.0.2.1');
    answer('a.example.com', 5, '192.0.2.1');
    await vi.advanceTimersByTimeAsync(9 * MINUTE);
    answer('a.example.com', 600, '192.0.2.1');
    await vi.advanceTimersByTimeAsync(9 * MINUTE);
    expect(known('*.example.com')).toEqual(['192.0.2.1']);
  });

  test.each(['*.example.com', 'www.example.com'])(
    'each address of %s for its own time, also when an answer is without it (FR-16)',
    async (name) => {
      names.follow([name]);
      tell?.([
        {
          name: 'www.example.com',
          addresses: [
            { address: '192.0.2.1', ttlSeconds: 300 },
            { address: '192.0.2.2', ttlSeconds: 5 },
          ],
        },
      ]);
      await vi.advanceTimersByTimeAsync(10 * SECOND);
      answer('www.example.com', 5, '192.0.2.2');
      await vi.advanceTimersByTimeAsync(300 * SECOND - 10 * SECOND - 1);
      expect(known(name)).toEqual(['192.0.2.1']);
      await vi.advanceTimersByTimeAsync(MINUTE);
      expect(known(name)).toEqual([]);
    },
  );

  test('for a minute where the answer says no time at all (FR-18)', async () => {
    names.follow(['*.example.com']);
    answer('a.example.com', 0, '192.0.2.1');
    expect(known('*.example.com')).toEqual(['192.0.2.1']);
    await vi.advanceTimersByTimeAsync(MINUTE - 1);
    expect(known('*.example.com')).toEqual(['192.0.2.1']);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(known('*.example.com')).toEqual([]);
  });

  test('as long as the host has a connection with it (FR-17)', async () => {
    names.follow(['*.example.com']);
    answer('a.example.com', 5, '192.0.2.1');
    used.add('192.0.2.1');
    await vi.advanceTimersByTimeAsync(30 * MINUTE);
    expect(known('*.example.com')).toEqual(['192.0.2.1']);
    used.clear();
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(known('*.example.com')).toEqual([]);
  });
});

describe('looking up', () => {
  test('an exact name that is new is looked up once, a wildcard never', async () => {
    hosts.set('www.example.com', ['192.0.2.1']);
    names.follow(['*.example.com', 'www.example.com', 'away.example.com']);
    names.follow(['*.example.com', 'www.example.com', 'away.example.com']);
    await vi.advanceTimersByTimeAsync(1);
    expect(lookedUp).toEqual(['www.example.com', 'away.example.com']);
    expect(known('www.example.com')).toEqual(['192.0.2.1']);
    expect(known('*.example.com')).toEqual(['192.0.2.1']);
  });

  test('an exact name whose time is over is looked up again: what it still stands for stays', async () => {
    hosts.set('www.example.com', ['192.0.2.1', '192.0.2.2']);
    names.follow(['www.example.com']);
    await vi.advanceTimersByTimeAsync(1);
    hosts.set('www.example.com', ['192.0.2.2', '192.0.2.3']);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(known('www.example.com')?.toSorted()).toEqual(['192.0.2.2', '192.0.2.3']);
  });
});

test('answers are watched only while rules have names, and what names are gone is forgotten', () => {
  expect(tell).toBeNull();
  names.follow(['*.example.com']);
  answer('a.example.com', 600, '192.0.2.1');
  names.follow([]);
  expect(tell).toBeNull();
  names.follow(['*.example.com']);
  expect(known('*.example.com')).toEqual([]);
});

test('where answers cannot be watched, exact names are looked up all the same', async () => {
  refuse = true;
  hosts.set('www.example.com', ['192.0.2.1']);
  names.follow(['*.example.com', 'www.example.com']);
  await vi.advanceTimersByTimeAsync(1);
  expect(known('www.example.com')).toEqual(['192.0.2.1']);
});
