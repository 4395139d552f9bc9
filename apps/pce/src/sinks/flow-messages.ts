/** Flows as a syslog receiver gets them: who spoke with whom, named as they were known when it was reported. */
import { formatAddress, parseAddress, unmapAddress } from '@bulkhead/net';
import type { Db } from '../db/database.ts';
import { NO_WORKLOAD, type FlowRow } from '../traffic/flow-table.ts';
import { jsonLine, line, type Format, type Message } from './formats/message.ts';
import type { LogRecord } from './formats/record.ts';

/** Decisions as the numbers that readers of these logs know. */
const DECISIONS: Readonly<Record<string, number>> = {
  allowed: 0,
  potentially_blocked: 1,
  blocked: 2,
};

interface Names {
  label(id: number): { key: string; value: string } | undefined;
  hostname(workload: string): string | undefined;
}

export async function namesOf(db: Db, rows: readonly FlowRow[]): Promise<Names> {
  const labelIds = [...new Set(rows.flatMap((row) => [...row.src_labels, ...row.dst_labels]))];
  const workloadIds = [...new Set(rows.flatMap((row) => [row.src_workload, row.dst_workload]))];
  const labels =
    labelIds.length === 0
      ? []
      : await db
          .selectFrom('labels')
          .select(['id', 'key', 'value'])
          .where('id', 'in', labelIds)
          .execute();
  const workloads = await db
    .selectFrom('workloads')
    .select(['id', 'hostname', 'name'])
    .where('id', 'in', workloadIds)
    .execute();
  const labelById = new Map(labels.map((row) => [row.id, row]));
  const nameById = new Map(workloads.map((row) => [row.id, row.hostname ?? row.name ?? undefined]));
  return { label: (id) => labelById.get(id), hostname: (id) => nameById.get(id) };
}

export function flowMessage(
  row: FlowRow,
  names: Names,
  { format, fqdn }: { readonly format: Format; readonly fqdn: string },
): Message {
  const content = contentOf(row, names, fqdn);
  const type = `traffic_flow.${row.decision}`;
  const severity = row.decision === 'blocked' ? 'warning' : 'info';
  const at = new Date(row.last_seen);
  const text =
    format === 'JSON'
      ? jsonLine(content)
      : line({ id: type, name: 'traffic_flow', severity, at, fields: fieldsOf(content) }, format);
  return { type, kind: 'traffic', severity, at, text, content };
}

type FlowContent = ReturnType<typeof contentOf>;

function contentOf(row: FlowRow, names: Names, fqdn: string) {
  const href = (id: string): string | undefined =>
    id === NO_WORKLOAD ? undefined : `/orgs/${row.org_id}/workloads/${id}`;
  const labels = (ids: readonly number[]): Record<string, string> =>
    Object.fromEntries(
      ids.flatMap((id) => {
        const label = names.label(id);
        return label === undefined ? [] : [[label.key, label.value]];
      }),
    );
  return {
    version: 4,
    org_id: row.org_id,
    pce_fqdn: fqdn,
    timestamp: row.last_seen,
    interval_sec: Math.round((Date.parse(row.last_seen) - Date.parse(row.first_seen)) / 1000),
    dir: row.direction === 'inbound' ? 'I' : 'O',
    src_ip: address(row.src_ip),
    dst_ip: address(row.dst_ip),
    proto: row.protocol,
    ...(row.dst_port === 0 ? {} : { dst_port: row.dst_port }),
    ...(row.icmp_type < 0 ? {} : { type: row.icmp_type, code: row.icmp_code }),
    count: row.connections,
    pd: DECISIONS[row.decision] ?? 3,
    state: row.state,
    network: row.network,
    src_href: href(row.src_workload),
    src_hostname: names.hostname(row.src_workload),
    src_labels: labels(row.src_labels),
    dst_href: href(row.dst_workload),
    dst_hostname: names.hostname(row.dst_workload),
    dst_labels: labels(row.dst_labels),
    pn: row.process_name,
    un: row.user_name,
    dst_tbi: row.bytes_in,
    dst_tbo: row.bytes_out,
    rules: row.rules,
  };
}

function address(stored: string): string {
  const parsed = parseAddress(stored);
  return parsed === null ? stored : formatAddress(unmapAddress(parsed));
}

function fieldsOf(flow: FlowContent): LogRecord['fields'] {
  const isV6 = flow.src_ip.includes(':');
  const labels = (items: Record<string, string>): string =>
    Object.keys(items).length === 0 ? '' : JSON.stringify(items);
  return [
    { cef: 'dvchost', leef: 'identHostName', value: flow.pce_fqdn },
    { cef: 'cat', leef: 'cat', value: 'flow_summary' },
    { cef: isV6 ? 'c6a2' : 'src', leef: 'src', value: flow.src_ip },
    { cef: isV6 ? 'c6a3' : 'dst', leef: 'dst', value: flow.dst_ip },
    { cef: 'proto', leef: 'proto', value: flow.proto },
    { cef: 'dpt', leef: 'dstPort', value: flow.dst_port },
    { cef: 'cnt', leef: 'count', value: flow.count },
    { cef: 'deviceDirection', leef: 'dir', value: flow.dir === 'I' ? 0 : 1 },
    { cef: 'act', leef: 'pd', value: flow.pd },
    { cef: 'in', leef: 'dstBytesIn', value: flow.dst_tbi },
    { cef: 'out', leef: 'dstBytesOut', value: flow.dst_tbo },
    { cef: 'shost', leef: 'srcHostname', value: flow.src_hostname },
    { cef: 'dhost', leef: 'dstHostname', value: flow.dst_hostname },
    { cef: 'suser', leef: 'usrName', value: flow.un },
    { cef: 'sproc', leef: 'processName', value: flow.pn },
    {
      cef: 'cs1Label',
      leef: 'cs1Label',
      value: labels(flow.src_labels) === '' ? '' : 'src_labels',
    },
    { cef: 'cs1', leef: 'srcLabels', value: labels(flow.src_labels) },
    {
      cef: 'cs2Label',
      leef: 'cs2Label',
      value: labels(flow.dst_labels) === '' ? '' : 'dst_labels',
    },
    { cef: 'cs2', leef: 'dstLabels', value: labels(flow.dst_labels) },
  ];
}
