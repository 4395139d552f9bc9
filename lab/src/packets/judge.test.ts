import type { FlowRecord } from '@bulkhead/contract';
import type { Connection, Decision, EndDecision } from '@bulkhead/policy';
import { describe, expect, test } from 'vitest';
import { judgeSeen, type Seen } from './judge.ts';
import { roundsOf } from './rounds.ts';

function end(parts: Partial<EndDecision>): EndDecision {
  return {
    workload: 'w',
    decision: 'blocked',
    reason: 'default',
    rules: [],
    boundaries: [],
    mode: 'full',
    interfaceName: 'eth0',
    networkProfile: 'corporate',
    ...parts,
  };
}

function record(parts: Partial<FlowRecord>): FlowRecord {
  return {
    src_ip: '10.0.0.1',
    dst_ip: '10.0.0.2',
    protocol: 6,
    dst_port: 443,
    icmp_type: null,
    icmp_code: null,
    direction: 'inbound',
    decision: 'blocked',
    rules: [],
    reason: 'default',
    interface: null,
    network_profile: 'corporate',
    state: 'new',
    connections: 1,
    bytes_in: 0,
    bytes_out: 0,
    first_seen: '',
    last_seen: '',
    process_name: null,
    user_name: null,
    ...parts,
  };
}

const RULE = { href: '/r/1', name: 'web', version: 1 };
const ALLOWED_OUT = end({ decision: 'allowed', reason: 'rule', rules: [RULE] });
const OUT = record({ direction: 'outbound', decision: 'allowed', reason: 'rule', rules: ['/r/1'] });
/** Leaves by a rule and is stopped on the other side. */
const STOPPED: Decision = { decision: 'blocked', outbound: ALLOWED_OUT, inbound: end({}) };
const SEEN: Seen = { arrived: false, answered: null, outbound: [OUT], inbound: [record({})] };

describe('packets that show what is decided', () => {
  test.each<[string, Decision, Seen]>([
    ['a connection that is stopped where it should be', STOPPED, SEEN],
    [
      'one that does not leave: the other end has nothing to report',
      { decision: 'blocked', outbound: end({}), inbound: ALLOWED_OUT },
      { ...SEEN, outbound: [record({ direction: 'outbound' })], inbound: [] },
    ],
    [
      'essential traffic: it passes, and nobody reports it',
      {
        decision: 'allowed',
        outbound: end({ decision: 'allowed', reason: 'essential' }),
        inbound: null,
      },
      { arrived: true, answered: null, outbound: [], inbound: [] },
    ],
    [
      'potentially blocked: it passes, and is reported as that',
      {
        decision: 'potentially_blocked',
        outbound: null,
        inbound: end({ decision: 'potentially_blocked' }),
      },
      {
        arrived: true,
        answered: true,
        outbound: [],
        inbound: [record({ decision: 'potentially_blocked' })],
      },
    ],
  ])('%s', (_, decision, seen) => {
    expect(judgeSeen(decision, seen, true)).toEqual([]);
  });
});

describe('packets that differ from what is decided are found out', () => {
  test.each<[Partial<Seen>, string]>([
    [{ arrived: true }, 'is blocked, but its packet arrived'],
    [{ inbound: [] }, 'inbound: blocked by default, but no flow record was made'],
    [
      { inbound: [record({ decision: 'potentially_blocked' })] },
      'inbound: blocked by default, but the flow record says potentially_blocked by default',
    ],
    [
      { inbound: [record({ reason: 'boundary', rules: ['/b/1'] })] },
      'inbound: blocked by default, but the flow record says blocked by boundary /b/1',
    ],
    [
      { outbound: [{ ...OUT, rules: ['/r/2'] }] },
      'outbound: allowed by rule, but the flow record says allowed by rule /r/2',
    ],
    [
      { outbound: [{ ...OUT, rules: [] }] },
      'outbound: allowed by rule, but the flow record says allowed by rule',
    ],
  ])('%j', (parts, fault) => {
    expect(judgeSeen(STOPPED, { ...SEEN, ...parts }, true)).toEqual([fault]);
  });

  test('what should pass and does not, or is not answered', () => {
    const free: Decision = { decision: 'allowed', outbound: null, inbound: null };
    const nobody = { outbound: [], inbound: [] };
    expect(judgeSeen(free, { arrived: false, answered: false, ...nobody }, true)).toEqual([
      'is allowed, but its packet did not arrive',
    ]);
    expect(judgeSeen(free, { arrived: true, answered: false, ...nobody }, true)).toEqual([
      'is allowed, but no answer came back',
    ]);
    expect(
      judgeSeen(free, { arrived: true, answered: true, outbound: [OUT], inbound: [] }, true),
    ).toEqual([
      'outbound: nothing is to be reported, but the flow record says allowed by rule /r/1',
    ]);
  });

  test('where the kernel tracks no connection, the packet alone counts', () => {
    const silent = { ...SEEN, outbound: [], inbound: [] };
    expect(judgeSeen(STOPPED, silent, false)).toEqual([]);
    expect(judgeSeen(STOPPED, { ...silent, arrived: true }, false)).toHaveLength(1);
  });
});

test('two directions of a protocol without ports are sent apart, everything else together', () => {
  const connection = (from: string, to: string, parts: Partial<Connection>): Connection => ({
    source: { workload: null, address: from, interfaceName: null, fqdn: null },
    destination: { workload: null, address: to, interfaceName: null, fqdn: null },
    protocol: 47,
    port: null,
    icmpType: null,
    icmpCode: null,
    ...parts,
  });
  const [there, back] = [
    connection('10.0.0.1', '10.0.0.2', {}),
    connection('10.0.0.2', '10.0.0.1', {}),
  ];
  const tcp = connection('10.0.0.2', '10.0.0.1', { protocol: 6, port: 80 });
  const other = connection('10.0.0.2', '10.0.0.1', { protocol: 50 });
  expect(roundsOf([there, there, back, tcp, other], (item) => item)).toEqual([
    [there, there, tcp, other],
    [back],
  ]);
});
