import { expect, test } from 'vitest';
import type { StoredCollector } from '../db/database.ts';
import { collected } from './collector.ts';
import type { FlowRow } from './flow-table.ts';

function flow(change: Partial<FlowRow>): FlowRow {
  return {
    org_id: 1,
    reporter: 'ven',
    report: 1,
    line: 0,
    reporter_type: 'server',
    first_seen: '2026-11-25T08:00:00.000Z',
    last_seen: '2026-11-25T08:01:00.000Z',
    src_ip: '::ffff:192.0.2.1',
    dst_ip: '::ffff:192.0.2.2',
    protocol: 17,
    dst_port: 53,
    icmp_type: -1,
    icmp_code: -1,
    direction: 'outbound',
    decision: 'allowed',
    reason: 'rule',
    rules: [],
    interface: 'eth0',
    network: 'corporate',
    state: 'closed',
    connections: 1,
    bytes_in: 10,
    bytes_out: 20,
    process_name: '',
    user_name: '',
    src_workload: '',
    dst_workload: '',
    src_labels: [],
    dst_labels: [],
    ...change,
  };
}

const drop: StoredCollector = {
  transmission: 'unicast',
  action: 'drop',
  target: { proto: 17 },
  data_source: null,
};
const multicast = { dst_ip: 'ff02::fb' };
const broadcast = { dst_ip: '::ffff:255.255.255.255' };

test.each<[string, Partial<StoredCollector>, Partial<FlowRow>, boolean]>([
  ['the protocol', {}, {}, false],
  ['another protocol', {}, { protocol: 6 }, true],
  ['multicast', { transmission: 'multicast' }, multicast, false],
  ['broadcast', { transmission: 'broadcast', target: null }, broadcast, false],
  ['unicast where multicast is dropped', { transmission: 'multicast' }, {}, true],
  ['the port', { target: { proto: 17, dst_port: 53 } }, {}, false],
  ['another port', { target: { proto: 17, dst_port: 54 } }, {}, true],
  ['any port', { target: { proto: 17, dst_port: -1 } }, {}, false],
  [
    'a block that holds the destination',
    { target: { proto: 17, dst_ip: '192.0.2.0/30' } },
    {},
    false,
  ],
  ['a block that does not', { target: { proto: 17, dst_ip: '192.0.2.4/30' } }, {}, true],
  ['another source', { target: { proto: 17, src_ip: '192.0.2.9' } }, {}, true],
  ['endpoints, and a server reports', { data_source: 'endpoint' }, {}, true],
])('what is to be dropped: %s', (_, setting, change, isKept) => {
  const flows = [flow(change)];
  expect(collected(flows, [{ ...drop, ...setting }])).toEqual(isKept ? flows : []);
});

test('aggregated flows are counted once per pair of addresses; the first setting counts', () => {
  const settings: StoredCollector[] = [
    { ...drop, action: 'aggregate', target: { proto: 17, dst_ip: '192.0.2.2' } },
    drop,
  ];
  const flows = [
    flow({ line: 0, dst_port: 53, last_seen: '2026-11-25T08:05:00.000Z' }),
    flow({ line: 1, dst_port: 54, connections: 4, first_seen: '2026-11-25T07:00:00.000Z' }),
    flow({ line: 2, decision: 'blocked' }),
    flow({ line: 3, dst_ip: '::ffff:192.0.2.3' }),
    flow({ line: 4, protocol: 6 }),
  ];
  expect(collected(flows, settings)).toMatchObject([
    { line: 4, dst_port: 53 },
    {
      dst_port: 0,
      connections: 5,
      bytes_in: 20,
      bytes_out: 40,
      first_seen: '2026-11-25T07:00:00.000Z',
      last_seen: '2026-11-25T08:05:00.000Z',
    },
    { line: 2, decision: 'blocked', dst_port: 0 },
  ]);
});
