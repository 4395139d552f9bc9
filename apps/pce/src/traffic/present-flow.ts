/** Rows of the flow engine as the API gives them. */
import type { FlowWire } from '@bulkhead/contract';
import { parseAddress, spansHold, type AddressSpan } from '@bulkhead/net';
import type { Db } from '../db/database.ts';
import { networkRef } from '../resources/networks/networks.ts';
import { NO_WORKLOAD } from './flow-table.ts';
import type { NamedObjects } from './lookups.ts';
import { plainAddress, transmissionOf } from './stored-address.ts';

/** As `flowStatement` selects it. */
export interface FlowResultRow {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly dst_port: number;
  readonly icmp_type: number;
  readonly icmp_code: number;
  readonly direction: FlowWire['flow_direction'];
  readonly decision: FlowWire['policy_decision'];
  readonly reason: string;
  readonly network: 'corporate' | 'external';
  readonly process_name: string;
  readonly user_name: string;
  readonly source_workload: string;
  readonly destination_workload: string;
  readonly reporter_type: FlowWire['client_type'];
  readonly source_labels: readonly number[];
  readonly destination_labels: readonly number[];
  readonly rule_hrefs: readonly string[];
  readonly last_state: FlowWire['state'];
  readonly total_connections: number;
  readonly total_in: number;
  readonly total_out: number;
  readonly first_detected: number;
  readonly last_detected: number;
}

type End = FlowWire['src'];
type WorkloadOfEnd = NonNullable<End['workload']>;

export interface FlowNames {
  readonly orgId: number;
  readonly workloads: ReadonlyMap<string, Omit<WorkloadOfEnd, 'labels'>>;
  readonly labels: ReadonlyMap<number, WorkloadOfEnd['labels'][number]>;
  readonly objects: NamedObjects;
}

/** Names of everything in the rows, also of what was deleted since. */
export async function loadFlowNames(
  db: Db,
  orgId: number,
  rows: readonly FlowResultRow[],
  objects: NamedObjects,
): Promise<FlowNames> {
  const ids = [
    ...new Set(rows.flatMap((row) => [row.source_workload, row.destination_workload])),
  ].filter((id) => id !== NO_WORKLOAD);
  const found = [];
  for (let start = 0; start < ids.length; start += 10_000)
    found.push(
      ...(await db
        .selectFrom('workloads')
        .select(['id', 'name', 'hostname', 'os_type', 'enforcement_mode', 'managed'])
        .where('org_id', '=', orgId)
        .where('id', 'in', ids.slice(start, start + 10_000))
        .execute()),
    );
  const labels = await db
    .selectFrom('labels')
    .select(['id', 'key', 'value'])
    .where('org_id', '=', orgId)
    .execute();
  return {
    orgId,
    objects,
    workloads: new Map(
      found.map((row) => [
        row.id,
        {
          href: `/orgs/${orgId}/workloads/${row.id}`,
          hostname: row.hostname,
          name: row.name,
          // The API of flows has no word for macOS.
          os_type: row.os_type === 'mac' ? 'unknown' : row.os_type,
          enforcement_mode: row.enforcement_mode,
          managed: row.managed,
        },
      ]),
    ),
    labels: new Map(
      labels.map((row) => [
        row.id,
        { href: `/orgs/${orgId}/labels/${row.id}`, key: row.key, value: row.value },
      ]),
    ),
  };
}

export class FlowPresenter {
  readonly #names: FlowNames;
  readonly #lists = new Map<string, End['ip_lists']>();

  constructor(names: FlowNames) {
    this.#names = names;
  }

  present(row: FlowResultRow): FlowWire {
    const { orgId, objects } = this.#names;
    const isInbound = row.direction === 'inbound';
    const named = row.rule_hrefs.map((href) => {
      const name = objects.ruleNames.get(href);
      return { href, ...(name === undefined ? {} : { name }) };
    });
    const isBoundary = (item: { href: string }): boolean =>
      item.href.includes('/enforcement_boundaries/');
    const isDenyRule = (item: { href: string }): boolean => item.href.includes('/deny_rules/');
    const denyRules = named.filter(isDenyRule);
    const rules: FlowWire['rules'] = named.filter((item) => !isBoundary(item) && !isDenyRule(item));
    if (row.reason === 'essential') rules.push({ essential_service_rule: 'essential' });
    return {
      src: this.#end(row.source, row.source_workload, row.source_labels),
      dst: this.#end(row.destination, row.destination_workload, row.destination_labels),
      service: {
        proto: row.protocol,
        port: row.dst_port,
        ...(row.process_name === '' ? {} : { process_name: row.process_name }),
        ...(row.user_name === '' ? {} : { user_name: row.user_name }),
      },
      num_connections: row.total_connections,
      policy_decision: row.decision,
      ...(row.reason === 'boundary' && row.decision === 'blocked'
        ? { boundary_decision: 'blocked' }
        : {}),
      flow_direction: row.direction,
      transmission: transmissionOf(row.destination),
      state: row.last_state,
      timestamp_range: {
        first_detected: new Date(row.first_detected).toISOString(),
        last_detected: new Date(row.last_detected).toISOString(),
      },
      // Bytes as the destination counts them: in is what the source sent.
      dst_bi: isInbound ? row.total_in : row.total_out,
      dst_bo: isInbound ? row.total_out : row.total_in,
      ...(row.icmp_type < 0 ? {} : { icmp_type: row.icmp_type }),
      ...(row.icmp_code < 0 ? {} : { icmp_code: row.icmp_code }),
      network: networkRef(orgId, row.network),
      client_type: row.reporter_type,
      rules,
      enforcement_boundaries: named.filter(isBoundary),
      ...(denyRules.length === 0 ? {} : { deny_rules: denyRules }),
      caps: [],
    };
  }

  #end(stored: string, workloadId: string, labelIds: readonly number[]): End {
    const ip = plainAddress(stored);
    if (workloadId === NO_WORKLOAD) return { ip, ip_lists: this.#listsWith(ip) };
    const workload = this.#names.workloads.get(workloadId);
    if (workload === undefined) return { ip, ip_lists: this.#listsWith(ip) };
    const labels = labelIds.flatMap((id) => this.#names.labels.get(id) ?? []);
    return { ip, ip_lists: [], workload: { ...workload, labels } };
  }

  #listsWith(ip: string): End['ip_lists'] {
    const known = this.#lists.get(ip);
    if (known !== undefined) return known;
    const address = parseAddress(ip);
    const lists =
      address === null
        ? []
        : this.#names.objects.ipLists
            .filter((list) => spansHold(list.spans, address))
            .map((list) => ({ href: list.href, name: list.name, size: sizeOf(list.spans) }));
    this.#lists.set(ip, lists);
    return lists;
  }
}

/** Number of addresses, as near as a number can say it. */
function sizeOf(spans: readonly AddressSpan[]): number {
  return Number(spans.reduce((sum, span) => sum + (span.last - span.first + 1n), 0n));
}
