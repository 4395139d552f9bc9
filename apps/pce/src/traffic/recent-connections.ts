/** Connections that hosts reported not long ago, each once whatever end reported it, as the policy core can be asked about them. */
import type { Connection } from '@bulkhead/policy';
import { FLOW_TABLE, NO_WORKLOAD, type FlowTable } from './flow-table.ts';
import { plainAddress } from './stored-address.ts';

export interface RecentConnection {
  readonly connection: Connection;
  readonly count: number;
  readonly lastSeen: Date;
}

export interface RecentQuery {
  readonly since: Date;
  /** Hrefs; connections of which one of them is an end. */
  readonly workloads: readonly string[];
  readonly limit: number;
}

interface Row {
  readonly source: string;
  readonly destination: string;
  readonly source_workload: string;
  readonly destination_workload: string;
  readonly source_interface: string;
  readonly destination_interface: string;
  readonly protocol: number;
  readonly dst_port: number;
  readonly icmp_type: number;
  readonly icmp_code: number;
  readonly process: string;
  readonly total: number;
  readonly last: number;
}

/** Both ends report a connection: the larger number is how many there were. */
const STATEMENT = `SELECT toString(src_ip) AS source, toString(dst_ip) AS destination,
    toString(src_workload) AS source_workload, toString(dst_workload) AS destination_workload,
    anyIf(interface, direction = 'outbound') AS source_interface, anyIf(interface, direction = 'inbound') AS destination_interface,
    protocol, dst_port, icmp_type, icmp_code, anyIf(process_name, direction = 'inbound') AS process,
    greatest(sumIf(connections, direction = 'inbound'), sumIf(connections, direction = 'outbound')) AS total,
    toUnixTimestamp64Milli(max(last_seen)) AS last
  FROM ${FLOW_TABLE} FINAL
  WHERE org_id = {org:UInt32} AND last_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND (has({workloads:Array(UUID)}, src_workload) OR has({workloads:Array(UUID)}, dst_workload))
  GROUP BY src_ip, dst_ip, src_workload, dst_workload, protocol, dst_port, icmp_type, icmp_code
  ORDER BY last DESC, source, destination, dst_port
  LIMIT {limit:UInt32}`;

/** Newest first. */
export async function recentConnections(
  table: FlowTable,
  orgId: number,
  { since, workloads, limit }: RecentQuery,
): Promise<RecentConnection[]> {
  if (workloads.length === 0) return [];
  const rows = await table.query<Row>(STATEMENT, {
    org: orgId,
    since: since.getTime(),
    workloads: workloads.map((href) => href.split('/').at(-1) ?? ''),
    limit,
  });
  return rows.map((row) => ({
    connection: connectionOf(orgId, row),
    count: row.total,
    lastSeen: new Date(row.last),
  }));
}

function connectionOf(orgId: number, row: Row): Connection {
  const end = (workload: string, address: string, name: string) => ({
    workload: workload === NO_WORKLOAD ? null : `/orgs/${orgId}/workloads/${workload}`,
    address: plainAddress(address),
    interfaceName: name === '' ? null : name,
    fqdn: null,
  });
  const hasPorts = [6, 17, 132].includes(row.protocol);
  return {
    source: end(row.source_workload, row.source, row.source_interface),
    destination: {
      ...end(row.destination_workload, row.destination, row.destination_interface),
      ...(row.process === '' ? {} : { process: row.process }),
    },
    protocol: row.protocol,
    port: hasPorts ? row.dst_port : null,
    icmpType: row.icmp_type < 0 ? null : row.icmp_type,
    icmpCode: row.icmp_code < 0 ? null : row.icmp_code,
  };
}
