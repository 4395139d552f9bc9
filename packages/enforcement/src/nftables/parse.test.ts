import { describe, expect, test } from 'vitest';
import { compareTables } from './compare.ts';
import { parseRuleset, RulesetParseError } from './parse.ts';
import { NFT_ABSENT } from './table.ts';

const OURS = { family: 'inet', table: 'bulkhead' };

function parse(...objects: readonly object[]) {
  return parseRuleset(
    JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...objects] }),
  );
}

function rule(...expr: readonly object[]) {
  const table = parse(
    { table: { family: 'inet', name: 'bulkhead', handle: 1 } },
    { chain: { ...OURS, name: 'c', handle: 1 } },
    { rule: { ...OURS, chain: 'c', handle: 2, expr } },
  );
  return table.chains[0]?.rules[0];
}

const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });

test.each(['', 'Error: No such file or directory', '[]', '{"nftables": {}}'])(
  'output %j is refused',
  (output) => {
    expect(() => parseRuleset(output)).toThrow(RulesetParseError);
  },
);

test('a ruleset without our table is one without our table', () => {
  const others = [
    { table: { family: 'ip', name: 'bulkhead' } },
    { table: { family: 'inet', name: 'firewalld' } },
    { chain: { family: 'ip', table: 'bulkhead', name: 'c' } },
    { rule: { family: 'inet', table: 'firewalld', chain: 'c', expr: [{ accept: null }] } },
  ];
  expect(parse(...others)).toEqual(NFT_ABSENT);
});

describe('spellings of other versions and options mean the same', () => {
  test.each([
    ['l4proto by name', match({ meta: { key: 'l4proto' } }, 'ipv6-icmp'), { protocols: [58] }],
    [
      'l4proto as a set',
      match({ meta: { key: 'l4proto' } }, { set: ['udp', 6] }),
      { protocols: [6, 17] },
    ],
    ['state by name', match({ ct: { key: 'state' } }, 'new', 'in'), { states: ['new'] }],
    [
      'states by bit',
      match({ ct: { key: 'state' } }, [4, 2], 'in'),
      { states: ['established', 'related'] },
    ],
    ['family by number', match({ meta: { key: 'nfproto' } }, 10), { kind: 'family', family: 6 }],
    ['ICMP type by name', match(payload('icmp', 'type'), 'echo-request'), { types: [8] }],
    ['ICMPv6 code by name', match(payload('icmpv6', 'code'), 'port-unreachable'), { code: 4 }],
    ['no SYN by 1.0.6', match(payload('tcp', 'flags'), 'syn', '!'), { kind: 'without_syn' }],
    [
      'no SYN by mask',
      match({ '&': [payload('tcp', 'flags'), 'syn'] }, 0),
      { kind: 'without_syn' },
    ],
    [
      'ports',
      match(payload('tcp', 'dport'), { set: [{ range: [8, 9] }, 5] }),
      {
        ranges: [
          { from: 5, to: 5 },
          { from: 8, to: 9 },
        ],
      },
    ],
  ])('%s', (_, expression, expected) => {
    expect(rule(expression)?.matches[0]).toMatchObject(expected);
  });
});

describe('what only custom rules say is read as well', () => {
  test.each([
    ['a negated port', match(payload('tcp', 'dport'), 443, '!='), { kind: 'port', negated: true }],
    ['a negated state', match({ ct: { key: 'state' } }, { set: [2, 4] }, '!='), { negated: true }],
    [
      'flags',
      match({ '&': [payload('tcp', 'flags'), ['fin', 'syn']] }, 'syn'),
      { kind: 'tcp_flags', mask: 3, value: 2 },
    ],
    [
      'a limit',
      { limit: { rate: 5, burst: 7, per: 'hour' } },
      { kind: 'limit', rate: 5, burst: 7, per: 'hour' },
    ],
  ])('%s', (_, expression, expected) => {
    expect(rule(expression)?.matches[0]).toMatchObject(expected);
  });

  test('a log for the console, a return, an ICMP answer', () => {
    expect(rule({ log: { prefix: 'x ', level: 'info' } })?.log).toEqual({
      prefix: 'x ',
      level: 'info',
    });
    expect(rule({ log: null })?.log).toEqual({ prefix: null, level: 'warn' });
    expect(rule({ return: null })?.verdict).toEqual({ kind: 'return' });
    expect(rule({ reject: { type: 'icmp', expr: 'host-prohibited' } })?.verdict).toEqual({
      kind: 'unreachable',
      family: 4,
      code: 10,
    });
  });
});

test.each([
  ['another operator', match(payload('tcp', 'dport'), 443, '<')],
  ['a negation that no plan says', match(payload('icmp', 'code'), 1, '!=')],
  ['a counter', { counter: { packets: 0, bytes: 0 } }],
  ['a limit that is exceeded', { limit: { rate: 5, per: 'second', burst: 5, inv: true } }],
  ['a mark', match({ meta: { key: 'mark' } }, 1)],
  ['another reject', { reject: { type: 'icmpx', expr: 'port-unreachable' } }],
  ['a flag of the future', match({ '&': [payload('tcp', 'flags'), 'later'] }, 0)],
  ['an expression of the future', { tomorrow: { key: 'value' } }],
  ['an unknown protocol name', match({ meta: { key: 'l4proto' } }, 'constructor')],
])('%s is foreign to every plan', (_, expression) => {
  expect(rule(expression, { accept: null })?.matches).toMatchObject([{ kind: 'foreign' }]);
});

describe('interval sets are equal by what they cover', () => {
  const table = (elem: readonly unknown[]) =>
    parse(
      { table: { family: 'inet', name: 'bulkhead' } },
      { set: { ...OURS, name: 's', type: 'ipv4_addr', flags: ['interval'], elem } },
    );
  const whole = table([{ prefix: { addr: '10.0.0.0', len: 8 } }, '192.0.2.1']);

  test.each([
    [[{ range: ['10.0.0.0', '10.255.255.255'] }, '192.0.2.1']],
    [
      [
        { prefix: { addr: '10.128.0.0', len: 9 } },
        '192.0.2.1',
        { prefix: { addr: '10.0.0.0', len: 9 } },
      ],
    ],
    [[{ prefix: { addr: '10.0.0.0', len: 8 } }, { elem: { val: '192.0.2.1', comment: 'x' } }]],
  ])('%j', (elem) => {
    expect(compareTables(whole, table(elem))).toEqual([]);
  });

  test('and one address less is a difference that is named', () => {
    const less = table([{ range: ['10.0.0.1', '10.255.255.255'] }, '192.0.2.1']);
    expect(compareTables(whole, less)).toMatchObject([
      { kind: 'set', name: 's', change: 'changed', detail: expect.stringContaining('lacks') },
    ]);
  });
});
