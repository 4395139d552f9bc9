import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aRecord,
  anAlias,
  dnsBytes,
  TYPE_A,
  TYPE_AAAA,
  type TestRecord,
} from '../../testing/dns.ts';
import { parseDns } from './dns-message.ts';

const NAME = 'www.example.com';

function answer(
  records: readonly TestRecord[],
  parts: { name?: string; type?: number; flags?: number } = {},
) {
  return dnsBytes({ id: 7, name: NAME, type: TYPE_A, records, ...parts });
}

/** Address and time of each address that the answer leads to. */
function found(bytes: Buffer): [string, number][] | null {
  const message = parseDns(bytes);
  return message === null
    ? null
    : message.addresses.map(({ bytes: address, ttlSeconds }) => [address.join('.'), ttlSeconds]);
}

test('an answer as a server sent it, with an alias behind a pointer into its own name', () => {
  const bytes = Buffer.from(
    '1a2b81800001000200000000' +
      '03777777076578616d706c6503636f6d0000010001' +
      'c00c000500010000012c0009066f726967696ec010' +
      'c02d00010001000000960004c6336407',
    'hex',
  );
  expect(parseDns(bytes)).toEqual({
    id: 0x1a2b,
    isAnswer: true,
    name: NAME,
    type: TYPE_A,
    addresses: [{ bytes: Buffer.from([198, 51, 100, 7]), ttlSeconds: 150 }],
  });
});

test('a question has its name in lower case and no addresses', () => {
  expect(
    parseDns(dnsBytes({ id: 9, name: 'WWW.Example.com', type: TYPE_AAAA, records: null })),
  ).toEqual({
    id: 9,
    isAnswer: false,
    name: NAME,
    type: TYPE_AAAA,
    addresses: [],
  });
});

describe('which addresses count', () => {
  test('those at the end of the aliases, with the shortest time on the way, in any order', () => {
    const records = [
      aRecord('c.example.net', '192.0.2.3', 500),
      anAlias('b.example.net', 'C.example.net', 40),
      aRecord('c.example.net', '192.0.2.4', 30),
      anAlias(NAME, 'b.example.net', 600),
    ];
    expect(found(answer(records))).toEqual([
      ['192.0.2.3', 40],
      ['192.0.2.4', 30],
    ]);
  });

  test('none of another name than the asked one, though the answer brings it along', () => {
    expect(
      found(answer([aRecord(NAME, '192.0.2.1'), aRecord('login.example.org', '192.0.2.66')])),
    ).toEqual([['192.0.2.1', 300]]);
    expect(found(answer([aRecord('login.example.org', '192.0.2.66')]))).toEqual([]);
  });

  test('none of aliases that lead in a circle', () => {
    const circle = [anAlias(NAME, 'b.example.net'), anAlias('b.example.net', NAME)];
    expect(found(answer([...circle, aRecord('c.example.net', '192.0.2.1')]))).toEqual([]);
  });

  test('none of a failure, none of another type of question; an answer cut off is none', () => {
    const records = [aRecord(NAME, '192.0.2.1')];
    expect(found(answer(records, { flags: 0x8183 }))).toEqual([]);
    expect(found(answer(records, { type: 16 }))).toEqual([]);
    expect(found(answer(records, { flags: 0x8380 }))).toBeNull();
  });

  test('none with a length that is not an address', () => {
    expect(
      found(answer([{ ...aRecord(NAME, '192.0.2.1'), data: Buffer.from([1, 2, 3]) }])),
    ).toEqual([]);
  });
});

describe('what is no message of ours', () => {
  const header = '000781800001000100000000';
  test.each([
    ['a pointer to itself', `${header}c00c00010001`],
    ['a pointer forward', `${header}c01000010001000000000000`],
    ['pointers that lead to each other', `${header}0161c010c00e00010001`],
    ['a pointer into the header', `${header}c00200010001`],
    ['a label with a dot in it, which would read as another name', `${header}03612e6200000010001`],
    ['a label of a kind that nobody uses', `${header}416100010001`],
    ['two questions', `0007818000020000000000000161000001000101620000010001`],
    ['an update', `0007280000010000000000000161000006000100000000`],
    ['a name that goes on behind the end', `${header}3f6161`],
    ['a record longer than the message', `${header}016100000100010161000001000100000000ffff01`],
    ['more records than there are', `${header}01610000010001`],
    ['nothing', ''],
  ])('%s', (_, hex) => {
    expect(parseDns(Buffer.from(hex.length % 2 === 0 ? hex : `${hex}0`, 'hex'))).toBeNull();
  });

  test('a name of more than 255 bytes, built of pointers', () => {
    const label = `3f${'61'.repeat(63)}`;
    const long = `${header}${label.repeat(5)}0000010001`;
    expect(parseDns(Buffer.from(long, 'hex'))).toBeNull();
  });
});

test('any bytes are a message or none, soon; a message that is damaged leads to no address of another length', () => {
  const whole = answer([anAlias(NAME, 'b.example.net'), aRecord('b.example.net', '192.0.2.3')]);
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damage), (random) => {
      const bytes = random instanceof Uint8Array ? Buffer.from(random) : Buffer.from(whole);
      if (!(random instanceof Uint8Array)) for (const [at, value] of random) bytes[at] = value;
      const message = parseDns(bytes);
      for (const address of message?.addresses ?? [])
        expect([4, 16]).toContain(address.bytes.length);
      expect(message?.name ?? '').toMatch(/^[a-z0-9._-]*$/);
    }),
    { numRuns: 3_000 },
  );
});
