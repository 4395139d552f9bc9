/** Flows as VENs report them, and queries for them, for tests. */
import type { FlowRecord, TrafficQuery } from '@bulkhead/contract';

export function flow(change: Partial<FlowRecord>): FlowRecord {
  return {
    src_ip: '198.51.100.5',
    dst_ip: '192.0.2.10',
    protocol: 6,
    dst_port: 443,
    icmp_type: null,
    icmp_code: null,
    direction: 'inbound',
    decision: 'allowed',
    rules: [],
    reason: 'default',
    interface: 'eth0',
    network_profile: 'corporate',
    state: 'closed',
    connections: 1,
    bytes_in: 100,
    bytes_out: 2000,
    first_seen: '2026-11-25T08:00:00.000Z',
    last_seen: new Date().toISOString(),
    process_name: null,
    user_name: null,
    ...change,
  };
}

export function query(change: Partial<TrafficQuery>): TrafficQuery {
  return {
    query_name: '',
    sources: { include: [[]], exclude: [] },
    destinations: { include: [[]], exclude: [] },
    services: { include: [], exclude: [] },
    policy_decisions: [],
    max_results: 1000,
    ...change,
  };
}

export function onPort(number: number): Pick<TrafficQuery, 'services'> {
  return { services: { include: [{ proto: 6, port: number }], exclude: [] } };
}
