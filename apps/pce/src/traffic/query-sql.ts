/** A traffic query as SQL of the flow engine. Values go as parameters only. */
import type { TrafficQuery } from '@bulkhead/contract';
import { formatAddress, type AddressSpan } from '@bulkhead/net';
import type { Reach, Scope } from '../access/reach.ts';
import { DomainError } from '../http/domain-error.ts';
import { FLOW_TABLE, NO_WORKLOAD, storedAddress } from './flow-table.ts';
import { labelId } from './workload-directory.ts';

type Term = TrafficQuery['sources']['exclude'][number];
type ServiceTerm = TrafficQuery['services']['exclude'][number];
type SideName = 'src' | 'dst';

/** What terms refer to, looked up beforehand. */
export interface Lookups {
  /** Ids of a label, or of all labels that a group stands for. */
  labels(href: string): readonly number[];
  workload(href: string): string | undefined;
  /** Of an IP list, joined. */
  spans(href: string): readonly AddressSpan[];
  /** Of an address or a CIDR block in text; throws for anything else. */
  addressSpan(text: string): AddressSpan;
  network(href: string): 'corporate' | 'external' | undefined;
}

export interface FlowSql {
  readonly where: string;
  readonly params: Readonly<Record<string, unknown>>;
}

class Builder {
  readonly params: Record<string, unknown> = {};
  readonly #lookups: Lookups;
  readonly #skipWorkloads: boolean;
  #next = 0;

  constructor(lookups: Lookups, skipWorkloads: boolean) {
    this.#lookups = lookups;
    this.#skipWorkloads = skipWorkloads;
  }

  value(type: string, value: unknown): string {
    const name = `p${this.#next++}`;
    this.params[name] = value;
    return `{${name}:${type}}`;
  }

  side(name: SideName, include: readonly (readonly Term[])[]): string {
    return any(include.map((terms) => all(terms.map((term) => this.term(name, term)))));
  }

  term(name: SideName, term: Term): string {
    const parts: string[] = [];
    const isNobody = `${name}_workload = toUUID('${NO_WORKLOAD}')`;
    if (term.label !== undefined) parts.push(this.#hasLabels(name, term.label.href));
    if (term.label_group !== undefined) parts.push(this.#hasLabels(name, term.label_group.href));
    if (term.workload !== undefined) {
      const id = this.#lookups.workload(term.workload.href);
      parts.push(id === undefined ? '0' : `${name}_workload = ${this.value('UUID', id)}`);
    }
    if (term.ip_list !== undefined) {
      const inList = this.#inSpans(name, this.#lookups.spans(term.ip_list.href));
      parts.push(this.#skipWorkloads ? all([inList, isNobody]) : inList);
    }
    if (term.ip_address !== undefined)
      parts.push(this.#inSpans(name, [this.#lookups.addressSpan(term.ip_address)]));
    if (term.network !== undefined) {
      const network = this.#lookups.network(term.network.href);
      parts.push(network === undefined ? '0' : `network = ${this.value('String', network)}`);
    }
    if (term.actors !== undefined) parts.push(`NOT ${isNobody}`);
    // Flows carry no names of their ends: nothing has one.
    if (term.fqdn !== undefined) parts.push('0');
    if (term.transmission !== undefined) parts.push(TRANSMISSION[term.transmission]);
    return all(parts);
  }

  service(term: ServiceTerm): string {
    const parts: string[] = [];
    if (term.proto !== undefined && term.proto !== -1)
      parts.push(`protocol = ${this.value('Int32', term.proto)}`);
    if (term.port !== undefined) {
      const first = this.value('Int32', term.port);
      parts.push(
        term.to_port === undefined
          ? `dst_port = ${first}`
          : `dst_port BETWEEN ${first} AND ${this.value('Int32', term.to_port)}`,
      );
    }
    if (term.process_name !== undefined)
      parts.push(`process_name = ${this.value('String', term.process_name)}`);
    if (term.windows_service_name !== undefined) parts.push('0');
    return all(parts);
  }

  #hasLabels(name: SideName, href: string): string {
    return this.#hasAny(name, this.#lookups.labels(href));
  }

  #hasAny(name: SideName, ids: readonly number[]): string {
    return ids.length === 0 ? '0' : `hasAny(${name}_labels, ${this.value('Array(UInt32)', ids)})`;
  }

  /** Flows of which an end is within reach, by the labels that it had then. */
  within(reach: readonly Scope[]): string {
    const end = (name: SideName, scope: Scope): string =>
      all(
        [...scope.values()].map((wanted) =>
          this.#hasAny(
            name,
            [...wanted].flatMap((href) => labelId(href) ?? []),
          ),
        ),
      );
    return any(reach.map((scope) => any([end('src', scope), end('dst', scope)])));
  }

  #inSpans(name: SideName, spans: readonly AddressSpan[]): string {
    if (spans.length === 0) return '0';
    const ends = (pick: (span: AddressSpan) => bigint): string[] =>
      spans.map((span) => storedAddress(formatAddress({ family: span.family, value: pick(span) })));
    const firsts = this.value(
      'Array(String)',
      ends((span) => span.first),
    );
    const lasts = this.value(
      'Array(String)',
      ends((span) => span.last),
    );
    return `arrayExists((low, high) -> ${name}_ip >= low AND ${name}_ip <= high, arrayMap(x -> toIPv6(x), ${firsts}), arrayMap(x -> toIPv6(x), ${lasts}))`;
  }
}

function all(parts: readonly string[]): string {
  return parts.length === 0 ? '1' : `(${parts.join(' AND ')})`;
}

function any(parts: readonly string[]): string {
  return parts.length === 0 ? '0' : `(${parts.join(' OR ')})`;
}

const MULTICAST = `((dst_ip >= toIPv6('::ffff:224.0.0.0') AND dst_ip <= toIPv6('::ffff:239.255.255.255')) OR dst_ip >= toIPv6('ff00::'))`;
const BROADCAST = `(dst_ip = toIPv6('::ffff:255.255.255.255'))`;
const TRANSMISSION = {
  multicast: MULTICAST,
  broadcast: BROADCAST,
  unicast: `(NOT (${MULTICAST} OR ${BROADCAST}))`,
} as const;

const KEY = `src_ip, dst_ip, protocol, dst_port, icmp_type, icmp_code, direction, decision, reason, network, process_name, user_name,
  src_workload, dst_workload, reporter_type`;

/** `reach`: of who asks; flows with neither end in it are not there. */
export function flowSql(
  orgId: number,
  query: TrafficQuery,
  { lookups, reach }: { readonly lookups: Lookups; readonly reach: Reach },
): FlowSql {
  const builder = new Builder(lookups, query.exclude_workloads_from_ip_list_query ?? true);
  const sides = [
    builder.side('src', query.sources.include),
    builder.side('dst', query.destinations.include),
  ];
  const parts = [
    `org_id = ${builder.value('UInt32', orgId)}`,
    query.sources_destinations_query_op === 'or' ? any(sides) : all(sides),
    ...query.sources.exclude.map((term) => `NOT ${builder.term('src', term)}`),
    ...query.destinations.exclude.map((term) => `NOT ${builder.term('dst', term)}`),
    ...query.services.exclude.map((term) => `NOT ${builder.service(term)}`),
  ];
  if (reach !== null) parts.push(builder.within(reach));
  if (query.services.include.length > 0)
    parts.push(any(query.services.include.map((term) => builder.service(term))));
  if (query.policy_decisions.length > 0)
    parts.push(`decision IN ${builder.value('Array(String)', query.policy_decisions)}`);
  if (query.boundary_decisions !== undefined && query.boundary_decisions.length > 0)
    parts.push(
      query.boundary_decisions.includes('blocked')
        ? `(reason = 'boundary' AND decision = 'blocked')`
        : '0',
    );
  const { include = [], exclude = [] } = query.data_sources ?? {};
  if (include.length > 0) parts.push(`reporter_type IN ${builder.value('Array(String)', include)}`);
  if (exclude.length > 0)
    parts.push(`reporter_type NOT IN ${builder.value('Array(String)', exclude)}`);
  const start = moment(query.start_date, 'start_date', false);
  const end = moment(query.end_date, 'end_date', true);
  if (start !== undefined)
    parts.push(`last_seen >= fromUnixTimestamp64Milli(${builder.value('Int64', start)}, 'UTC')`);
  if (end !== undefined)
    parts.push(`first_seen <= fromUnixTimestamp64Milli(${builder.value('Int64', end)}, 'UTC')`);
  return { where: parts.join('\n AND '), params: builder.params };
}

export function countStatement({ where }: FlowSql): string {
  return `SELECT count() AS matches FROM (SELECT 1 FROM ${FLOW_TABLE} FINAL WHERE ${where} GROUP BY ${KEY})`;
}

/** One row per connection as each end saw it, newest first. */
export function flowStatement({ where }: FlowSql): string {
  return `SELECT toString(src_ip) AS source, toString(dst_ip) AS destination, protocol, dst_port, icmp_type, icmp_code, direction, decision,
    reason, network, process_name, user_name, toString(src_workload) AS source_workload, toString(dst_workload) AS destination_workload,
    reporter_type, argMax(src_labels, last_seen) AS source_labels, argMax(dst_labels, last_seen) AS destination_labels,
    argMax(rules, last_seen) AS rule_hrefs, argMax(state, last_seen) AS last_state, sum(connections) AS total_connections,
    sum(bytes_in) AS total_in, sum(bytes_out) AS total_out,
    toUnixTimestamp64Milli(min(first_seen)) AS first_detected, toUnixTimestamp64Milli(max(last_seen)) AS last_detected
    FROM ${FLOW_TABLE} FINAL WHERE ${where} GROUP BY ${KEY}
    ORDER BY last_detected DESC, source, destination, dst_port, direction LIMIT {max_results:UInt32}`;
}

/** Milliseconds; a bare date as an end is its last moment. */
function moment(text: string | undefined, member: string, isEnd: boolean): number | undefined {
  if (text === undefined || text === '') return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new DomainError(
      'input_validation_error',
      `${member}: "${text}" must be a date or a time such as 2026-11-25T09:00:00Z`,
    );
  return isEnd && /^\d{4}-\d{2}-\d{2}$/.test(text) ? time + 86_399_999 : time;
}
